//! One moment of the whole database, read row by row for the auditor.
//!
//! Invariant: everything an `Archive` reads comes from one transaction, so that what belongs together
//! is seen together, whatever is being written meanwhile; and it cannot write.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use super::SqliteStore;
use super::archive_rows as rows;
use super::catalog::Edit;
use super::opening::reader_options;
use super::reads::{Unread, damaged};
use crate::seams::Random;
use crate::store::archive::{DayKept, Dossier};
use crate::store::seal::{SealBroken, SealKey, Sealer};
use crate::store::signer::{PublicKey, Signer};
use crate::store::{Outage, Read};

/// Tables whose rows belong to orders, and the column that says to which.
const OF_ORDERS: [&str; 5] = ["history", "attempts", "transmissions", "callbacks", "statement_lines"];

/// A moment of the database.
pub struct Archive {
    connection: SqliteConnection,
    sealer: Sealer,
    key: PublicKey,
}

impl SqliteStore {
    /// The gateway's signature, whose key belongs to the seal key.
    #[must_use]
    pub fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.shared.signer)
    }

    /// Keeps a day's seal; a day that has one keeps it.
    #[must_use]
    pub fn put_day(&self, day: DayKept) -> Read<'_, ()> {
        let put = self.edit(Edit::Day(day));
        Box::pin(async move { put.await.map(|_| ()) })
    }

    /// The database as it stands now. While the archive lives the log of the database grows.
    #[must_use]
    pub fn archive(&self) -> Read<'_, Archive> {
        let (options, sealer) = (self.readers.connect_options(), self.shared.sealer.clone());
        let key = self.shared.signer.key().clone();
        self.guarded(async move { Archive::begin(options.connect().await?, sealer, key).await })
    }
}

impl Archive {
    /// The database in the file at `path`, beside whoever works on it.
    ///
    /// # Errors
    /// When there is no such database, or it cannot be read.
    pub async fn open(path: &Path, key: &SealKey, random: Arc<dyn Random>) -> Result<Self, Outage> {
        let broken = |broken: SealBroken| Outage(broken.to_string());
        let signer = Signer::new(key).map_err(broken)?;
        let sealer = Sealer::new(key, random).map_err(broken)?;
        let connection = reader_options(path).connect().await;
        let opened = match connection {
            Ok(connection) => Self::begin(connection, sealer, signer.key().clone()).await,
            Err(error) => Err(error.into()),
        };
        opened.map_err(|unread| Outage(unread.to_string()))
    }

    async fn begin(mut connection: SqliteConnection, sealer: Sealer, key: PublicKey) -> Result<Self, Unread> {
        sqlx::query("BEGIN").execute(&mut connection).await?;
        // The moment is that of the first read.
        sqlx::query("SELECT count(*) FROM meta").fetch_one(&mut connection).await?;
        Ok(Self { connection, sealer, key })
    }

