//! What suppliers send: replies to submits, queries, recalls and balance questions, and notifications.
//!
//! Promises: the same bytes are read alike; a reply that is a fact in a dialect that speaks JSON is
//! JSON to another parser too.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use recharge_gateway::adapters::{Adapter, Adapters, Notice};
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::outcome::{BalanceReading, Doubt, Outcome, Reading};
use secrecy::SecretString;
use serde_json::Value;

use super::{Read, Reader};
use crate::corpus::{self, Dialect};
use crate::story::Story;

/// For each dialect that ships: replies of three kinds or four, and notifications.
pub(super) fn all() -> Vec<Box<dyn Reader>> {
    let story = Arc::new(Story::default());
    let mut all: Vec<Box<dyn Reader>> = Vec::new();
    for dialect in corpus::dialects() {
        let adapter = adapter(&dialect);
        for operation in ["submit", "query", "recall", "balance"] {
            let seeds = dialect.replies(operation, &story.id.to_string());
            // Not every dialect can withdraw.
            if operation == "recall" && seeds.is_empty() {
                continue;
            }
            all.push(Box::new(Replies {
                name: format!("{} {operation} replies", dialect.name),
                operation,
                is_json: dialect.is_json(operation),
                seeds,
                adapter: Arc::clone(&adapter),
                story: Arc::clone(&story),
            }));
        }
        all.push(Box::new(Notifications {
            name: format!("{} notifications", dialect.name),
            seeds: notifications(&dialect),
            adapter,
            story: Arc::clone(&story),
        }));
    }
    all
}

/// An adapter with the account and the secrets of the dialect's own samples.
fn adapter(dialect: &Dialect) -> Arc<Adapter> {
    let name = &dialect.name;
    let mut secrets = BTreeMap::new();
    let mut keys = Vec::new();
    for (key, value) in dialect.secrets() {
        let variable = format!("SECRET_{}", key.to_uppercase());
        keys.push(format!("{key} = \"{variable}\""));
        secrets.insert(variable, value);
    }
    let text = format!(
        "[supplier.{name}]\ndialect = \"{name}\"\nbase_url = \"https://supplier.example\"\ncfg = {}\nsecrets = {{ {} }}\n",
        dialect.account(),
        keys.join(", ")
    );
    let secret = |name: &str| secrets.get(name).map(|value| SecretString::from(value.as_str()));
    let adapters = Adapters::load("adapters.toml", &text, &secret, &[]).unwrap_or_else(|error| panic!("{error:?}"));
    Arc::clone(adapters.get(&SupplierId::from(name.as_str())).unwrap())
}

/// Those of the dialect, and what strangers send to the same address.
fn notifications(dialect: &Dialect) -> Vec<Vec<u8>> {
    let mut seeds = dialect.notifications();
    seeds.extend(corpus::kept("notifications"));
    seeds
}

struct Replies {
    name: String,
    operation: &'static str,
    is_json: bool,
    seeds: Vec<Vec<u8>>,
    adapter: Arc<Adapter>,
    story: Arc<Story>,
}

impl Replies {
    /// Whether the attempt is settled or the balance known, and the reading in words.
    fn once(&self, input: &[u8]) -> (bool, String) {
        let reply = http::Response::new(Bytes::copy_from_slice(input));
        let reading = match self.operation {
            "submit" => self.adapter.read_submit(&self.story.call(), &reply),
            "query" => self.adapter.read_query(&self.story.call(), &reply).1,
            "recall" => self.adapter.read_recall(&self.story.call(), &reply).1,
            _ => {
                let balance = self.adapter.read_balance(&reply);
                return (matches!(balance, BalanceReading::Balance(_)), format!("{balance:?}"));
            }
        };
        (is_a_fact(&reading), format!("{reading:?}"))
    }
}

fn is_a_fact(reading: &Reading) -> bool {
    match reading.outcome {
        Outcome::Succeeded { .. } | Outcome::Partial { .. } | Outcome::Refused(_) | Outcome::Accepted => true,
        Outcome::Unknown(Doubt::RecallAsked) => true,
        Outcome::NotFound | Outcome::Unknown(_) => false,
    }
}

/// Whether another parser takes it for JSON. That one also refuses numbers that no float can hold, which
/// the grammar allows and we keep as text.
fn is_json(input: &[u8]) -> bool {
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let parsed = serde_json::from_slice::<Value>(text);
    parsed.map_or_else(|error| error.to_string().starts_with("number out of range"), |_| true)
}

impl Reader for Replies {
    fn name(&self) -> &str {
        &self.name
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        6
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let (is_a_fact, words) = self.once(input);
        if self.once(input).1 != words {
            return Read::Broke("the same bytes were read in two ways".to_owned());
        }
        if is_a_fact && self.is_json && !is_json(input) {
            return Read::Broke(format!("what is not JSON was read as {words}"));
        }
        Read::understood(is_a_fact)
    }
}

struct Notifications {
    name: String,
    seeds: Vec<Vec<u8>>,
    adapter: Arc<Adapter>,
    story: Arc<Story>,
}

impl Notifications {
    fn once(&self, input: &[u8]) -> (bool, String) {
        let mut request = http::Request::post("/notify/any").body(Bytes::copy_from_slice(input)).unwrap();
        // Some dialects notify by the address; what no address can be is left in the body.
        if let Some(uri) = std::str::from_utf8(input)
            .ok()
            .and_then(|text| format!("/notify/any?{text}").parse().ok())
        {
            *request.uri_mut() = uri;
        }
        let Notice::About { number, trust, message } = self.adapter.read_notification(&request) else {
            return (false, String::new());
        };
        let alone = self.adapter.read_notification_alone(&message);
        let about = self.adapter.read_notification_of(&self.story.call(), &message);
        let answer = self.adapter.acknowledgement(&message);
        (true, format!("{number} {trust:?} {alone:?} {about:?} {:?}", answer.body()))
    }
}

impl Reader for Notifications {
    fn name(&self) -> &str {
        &self.name
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        6
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let (is_heard, words) = self.once(input);
        if self.once(input).1 != words {
            return Read::Broke("the same bytes were read in two ways".to_owned());
        }
        Read::understood(is_heard)
    }
}
