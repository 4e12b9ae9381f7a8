//! Facts in words, for people who read an order's history at night.

use super::chosen::{choice, skips};
use crate::domain::attempt::{AttemptState, Extent, Fate, NotSentReason, Proof};
use crate::domain::case::CaseKind;
use crate::domain::desk::{DeedKind, Finding, Signature};
use crate::domain::event::Event;
use crate::domain::failure::Failure;
use crate::domain::order::Verdict;
use crate::domain::outcome::{Doubt, Refusal, Via};
use crate::domain::report::rfc3339;
use crate::seams::{MaybeSent, NotSent};

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::OrderAccepted { terms, .. } => format!(
            "accepted: {} x {} of {}; {} is held until the verdict",
            terms.quantity, terms.sku, terms.face, terms.price
        ),
        Event::OrderWaiting { skipped, until_ms } => {
            format!("no supplier can be tried now; waits until {}{}", rfc3339(*until_ms), skips(skipped))
        }
        Event::AttemptOpened {
            seq,
            supplier,
            cost,
            skipped,
            choice: chosen,
            ..
        } => format!(
            "attempt {seq} opened at {supplier} for {cost}; from here on it may have charged{}{}",
            chosen.as_deref().map(choice).unwrap_or_default(),
            skips(skipped)
        ),
        Event::AttemptResubmitted { seq, n, .. } => format!("attempt {seq}: the same number is sent again, transmission {n}"),
        Event::AttemptAccepted {
            seq,
            via: by,
            supplier_ref,
            ..
        } => {
            let number = supplier_ref.as_ref().map(|text| format!(" as {text}")).unwrap_or_default();
            format!("attempt {seq}: taken by the supplier{number}, {}", via(*by))
        }
        Event::AttemptDoubted {
            seq,
            via: by,
            doubt: reason,
            ..
        } => {
            format!("attempt {seq}: nothing is proven, {}: {}", via(*by), doubt(reason))
        }
        Event::AttemptHinted { seq } => format!("attempt {seq}: somebody says there is news; the supplier will be asked"),
        Event::AttemptConfirmed { seq } => format!("attempt {seq}: asked again, nothing new"),
        Event::AttemptWon {
            seq,
            via: by,
            extent: how_much,
            cost,
            deliveries,
            ..
        } => {
            let kept = if *deliveries > 0 {
                format!(", {deliveries} deliveries kept under seal")
            } else {
                String::new()
            };
            format!("attempt {seq}: delivered{} for {cost}, {}{kept}", extent(*how_much), via(*by))
        }
        Event::AttemptRefused {
            seq,
            via: by,
            refusal: answer,
            ..
        } => format!("attempt {seq}: definitely not delivered, {}: {}", via(*by), refusal(answer)),
        Event::AttemptNotSent { seq, why } => format!("attempt {seq}: provably not sent: {}", not_sent_reason(*why)),
        Event::AttemptExcess { seq, cost, via: by, .. } => {
            format!("attempt {seq}: delivered a second time, {}; {cost} is our loss", via(*by))
        }
        Event::AttemptLate { seq, cost, via: by, .. } => {
            format!(
                "attempt {seq}: delivered after the order had failed, {}; {cost} is our loss",
                via(*by)
            )
        }
        Event::AttemptAssumedDead { seq, at_risk, waited_ms } => {
            format!(
                "attempt {seq}: quiet for {} s, assumed not delivered; {at_risk} at risk",
                waited_ms.div_euclid(1_000)
            )
        }
        Event::AttemptGivenUp {
            seq, at_risk, signed: by, ..
        } => {
            format!(
                "attempt {seq}: given up as not delivered on a person's word, {at_risk} at risk; {}",
                signed(by)
            )
        }
        Event::CostRecovered { seq, amount, signed: by } => {
            format!("attempt {seq}: the supplier gave {amount} of its cost back; {}", signed(by))
        }
        Event::AttemptContradicted { seq, via: by, .. } => {
            format!(
                "attempt {seq}: the supplier contradicts its own success, {}; nothing moved",
                via(*by)
            )
        }
        Event::OrderSucceeded { seq } => format!("succeeded by attempt {seq}: the shop pays the whole price"),
        Event::OrderPartiallySucceeded { seq, delivered, captured } => {
            format!("succeeded in part by attempt {seq}: {delivered} arrived, the shop pays {captured}, the rest is released")
        }
        Event::OrderFailed { failure: reason } => format!("failed: {}; the hold is released in full", failure(reason)),
        Event::OrderCancelled => "called off by the shop while nothing was in flight; the hold is released in full".to_owned(),
        Event::OrderRefunded { key, amount, signed: by } => format!("refund {key}: {amount} went back to the shop; {}", signed(by)),
        Event::OrderCharged {
            key,
            amount,
            consent,
            signed: by,
        } => format!(
            "charge {key}: the shop pays {amount} for the late delivery, as agreed ({consent}); {}",
            signed(by)
        ),
        Event::OrderAdvanced { amount } => {
            format!("in doubt for long: the shop has {amount} back from the risk account; the hold stands, and nothing is sent any more")
        }
        Event::AdvanceDeclined { until_ms } => format!(
            "in doubt for long, but the risk account does not stand in now (its cap, an open finding of the auditor, a recovery); looked at again at {}",
            rfc3339(*until_ms)
        ),
        Event::OrderOverdue => "the deadline passed while an attempt was open; the order stays open".to_owned(),
        Event::CaseOpened { kind, seq } => format!("attempt {seq}: a person is needed: {}", case(*kind)),
    }
}

pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Succeeded { seq, .. } => format!("succeeded by attempt {seq}"),
        Verdict::PartiallySucceeded {
            seq, delivered, captured, ..
        } => format!("succeeded in part by attempt {seq}: {delivered} arrived, the shop pays {captured}"),
        Verdict::Failed { failure: reason, .. } => format!("failed: {}", failure(reason)),
        Verdict::Cancelled { .. } => "cancelled by the shop before anything was sent".to_owned(),
    }
}

pub(super) fn attempt(state: &AttemptState) -> String {
    match state {
        AttemptState::Sent => "stamped, the reply is awaited: it may charge".to_owned(),
        AttemptState::Accepted => "taken by the supplier, being worked on: it may charge".to_owned(),
        AttemptState::Unknown { since_ms, doubt: reason } => {
            format!("in doubt since {}: {}; it may have charged", rfc3339(*since_ms), doubt(reason))
        }
        AttemptState::Won { extent: how_much, .. } => format!("delivered{}", extent(*how_much)),
        AttemptState::Dead { proof, .. } => match proof {
            Proof::Refused {
                refusal: answer, via: by, ..
            } => format!("proven not delivered, {}: {}", via(*by), refusal(answer)),
            Proof::NotSent { why } => format!("proven not sent: {}", not_sent_reason(*why)),
            Proof::Assumed { at_risk, waited_ms } => {
                format!(
                    "assumed not delivered, quiet for {} s; {at_risk} at risk",
                    waited_ms.div_euclid(1_000)
                )
            }
            Proof::Attested { signed: by, at_risk, .. } => {
                format!("given up as not delivered on a person's word, {at_risk} at risk; {}", signed(by))
            }
        },
        AttemptState::Excess { .. } => "delivered although another attempt had won: our loss".to_owned(),
        AttemptState::Late { .. } => "delivered after the order had failed: our loss".to_owned(),
    }
}

pub(super) fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Stamped => "stamped: it may have left",
        Fate::Answered => "answered",
        Fate::Lost => "may have left, no usable answer",
        Fate::NotSent => "provably not sent",
    }
}