    /// The number of the last row of the history; 0 if there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_row(&mut self) -> Result<i64, Outage> {
        let row = sqlx::query("SELECT COALESCE(max(rowid), 0) AS last FROM history")
            .fetch_one(&mut self.connection)
            .await;
        row.and_then(|row| row.try_get("last")).map_err(|error| Outage(error.to_string()))
    }

    /// The number of the last row of the history that is dated before this, UTC milliseconds; 0 if there
    /// is none. Looks from the end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_row_before(&mut self, at_ms: i64) -> Result<i64, Outage> {
        let query = sqlx::query("SELECT rowid AS id FROM history WHERE at_ms < ? ORDER BY rowid DESC LIMIT 1");
        Ok(self.ids(query.bind(at_ms)).await?.first().copied().unwrap_or(0))
    }

    /// At most `limit` orders after `order`, by their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn orders_after(&mut self, order: i64, limit: u32) -> Result<Vec<i64>, Outage> {
        let query = sqlx::query("SELECT id FROM orders WHERE id > ? ORDER BY id LIMIT ?")
            .bind(order)
            .bind(limit);
        self.ids(query).await
    }

    /// The orders that the rows after `after` and up to `until` of the history are about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed(&mut self, after: i64, until: i64) -> Result<Vec<i64>, Outage> {
        let query = sqlx::query("SELECT DISTINCT order_id AS id FROM history WHERE rowid > ? AND rowid <= ? ORDER BY order_id");
        self.ids(query.bind(after).bind(until)).await
    }

    /// Tables with rows of orders that do not exist, and those orders' ids; few of them at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn strays(&mut self) -> Result<Vec<(&'static str, i64)>, Outage> {
        let mut strays = Vec::new();
        for table in OF_ORDERS {
            let text = format!(
                "SELECT DISTINCT order_id AS id FROM {table} AS t WHERE order_id <> 0 \
                 AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.id = t.order_id) LIMIT 100"
            );
            let found = self.ids(sqlx::query(AssertSqlSafe(text))).await?;
            strays.extend(found.into_iter().map(|id| (table, id)));
        }
        Ok(strays)
    }

    /// The key that this gateway signs with.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// All days, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn days(&mut self) -> Result<Vec<DayKept>, Outage> {
        let rows = sqlx::query("SELECT day, until_row, seal FROM days ORDER BY day")
            .fetch_all(&mut self.connection)
            .await;
        let day = |row: &SqliteRow| -> Result<_, sqlx::Error> {
            Ok(DayKept {
                day: row.try_get("day")?,
                until_row: row.try_get("until_row")?,
                seal: row.try_get("seal")?,
            })
        };
        let days = rows.and_then(|rows| rows.iter().map(day).collect());
        days.map_err(|error| Outage(error.to_string()))
    }

    /// The links of the rows after `after` and up to `until` of the history, in their order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links(&mut self, after: i64, until: i64) -> Result<Vec<Vec<u8>>, Outage> {
        let query = sqlx::query("SELECT link FROM history WHERE rowid > ? AND rowid <= ? ORDER BY rowid");
        let rows = query.bind(after).bind(until).fetch_all(&mut self.connection).await;
        let links = rows.and_then(|rows| rows.iter().map(|row| row.try_get("link")).collect());
        links.map_err(|error| Outage(error.to_string()))
    }

    /// The postings of the rows after `after` and up to `until` of the history, as JSON arrays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn moved(&mut self, after: i64, until: i64) -> Result<Vec<String>, Outage> {
        let query = sqlx::query("SELECT postings AS text FROM history WHERE rowid > ? AND rowid <= ? AND postings IS NOT NULL");
        self.texts(query.bind(after).bind(until)).await
    }

    /// The postings that no order made, as JSON objects.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn funded(&mut self) -> Result<Vec<String>, Outage> {
        self.texts(sqlx::query("SELECT posting AS text FROM postings ORDER BY key")).await
    }

    /// Every account and currency with its balance in minor units.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn accounts(&mut self) -> Result<BTreeMap<(String, String), i64>, Outage> {
        let rows = sqlx::query("SELECT account, currency, balance_minor FROM accounts")
            .fetch_all(&mut self.connection)
            .await;
        let balance = |row: &SqliteRow| -> Result<_, sqlx::Error> {
            Ok(((row.try_get("account")?, row.try_get("currency")?), row.try_get("balance_minor")?))
        };
        let balances = rows.and_then(|rows| rows.iter().map(balance).collect());
        balances.map_err(|error| Outage(error.to_string()))
    }

    /// Everything kept under each of these ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dossiers(&mut self, ids: &[i64]) -> Result<Vec<Dossier>, Outage> {
        self.read(ids).await.map_err(|unread| Outage(unread.to_string()))
    }

    async fn read(&mut self, ids: &[i64]) -> Result<Vec<Dossier>, Unread> {
        let wanted = serde_json::to_string(ids).map_err(|_| damaged("order", "list"))?;
        let mut dossiers: BTreeMap<i64, Dossier> = ids
            .iter()
            .map(|id| {
                (
                    *id,
                    Dossier {
                        id: *id,
                        ..Dossier::default()
                    },
                )
            })
            .collect();
        let sealer = self.sealer.clone();
        self.each("orders WHERE id", "id", "id", &wanted, &mut dossiers, |dossier, row| {
            dossier.order = Some(rows::order_of(dossier.id, row, &sealer)?);
            Ok(())
        })
        .await?;
        self.each(
            "history WHERE order_id",
            "order_id",
            "order_id, number",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                let commit = rows::commit_of(row)?;
                dossier.evidence.extend(rows::evidence_of(dossier.id, &commit, &sealer));
                dossier.history.push(commit);
                Ok(())
            },
        )
        .await?;
        self.each(
            "attempts WHERE order_id",
            "order_id",
            "order_id, seq",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                dossier.attempts.push(rows::attempt_of(row)?);
                Ok(())
            },
        )
        .await?;
        self.each(
            "transmissions WHERE order_id",
            "order_id",
            "order_id, seq, n",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                dossier.stamps.push(rows::stamp_of(row)?);
                Ok(())
            },
        )
        .await?;
        self.each(
            "outbox WHERE order_id",
            "order_id",
            "order_id, number",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                dossier.callbacks.push(rows::callback_of(dossier.id, row, &sealer)?);
                Ok(())
            },
        )
        .await?;
        self.each(
            "cases WHERE order_id",
            "order_id",
            "order_id, key",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                dossier.cases.push(rows::case_of(row)?);
                Ok(())
            },
        )
        .await?;
        self.each(
            "stated WHERE order_id",
            "order_id",
            "order_id, statement, line",
            &wanted,
            &mut dossiers,
            |dossier, row| {
                dossier.stated.push(rows::stated_of(row)?);
                Ok(())
            },
        )
        .await?;
        Ok(dossiers.into_values().collect())
    }

    /// Gives each row that `from` finds among the `wanted` to its order's dossier.
    async fn each(
        &mut self,
        from: &str,
        id: &str,
        by: &str,
        wanted: &str,
        dossiers: &mut BTreeMap<i64, Dossier>,
        mut give: impl FnMut(&mut Dossier, &SqliteRow) -> Result<(), Unread>,
    ) -> Result<(), Unread> {
        let text = format!("SELECT * FROM {from} IN (SELECT value FROM json_each(?)) ORDER BY {by}");
        let query = sqlx::query(AssertSqlSafe(text)).bind(wanted);
        for row in query.fetch_all(&mut self.connection).await? {
            if let Some(dossier) = dossiers.get_mut(&row.try_get::<i64, _>(id)?) {
                give(dossier, &row)?;
            }
        }
        Ok(())
    }

    async fn ids<'q>(&mut self, query: Query<'q>) -> Result<Vec<i64>, Outage> {
        let rows = query.fetch_all(&mut self.connection).await;
        let ids = rows.and_then(|rows| rows.iter().map(|row| row.try_get("id")).collect());
        ids.map_err(|error| Outage(error.to_string()))
    }

    async fn texts<'q>(&mut self, query: Query<'q>) -> Result<Vec<String>, Outage> {
        let rows = query.fetch_all(&mut self.connection).await;
        let texts = rows.and_then(|rows| rows.iter().map(|row| row.try_get("text")).collect());
        texts.map_err(|error| Outage(error.to_string()))
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;
