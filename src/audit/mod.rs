//! The books and the history checked, for ever.
//!
//! Every check is a pure function of what lies in the database, row by row: the auditor believes no
//! column, no sum and no state that it can work out again from the history. What it finds it says in
//! plain words; it mends nothing.
//!
//! Invariant: a check that cannot be made is a finding, never a pass.

mod attempts;
mod books;
mod check;
pub mod days;
mod history;
mod money;
mod walk;
mod watch;
mod witness;

pub use books::{Books, Moved};
pub use check::{Check, Finding};
pub use walk::{Tally, whole};
pub use watch::{Passed, Watch};

use crate::domain::event::Recorded;
use crate::domain::order::Order;
use crate::store::archive::Dossier;

/// A dossier as far as it could be read.
struct Opened<'d> {
    dossier: &'d Dossier,
    /// What the history makes.
    order: &'d Order,
    events: &'d [Recorded],
    postings: &'d [Moved],
}

/// Everything wrong with one order, and what its history moved.
#[must_use]
pub fn examine(dossier: &Dossier) -> (Vec<Finding>, Vec<Moved>) {
    let mut findings = Findings::of(dossier.id);
    history::chain(dossier, &mut findings);
    let events = history::events(dossier, &mut findings);
    let postings = money::postings(dossier, &mut findings);
    if let Some(order) = history::order(dossier, &events, &mut findings) {
        let opened = Opened {
            dossier,
            order: &order,
            events: &events,
            postings: &postings,
        };
        history::agrees(&opened, &mut findings);
        money::check(&opened, &mut findings);
        attempts::check(&opened, &mut findings);
        witness::check(&opened, &mut findings);
    }
    (findings.all, postings)
}

/// Findings about one order.
struct Findings {
    order: i64,
    all: Vec<Finding>,
}

impl Findings {
    fn of(order: i64) -> Self {
        Self { order, all: Vec::new() }
    }

    fn add(&mut self, check: Check, saw: impl Into<String>) {
        self.all.push(Finding {
            check,
            order: Some(self.order),
            saw: saw.into(),
        });
    }

    /// Adds a finding unless `holds`; what was seen is put in words only then.
    fn unless(&mut self, holds: bool, check: Check, saw: impl FnOnce() -> String) {
        if !holds {
            self.add(check, saw());
        }
    }
}
