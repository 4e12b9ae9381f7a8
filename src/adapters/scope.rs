//! What expressions see: the attempt, the order, the offer, the account and, when reading, the answer.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Object;
use secrecy::{ExposeSecret, SecretString};

use super::filters::shortest;
use super::tree::Tree;
use crate::domain::money::{Currency, Money};

/// Named values; its debug output shows names only.
#[derive(Clone, Default)]
pub(super) struct Record(Vec<(&'static str, Value)>);

impl Record {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
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
        self.get(key).cloned()
    }
}

/// Texts by their key. Its debug output shows keys only.
pub(super) struct Texts(pub(super) BTreeMap<String, String>);

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Texts {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key).map(|text| Value::from(text.as_str()))
    }
}

impl Object for Texts {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.get(key)
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

impl Secrets {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key).map(|secret| Value::from(secret.expose_secret()))
    }
}

impl Object for Secrets {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.get(key)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What one supplier's account contributes to every scope.
#[derive(Debug)]
pub(super) struct Account {
    cfg: Arc<Texts>,
    secrets: Arc<Secrets>,
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
            cfg: Arc::new(Texts(cfg)),
            secrets: Arc::new(secrets),
            zone_offset_s,
            currency,
        }
    }

    /// A scope without an order: balance questions and notifications.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            account: Some(self),
            ..Scope::default()
        }
    }
}

/// One attempt with its order, as far as templates may see it.
#[derive(Clone)]
pub(super) struct Facts<'a> {
    pub(super) attempt_id: String,
    pub(super) opened_at_ms: i64,
    pub(super) now_ms: i64,
    pub(super) cost: Money,
    pub(super) code: Cow<'a, str>,
    pub(super) inputs: Cow<'a, BTreeMap<String, String>>,
    pub(super) recipient_input: Cow<'a, str>,
    pub(super) face: Money,
    pub(super) quantity: u32,
    pub(super) notify_url: Cow<'a, str>,
}

const OF_ATTEMPT: [&str; 5] = ["id", "time_ms", "cost", "cost_minor", "unit_cost"];
const OF_ORDER: [&str; 8] = [
    "recipient",
    "inputs",
    "face",
    "face_yuan",
    "face_minor",
    "whole_face",
    "whole_face_minor",
    "quantity",
];
const OF_OFFER: [&str; 1] = ["code"];

impl Facts<'_> {
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

    fn of_order(&self, name: &str) -> Option<Value> {
        Some(match name {
            "recipient" => Value::from(self.inputs.get(self.recipient_input.as_ref())?.as_str()),
            "inputs" => Value::from_object(Texts(self.inputs.clone().into_owned())),
            "face" => short(self.face),
            "face_yuan" => Value::from(self.face.decimal()),
            "face_minor" => Value::from(self.face.minor),
            "whole_face" => short(self.whole_face()?),
            "whole_face_minor" => Value::from(self.whole_face()?.minor),
            "quantity" => Value::from(self.quantity),
            _ => return None,
        })
    }

    fn of_offer(&self, name: &str) -> Option<Value> {
        (name == "code").then(|| Value::from(self.code.as_ref()))
    }
}

/// An amount without zeros that say nothing.
fn short(money: Money) -> Value {
    let one = u32::try_from(money.currency.decimals()).map_or(1, |places| 10_i64.pow(places));
    if money.minor % one == 0 {
        return Value::from((money.minor / one).to_string());
    }
    Value::from(shortest(&money.decimal()))
}

/// All that an expression sees. A path finds its value without anything being made on the way; the
/// engine, which the usual expressions do not need, is given a copy, and only when it is asked.
#[derive(Clone, Default)]
pub(super) struct Scope<'a> {
    account: Option<&'a Account>,
    facts: Option<&'a Facts<'a>>,
    shows_secrets: bool,
    body: Option<&'a Tree>,
    entry: Option<&'a Tree>,
    others: Record,
    copy: OnceCell<Value>,
}

impl<'a> Scope<'a> {
    /// The scope of requests and replies, without secrets.
    pub(super) fn of(account: &'a Account, facts: &'a Facts<'a>) -> Self {
        Self {
            facts: Some(facts),
            ..account.scope()
        }
    }

    /// The attempt, with its order, if there is one.
    pub(super) fn facts(&self) -> Option<&'a Facts<'a>> {
        self.facts
    }

    /// The same scope with the secrets in it.
    pub(super) fn with_secrets(self) -> Self {
        Self {
            shows_secrets: true,
            copy: OnceCell::new(),
            ..self
        }
    }

    /// The same scope with what arrived in it.
    pub(super) fn with_body(self, tree: &'a Tree) -> Self {
        Self {
            body: Some(tree),
            copy: OnceCell::new(),
            ..self
        }
    }

