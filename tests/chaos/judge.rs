//! The verdict on a run: what the shop was promised and told, what suppliers charged, and what the
//! database says, held against each other. A pure function over `Evidence`, so that it can be shown
//! to see every kind of harm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use recharge_gateway::domain::ids::AttemptId;
use sqlx::{Connection, Row, SqliteConnection};

use crate::door::Letter;
use crate::load::Load;
use crate::world::{FORGETFUL, World};

/// One order as the database has it.
#[derive(Debug, Clone)]
pub struct Stored {
    pub number: String,
    pub status: String,
    pub held: i64,
    pub captured: i64,
    pub released: i64,
    /// The supplier of its open attempt.
    pub open_at: Option<String>,
    pub has_case: bool,
    /// Whether its callbacks go to a door that hears.
    pub can_hear: bool,
}

/// All that is known when everything has come to rest.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The shop's numbers that were answered with 2xx, and the id named.
    pub accepted: BTreeMap<String, i64>,
    pub stored: BTreeMap<i64, Stored>,
    /// Charges that ended in a delivery, by order.
    pub delivered: BTreeMap<i64, u32>,
    pub letters: BTreeMap<i64, Vec<Letter>>,
    pub forged: u32,
    /// Callbacks that are neither delivered nor parked.
    pub untold: i64,
    /// Account, its kept balance, and the sum of its entries.
    pub accounts: Vec<(String, i64, i64)>,
    pub unstamped: Vec<String>,
    pub wrong_answers: Vec<String>,
    pub log: String,
    /// Log lines with a secret or a full recipient in them (I19).
    pub leaks: Vec<String>,
}

/// What came of the orders.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Count {
    pub succeeded: usize,
    pub failed: usize,
    pub in_doubt: usize,
}

impl Evidence {
    /// Reads everything; the gateway must have ended.
    pub async fn collect(world: &World, load: &Load<'_>) -> Self {
        let mut evidence = read(&world.database, &world.door.url()).await;
        evidence.accepted.clone_from(&load.accepted.borrow());
        for charge in world.charges().iter().filter(|charge| charge.ends_delivered()) {
            let attempt: AttemptId = charge.id.parse().unwrap();
            *evidence.delivered.entry(attempt.order.to_string().parse().unwrap()).or_default() += 1;
        }
        evidence.letters = world.door.letters();
        evidence.forged = world.door.forged();
        evidence.unstamped = world.suppliers.iter().flat_map(|supplier| supplier.proxy.unstamped()).collect();
        evidence.wrong_answers.clone_from(&load.wrong.borrow());
        evidence.log = world.log();
        evidence.leaks = leaks(&world.whole_log(), &World::secrets());
        evidence
    }

    /// Everything that is not as it must be, in words; and what came of the orders.
    pub fn judge(&self) -> (Vec<String>, Count) {
        let mut found = self.wrong_answers.clone();
        let mut count = Count::default();
        for (number, id) in &self.accepted {
            if self.stored.get(id).is_none_or(|stored| stored.number != *number) {
                found.push(format!("LOST: {number} was accepted as {id} and is not there"));
            }
        }
        for (id, stored) in &self.stored {
            self.judge_order(*id, stored, &mut count, &mut found);
        }
        for id in self.delivered.keys().filter(|id| !self.stored.contains_key(id)) {
            found.push(format!("UNKNOWN: a supplier delivered for {id}, which is not there"));
        }
        let sum: i64 = self.accounts.iter().map(|(_, kept, _)| kept).sum();
        if sum != 0 {
            found.push(format!("LEDGER: all accounts sum to {sum}"));
        }
        for (account, kept, replayed) in &self.accounts {
            if kept != replayed {
                found.push(format!("LEDGER: {account} says {kept}, its entries {replayed}"));
            }
        }
        found.extend(self.unstamped.iter().map(|told| format!("UNSTAMPED: {told}")));
        if self.forged > 0 {
            found.push(format!("{} callbacks with a wrong signature", self.forged));
        }
        if self.untold > 0 {
            found.push(format!("{} callbacks neither delivered nor parked", self.untold));
        }
        let panics = self
            .log
            .lines()
            .filter(|line| line.contains("panicked") || line.contains("backstop"));
        found.extend(panics.map(|line| format!("LOG: {line}")));
        found.extend(self.leaks.iter().map(|line| format!("LEAK: {line}")));
        (found, count)
    }

