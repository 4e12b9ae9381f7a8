//! When one person's word is enough, and when it needs a second one.
//!
//! Invariant: a second person confirms exactly what the first one said, amounts included, or begins a
//! proposal anew. Deliberately absent: who a person is, and what a finding does.

use super::{Deed, DeedKind, Finding, Signature};

/// A proposal that nobody has confirmed for this long counts for nothing any more.
pub const PROPOSAL_LASTS_MS: i64 = 24 * 3_600_000;

/// How many persons run the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manning {
    /// Two or more: what moves money needs two.
    Pair,
    /// One, declared in gateway.toml: what moves money is said twice, this far apart.
    Solo {
        /// The cooling-off time, in milliseconds.
        cooling_off_ms: i64,
    },
}

/// One person's word about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What the person finds.
    pub found: Finding,
    /// Who.
    pub by: String,
    /// Since when that one may sign, UTC milliseconds.
    pub operator_since_ms: i64,
    /// Why.
    pub reason: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// What a word comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weighed {
    /// It is written down and waits.
    Propose,
    /// It is carried out, on this signature.
    Act(Signature),
    /// The same person has said it before, or the second one was let in only after that: another one must.
    NeedsAnother,
    /// Said again too soon, in solo mode.
    TooSoon {
        /// From when on it counts, UTC milliseconds.
        until_ms: i64,
    },
}

/// Weighs a word against the latest deed about the same subject. A word that differs from what stands
/// proposed begins anew: a second person confirms exactly what the first one said, or nothing.
#[must_use]
pub fn weigh(manning: Manning, latest: Option<&Deed>, word: &Word) -> Weighed {
    if !word.found.moves_money() {
        return Weighed::Act(Signature::of(&word.by, &word.reason));
    }
    let Some(standing) = latest.filter(|deed| stands(deed, word)) else {
        return Weighed::Propose;
    };
    let signed = |is_solo| Signature {
        by: standing.signed.by.clone(),
        reason: standing.signed.reason.clone(),
        confirmed_by: Some(word.by.clone()),
        confirmed_because: Some(word.reason.clone()),
        is_solo,
    };
    // Whoever proposes cannot let a second person in for the purpose.
    let is_another = standing.signed.by != word.by && word.operator_since_ms <= standing.at_ms;
    match manning {
        Manning::Pair if !is_another => Weighed::NeedsAnother,
        Manning::Pair => Weighed::Act(signed(false)),
        Manning::Solo { .. } if is_another => Weighed::Act(signed(false)),
        Manning::Solo { cooling_off_ms } => {
            let until_ms = standing.at_ms.saturating_add(cooling_off_ms);
            if word.at_ms < until_ms {
                Weighed::TooSoon { until_ms }
            } else {
                Weighed::Act(signed(true))
            }
        }
    }
}

/// Whether `deed` proposes exactly what `word` says, and recently enough.
fn stands(deed: &Deed, word: &Word) -> bool {
    let age_ms = word.at_ms.saturating_sub(deed.at_ms);
    let is_same = match &deed.kind {
        DeedKind::Proposed { found } => *found == word.found,
        DeedKind::CaseClosed { .. }
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
        | DeedKind::OperatorRemoved => false,
    };
    is_same && age_ms < PROPOSAL_LASTS_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(by: &str, found: Finding, at_ms: i64) -> Word {
        Word {
            found,
            by: by.to_owned(),
            operator_since_ms: -1,
            reason: format!("{by} asked the supplier"),
            at_ms,
        }
    }

    fn proposed(word: &Word) -> Deed {
        Deed {
            subject: "case:x".to_owned(),
            kind: DeedKind::Proposed { found: word.found.clone() },
            signed: Signature::of(&word.by, &word.reason),
            at_ms: word.at_ms,
        }
    }

    const SOLO: Manning = Manning::Solo { cooling_off_ms: 1_000 };

    #[test]
    fn what_moves_no_money_needs_one_person() {
        let said = word("li", Finding::Explained, 0);
        for manning in [Manning::Pair, SOLO] {
            let Weighed::Act(signed) = weigh(manning, None, &said) else {
                panic!("not acted upon");
            };
            assert_eq!((signed.by.as_str(), signed.confirmed_by), ("li", None));
        }
    }

    #[test]
    fn what_moves_money_needs_a_second_person_who_says_the_same() {
        let first = word("li", Finding::NotDelivered, 0);
        assert_eq!(weigh(Manning::Pair, None, &first), Weighed::Propose);
        let standing = proposed(&first);
        let latest = Some(&standing);
        assert_eq!(
            weigh(Manning::Pair, latest, &word("li", Finding::NotDelivered, 9)),
            Weighed::NeedsAnother
        );
        let other = Finding::Delivered { face: None };
        assert_eq!(weigh(Manning::Pair, latest, &word("wang", other, 9)), Weighed::Propose);
        let newcomer = Word {
            operator_since_ms: 5,
            ..word("chen", Finding::NotDelivered, 9)
        };
        assert_eq!(weigh(Manning::Pair, latest, &newcomer), Weighed::NeedsAnother);
        let Weighed::Act(signed) = weigh(Manning::Pair, latest, &word("wang", Finding::NotDelivered, 9)) else {
            panic!("two persons are enough");
        };
        assert_eq!(
            (signed.by.as_str(), signed.confirmed_by.as_deref(), signed.is_solo),
            ("li", Some("wang"), false)
        );
    }

    #[test]
    fn a_lone_operator_waits_out_the_cooling_off_and_the_deed_says_so() {
        let first = word("li", Finding::NotDelivered, 5_000);
        let standing = proposed(&first);
        for (at_ms, is_enough) in [(5_000, false), (5_999, false), (6_000, true), (4_000, false)] {
            let weighed = weigh(SOLO, Some(&standing), &word("li", Finding::NotDelivered, at_ms));
            match weighed {
                Weighed::Act(signed) => assert!(is_enough && signed.is_solo, "at {at_ms}"),
                Weighed::TooSoon { until_ms } => assert!(!is_enough && until_ms == 6_000, "at {at_ms}"),
                Weighed::Propose | Weighed::NeedsAnother => panic!("{weighed:?} at {at_ms}"),
            }
        }
    }

    #[test]
    fn an_old_proposal_begins_anew_and_one_carried_out_is_none() {
        let first = word("li", Finding::NotDelivered, 0);
        let standing = proposed(&first);
        let late = word("wang", Finding::NotDelivered, PROPOSAL_LASTS_MS);
        assert_eq!(weigh(Manning::Pair, Some(&standing), &late), Weighed::Propose);
        let closed = Deed {
            kind: DeedKind::CaseClosed {
                case: "x".to_owned(),
                found: Finding::NotDelivered,
            },
            ..standing
        };
        let again = word("wang", Finding::NotDelivered, 1);
        assert_eq!(weigh(Manning::Pair, Some(&closed), &again), Weighed::Propose);
    }

    #[test]
    fn a_deed_reads_as_it_was_written() {
        let deed = proposed(&word("li", Finding::Delivered { face: None }, 7));
        let text = serde_json::to_string(&deed).unwrap();
        assert_eq!(serde_json::from_str::<Deed>(&text).unwrap(), deed, "{text}");
    }
}
