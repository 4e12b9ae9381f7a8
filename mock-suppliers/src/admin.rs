//! The admin address: the book and the scripts over HTTP, for mocks in another process.
//!
//! No credentials: a mock listens on the loopback of a test machine.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::http::{Reply, Request};
use crate::supplier::Mock;

/// Where the admin address begins.
pub(crate) const PREFIX: &str = "/_mock/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptBody {
    recipient: String,
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BalanceBody {
    balance_minor: i64,
}

/// Answers an admin request.
pub(crate) fn answer(mock: &Mock, request: &Request) -> Reply {
    let page = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), page) {
        ("GET", "book") => show(&mock.ledger().book(now_ms())),
        ("GET", "requests") => show(&mock.ledger().requests.all()),
        ("GET", "notifications") => show(&mock.notifications()),
        ("POST", "script") => match serde_json::from_slice::<ScriptBody>(&request.body) {
            Ok(script) => {
                mock.ledger().scripts.write(&script.recipient, script.faults);
                show(&json!({"ok": true}))
            }
            Err(error) => Reply::text(400, &error.to_string()),
        },
        ("POST", "balance") => match serde_json::from_slice::<BalanceBody>(&request.body) {
            Ok(body) => {
                mock.ledger().set_balance(body.balance_minor, now_ms());
                show(&json!({"ok": true}))
            }
            Err(error) => Reply::text(400, &error.to_string()),
        },
        _ => Reply::text(404, "no such page"),
    }
}

fn show(value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => Reply::new(200, "application/json", body),
        Err(error) => Reply::text(500, &error.to_string()),
    }
}
