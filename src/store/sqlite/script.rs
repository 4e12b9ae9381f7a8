//! Many rows in few statements, and few different texts, so that SQLite parses each only once.
//!
//! A table's rows go in as one statement with a list of values; its length is one of a dozen
//! shapes, and what a shape has too much stays unbound: NULL, which no statement takes for a row.
//! Invariant: only constant text and question marks enter the SQL; every value is bound.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::encode::Encode;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Type};

use super::trouble::Trouble;

/// The lengths of lists there are; SQLite takes at most 32,766 values a statement.
const SHAPES: [usize; 14] = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const LONGEST: usize = 256;

/// Every text that was ever needed, by what it begins and ends with and the length of its list: some hundred.
static TEXTS: Mutex<Texts> = Mutex::new(Texts::new());
type Texts = BTreeMap<(&'static str, &'static str, usize), Arc<str>>;

/// Statements and their values, executed in order.
#[derive(Default)]
pub(super) struct Script {
    statements: Vec<(Arc<str>, SqliteArguments)>,
    /// Our own words among the values: each is made once and shared by all rows.
    words: BTreeMap<&'static str, Arc<str>>,
    failed: Option<String>,
}

/// The values of one row, bound in the order of its columns.
pub(super) struct Row<'s> {
    values: &'s mut SqliteArguments,
    words: &'s mut BTreeMap<&'static str, Arc<str>>,
    failed: &'s mut Option<String>,
}

impl Script {
    /// Inserts `rows` into `place`, a table with its columns, the first of which is never NULL;
    /// `conflict` may say what a row becomes that is already there. Anything else that stands in a
    /// row's way fails the transaction, which is why SQLite need not be able to undo half a statement
    /// (OR FAIL: it keeps no copy of each page).
    pub(super) fn insert<T>(
        &mut self,
        place: &'static str,
        columns: usize,
        rows: Vec<T>,
        conflict: &'static str,
        bind: impl FnMut(&mut Row<'_>, T),
    ) {
        let text = |length| {
            let head = format!("INSERT OR FAIL INTO {place} SELECT * FROM");
            text(&head, columns, length, &format!("WHERE column1 IS NOT NULL {conflict}"))
        };
        self.add((place, conflict), columns, rows, text, bind);
    }

    /// Adds `head (VALUES (?,…),(?,…)) tail` for `rows`, in as few statements as their number allows;
    /// nothing for no rows. `tail` must pass over rows of NULL.
    pub(super) fn rows<T>(
        &mut self,
        head: &'static str,
        columns: usize,
        rows: Vec<T>,
        tail: &'static str,
        bind: impl FnMut(&mut Row<'_>, T),
    ) {
        self.add((head, tail), columns, rows, |length| text(head, columns, length, tail), bind);
    }

    /// Adds what `text` says for each length; `head` and `tail` tell its texts from all others.
    fn add<T>(
        &mut self,
        (head, tail): (&'static str, &'static str),
        columns: usize,
        rows: Vec<T>,
        text: impl Fn(usize) -> String,
        mut bind: impl FnMut(&mut Row<'_>, T),
    ) {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let length = SHAPES.into_iter().find(|shape| *shape >= rows.len()).unwrap_or(LONGEST);
            let mut values = SqliteArguments::default();
            values.reserve(length.saturating_mul(columns), 0);
            for row in rows.by_ref().take(length) {
                let before = values.len();
                bind(
                    &mut Row {
                        values: &mut values,
                        words: &mut self.words,
                        failed: &mut self.failed,
                    },
                    row,
                );
                if values.len() != before.saturating_add(columns) {
                    self.failed = Some(format!("a row of {columns} columns got another number of values: {head}"));
                }
            }
            let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
            let text = texts.entry((head, tail, length)).or_insert_with(|| Arc::from(text(length)));
            self.statements.push((Arc::clone(text), values));
        }
    }

    /// Executes everything added; how many statements that were.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<u64, Trouble> {
        if let Some(failed) = self.failed {
            return Err(Trouble::Backstop(failed));
        }
        let mut count = 0_u64;
        for (text, values) in self.statements {
            sqlx::query_with(AssertSqlSafe(text), values).execute(&mut *connection).await?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}

fn text(head: &str, columns: usize, length: usize, tail: &str) -> String {
    let marks = format!("({}?)", "?,".repeat(columns.saturating_sub(1)));
    let rows = format!("{marks},").repeat(length.saturating_sub(1));
    format!("{head} (VALUES {rows}{marks}) {tail}")
}

impl Row<'_> {
    /// Binds the next column.
    pub(super) fn bind<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            *self.failed = Some(format!("a value cannot be bound: {error}"));
        }
        self
    }

    /// Binds the next column to one of our own words.
    pub(super) fn word(&mut self, word: &'static str) -> &mut Self {
        let shared = self.words.entry(word).or_insert_with(|| Arc::from(word));
        let shared = Arc::clone(shared);
        self.bind(shared)
    }
}
