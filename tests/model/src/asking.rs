//! The way into the gateway's decisions: our short words become its inputs, nothing else happens.
//!
//! This file stands beside whatever it asks: beside the shipped `domain` in this library, and beside
//! a patched copy of `decide` and `evolve` for each mutant (build.rs). So it names only its siblings.

use std::sync::Arc;

use super::attempt::NotSentReason;
use super::decide::{Attested, Facts, Input, accept, decide};
use super::desk::{Finding, Signature};
use super::effect::Change;
use super::evolve::evolve;
use super::ids::{EvidenceId, OrderId, ProcessId, Seq, SupplierId};
use super::order::{Order, Terms};
use super::outcome::{Doubt, Outcome, Reading, Refusal, RefusalKind, Via};
use super::plan::Plan;
use super::told::{Book, Entry, Gateway, START_MS, Told, WINDOW, Word, plan, supplier};

/// What decides here.
pub const GATEWAY: Gateway = Gateway {
    accept: ask_accept,
    decide: ask,
    evolve,
};

fn facts(book: &Book) -> Facts<'_> {
    Facts {
        policy: &book.policy,
        rules: &book.rules,
        process: ProcessId(1),
    }
}

fn ask_accept(id: OrderId, terms: Terms, plan: Plan, permitted: Option<&SupplierId>, book: &Book, now_ms: i64) -> Option<Change> {
    accept(id, terms, plan, permitted, facts(book), now_ms).ok()
}

fn ask(order: &Order, told: Told, book: &Book, now_ms: i64) -> Option<Change> {
    decide(order, input(told), facts(book), now_ms).ok()
}

fn input(told: Told) -> Input {
    match told {
        Told::Try(at) => Input::Route {
            plan: plan(Some(at)),
            permitted: Some(supplier(at)),
        },
        Told::GiveUp => Input::Route {
            plan: plan(None),
            permitted: None,
        },
        Told::Cancel => Input::Cancel,
        Told::Resubmit(seq) => Input::Resubmit { seq },
        Told::Reply(seq, word) => fact(seq, Via::Submit, word),
        Told::Answer(seq, word) => fact(seq, Via::Query, word),
        Told::Notice(seq, word) => fact(seq, Via::Notification, word),
        Told::NotSent(seq, n) => Input::NotSent {
            seq,
            n,
            why: NotSentReason::Connect,
        },
        Told::Withdrawn(seq, n) => Input::NotSent {
            seq,
            n,
            why: NotSentReason::StampUnconfirmed,
        },
        Told::Hint(seq) => Input::Hint { seq },
        Told::Attest(seq, is_delivered) => Input::Attest(Box::new(Attested {
            case: "overdue_doubt".to_owned(),
            seq,
            found: if is_delivered {
                Finding::Delivered { face: None }
            } else {
                Finding::NotDelivered
            },
            signed: Signature::of("li", "asked the supplier"),
            evidence: EvidenceId(Arc::from("ev")),
        })),
        Told::Assume(seq) => Input::Assume {
            seq,
            window: WINDOW,
            witnessed_since_ms: START_MS,
        },
        Told::Recalled(seq, word) => fact(seq, Via::Recall, word),
        Told::Advance(true) => Input::Advance,
        Told::Advance(false) => Input::DeclineAdvance,
        Told::Recover => Input::Recover,
        Told::Review => Input::Review,
    }
}

fn fact(seq: Seq, via: Via, word: Word) -> Input {
    Input::Fact {
        seq,
        via,
        reading: Reading {
            outcome: outcome(word),
            supplier_ref: None,
            cost: None,
        },
        evidence: (word != Word::Nothing).then(|| EvidenceId(Arc::from("ev"))),
    }
}

fn outcome(word: Word) -> Outcome {
    let refused = |kind| Outcome::Refused(Refusal { kind, code: String::new() });
    match word {
        Word::Said(Entry::Refused) => refused(RefusalKind::Stock),
        Word::Said(Entry::Working) => Outcome::Accepted,
        Word::Said(Entry::Delivered) => Outcome::Succeeded { deliveries: Vec::new() },
        Word::Said(Entry::Failed) => refused(RefusalKind::Failed),
        Word::Gate => refused(RefusalKind::Limit),
        Word::NotFound => Outcome::NotFound,
        Word::Nothing => Outcome::Unknown(Doubt::Timeout),
    }
}
