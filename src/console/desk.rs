//! One word, a second word, a deed: how what persons say is weighed, carried out and kept.

use super::admin::{AdminContext, away};
use super::asked::{DeedLine, DeskReply, DeskStanding, Signing, SupplierWord};
use super::calls::{AdminReply, Trouble};
use super::{operators, words};
use crate::dispatch::Acted;
use crate::domain::decide::Refusal;
use crate::domain::desk::{Deed, DeedKind, Finding, Signature, Weighed, Word, weigh};
use crate::domain::report::rfc3339;
use crate::store::{Answer, Command, Refused};

/// Most deeds in one answer.
const MAX_LISTED: u32 = 1_000;

/// What a word came to.
pub(super) enum Heard {
    /// Written down as a proposal; this is the reply.
    Proposed(AdminReply),
    /// To be carried out on this signature.
    Act(Signature),
}

/// Weighs what an operator says about `subject`, and writes it down if it must wait.
pub(super) async fn hear(context: &AdminContext, subject: &str, found: &Finding, signing: &Signing) -> Result<Heard, Trouble> {
    let (operator, signed) = operators::signature(context, signing).await?;
    let about = context.store.deeds(subject.to_owned(), MAX_LISTED).await.map_err(away)?;
    let latest = about.into_iter().find(|deed| deed.subject == subject);
    let now_ms = context.clock.now_ms();
    let word = Word {
        found: found.clone(),
        by: operator.name,
        operator_since_ms: operator.since_ms,
        reason: signed.reason.clone(),
        at_ms: now_ms,
    };
    match weigh(context.manning, latest.as_ref(), &word) {
        Weighed::Act(signed) => {
            tell_loudly(subject, found, &signed);
            Ok(Heard::Act(signed))
        }
        Weighed::Propose => {
            let deed = Deed {
                subject: subject.to_owned(),
                kind: DeedKind::Proposed { found: found.clone() },
                signed,
                at_ms: now_ms,
            };
            written(context.store.commit(Command::Deed(deed)).await)?;
            let next = match context.manning {
                crate::domain::desk::Manning::Pair => "a second operator confirms it by saying the same within a day".to_owned(),
                crate::domain::desk::Manning::Solo { cooling_off_ms } => {
                    let from = rfc3339(now_ms.saturating_add(cooling_off_ms));
                    format!("one person runs this gateway: say the same again after {from}, or have a second operator say it")
                }
            };
            let text = format!("proposed: {}; nothing has moved. {next}", words::finding(found));
            Ok(Heard::Proposed(reply(subject, DeskStanding::Proposed, text)))
        }
        Weighed::NeedsAnother => Err(Trouble::new(
            "a second person is needed, who was an operator before this was proposed",
            "ask another operator to say the same",
        )),
        Weighed::TooSoon { until_ms } => Err(Trouble::new(
            format!("the cooling-off time lasts until {}", rfc3339(until_ms)),
            "say the same again after that, if it still holds then",
        )),
    }
}

/// What one person does to money alone must not be overlooked.
fn tell_loudly(subject: &str, found: &Finding, signed: &Signature) {
    let second = signed.confirmed_by.as_deref().unwrap_or("nobody");
    if signed.is_solo {
        tracing::error!(
            subject,
            found = found.word(),
            by = signed.by,
            "ONE PERSON ALONE moves money, after a cooling-off time"
        );
    } else {
        tracing::warn!(
            subject,
            found = found.word(),
            by = signed.by,
            second,
            "a person's word is carried out"
        );
    }
}

/// Keeps new attempts away from a supplier, or lets them come again.
pub(super) async fn supplier(context: &AdminContext, word: SupplierWord, pauses: bool) -> Result<AdminReply, Trouble> {
    let SupplierWord { supplier, signing } = word;
    let is_known = (context.suppliers)().iter().any(|line| line.id == supplier);
    if !is_known {
        return Err(Trouble::new(
            format!("adapters.toml names no supplier {supplier}"),
            "`supplier list` shows all",
        ));
    }
    let (_, signed) = operators::signature(context, &signing).await?;
    let subject = Deed::about_supplier(&supplier);
    let (kind, text) = if pauses {
        let text = format!("{supplier} is paused: no new attempts are opened there, open ones are settled");
        (DeedKind::SupplierPaused { supplier, broken: None }, text)
    } else {
        let text = format!("{supplier} is resumed: its promises count again, and new attempts are opened there");
        (DeedKind::SupplierResumed { supplier }, text)
    };
    let deed = Deed {
        subject: subject.clone(),
        kind,
        signed,
        at_ms: context.clock.now_ms(),
    };
    match &context.running {
        Some(running) => acted(running.supplier_deed(deed).await, &subject, text),
        None => written(context.store.commit(Command::Deed(deed)).await).map(|_| reply(&subject, DeskStanding::Done, text)),
    }
}

