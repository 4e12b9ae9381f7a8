//! What group commit, fused commits and fixed statements are measured against: the same facts kept
//! by ordinary code, one transaction for each change and one statement for each row. Durable like
//! the gateway (WAL, synchronous=FULL). It checks, seals and decides nothing, so it flatters itself.

use std::time::UNIX_EPOCH;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

const SCHEMA: &str = "
CREATE TABLE orders (no TEXT PRIMARY KEY, status TEXT NOT NULL, state TEXT NOT NULL, changed_at_ms INTEGER NOT NULL);
CREATE TABLE events (no TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (no, number));
CREATE TABLE attempts (no TEXT NOT NULL, seq INTEGER NOT NULL, supplier TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (no, seq));
CREATE TABLE entries (id INTEGER PRIMARY KEY, no TEXT NOT NULL, account TEXT NOT NULL, amount_minor INTEGER NOT NULL);
CREATE TABLE accounts (account TEXT PRIMARY KEY, balance_minor INTEGER NOT NULL);
CREATE TABLE evidence (id INTEGER PRIMARY KEY, no TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE callbacks (no TEXT PRIMARY KEY, payload TEXT NOT NULL, state TEXT NOT NULL);
INSERT INTO accounts VALUES ('available', 0), ('held', 0), ('revenue', 0);
";

/// About as much as the gateway keeps of an order.
const STATE: &str = r#"{"terms":{"shop":1,"sku":"mobile-100-river","kind":"top_up","quantity":1,"face":"100.00","price":"99.50","floor_minor":0,"deadline_ms":1767225661000,"callback_url":"http://127.0.0.1:12345/told"},"attempts":[{"seq":1,"supplier":"river","code":"140101","cost":"98.00","transmissions":[{"n":1,"stamped_at_ms":1767225601000}]}]}"#;

/// What happens to an order, one transaction each.
#[derive(Clone, Copy)]
pub enum Change {
    /// It stands and its price is held.
    Accepted,
    /// It may be sent.
    Stamped,
    /// The supplier has said something.
    Answered,
    /// It succeeded: captured, callback queued.
    Ended,
    /// The shop was told.
    Told,
}

pub struct Naive {
    pool: SqlitePool,
}

impl Naive {
    pub async fn open(path: &str) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        // One writer, as SQLite has it: more only wait for its lock.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        Ok(Self { pool })
    }

    pub async fn write(&self, change: Change, no: &str, evidence: &[u8]) -> sqlx::Result<()> {
        let now_ms = UNIX_EPOCH
            .elapsed()
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or(0);
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let (number, kind) = match change {
            Change::Accepted => (1, "accepted"),
            Change::Stamped => (2, "attempt_opened"),
            Change::Answered => (3, "attempt_answered"),
            Change::Ended => (4, "succeeded"),
            Change::Told => (5, "told"),
        };
        let event = "INSERT INTO events VALUES (?, (SELECT COUNT(*) FROM events WHERE no = ?) + ?, ?, ?)";
        sqlx::query(event)
            .bind(no)
            .bind(no)
            .bind(number)
            .bind(kind)
            .bind(STATE)
            .execute(&mut *work)
            .await?;
        if let Change::Accepted = change {
            let order = "INSERT INTO orders VALUES (?, ?, ?, ?)";
            sqlx::query(order)
                .bind(no)
                .bind(kind)
                .bind(STATE)
                .bind(now_ms)
                .execute(&mut *work)
                .await?;
        } else {
            let order = "UPDATE orders SET status = ?, state = ?, changed_at_ms = ? WHERE no = ?";
            sqlx::query(order)
                .bind(kind)
                .bind(STATE)
                .bind(now_ms)
                .bind(no)
                .execute(&mut *work)
                .await?;
        }
        match change {
            Change::Accepted => book(&mut work, no, "available", "held").await?,
            Change::Stamped => {
                let attempt = "INSERT INTO attempts VALUES (?, 1, 'river', 'sent')";
                sqlx::query(attempt).bind(no).execute(&mut *work).await?;
            }
            Change::Answered => {
                let kept = "INSERT INTO evidence (no, body) VALUES (?, ?)";
                sqlx::query(kept).bind(no).bind(evidence).execute(&mut *work).await?;
                let attempt = "UPDATE attempts SET state = 'answered' WHERE no = ? AND seq = 1";
                sqlx::query(attempt).bind(no).execute(&mut *work).await?;
            }
            Change::Ended => {
                book(&mut work, no, "held", "revenue").await?;
                let callback = "INSERT INTO callbacks VALUES (?, ?, 'due')";
                sqlx::query(callback).bind(no).bind(STATE).execute(&mut *work).await?;
            }
            Change::Told => {
                let callback = "UPDATE callbacks SET state = 'delivered' WHERE no = ?";
                sqlx::query(callback).bind(no).execute(&mut *work).await?;
            }
        }
        work.commit().await
    }
}

/// The price from one account to another, in a pair of entries.
async fn book(work: &mut sqlx::SqliteConnection, no: &str, from: &str, to: &str) -> sqlx::Result<()> {
    for (account, amount) in [(from, -9_950_i64), (to, 9_950)] {
        let entry = "INSERT INTO entries (no, account, amount_minor) VALUES (?, ?, ?)";
        sqlx::query(entry).bind(no).bind(account).bind(amount).execute(&mut *work).await?;
        let balance = "UPDATE accounts SET balance_minor = balance_minor + ? WHERE account = ?";
        sqlx::query(balance).bind(amount).bind(account).execute(&mut *work).await?;
    }
    Ok(())
}
