//! Cases: what waits for a person, everything about one, and what a person finds.

use super::admin::{AdminContext, away};
use super::asked::{CaseFile, CaseFinding, DeskStanding, FindingWord};
use super::calls::{AdminReply, Trouble};
use super::desk::{self, Heard};
use super::lines::CaseLine;
use super::{dossier, shops, words};
use crate::domain::attempt::{Attempt, AttemptState};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Attested, Input};
use crate::domain::desk::{Deed, DeedKind, Finding, Signature};
use crate::domain::ids::EvidenceId;
use crate::domain::order::Order;
use crate::domain::outcome::Via;
use crate::store::{Command, Evidence, StoredCase};

/// Open cases looked at, at most; more than this is an incident, not a list.
pub(super) const MAX_CASES: u32 = 1_000;
/// Deeds about one case that are shown.
const MAX_DEEDS: u32 = 1_000;

pub(super) async fn open(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let cases = context.store.open_cases(MAX_CASES).await.map_err(away)?;
    let now_ms = context.clock.now_ms();
    Ok(AdminReply::Cases {
        cases: cases.into_iter().map(|stored| line(stored, now_ms)).collect(),
    })
}

pub(super) fn line(stored: StoredCase, now_ms: i64) -> CaseLine {
    let until_ms = stored.closed_at_ms.unwrap_or(now_ms);
    CaseLine {
        kind: stored.case.kind.word().to_owned(),
        meaning: words::case(stored.case.kind).to_owned(),
        order: stored.case.order,
        at_risk: stored.case.at_risk.map(|money| money.to_string()),
        opened_at_ms: Some(stored.case.opened_at_ms),
        age_ms: Some(until_ms.saturating_sub(stored.case.opened_at_ms)),
        is_open: stored.closed_at_ms.is_none(),
        key: stored.case.key,
    }
}

/// A case with the order and the attempt that it is about, as they stand now.
struct Found {
    stored: StoredCase,
    order: Option<Order>,
}

impl Found {
    fn attempt(&self) -> Option<&Attempt> {
        let order = self.order.as_ref()?;
        order.attempt(self.stored.case.attempt()?)
    }
}

async fn find(context: &AdminContext, key: &str) -> Result<Found, Trouble> {
    let stored = context.store.case(key.to_owned()).await.map_err(away)?;
    let stored = stored.ok_or_else(|| Trouble::new(format!("there is no case {key}"), "`case list` shows all that are open"))?;
    let order = match stored.case.order {
        Some(id) => context.store.order(id).await.map_err(away)?,
        None => None,
    };
    Ok(Found { stored, order })
}

pub(super) async fn show(context: &AdminContext, key: &str) -> Result<AdminReply, Trouble> {
    let found = find(context, key).await?;
    let case = &found.stored.case;
    let evidence = match case.order {
        Some(id) => context.store.evidence(id).await,
        None => context.store.stray_evidence(case.opened_at_ms).await,
    };
    let seq = case.attempt().filter(|_| case.order.is_some());
    let evidence = evidence.map_err(away)?.into_iter();
    let about = evidence.filter(|evidence| seq.is_none() || evidence.seq == seq);
    let evidence = about.map(|evidence| dossier::evidence_line(&evidence)).collect();
    let subject = Deed::about_case(key);
    let deeds = context.store.deeds(subject.clone(), MAX_DEEDS).await.map_err(away)?;
    let deeds = deeds.iter().rev().filter(|deed| deed.subject == subject);
    let held = found.order.as_ref().filter(|order| order.verdict.is_none());
    Ok(AdminReply::Case(Box::new(CaseFile {
        closed_at_ms: found.stored.closed_at_ms,
        supplier: found.attempt().map(|attempt| attempt.supplier.clone()),
        attempt: found.attempt().map(|attempt| words::attempt(&attempt.state)),
        held: held.map(|order| order.terms.price.to_string()),
        findings: findings(&found),
        evidence,
        deeds: deeds.map(desk::deed_line).collect(),
        case: line(found.stored, context.clock.now_ms()),
    })))
}

/// What fits the case as it stands: the rest is refused before anybody is asked to confirm it.
fn findings(found: &Found) -> Vec<FindingWord> {
    if found.stored.closed_at_ms.is_some() {
        return Vec::new();
    }
    let Some(attempt) = found.attempt() else {
        return vec![FindingWord::Explained];
    };
    let needs_cards = found.order.as_ref().is_some_and(|order| order.terms.cards_due() > 0);
    let is_recovered = found
        .order
        .as_ref()
        .is_some_and(|order| order.recovered.iter().any(|(seq, _)| *seq == attempt.seq));
    match (&attempt.state, found.stored.case.kind) {
        // A doubt is not explained away: it ends by proof or by a person's word.
        (AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. }, CaseKind::OverdueDoubt) if needs_cards => {
            vec![FindingWord::NotDelivered]
        }
        (AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. }, CaseKind::OverdueDoubt) => {
            vec![FindingWord::NotDelivered, FindingWord::Delivered]
        }
        (
            AttemptState::Won { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. },
            CaseKind::LateSuccess | CaseKind::DoubleDelivery | CaseKind::Contradiction,
        ) if !is_recovered => vec![FindingWord::Explained, FindingWord::Recovered],
        (
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown { .. }
            | AttemptState::Won { .. }
            | AttemptState::Dead { .. }
            | AttemptState::Excess { .. }
            | AttemptState::Late { .. },
            _,
        ) => vec![FindingWord::Explained],
    }
}