/// Everything ever done at the desk, newest first.
pub(super) async fn deeds(context: &AdminContext, subject: Option<String>) -> Result<AdminReply, Trouble> {
    let deeds = context.store.deeds(subject.unwrap_or_default(), MAX_LISTED).await.map_err(away)?;
    Ok(AdminReply::Deeds {
        deeds: deeds.iter().map(deed_line).collect(),
    })
}

pub(super) fn deed_line(deed: &Deed) -> DeedLine {
    DeedLine {
        at_ms: deed.at_ms,
        subject: deed.subject.clone(),
        deed: deed.kind.word().to_owned(),
        words: words::deed(&deed.kind),
        signed: words::signed(&deed.signed),
        is_solo: deed.signed.is_solo,
    }
}

/// The running server, which alone may move an order.
pub(super) fn running(context: &AdminContext) -> Result<std::sync::Arc<dyn super::Running>, Trouble> {
    context.running.clone().ok_or_else(|| {
        Trouble::new(
            "this moves an order, which only a running server does",
            "start the server and give the same command again",
        )
    })
}

pub(super) fn reply(subject: &str, standing: DeskStanding, words: String) -> AdminReply {
    AdminReply::Desk(DeskReply {
        subject: subject.to_owned(),
        standing,
        words,
    })
}

/// What became of an order's move, for the one who asked for it.
pub(super) fn acted(acted: Acted, subject: &str, done: String) -> Result<AdminReply, Trouble> {
    let trouble = |message: &str, remedy: &str| Err(Trouble::new(message, remedy));
    match acted {
        Acted::Done => Ok(reply(subject, DeskStanding::Done, done)),
        Acted::Refused(Refusal::NothingNew) | Acted::Repeated => Ok(reply(
            subject,
            DeskStanding::DoneBefore,
            "this was done before; nothing moved now".to_owned(),
        )),
        Acted::Refused(Refusal::KeyUsed) => trouble("this key was used for another amount", "take another key"),
        Acted::Refused(Refusal::MoreThanCaptured) => trouble(
            "this is more than was captured and has not gone back yet",
            "`order show` tells what was captured and refunded",
        ),
        Acted::Refused(Refusal::NoFunds) => trouble(
            "the shop has less available than this",
            "nothing is charged into debt: have the shop pay in first (`shop credit`)",
        ),
        Acted::Refused(Refusal::NothingToCharge) => trouble(
            "nothing was delivered after the order had ended, or this is more than is left of its price",
            "`order show` tells what was delivered late and charged",
        ),
        Acted::Refused(
            Refusal::MayNotAttest
            | Refusal::MayNotAssume
            | Refusal::MayNotAdvance
            | Refusal::AttemptOpen
            | Refusal::Ended
            | Refusal::NoSuchAttempt
            | Refusal::MayNotResubmit,
        ) => trouble(
            "the order does not allow this now: the attempt is proven already, its reply is awaited, or its cards are missing",
            "look at it with `case show` and `order show`, and say what fits",
        ),
        Acted::Absent => trouble("there is no such order", "`case show` names it"),
        Acted::Unavailable => trouble("nothing was changed: the database is away", "say the same again once it is back"),
        Acted::Unknown => trouble(
            "it is not known whether this was written",
            "look with `case show` or `order show`, and say the same again if it was not",
        ),
    }
}

/// What became of a deed that moved no order; `false` if it had been done before.
pub(super) fn written(answer: Answer) -> Result<bool, Trouble> {
    match answer {
        Answer::Done => Ok(true),
        Answer::Refused(Refused::Repeated) => Ok(false),
        Answer::Unknown => Err(Trouble::new(
            "it is not known whether this was written",
            "look with `deeds`, and say the same again if it was not",
        )),
        Answer::Outage(reason) => Err(Trouble::new(
            format!("nothing was written: {reason}"),
            "say the same again once the database is back",
        )),
        Answer::Stale | Answer::Refused(Refused::NoFunds { .. } | Refused::Exists { .. }) => {
            Err(Trouble::new("the store refused a plain deed", "report this: it is a bug"))
        }
    }
}
