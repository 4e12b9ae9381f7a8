//! Many rows in few statements, many statements in one round trip.
//!
//! A batch becomes one text of multi-row statements, one a table, with one list of values: the
//! driver hands it to SQLite's thread once. Invariant: only constant text and question marks enter
//! the SQL; every value is bound.

use sqlx::encode::Encode;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Type};

use super::trouble::Trouble;

/// SQLite takes at most 32,766 values a statement.
const MAX_VALUES: usize = 32_000;
/// Larger texts are not worth a place in the cache of prepared statements: they hardly ever recur.
const MAX_CACHED_VALUES: usize = 200;

/// A text of several statements and their values.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    values: SqliteArguments,
    failed: Option<String>,
}

/// The values of one row, bound in the order of its columns.
pub(super) struct Row<'s> {
    script: &'s mut Script,
}

impl Script {
    /// Adds `head (?,…),(?,…) tail` for `rows`, in as few statements as their number allows; nothing for no rows.
    pub(super) fn rows<T>(&mut self, head: &str, columns: usize, rows: Vec<T>, tail: &str, mut bind: impl FnMut(&mut Row<'_>, T)) {
        let marks = format!("({})", vec!["?"; columns].join(","));
        let most = MAX_VALUES.checked_div(columns).unwrap_or(MAX_VALUES).max(1);
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            self.text.push_str(head);
            for (place, row) in rows.by_ref().take(most).enumerate() {
                self.text.push_str(if place == 0 { " " } else { "," });
                self.text.push_str(&marks);
                let before = self.values.len();
                bind(&mut Row { script: self }, row);
                if self.values.len() != before.saturating_add(columns) {
                    self.failed = Some(format!("a row of {columns} columns got another number of values: {head}"));
                }
            }
            self.text.push(' ');
            self.text.push_str(tail);
            self.text.push(';');
        }
    }

    /// Executes everything added, in one round trip.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        if let Some(failed) = self.failed {
            return Err(Trouble::Backstop(failed));
        }
        if self.text.is_empty() {
            return Ok(());
        }
        let is_small = self.values.len() <= MAX_CACHED_VALUES;
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.values).persistent(is_small);
        query.execute(connection).await?;
        Ok(())
    }
}

impl Row<'_> {
    /// Binds the next column.
    pub(super) fn bind<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.script.values.add(value) {
            self.script.failed = Some(format!("a value cannot be bound: {error}"));
        }
        self
    }
}
