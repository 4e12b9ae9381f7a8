//! The witness from outside: what suppliers' statements say was charged (I1, I2), against what we have.
//!
//! What a statement check has found and told is a case, and quiet here; what nobody was told, because our
//! books have changed since or the case was closed all the same, is not.

use std::collections::BTreeMap;

use super::{Check, Findings, Opened};
use crate::domain::attempt::{Attempt, AttemptState};
use crate::domain::statement::Found;
use crate::store::archive::StatedKept;

pub(super) fn check(opened: &Opened<'_>, findings: &mut Findings) {
    let mut about: BTreeMap<(&str, u8), Vec<&StatedKept>> = BTreeMap::new();
    for stated in &opened.dossier.stated {
        about.entry((&stated.statement, stated.seq)).or_default().push(stated);
    }
    for ((statement, seq), lines) in about {
        // What was taken back was not charged.
        if lines.iter().any(|line| line.said == "not_delivered") {
            continue;
        }
        let bills: Vec<&&StatedKept> = lines.iter().filter(|line| line.said == "delivered").collect();
        let Some(bill) = bills.first() else { continue };
        let attempt = opened
            .order
            .attempt(seq)
            .filter(|attempt| attempt.supplier.as_str() == bill.supplier);
        let is_told = bill.is_case_open && bill.found == Found::Charged.word();
        findings.unless(is_told || attempt.is_some_and(may_be_charged), Check::Charged, || {
            format!("the statement {statement} says that attempt {seq} was delivered, and here it was not")
        });
        let is_told = bill.has_case && bill.found == Found::Twice.word();
        findings.unless(is_told || bills.len() == 1, Check::Charged, || {
            format!("the statement {statement} bills attempt {seq} {} times", bills.len())
        });
    }
}

fn may_be_charged(attempt: &Attempt) -> bool {
    match attempt.state {
        AttemptState::Dead { .. } => false,
        AttemptState::Sent
        | AttemptState::Accepted
        | AttemptState::Unknown { .. }
        | AttemptState::Won { .. }
        | AttemptState::Excess { .. }
        | AttemptState::Late { .. } => true,
    }
}
