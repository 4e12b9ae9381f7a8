//! Who wins when commands are written together: one pure function, shared by all stores.
//!
//! Commands are admitted in order over an overlay on the heads that the store has read, so a later
//! command sees what earlier winners of the same batch did: their versions, keys and spent money.
//! Because every store asks here, a conflict has the same answer everywhere.
//!
//! Invariants: a loser changes nothing, and nothing decided on top of it is admitted, though a
//! winner may have reached the same version; a number already used is answered before money is
//! looked at; a posting without a guard is never refused for want of funds.
//! Deliberately absent: judging. A change is checked for contradicting itself, not for being wise.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Command, Decision, Refused};
use crate::domain::attempt::Attempt;
use crate::domain::case::NewCase;
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, ShopId, ShopOrderNo};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::order::Fingerprint;

/// What is already written, as far as the commands at hand touch it.
pub trait Heads {
    /// The order's version; `None` if there is no such order.
    fn version(&self, order: OrderId) -> Option<u32>;
    /// The order that the shop submitted under this number.
    fn numbered(&self, shop: ShopId, number: &ShopOrderNo) -> Option<(OrderId, Fingerprint)>;
    /// The account's balance in minor units; 0 if nothing was ever booked.
    fn balance(&self, account: &Account, currency: Currency) -> i64;
    /// Whether a posting has this key.
    fn has_posting(&self, key: &str) -> bool;
    /// Whether a case has this key.
    fn has_case(&self, key: &str) -> bool;
    /// Whether a person still has to close the case with this key.
    fn is_case_open(&self, key: &str) -> bool;
}

/// The answers of a batch and what its winners add up to. The winners are those answered `Done`.
#[derive(Debug, Default)]
pub struct Admission {
    /// One for each command, in order.
    pub answers: Vec<Answer>,
    /// The new balance of every account that a winner moves, in minor units.
    pub balances: BTreeMap<(Account, Currency), i64>,
    /// The cases to write: those of winners whose key is new.
    pub cases: Vec<NewCase>,
}

/// Admits or refuses each of `commands`, in order, on top of `heads`.
#[must_use]
pub fn admit(heads: &impl Heads, commands: &[Command]) -> Admission {
    let mut overlay = Overlay {
        heads,
        versions: BTreeMap::new(),
        lost: BTreeSet::new(),
        numbers: BTreeMap::new(),
        postings: BTreeSet::new(),
        case_keys: BTreeSet::new(),
        closed: BTreeSet::new(),
        admission: Admission::default(),
    };
    for command in commands {
        let answer = overlay.command(command).err().unwrap_or(Answer::Done);
        overlay.admission.answers.push(answer);
    }
    overlay.admission
}

struct Overlay<'c, H> {
    heads: &'c H,
    versions: BTreeMap<OrderId, u32>,
    /// What losers of this batch would have made: a version number alone does not tell them from a winner's.
    lost: BTreeSet<(OrderId, u32)>,
    numbers: BTreeMap<(ShopId, &'c ShopOrderNo), (OrderId, &'c Fingerprint)>,
    postings: BTreeSet<&'c str>,
    case_keys: BTreeSet<&'c str>,
    closed: BTreeSet<&'c str>,
    admission: Admission,
}

impl<'c, H: Heads> Overlay<'c, H> {
    fn command(&mut self, command: &'c Command) -> Result<(), Answer> {
        match command {
            Command::Decide(decision) => self.decide(decision).inspect_err(|_| {
                let change = &decision.change;
                self.lost.insert((change.order, change.after.version));
            }),
            Command::Post(posting) => self.post(posting),
            Command::Orphan { case, .. } | Command::OpenCase(case) => {
                if self.has_case(&case.key) {
                    return Err(Answer::Refused(Refused::Repeated));
                }
                self.open(case);
                Ok(())
            }
            Command::Deed(deed) => self.deed(deed),
            Command::CallbackTried(_) => Ok(()),
        }
    }

    /// A case is closed once; whoever comes second is told so.
    fn deed(&mut self, deed: &'c Deed) -> Result<(), Answer> {
        match closes(deed) {
            Some(key) if !self.is_case_open(key) => Err(Answer::Refused(Refused::Repeated)),
            key => {
                self.closed.extend(key);
                Ok(())
            }
        }
    }