pub(super) fn case(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::OverdueDoubt => "an attempt has been in doubt for too long",
        CaseKind::LateSuccess => "a supplier delivered after the order had failed",
        CaseKind::DoubleDelivery => "two attempts of one order delivered",
        CaseKind::Contradiction => "a supplier took back a success",
        CaseKind::RestoredOrder => {
            "after a restored backup: look its next number up at the suppliers that answer no queries; nothing is sent while this is open"
        }
        CaseKind::AuditFinding => "the auditor found a law broken; nothing is sent for the order while this is open",
        CaseKind::PromiseBroken => "a supplier broke what it promises and is paused",
        CaseKind::StatementDifference => "a supplier's statement says something else than our books; check it again to see what",
        CaseKind::OrphanNotification => "an authentic notification named a number we never sent",
    }
}

pub(super) fn via(via: Via) -> &'static str {
    match via {
        Via::Submit => "by the reply to the submit",
        Via::Query => "by the reply to a query",
        Via::Notification => "by a notification",
        Via::Recall => "by the reply to a recall",
        Via::Attestation => "by a person's word",
        Via::Statement => "by its supplier's statement",
    }
}

/// What was found, and what it means for money.
pub(super) fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Explained => "looked at and explained; nothing moved".to_owned(),
        Finding::NotDelivered => "the attempt did not deliver and never will; it counts as dead".to_owned(),
        Finding::Delivered { face: None } => "the attempt delivered everything".to_owned(),
        Finding::Delivered { face: Some(face) } => format!("the attempt delivered {face}"),
        Finding::Recovered { amount } => format!("the supplier gave {amount} of its cost back"),
        Finding::Refunded { amount } => format!("{amount} goes back to the shop"),
        Finding::Genuine => "the statement is the supplier's own: what it says was delivered counts".to_owned(),
        Finding::Charged { amount, consent } => format!("the shop pays {amount} for the late delivery, as agreed ({consent})"),
    }
}

/// What was done.
pub(super) fn deed(kind: &DeedKind) -> String {
    match kind {
        DeedKind::Proposed { found } => format!("proposed: {}", finding(found)),
        DeedKind::CaseClosed { found, .. } => format!("closed: {}", finding(found)),
        DeedKind::Refunded { amount, .. } => format!("refunded {amount}"),
        DeedKind::Charged { amount, consent, .. } => format!("charged {amount} for the late delivery, as agreed ({consent})"),
        DeedKind::StatementChecked {
            lines,
            differences,
            settled,
            ..
        } => format!("a statement of {lines} lines was checked: {differences} differences, {settled} deliveries learnt from it"),
        DeedKind::SupplierPaused { broken: None, .. } => "paused: no new attempts there".to_owned(),
        DeedKind::SupplierPaused { broken: Some(promise), .. } => {
            format!("paused: it broke its promise {}, on which nothing rests any more", promise.word())
        }
        DeedKind::SupplierResumed { .. } => "resumed: its promises count again".to_owned(),
        DeedKind::SteeringPublished {
            version, back_to: None, ..
        } => format!("steering version {version} is in force"),
        DeedKind::SteeringPublished {
            version,
            back_to: Some(old),
            ..
        } => format!("steering version {version} is in force: the text of version {old} again"),
        DeedKind::SteeringDrafted { draft, .. } => format!("@{draft} is kept as a draft, in force nowhere"),
        DeedKind::SupplierDrained { .. } => "drained: what is open there is settled, nothing new comes".to_owned(),
        DeedKind::SupplierForcedOpen { .. } => "its circuit is held open: no new attempts there".to_owned(),
        DeedKind::ProductPinned { products, .. } => format!("{products} goes there and nowhere else"),
        DeedKind::ProductUnpinned { products, .. } => format!("{products} is steered like others again"),
        DeedKind::RecoveryBegun => "a restored backup: nothing is submitted until the gap is covered".to_owned(),
        DeedKind::RecoveryEnded => "the gap is covered: orders are taken in and submitted again".to_owned(),
        DeedKind::OperatorAdded { .. } => "may sign from now on".to_owned(),
        DeedKind::OperatorRemoved => "may no longer sign".to_owned(),
    }
}

