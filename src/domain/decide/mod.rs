//! The one place where it is decided what happens to an order.
//!
//! `decide` looks at a snapshot and answers with a change that is valid only on top of that
//! snapshot's version, or says why nothing may happen. The store refuses the change if the order
//! has moved on; the caller reloads and decides again, so every guard below is in force at the
//! moment of writing (R3).
//!
//! Invariant: no attempt is opened while another is open (R5); no order fails while an attempt is
//! open (R10); nothing closes an attempt but proof, and, with the money at risk
//! recorded, an assumption that was switched on or the word of two persons (R8, R9).

mod accept;
mod adopt;
mod advance;
mod assume;
mod cancel;
mod desk;
mod fact;
mod next;
mod route;
#[cfg(test)]
mod tests;
mod watch;

pub use accept::accept;
pub use desk::Attested;

use std::sync::Arc;

use super::attempt::{Attempt, AttemptState, NotSentReason};
use super::case::{CaseKind, NewCase};
use super::desk::Signature;
use super::effect::{Change, Effect};
use super::event::Event;
use super::evolve::advance;
use super::ids::{EvidenceId, ProcessId, Seq, SupplierId};
use super::money::Money;
use super::order::{Order, Step};
use super::outcome::{Doubt, Reading, Via};
use super::plan::{Candidate, Plan};
use super::policy::{Policy, QuietWindow, RuleBook};

/// What is known besides the order.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Times and bounds.
    pub policy: &'a Policy,
    /// What each supplier promises.
    pub rules: &'a RuleBook,
    /// Who decides: its stamps are its own.
    pub process: ProcessId,
}

/// Something that may move an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The router has planned; `permitted` is the candidate whose permit is in hand, if any.
    Route {
        /// Who may be tried, and why others not.
        plan: Plan,
        /// The candidate that may be sent to right now.
        permitted: Option<SupplierId>,
    },
    /// A permit to send the same number again is in hand.
    Resubmit {
        /// Which attempt.
        seq: Seq,
    },
    /// An answer about an attempt, believed as fact.
    Fact {
        /// Which attempt.
        seq: Seq,
        /// How it reached us.
        via: Via,
        /// What it says.
        reading: Reading,
        /// Where it is stored.
        evidence: Option<EvidenceId>,
    },
    /// A transmission that this process stamped provably never left.
    NotSent {
        /// Which attempt.
        seq: Seq,
        /// Which of its transmissions.
        n: u8,
        /// What stopped it.
        why: NotSentReason,
    },
    /// An unauthenticated word that there is news.
    Hint {
        /// About which attempt.
        seq: Seq,
    },
    /// Everything has been quiet about an attempt for as long as its supplier's window asks.
    Assume {
        /// Which attempt.
        seq: Seq,
        /// The window that the operator switched on for its supplier.
        window: QuietWindow,
        /// Since when time was witnessed without a break, UTC milliseconds.
        witnessed_since_ms: i64,
    },
    /// A person's finding about an attempt, signed as the desk's rules ask.
    Attest(Box<Attested>),
    /// A supplier knows a number of the order that a restored backup has forgotten.
    Adopt(Box<Candidate>),
    /// The shop calls the order off.
    Cancel,
    /// Money goes back to the shop, signed as the desk's rules ask.
    Refund {
        /// The operator's key: the same one twice is one refund.
        key: String,
        /// How much.
        amount: Money,
        /// On whose word.
        signed: Signature,
    },
    /// The shop agrees to pay for what was delivered after its order had ended, signed as the desk's rules ask.
    Charge {
        /// The operator's key: the same one twice is one charge.
        key: String,
        /// How much.
        amount: Money,
        /// Who agreed at the shop, and where that is written.
        consent: String,
        /// On whose word.
        signed: Signature,
    },
    /// In doubt for long: the risk account stands in.
    Advance,
    /// The risk account does not stand in now.
    DeclineAdvance,
    /// Time has passed: look for what is due.
    Review,
    /// This process has just started and finds the order with a transmission nobody is waiting for.
    Recover,
}

/// Why nothing happens. A refusal changes nothing and is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An attempt is open: no other may be opened (R5).
    AttemptOpen,
    /// The order has ended.
    Ended,
    /// There is no such attempt.
    NoSuchAttempt,
    /// The same number may not be sent again: a promise is missing, the horizon is near, the
    /// attempt is not in doubt, or the order has ended. `Review` then schedules what comes instead.
    MayNotResubmit,
    /// The window is not over, not everything was quiet, or the attempt is too dear to be assumed dead.
    MayNotAssume,
    /// The order is not one for which the risk account stands in now.
    MayNotAdvance,
    /// The attempt is not one of which a person may say this: it is proven already, its reply is still
    /// awaited, its cards are missing, or the amount is not within it.
    MayNotAttest,
    /// The refund's key, or the charge's, was used for another amount.
    KeyUsed,
    /// The refund is not a part of what was captured and has not gone back yet.
    MoreThanCaptured,
    /// Nothing was delivered after the order had ended, or the charge is more than is left of its price.
    NothingToCharge,
    /// The shop has less available than it agreed to pay, or the risk account's cap is used up. Found out by
    /// the store, which knows balances.
    NoFunds,
    /// All of this is known already.
    NothingNew,
}