    fn decide(&mut self, decision: &'c Decision) -> Result<(), Answer> {
        let change = &decision.change;
        if let Some(flaw) = flaw(decision) {
            tracing::error!(order = %change.order, flaw, "a decision contradicts itself: this is a bug, nothing was written");
            return Err(bug(flaw));
        }
        let current = self.version(change.order);
        if change.expected_version == 0 {
            let terms = &change.after.terms;
            if let Some((order, fingerprint)) = self.numbered(terms.shop, &terms.shop_order_no) {
                return Err(Answer::Refused(Refused::Exists { order, fingerprint }));
            }
        }
        let is_on_a_loser = self.lost.contains(&(change.order, change.expected_version));
        if is_on_a_loser || current.unwrap_or(0) != change.expected_version {
            return Err(Answer::Stale);
        }
        let postings: Vec<&Posting> = postings(change).collect();
        let is_used = |(place, posting): (usize, &&Posting)| {
            let mut earlier = postings.iter().take(place);
            earlier.any(|earlier| earlier.key == posting.key) || self.has_posting(&posting.key)
        };
        if postings.iter().enumerate().any(is_used) {
            // The version was right and the money had moved before: only a bug leads here.
            tracing::error!(order = %change.order, "a decision would book a second time under a used key: refused as stale");
            return Err(Answer::Stale);
        }
        let moved = self.book(&postings)?;

        self.admission.balances.extend(moved);
        self.postings.extend(postings.into_iter().map(|posting| posting.key.as_str()));
        self.versions.insert(change.order, change.after.version);
        if change.expected_version == 0 {
            let terms = &change.after.terms;
            let number = (terms.shop, &terms.shop_order_no);
            self.numbers.insert(number, (change.order, &terms.fingerprint));
        }
        for case in cases(change) {
            self.open(case);
        }
        // The order's version has decided already who comes first.
        self.closed.extend(deeds(change).filter_map(closes));
        Ok(())
    }

    fn post(&mut self, posting: &'c Posting) -> Result<(), Answer> {
        if !posting.balances() {
            tracing::error!(key = posting.key, "a posting does not balance: this is a bug, nothing was written");
            return Err(bug("a posting does not balance"));
        }
        if self.has_posting(&posting.key) {
            return Err(Answer::Refused(Refused::Repeated));
        }
        let moved = self.book(&[posting])?;
        self.admission.balances.extend(moved);
        self.postings.insert(&posting.key);
        Ok(())
    }

    /// The balances after `postings`, or the guard that refuses them; the overlay stays as it is.
    fn book(&self, postings: &[&Posting]) -> Result<BTreeMap<(Account, Currency), i64>, Answer> {
        let mut moved = BTreeMap::new();
        for posting in postings {
            let currency = posting.currency;
            let before = |moved: &BTreeMap<(Account, Currency), i64>, account: &Account| {
                let key = (account.clone(), currency);
                moved.get(&key).copied().unwrap_or_else(|| self.balance(key))
            };
            let guarded = posting.guard.as_ref().map(|guard| (guard, before(&moved, &guard.account)));
            for entry in &posting.entries {
                let Some(after) = before(&moved, &entry.account).checked_add(entry.minor) else {
                    tracing::error!(account = %entry.account, "a balance would leave 64 bits: nothing was written");
                    return Err(bug("a balance would leave 64 bits"));
                };
                moved.insert((entry.account.clone(), currency), after);
            }
            if let Some((guard, available)) = guarded
                && before(&moved, &guard.account) < guard.floor_minor
            {
                let available = Money::new(available, currency);
                return Err(Answer::Refused(Refused::NoFunds { available }));
            }
        }
        Ok(moved)
    }

    fn open(&mut self, case: &'c NewCase) {
        if !self.has_case(&case.key) {
            self.case_keys.insert(&case.key);
            self.admission.cases.push(case.clone());
        }
    }

    fn version(&self, order: OrderId) -> Option<u32> {
        self.versions.get(&order).copied().or_else(|| self.heads.version(order))
    }

    fn numbered(&self, shop: ShopId, number: &ShopOrderNo) -> Option<(OrderId, Fingerprint)> {
        match self.numbers.get(&(shop, number)) {
            Some((order, fingerprint)) => Some((*order, (*fingerprint).clone())),
            None => self.heads.numbered(shop, number),
        }
    }

