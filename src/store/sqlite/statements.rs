//! Statements in the file: rows of plain numbers, written by the writer between two batches, in parts so
//! that no order waits long for it.

use std::ops::Range;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};

use super::SqliteStore;
use super::catalog::Edit;
use super::reads::{Unread, damaged, order_id};
use super::script::Script;
use super::trouble::Trouble;
use crate::domain::ids::{AttemptId, OrderId, SupplierId};
use crate::domain::statement::{Booked, Standing};
use crate::store::Read;
use crate::store::statement::{Stated, Statement, Statements};

/// Lines written in one transaction.
const PART: usize = 2_000;
/// Orders asked for in one statement.
const ASKED: usize = 5_000;

/// A part of a statement to write.
pub(super) struct Part {
    statement: Statement,
    is_first: bool,
}

impl Part {
    pub(super) async fn write(self, script: &mut Script, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        let Self { statement, is_first } = self;
        if is_first {
            for text in [
                "DELETE FROM statements WHERE key = ?",
                "DELETE FROM statement_lines WHERE statement = ?",
            ] {
                sqlx::query(text).bind(statement.key.clone()).execute(&mut *connection).await?;
            }
            let place = "statements (key, supplier, from_ms, until_ms, read_at_ms)";
            let (key, supplier) = (statement.key.clone(), statement.supplier.as_str().to_owned());
            script.insert(place, 5, vec![()], "", |to, ()| {
                to.bind(key.clone()).bind(supplier.clone());
                to.bind(statement.period_ms.start)
                    .bind(statement.period_ms.end)
                    .bind(statement.read_at_ms);
            });
        }
        let place = "statement_lines (order_id, statement, line, seq, supplier, said, found, cost_minor)";
        script.insert(place, 8, statement.lines, "", |to, line: Stated| {
            to.bind(line.id.order.get()).bind(statement.key.clone()).bind(i64::from(line.place));
            to.bind(line.id.seq).bind(statement.supplier.as_str().to_owned());
            to.bind(line.said).bind(line.found.word()).bind(line.cost_minor);
        });
        Ok(())
    }
}

impl Statements for SqliteStore {
    fn keep_statement(&self, mut statement: Statement) -> Read<'_, ()> {
        Box::pin(async move {
            let mut is_first = true;
            loop {
                let rest = statement.lines.split_off(statement.lines.len().min(PART));
                let next = Statement {
                    lines: rest,
                    ..statement.clone()
                };
                self.edit(Edit::Statement(Part { statement, is_first })).await?;
                if next.lines.is_empty() {
                    return Ok(());
                }
                (statement, is_first) = (next, false);
            }
        })
    }

    fn has_statement(&self, key: String) -> Read<'_, bool> {
        self.read(async move {
            let query = sqlx::query("SELECT 1 FROM statements WHERE key = ?").bind(key);
            Ok(query.fetch_optional(&self.readers).await?.is_some())
        })
    }

    fn booked_in(&self, supplier: SupplierId, first: OrderId, opened_ms: Range<i64>) -> Read<'_, Vec<Booked>> {
        self.read(async move {
            let query = sqlx::query(
                "SELECT order_id, seq, state, cost_minor, opened_at_ms FROM attempts \
                 WHERE order_id >= ? AND opened_at_ms >= ? AND opened_at_ms < ? AND supplier = ?",
            );
            let query = query.bind(first.get()).bind(opened_ms.start).bind(opened_ms.end);
            let rows = query.bind(supplier.as_str().to_owned()).fetch_all(&self.readers).await?;
            rows.iter().map(booked).collect()
        })
    }

    fn booked_of(&self, supplier: SupplierId, orders: Vec<OrderId>) -> Read<'_, Vec<Booked>> {
        self.read(async move {
            let mut found = Vec::new();
            for asked in orders.chunks(ASKED) {
                found.extend(of_orders(&self.readers, &supplier, asked).await?);
            }
            Ok(found)
        })
    }
}

async fn of_orders(pool: &SqlitePool, supplier: &SupplierId, orders: &[OrderId]) -> Result<Vec<Booked>, Unread> {
    let ids: Vec<i64> = orders.iter().map(|order| order.get()).collect();
    let ids = serde_json::to_string(&ids).map_err(|_| damaged("attempts", "list"))?;
    let query = sqlx::query(
        "SELECT order_id, seq, state, cost_minor, opened_at_ms FROM attempts \
         WHERE order_id IN (SELECT value FROM json_each(?)) AND supplier = ?",
    );
    let rows = query.bind(ids).bind(supplier.as_str().to_owned()).fetch_all(pool).await?;
    rows.iter().map(booked).collect()
}

fn booked(row: &SqliteRow) -> Result<Booked, Unread> {
    let id = AttemptId {
        order: order_id(row.try_get("order_id")?)?,
        seq: row.try_get("seq")?,
    };
    let standing = match row.try_get::<&str, _>("state")? {
        "sent" | "accepted" | "unknown" => Standing::Open,
        "dead" => Standing::Dead,
        "won" | "excess" | "late" => Standing::Delivered,
        _ => return Err(damaged("attempts", id)),
    };
    Ok(Booked {
        id,
        standing,
        cost_minor: row.try_get("cost_minor")?,
        opened_at_ms: row.try_get("opened_at_ms")?,
    })
}