/// What happens to `order` because of `input`, at `now_ms`.
///
/// # Errors
/// A refusal, when nothing may or need happen.
pub fn decide(order: &Order, input: Input, facts: Facts<'_>, now_ms: i64) -> Result<Change, Refusal> {
    let mut draft = Draft::on(order, now_ms);
    let is_review = input == Input::Review;
    match input {
        Input::Route { plan, permitted } => route::route(&mut draft, plan, permitted.as_ref(), facts.process)?,
        Input::Resubmit { seq } => resubmit(&mut draft, seq, facts)?,
        Input::Fact {
            seq,
            via,
            reading,
            evidence,
        } => fact::fact(&mut draft, seq, via, reading, evidence, facts)?,
        Input::NotSent { seq, n, why } => not_sent(&mut draft, seq, n, why, facts.process)?,
        Input::Hint { seq } => hint(&mut draft, seq, facts)?,
        Input::Assume {
            seq,
            window,
            witnessed_since_ms,
        } => assume::assume(&mut draft, seq, &window, witnessed_since_ms, facts)?,
        Input::Attest(attested) => desk::attested(&mut draft, *attested, facts)?,
        Input::Adopt(candidate) => adopt::adopt(&mut draft, *candidate)?,
        Input::Cancel => cancel::cancel(&mut draft)?,
        Input::Refund { key, amount, signed } => desk::refund(&mut draft, &key, amount, signed)?,
        Input::Charge {
            key,
            amount,
            consent,
            signed,
        } => desk::charge(&mut draft, &key, amount, consent, signed)?,
        Input::Advance => advance::advance(&mut draft, facts)?,
        Input::DeclineAdvance => advance::decline(&mut draft, facts)?,
        Input::Review => {}
        Input::Recover => recover(&mut draft),
    }
    review(&mut draft, facts);
    if is_review && draft.events.is_empty() {
        move_on(&mut draft, facts);
    }
    draft.finish(facts)
}

/// A change in the making: events are applied as they are added, so later steps see them.
struct Draft {
    expected_version: u32,
    order: Order,
    events: Vec<Event>,
    effects: Vec<Effect>,
    now_ms: i64,
}

impl Draft {
    fn on(order: &Order, now_ms: i64) -> Self {
        Self {
            expected_version: order.version,
            order: order.clone(),
            events: Vec::new(),
            effects: Vec::new(),
            now_ms,
        }
    }

