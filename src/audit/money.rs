//! One order's money: its hold, its one settlement, its losses and refunds.

use std::collections::BTreeSet;

use super::books::Moved;
use super::{Check, Findings, Opened};
use crate::domain::attempt::AttemptState;
use crate::domain::ledger::Account;
use crate::domain::order::Verdict;
use crate::store::archive::Dossier;

/// Everything the order's history moved, as far as it can be read.
pub(super) fn postings(dossier: &Dossier, findings: &mut Findings) -> Vec<Moved> {
    let mut all = Vec::new();
    let mut keys = BTreeSet::new();
    for kept in &dossier.history {
        let Some(text) = &kept.postings else { continue };
        match serde_json::from_str::<Vec<Moved>>(text) {
            Ok(moved) => all.extend(moved),
            Err(error) => findings.add(
                Check::Readable,
                format!("what the commit of event {} moved cannot be read: {error}", kept.number),
            ),
        }
    }
    for moved in &all {
        findings.unless(moved.sum() == 0, Check::Postings, || {
            format!("the posting {} sums to {} and not to zero", moved.key, moved.sum())
        });
        findings.unless(keys.insert(&moved.key), Check::Postings, || {
            format!("the posting {} is booked twice", moved.key)
        });
        findings.unless(moved.order == Some(dossier.id), Check::Postings, || {
            format!("the posting {} is booked for another order", moved.key)
        });
    }
    all
}

pub(super) fn check(opened: &Opened<'_>, findings: &mut Findings) {
    settlement(opened, findings);
    advance(opened, findings);
    refunds(opened, findings);
    losses(opened, findings);
}

/// I4: one hold, and with the verdict one settlement that accounts for all of it.
fn settlement(opened: &Opened<'_>, findings: &mut Findings) {
    let (order, Some(kept)) = (opened.order, &opened.dossier.order) else {
        return;
    };
    let shop = order.terms.shop;
    let held = Account::ShopHeld(shop).to_string();
    let free = Account::ShopAvailable(shop).to_string();
    // What is released goes back to whoever is out of pocket.
    let back = if order.is_advanced() {
        Account::Risk.to_string()
    } else {
        free.clone()
    };
    let of = |kind: &str| {
        let key = format!("{kind}:{}", order.id);
        opened.postings.iter().find(move |moved| moved.key == key)
    };
    let (hold, settle) = (of("hold"), of("settle"));
    let price = i128::from(order.terms.price.minor);
    findings.unless(
        hold.is_some_and(|hold| hold.on(&held) == price) && i128::from(kept.held_minor) == price,
        Check::Settlement,
        || format!("its price is {price} minor units, and that is not what was held"),
    );
    let captured = match &order.verdict {
        None => None,
        Some(Verdict::Succeeded { .. }) => Some(price),
        Some(Verdict::PartiallySucceeded { captured, .. }) => Some(i128::from(captured.minor)),
        Some(Verdict::Failed { .. } | Verdict::Cancelled { .. }) => Some(0),
    };
    let columns = (kept.captured_minor.map(i128::from), kept.released_minor.map(i128::from));
    match captured {
        None => findings.unless(settle.is_none() && columns == (None, None), Check::Settlement, || {
            "its hold is settled though it has no verdict".to_owned()
        }),
        Some(captured) => {
            let released = price.saturating_sub(captured);
            let revenue = Account::Revenue.to_string();
            findings.unless(
                settle.is_some_and(|settle| settle.on(&held) == -price && settle.on(&revenue) == captured && settle.on(&back) == released),
                Check::Settlement,
                || format!("its verdict takes {captured} and gives back {released} minor units, and no posting does exactly that"),
            );
            findings.unless(columns == (Some(captured), Some(released)), Check::Settlement, || {
                "captured_minor and released_minor are not what its verdict says".to_owned()
            });
        }
    }
}

/// An advance is given once where the history says so, never where it does not, and repaid with the verdict.
fn advance(opened: &Opened<'_>, findings: &mut Findings) {
    let order = opened.order;
    let (risk, free) = (Account::Risk.to_string(), Account::ShopAvailable(order.terms.shop).to_string());
    let moved = |kind: &str| {
        let key = format!("{kind}:{}", order.id);
        let posting = opened.postings.iter().find(|moved| moved.key == key);
        posting.map(|posting| (posting.on(&risk), posting.on(&free)))
    };
    let price = i128::from(order.terms.price.minor);
    let given = order.is_advanced().then_some((-price, price));
    findings.unless(moved("advance") == given, Check::Settlement, || {
        "what the risk account gave its shop is not what its history says".to_owned()
    });
    let captured = i128::from(order.captured().minor);
    let repaid = (order.is_advanced() && captured > 0).then_some((captured, -captured));
    findings.unless(moved("repay") == repaid, Check::Settlement, || {
        format!("its shop was advanced the price and {captured} was captured, and no posting repays exactly that")
    });
}

/// I15: what was given back is at most what was taken; R12: what was charged for late deliveries is at most
/// the price, and there was one.
fn refunds(opened: &Opened<'_>, findings: &mut Findings) {
    let revenue = Account::Revenue.to_string();
    let earned = |kind: &str| -> i128 {
        let prefix = format!("{kind}:{}:", opened.order.id);
        let moved = opened.postings.iter().filter(|moved| moved.key.starts_with(&prefix));
        moved.map(|moved| moved.on(&revenue)).sum()
    };
    let is_late = opened
        .order
        .attempts
        .iter()
        .any(|attempt| matches!(attempt.state, AttemptState::Late { .. }));
    let most = if is_late { i128::from(opened.order.terms.price.minor) } else { 0 };
    let charged = earned("charge");
    findings.unless((0..=most).contains(&charged), Check::Refunds, || {
        format!("{charged} minor units were charged for late deliveries, of {most} at most")
    });
    let refunded = -earned("refund");
    let captured = opened.dossier.order.as_ref().and_then(|kept| kept.captured_minor).unwrap_or(0);
    findings.unless((0..=i128::from(captured)).contains(&refunded), Check::Refunds, || {
        format!("{refunded} minor units were refunded of {captured} captured")
    });
}

/// I14: a delivery nobody pays for is booked as lost once, and is a case.
fn losses(opened: &Opened<'_>, findings: &mut Findings) {
    let id = opened.order.id;
    for attempt in &opened.order.attempts {
        let case = match attempt.state {
            AttemptState::Late { .. } => Some("late_success"),
            AttemptState::Excess { .. } => Some("double_delivery"),
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown { .. }
            | AttemptState::Won { .. }
            | AttemptState::Dead { .. } => None,
        };
        let key = format!("loss:{id}:{}", attempt.seq);
        let lost = opened.postings.iter().filter(|moved| moved.key == key).count();
        let Some(case) = case else {
            findings.unless(lost == 0, Check::Loss, || {
                format!("a loss is booked for attempt {}, which nobody delivered in vain", attempt.seq)
            });
            continue;
        };
        findings.unless(lost == 1, Check::Loss, || {
            format!(
                "attempt {} was delivered and nobody pays for it, but {lost} losses are booked",
                attempt.seq
            )
        });
        let key = format!("{case}:{id}:{}", attempt.seq);
        findings.unless(opened.dossier.cases.iter().any(|kept| kept.key == key), Check::Loss, || {
            format!(
                "attempt {} was delivered and nobody pays for it, but there is no case {key}",
                attempt.seq
            )
        });
    }
}