    /// The same scope with what a list says about our order; null where it says nothing.
    pub(super) fn with_entry(self, tree: &'a Tree) -> Self {
        Self {
            entry: Some(tree),
            copy: OnceCell::new(),
            ..self
        }
    }

    pub(super) fn with(self, name: &'static str, value: impl Into<Value>) -> Self {
        Self {
            others: self.others.with(name, value),
            copy: OnceCell::new(),
            ..self
        }
    }

    /// The account's clock's offset from UTC, in seconds.
    pub(super) fn zone_offset_s(&self) -> i32 {
        self.account.map_or(0, Account::zone_offset_s)
    }

    /// What stands at a path, which may be undefined; `None` where it leads through what is not there.
    pub(super) fn at(&self, path: &[Box<str>]) -> Option<Value> {
        let (root, names) = path.split_first()?;
        let mut seen = self.root(root);
        for name in names {
            seen = seen?.get(name);
        }
        Some(seen.map_or(Value::UNDEFINED, Seen::value))
    }

    fn root(&self, name: &str) -> Option<Seen<'_>> {
        match name {
            "attempt" => self.facts.map(Seen::Attempt),
            "order" => self.facts.map(Seen::Order),
            "offer" => self.facts.map(Seen::Offer),
            "cfg" => self.account.map(|account| Seen::Cfg(&account.cfg)),
            "secret" => self
                .account
                .filter(|_| self.shows_secrets)
                .map(|account| Seen::Secret(&account.secrets)),
            "body" => self.body.map(Seen::Tree),
            "entry" => self.entry.map(Seen::Tree),
            _ => self.scalar(name).or_else(|| self.others.get(name).cloned()).map(Seen::Value),
        }
    }

    fn scalar(&self, name: &str) -> Option<Value> {
        match name {
            "notify_url" => self.facts.map(|facts| Value::from(facts.notify_url.as_ref())),
            "now_ms" => self.facts.map(|facts| Value::from(facts.now_ms)),
            "zone_offset_s" => self.account.map(|account| Value::from(account.zone_offset_s)),
            _ => None,
        }
    }

    /// The same for the engine, which wants values that live on their own.
    pub(super) fn copy(&self) -> &Value {
        self.copy.get_or_init(|| {
            let mut all = record(&ROOTS, |name| self.root(name).map(Seen::value));
            all.0.extend(self.others.0.iter().cloned());
            all.value()
        })
    }
}

/// The names of a root scope, but for those that only some operations add.
const ROOTS: [&str; 10] = [
    "attempt",
    "order",
    "offer",
    "cfg",
    "secret",
    "body",
    "entry",
    "notify_url",
    "now_ms",
    "zone_offset_s",
];

fn record(names: &[&'static str], value: impl Fn(&str) -> Option<Value>) -> Record {
    Record(names.iter().filter_map(|name| Some((*name, value(name)?))).collect())
}

/// Where a path has led so far.
enum Seen<'s> {
    Attempt(&'s Facts<'s>),
    Order(&'s Facts<'s>),
    Inputs(&'s BTreeMap<String, String>),
    Offer(&'s Facts<'s>),
    Cfg(&'s Arc<Texts>),
    Secret(&'s Arc<Secrets>),
    Tree(&'s Tree),
    Value(Value),
}

impl Seen<'_> {
    fn get(self, name: &str) -> Option<Self> {
        match self {
            Self::Attempt(facts) => facts.of_attempt(name).map(Self::Value),
            Self::Order(facts) if name == "inputs" => Some(Self::Inputs(&facts.inputs)),
            Self::Order(facts) => facts.of_order(name).map(Self::Value),
            Self::Inputs(inputs) => inputs.get(name).map(|text| Self::Value(Value::from(text.as_str()))),
            Self::Offer(facts) => facts.of_offer(name).map(Self::Value),
            Self::Cfg(texts) => texts.get(name).map(Self::Value),
            Self::Secret(secrets) => secrets.get(name).map(Self::Value),
            Self::Tree(tree) => tree.get(name).map(Self::Tree),
            Self::Value(value) => value.get_attr(name).ok().filter(|value| !value.is_undefined()).map(Self::Value),
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Attempt(facts) => record(&OF_ATTEMPT, |name| facts.of_attempt(name)).value(),
            Self::Order(facts) => record(&OF_ORDER, |name| facts.of_order(name)).value(),
            Self::Inputs(inputs) => Value::from_object(Texts(inputs.clone())),
            Self::Offer(facts) => record(&OF_OFFER, |name| facts.of_offer(name)).value(),
            Self::Cfg(texts) => Value::from_dyn_object(Arc::clone(texts)),
            Self::Secret(secrets) => Value::from_dyn_object(Arc::clone(secrets)),
            Self::Tree(tree) => tree.value(),
            Self::Value(value) => value,
        }
    }
}