    fn add(&mut self, event: Event) {
        advance(&mut self.order, &event, self.now_ms);
        self.events.push(event);
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn attempt(&self, seq: Seq) -> Result<Attempt, Refusal> {
        self.order.attempt(seq).cloned().ok_or(Refusal::NoSuchAttempt)
    }

    fn open_case(&mut self, kind: CaseKind, attempt: &Attempt) {
        if !self.order.has_case(kind, attempt.seq) {
            let case = NewCase::of_attempt(kind, self.order.id, attempt.seq, attempt.cost, self.now_ms);
            self.add(Event::CaseOpened { kind, seq: attempt.seq });
            self.effect(Effect::OpenCase(case));
        }
    }

    fn finish(mut self, facts: Facts<'_>) -> Result<Change, Refusal> {
        if self.events.is_empty() {
            return Err(Refusal::NothingNew);
        }
        self.order.next_action = next::next_action(&self.order, facts, self.now_ms);
        Ok(Change {
            order: self.order.id,
            expected_version: self.expected_version,
            after: Arc::new(self.order),
            events: self.events,
            at_ms: self.now_ms,
            effects: self.effects,
        })
    }
}

/// R8, second rung: the same number to the same supplier, recorded before it leaves.
fn resubmit(draft: &mut Draft, seq: Seq, facts: Facts<'_>) -> Result<(), Refusal> {
    let attempt = draft.attempt(seq)?;
    if !next::may_resubmit(&draft.order, &attempt, facts, draft.now_ms) {
        return Err(Refusal::MayNotResubmit);
    }
    let n = attempt.last_transmission().saturating_add(1);
    let process = Some(facts.process);
    draft.add(Event::AttemptResubmitted { seq, n, process });
    draft.effect(Effect::Transmit { seq, n });
    Ok(())
}

/// R6: not sent is proof only for an attempt's one and only transmission, and only from the process
/// that stamped it: one whose own stamp was never written would speak of another's, which was sent.
fn not_sent(draft: &mut Draft, seq: Seq, n: u8, why: NotSentReason, process: ProcessId) -> Result<(), Refusal> {
    let attempt = draft.attempt(seq)?;
    let is_own = attempt.transmissions.last().is_some_and(|t| t.process == Some(process));
    // A supplier that has accepted the number has received it, whatever we believe of our sending.
    let is_known_there = attempt.state == AttemptState::Accepted;
    if !attempt.is_open() || attempt.last_transmission() != n || !is_own || is_known_there {
        return Err(Refusal::NothingNew);
    }
    if n == 1 && attempt.transmissions.len() == 1 {
        draft.add(Event::AttemptNotSent { seq, why });
    } else {
        draft.add(Event::AttemptDoubted {
            seq,
            via: Via::Submit,
            doubt: Doubt::EarlierTransmission,
            evidence: None,
        });
    }
    Ok(())
}

fn hint(draft: &mut Draft, seq: Seq, facts: Facts<'_>) -> Result<(), Refusal> {
    let attempt = draft.attempt(seq)?;
    let is_askable = facts.rules.of(&attempt.supplier).answers_queries;
    if attempt.is_hinted || !is_askable {
        return Err(Refusal::NothingNew);
    }
    draft.add(Event::AttemptHinted { seq });
    Ok(())
}

/// After a restart nobody waits for the reply to a stamped transmission any more: it is unknown.
fn recover(draft: &mut Draft) {
    let waiting = draft.order.open_attempt().filter(|open| next::is_awaited(open));
    if let Some(seq) = waiting.map(|open| open.seq) {
        draft.add(Event::AttemptDoubted {
            seq,
            via: Via::Submit,
            doubt: Doubt::Interrupted,
            evidence: None,
        });
    }
}

/// What the passing of time alone brings: a reply that will not come any more, an overdue order, a
/// doubt old enough for a person.
fn review(draft: &mut Draft, facts: Facts<'_>) {
    let Some(open) = draft.order.open_attempt() else { return };
    let is_silent = next::is_awaited(open) && draft.now_ms >= next::reply_due_ms(open, facts);
    if is_silent && open.state != AttemptState::Accepted {
        let seq = open.seq;
        draft.add(Event::AttemptDoubted {
            seq,
            via: Via::Submit,
            doubt: Doubt::Timeout,
            evidence: None,
        });
    }
    let overdue = draft.order.verdict.is_none() && draft.now_ms >= draft.order.terms.deadline_ms;
    if overdue && !draft.order.is_overdue {
        draft.add(Event::OrderOverdue);
    }
    let has_old_doubt = |open: &&Attempt| {
        open.doubt_since_ms()
            .is_some_and(|since| draft.now_ms.saturating_sub(since) >= facts.policy.doubt_case_after_ms)
    };
    if let Some(open) = draft.order.open_attempt().filter(has_old_doubt).cloned() {
        draft.open_case(CaseKind::OverdueDoubt, &open);
    }
}

/// A step that is due and cannot be taken is counted as a question that could not be asked: the
/// ladder goes up one rung, and the order is not looked at again and again for nothing.
fn move_on(draft: &mut Draft, facts: Facts<'_>) {
    let Some(due) = draft.order.next_action.filter(|next| next.at_ms <= draft.now_ms) else {
        return;
    };
    let open = draft.order.open_attempt().cloned();
    let stuck = match due.step {
        Step::Try | Step::Advance => None,
        Step::Review => open.map(|open| open.seq),
        Step::Recall { seq } => open
            .filter(|open| open.seq == seq && !next::may_recall(&draft.order, open, facts, draft.now_ms))
            .map(|open| open.seq),
        Step::Resubmit { seq } => open
            .filter(|open| open.seq == seq && !next::may_resubmit(&draft.order, open, facts, draft.now_ms))
            .map(|open| open.seq),
        Step::Query { seq } => draft
            .order
            .attempt(seq)
            .filter(|asked| !facts.rules.of(&asked.supplier).answers_queries)
            .map(|asked| asked.seq),
    };
    let Some(stuck) = stuck.and_then(|seq| draft.order.attempt(seq)) else {
        return;
    };
    let event = if stuck.is_open() {
        Event::AttemptDoubted {
            seq: stuck.seq,
            via: Via::Query,
            doubt: Doubt::QueryNotSent,
            evidence: None,
        }
    } else {
        Event::AttemptConfirmed { seq: stuck.seq }
    };
    draft.add(event);
}
