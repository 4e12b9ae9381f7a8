//! What expressions see: the attempt, the order, the offer, the account and, when reading, the answer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Object;
use secrecy::{ExposeSecret, SecretString};

use super::filters::shortest;
use crate::domain::money::{Currency, Money};

/// Named values; a root scope or a group within one. Its debug output shows names only.
#[derive(Clone, Default)]
pub(super) struct Record(Vec<(&'static str, Value)>);

/// No root scope has more names.
const NAMES: usize = 12;

impl Record {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Object for Record {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    }
}

/// Texts by their key. Its debug output shows keys only.
pub(super) struct Texts(pub(super) BTreeMap<String, String>);

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Object for Texts {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(|text| Value::from(text.as_str()))
    }
}

/// Secrets by the dialect's name for them; they cannot be listed or shown.
#[derive(Clone, Default)]
pub(super) struct Secrets(pub(super) BTreeMap<String, SecretString>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

impl Object for Secrets {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(|secret| Value::from(secret.expose_secret()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What one supplier's account contributes to every scope.
#[derive(Debug, Clone)]
pub(super) struct Account {
    cfg: Value,
    secret: Value,
    zone_offset_s: i32,
    /// Of costs and delivered amounts where the order does not say.
    pub(super) currency: Currency,
}

impl Account {
    /// Its clock's offset from UTC, in seconds.
    pub(super) fn zone_offset_s(&self) -> i32 {
        self.zone_offset_s
    }

    pub(super) fn new(cfg: BTreeMap<String, String>, secrets: Secrets, zone_offset_s: i32, currency: Currency) -> Self {
        Self {
            cfg: Value::from_object(Texts(cfg)),
            secret: Value::from_object(secrets),
            zone_offset_s,
            currency,
        }
    }

    /// A scope without an order: balance questions and notifications.
    pub(super) fn scope(&self) -> Record {
        Record(Vec::with_capacity(NAMES))
            .with("cfg", self.cfg.clone())
            .with("zone_offset_s", self.zone_offset_s)
    }

    /// The same scope with the secrets in it.
    pub(super) fn with_secrets(&self, scope: Record) -> Record {
        scope.with("secret", self.secret.clone())
    }
}

/// One attempt with its order, as far as templates may see it.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) attempt_id: String,
    pub(super) opened_at_ms: i64,
    pub(super) now_ms: i64,
    pub(super) cost: Money,
    pub(super) code: Arc<str>,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) recipient_input: String,
    pub(super) face: Money,
    pub(super) quantity: u32,
    pub(super) notify_url: String,
}

impl Facts {
    /// The face value of all pieces together.
    pub(super) fn whole_face(&self) -> Option<Money> {
        self.face.times(self.quantity)
    }

    /// The cost of one piece, rounded up: a price guard must not refuse the price that was agreed.
    fn unit_cost_minor(&self) -> i64 {
        let quantity = i64::from(self.quantity.max(1));
        let down = self.cost.minor.div_euclid(quantity);
        let is_exact = self.cost.minor.rem_euclid(quantity) == 0;
        if is_exact { down } else { down.saturating_add(1) }
    }

    /// The scope of requests and replies, without secrets. What nobody looks at is never made.
    pub(super) fn scope(self: &Arc<Self>, account: &Account) -> Record {
        let group = |of| {
            Value::from_object(Group {
                facts: Arc::clone(self),
                of,
            })
        };
        account
            .scope()
            .with("attempt", group(Of::Attempt))
            .with("order", group(Of::Order))
            .with("offer", group(Of::Offer))
            .with("notify_url", self.notify_url.as_str())
            .with("now_ms", self.now_ms)
    }

    fn of_attempt(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => Value::from(self.attempt_id.as_str()),
            "time_ms" => Value::from(self.opened_at_ms),
            "cost" => short(self.cost),
            "cost_minor" => Value::from(self.cost.minor),
            "unit_cost" => short(Money::new(self.unit_cost_minor(), self.cost.currency)),
            _ => return None,
        })
    }

    fn of_order(self: &Arc<Self>, name: &str) -> Option<Value> {
        Some(match name {
            "recipient" => Value::from(self.inputs.get(&self.recipient_input)?.as_str()),
            "inputs" => Value::from_object(Group {
                facts: Arc::clone(self),
                of: Of::Inputs,
            }),
            "face" => short(self.face),
            "face_yuan" => Value::from(self.face.decimal()),
            "face_minor" => Value::from(self.face.minor),
            "whole_face" => short(self.whole_face()?),
            "whole_face_minor" => Value::from(self.whole_face()?.minor),
            "quantity" => Value::from(self.quantity),
            _ => return None,
        })
    }
}

/// An amount without zeros that say nothing.
fn short(money: Money) -> Value {
    Value::from(shortest(&money.decimal()))
}

/// One group of names within the facts. Its debug output shows nothing of them.
struct Group {
    facts: Arc<Facts>,
    of: Of,
}

#[derive(Debug, Clone, Copy)]
enum Of {
    Attempt,
    Order,
    Inputs,
    Offer,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.of, f)
    }
}

impl Object for Group {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match self.of {
            Of::Attempt => self.facts.of_attempt(key),
            Of::Order => self.facts.of_order(key),
            Of::Inputs => self.facts.inputs.get(key).map(|text| Value::from(text.as_str())),
            Of::Offer => (key == "code").then(|| Value::from(Arc::clone(&self.facts.code))),
        }
    }
}