/// On whose word, and why.
pub(super) fn signed(signed: &Signature) -> String {
    let mut text = format!("{}: {:?}", signed.by, signed.reason);
    if let Some(second) = &signed.confirmed_by {
        let because = signed.confirmed_because.as_deref().unwrap_or_default();
        text.push_str(&format!(", confirmed by {second}: {because:?}"));
    }
    if signed.is_solo {
        text.push_str(", ONE PERSON ALONE after a cooling-off time");
    }
    text
}

pub(super) fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Timeout => "no complete answer in time".to_owned(),
        Doubt::ConnectionBroken => "the connection broke".to_owned(),
        Doubt::ReplyTooLarge => "the answer was too long".to_owned(),
        Doubt::HttpStatus { status } => format!("HTTP status {status}, which the dialect does not list"),
        Doubt::EmptyReply => "the answer was empty".to_owned(),
        Doubt::Unreadable { detail } => format!("the answer cannot be read: {detail}"),
        Doubt::UnlistedCode { value } => format!("the code {value:?} is not listed by the dialect"),
        Doubt::OrderExists => "the supplier has this number already".to_owned(),
        Doubt::NotOurs { field } => format!("the answer names another {field} than ours"),
        Doubt::BadSignature => "the answer's signature is wrong or missing".to_owned(),
        Doubt::NotFound => "the supplier knows no such number, which alone proves nothing".to_owned(),
        Doubt::DeliveriesMissing => "success was said without the cards that are part of it".to_owned(),
        Doubt::FailureNotFinal => "failure was said, but this supplier's failures are not final here".to_owned(),
        Doubt::Interrupted => "the gateway stopped between the stamp and the answer".to_owned(),
        Doubt::EarlierTransmission => "an earlier transmission may have arrived".to_owned(),
        Doubt::RecallAsked => "the supplier was asked to withdraw it, and says later whether it did".to_owned(),
        Doubt::QueryNotSent => "the query could not be sent".to_owned(),
    }
}

pub(super) fn not_sent(reason: NotSent) -> &'static str {
    match reason {
        NotSent::Address => "its name does not resolve to an address that may be called",
        NotSent::Connect => "the connection or TLS did not come about",
        NotSent::Request => "the request could not be built",
    }
}

pub(super) fn maybe_sent(reason: MaybeSent) -> &'static str {
    match reason {
        MaybeSent::Timeout => "no complete answer in time",
        MaybeSent::Broken => "the connection broke",
        MaybeSent::TooLarge => "the answer was too long",
    }
}

fn not_sent_reason(reason: NotSentReason) -> &'static str {
    match reason {
        NotSentReason::Address => "the supplier's name did not resolve to an address that may be called",
        NotSentReason::Connect => "the connection was refused or did not come about",
        NotSentReason::Encoding => "the request could not be written in the supplier's dialect",
        NotSentReason::StampUnconfirmed => "the stamp's commit was not confirmed, so nothing was sent",
        NotSentReason::NoTurn => "its turn under the supplier's limits did not come in time",
        NotSentReason::StampOld => "the process that stamped it stood still until it was too late to send",
    }
}

fn refusal(refusal: &Refusal) -> String {
    format!("{} (code {:?})", refusal.kind.word().replace('_', " "), refusal.code)
}

fn failure(failure: &Failure) -> String {
    match failure {
        Failure::NoSupplier => "no supplier could be tried".to_owned(),
        Failure::Refused { last } => format!("every supplier refused, the last one: {}", refusal(last)),
        Failure::DeadlinePassed => "the deadline came while nothing was in flight".to_owned(),
    }
}

fn extent(extent: Extent) -> String {
    match extent {
        Extent::Full => String::new(),
        Extent::Partial { delivered } => format!(" in part ({delivered})"),
    }
}