pub(super) async fn resolve(context: &AdminContext, asked: CaseFinding) -> Result<AdminReply, Trouble> {
    let found = find(context, &asked.key).await?;
    if found.stored.closed_at_ms.is_some() {
        return Err(Trouble::new(
            format!("case {} is closed", asked.key),
            "`case show` tells by whom and why",
        ));
    }
    let fitting = findings(&found);
    if !fitting.contains(&asked.found) {
        let fitting: Vec<String> = fitting.into_iter().map(|word| finding_word(word).replace('_', "-")).collect();
        return Err(Trouble::new(
            "this does not fit the case as it stands",
            format!("say --as {}; `case show` tells why", fitting.join(" or ")),
        ));
    }
    let finding = finding(&asked, &found)?;
    let subject = Deed::about_case(&asked.key);
    let mover = match finding.moves_money() {
        true => Some((desk::running(context)?, found.order.as_ref(), found.attempt())),
        false => None,
    };
    let signed = match desk::hear(context, &subject, &finding, &asked.signing).await? {
        Heard::Proposed(reply) => return Ok(reply),
        Heard::Act(signed) => signed,
    };
    let done = format!("the case is closed: {}", words::finding(&finding));
    match mover {
        Some((running, Some(order), Some(attempt))) => {
            let (input, evidence) = attestation(context, &asked.key, attempt, order, finding, signed);
            desk::acted(running.act(order.id, input, vec![evidence]).await, &subject, done)
        }
        Some(_) | None => close(context, &asked.key, finding, signed, done).await,
    }
}

/// Closes a case without moving anything.
async fn close(context: &AdminContext, key: &str, found: Finding, signed: Signature, done: String) -> Result<AdminReply, Trouble> {
    let subject = Deed::about_case(key);
    let deed = Deed {
        subject: subject.clone(),
        kind: DeedKind::CaseClosed {
            case: key.to_owned(),
            found,
        },
        signed,
        at_ms: context.clock.now_ms(),
    };
    let standing = match desk::written(context.store.commit(Command::Deed(deed)).await)? {
        true => DeskStanding::Done,
        false => DeskStanding::DoneBefore,
    };
    Ok(desk::reply(&subject, standing, done))
}

fn finding_word(word: FindingWord) -> &'static str {
    match word {
        FindingWord::Explained => "explained",
        FindingWord::NotDelivered => "not_delivered",
        FindingWord::Delivered => "delivered",
        FindingWord::Recovered => "recovered",
    }
}

/// What was said, with its amounts read in the currency of what they are about.
fn finding(asked: &CaseFinding, found: &Found) -> Result<Finding, Trouble> {
    let needless = || Trouble::new("this finding takes no amount", "leave --amount out");
    match (asked.found, &asked.amount, &found.order, found.attempt()) {
        (FindingWord::Explained, None, ..) => Ok(Finding::Explained),
        (FindingWord::NotDelivered, None, ..) => Ok(Finding::NotDelivered),
        (FindingWord::Delivered, None, ..) => Ok(Finding::Delivered { face: None }),
        (FindingWord::Delivered, Some(text), Some(order), _) => Ok(Finding::Delivered {
            face: Some(shops::amount(text, order.terms.face.currency, "--amount")?),
        }),
        (FindingWord::Recovered, text, _, Some(attempt)) => {
            let amount = match text {
                Some(text) => shops::amount(text, attempt.cost.currency, "--amount")?,
                None => attempt.cost,
            };
            if !(1..=attempt.cost.minor).contains(&amount.minor) {
                return Err(Trouble::new(
                    format!("the attempt cost {}, and {amount} is not a part of that", attempt.cost),
                    "give what the supplier gave back",
                ));
            }
            Ok(Finding::Recovered { amount })
        }
        (FindingWord::Explained | FindingWord::NotDelivered | FindingWord::Delivered, Some(_), ..) => Err(needless()),
        (FindingWord::Recovered, ..) => Err(Trouble::new("this case is about no attempt", "say --as explained")),
    }
}

/// The input to the order, and what it rests on: the finding and whose word it is, kept like an answer.
fn attestation(
    context: &AdminContext,
    key: &str,
    attempt: &Attempt,
    order: &Order,
    found: Finding,
    signed: Signature,
) -> (Input, Evidence) {
    let body = serde_json::json!({ "case": key, "found": found, "signed": signed });
    let mut bytes = [0_u8; 12];
    context.random.fill(&mut bytes);
    let evidence = Evidence {
        id: EvidenceId(format!("ev_{}", hex::encode(bytes)).as_str().into()),
        order: Some(order.id),
        seq: Some(attempt.seq),
        supplier: attempt.supplier.clone(),
        via: Via::Attestation,
        status: None,
        body: body.to_string().into_bytes(),
        at_ms: context.clock.now_ms(),
    };
    let input = Input::Attest(Box::new(Attested {
        case: key.to_owned(),
        seq: attempt.seq,
        found,
        signed,
        evidence: evidence.id.clone(),
    }));
    (input, evidence)
}