    fn judge_order(&self, id: i64, stored: &Stored, count: &mut Count, found: &mut Vec<String>) {
        let delivered = self.delivered.get(&id).copied().unwrap_or(0);
        if delivered > 1 {
            found.push(format!("TWICE: {id} was delivered {delivered} times"));
        }
        let letters = self.letters.get(&id).cloned().unwrap_or_default();
        let told: BTreeSet<&Letter> = letters.iter().collect();
        if told.len() > 1 {
            found.push(format!("CONFLICT: the shop was told of {id} in {} ways", told.len()));
        }
        if told.iter().any(|letter| letter.status != stored.status) {
            found.push(format!("CONFLICT: {id} is {} and the shop was told otherwise", stored.status));
        }
        let expected = match stored.status.as_str() {
            "succeeded" => {
                count.succeeded += 1;
                (1, stored.held, 0)
            }
            "failed" => {
                count.failed += 1;
                (0, 0, stored.held)
            }
            "processing" => {
                count.in_doubt += 1;
                let is_allowed = stored.open_at.as_deref() == Some(FORGETFUL) && stored.has_case;
                if !is_allowed {
                    found.push(format!("UNSETTLED: {id} {stored:?}"));
                }
                return;
            }
            other => {
                found.push(format!("{id} is {other}"));
                return;
            }
        };
        if (delivered, stored.captured, stored.released) != expected {
            found.push(format!("MONEY: {id} was delivered {delivered} times: {stored:?}"));
        }
        if told.is_empty() && stored.can_hear {
            found.push(format!("SILENT: the shop never heard of {id}"));
        }
    }
}

/// Lines that have one of these in them, or the full number of a recipient: eleven digits, as `load` makes them.
fn leaks(log: &str, secrets: &[String]) -> Vec<String> {
    let is_recipient = |digits: &str| digits.len() == 11 && digits.starts_with("139");
    let leaks = log.lines().filter(|line| {
        let has_secret = secrets.iter().any(|secret| line.contains(secret));
        has_secret || line.split(|c: char| !c.is_ascii_digit()).any(is_recipient)
    });
    leaks.map(str::to_owned).collect()
}

async fn read(database: &Path, door: &str) -> Evidence {
    let mut connection = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
    let mut evidence = Evidence::default();
    let orders = sqlx::query(
        "SELECT o.id, o.shop_order_no, o.status, o.held_minor, COALESCE(o.captured_minor, 0) AS captured,
                COALESCE(o.released_minor, 0) AS released,
                (SELECT supplier FROM attempts AS a WHERE a.order_id = o.id AND a.state IN ('sent', 'accepted', 'unknown')) AS open_at,
                EXISTS (SELECT 1 FROM cases AS c WHERE c.order_id = o.id AND c.closed_at_ms IS NULL) AS has_case,
                NOT EXISTS (SELECT 1 FROM callbacks AS t WHERE t.order_id = o.id AND t.url <> ?) AS can_hear
         FROM order_list AS o",
    )
    .bind(door);
    for row in orders.fetch_all(&mut connection).await.unwrap() {
        let stored = Stored {
            number: row.get("shop_order_no"),
            status: row.get("status"),
            held: row.get("held_minor"),
            captured: row.get("captured"),
            released: row.get("released"),
            open_at: row.get("open_at"),
            has_case: row.get("has_case"),
            can_hear: row.get("can_hear"),
        };
        evidence.stored.insert(row.get("id"), stored);
    }
    let accounts = sqlx::query(
        "SELECT account, balance_minor,
                COALESCE((SELECT SUM(e.minor) FROM summed AS e WHERE e.account = a.account AND e.currency = a.currency), 0) AS replayed
         FROM accounts AS a",
    );
    sqlx::query("CREATE TEMP TABLE summed AS SELECT account, currency, SUM(amount_minor) AS minor FROM entries GROUP BY account, currency")
        .execute(&mut connection)
        .await
        .unwrap();
    for row in accounts.fetch_all(&mut connection).await.unwrap() {
        evidence
            .accounts
            .push((row.get("account"), row.get("balance_minor"), row.get("replayed")));
    }
    let untold = sqlx::query_scalar("SELECT count(*) FROM callbacks WHERE state = 'due' AND url = ?");
    evidence.untold = untold.bind(door).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    evidence
}

mod plants;