    fn balance(&self, key: (Account, Currency)) -> i64 {
        let here = self.admission.balances.get(&key).copied();
        here.unwrap_or_else(|| self.heads.balance(&key.0, key.1))
    }

    fn has_posting(&self, key: &str) -> bool {
        self.postings.contains(key) || self.heads.has_posting(key)
    }

    fn has_case(&self, key: &str) -> bool {
        self.case_keys.contains(key) || self.heads.has_case(key)
    }

    fn is_case_open(&self, key: &str) -> bool {
        !self.closed.contains(key) && (self.case_keys.contains(key) || self.heads.is_case_open(key))
    }
}

/// Why a decision contradicts itself, which `decide` never makes.
fn flaw(decision: &Decision) -> Option<&'static str> {
    let change = &decision.change;
    let after = &change.after;
    let events = u32::try_from(change.events.len()).ok()?;
    let creates = change.expected_version == 0;
    let is_dense = (1..)
        .zip(&after.attempts)
        .all(|(place, attempt): (usize, _)| usize::from(attempt.seq) == place);
    [
        (after.id != change.order, "the change is about another order than its result"),
        (events == 0, "a change without events"),
        (
            change.expected_version.checked_add(events) != Some(after.version),
            "the version does not count the events",
        ),
        (
            is_acceptance(change.events.first()) != creates,
            "acceptance is the first event and only the first",
        ),
        (
            decision.inputs.is_some() && !creates,
            "inputs come only with the change that creates the order",
        ),
        (!postings(change).all(Posting::balances), "a posting does not balance"),
        (!is_dense, "the attempts are not numbered 1, 2, 3"),
        (after.attempts.iter().filter(|a| a.is_open()).count() > 1, "two attempts are open"),
        (
            after.attempts.iter().filter(|a| Attempt::is_won(a)).count() > 1,
            "two attempts are won",
        ),
    ]
    .into_iter()
    .find_map(|(is_wrong, text)| is_wrong.then_some(text))
}

fn is_acceptance(event: Option<&Event>) -> bool {
    event.is_some_and(|event| matches!(event, Event::OrderAccepted { .. }))
}

fn bug(flaw: &str) -> Answer {
    Answer::Outage(format!("not written, because of a bug: {flaw}"))
}

/// The postings that a change asks for, in order.
pub(super) fn postings(change: &Change) -> impl Iterator<Item = &Posting> {
    change.effects.iter().filter_map(|effect| match effect {
        Effect::Post(posting) => Some(posting),
        Effect::Tell(_) | Effect::OpenCase(_) | Effect::Record(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    })
}

fn cases(change: &Change) -> impl Iterator<Item = &NewCase> {
    change.effects.iter().filter_map(|effect| match effect {
        Effect::OpenCase(case) => Some(case),
        Effect::Post(_) | Effect::Tell(_) | Effect::Record(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    })
}

/// The deeds that a change records.
pub(super) fn deeds(change: &Change) -> impl Iterator<Item = &Deed> {
    change.effects.iter().filter_map(|effect| match effect {
        Effect::Record(deed) => Some(deed),
        Effect::Post(_) | Effect::Tell(_) | Effect::OpenCase(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    })
}

/// The case that a deed closes, if it does.
pub(super) fn closes(deed: &Deed) -> Option<&str> {
    match &deed.kind {
        DeedKind::CaseClosed { case, .. } => Some(case),
        DeedKind::Proposed { .. }
        | DeedKind::Refunded { .. }
        | DeedKind::Charged { .. }
        | DeedKind::StatementChecked { .. }
        | DeedKind::SupplierPaused { .. }
        | DeedKind::SupplierResumed { .. }
        | DeedKind::SteeringPublished { .. }
        | DeedKind::SteeringDrafted { .. }
        | DeedKind::SupplierDrained { .. }
        | DeedKind::SupplierForcedOpen { .. }
        | DeedKind::ProductPinned { .. }
        | DeedKind::ProductUnpinned { .. }
        | DeedKind::RecoveryBegun
        | DeedKind::RecoveryEnded
        | DeedKind::OperatorAdded { .. }
        | DeedKind::OperatorRemoved => None,
    }
}
