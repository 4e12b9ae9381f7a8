//! Statements in memory, and the attempts they are held against.

use std::ops::Range;

use super::MemoryStore;
use super::books::Books;
use crate::domain::attempt::{Attempt, AttemptState};
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::order::Order;
use crate::domain::statement::{Booked, Standing};
use crate::store::Read;
use crate::store::statement::{Statement, Statements};

impl Statements for MemoryStore {
    fn keep_statement(&self, statement: Statement) -> Read<'_, ()> {
        self.change(move |books: &mut Books| {
            books.statements.insert(statement.key.clone(), statement);
            Ok(())
        })
    }

    fn has_statement(&self, key: String) -> Read<'_, bool> {
        self.read(move |books| books.statements.contains_key(&key))
    }

    fn booked_in(&self, supplier: SupplierId, first: OrderId, opened_ms: Range<i64>) -> Read<'_, Vec<Booked>> {
        self.read(move |books| {
            let orders = books.orders.range(first..).map(|(_, order)| order);
            let there = orders.flat_map(|order| booked(order, &supplier));
            there.filter(|booked| opened_ms.contains(&booked.opened_at_ms)).collect()
        })
    }

    fn booked_of(&self, supplier: SupplierId, orders: Vec<OrderId>) -> Read<'_, Vec<Booked>> {
        self.read(move |books| {
            let known = orders.iter().filter_map(|id| books.orders.get(id));
            known.flat_map(|order| booked(order, &supplier)).collect()
        })
    }
}

fn booked<'o>(order: &'o Order, supplier: &'o SupplierId) -> impl Iterator<Item = Booked> + 'o {
    let there = order.attempts.iter().filter(move |attempt| attempt.supplier == *supplier);
    there.map(|attempt| Booked {
        id: order.attempt_id(attempt.seq),
        standing: standing(attempt),
        cost_minor: attempt.cost.minor,
        opened_at_ms: attempt.opened_at_ms,
    })
}

fn standing(attempt: &Attempt) -> Standing {
    match attempt.state {
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => Standing::Open,
        AttemptState::Dead { .. } => Standing::Dead,
        AttemptState::Won { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => Standing::Delivered,
    }
}
