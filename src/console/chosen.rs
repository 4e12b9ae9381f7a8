//! Why a supplier was chosen and why others were not, for operators.

use crate::domain::plan::{Because, Choice, Other, Skip, SkipReason, Stands};
use crate::domain::report::rfc3339;
use crate::domain::steering::Strategy;

/// How the chosen one came first, and who stood behind it.
pub(super) fn choice(choice: &Choice) -> String {
    let other = |other: &Other| format!("{} for {}{}", other.supplier, other.cost, stands(&other.stands));
    let others: Vec<String> = choice.others.iter().map(other).collect();
    let behind = if others.is_empty() {
        String::new()
    } else {
        format!(", before {}", others.join(", "))
    };
    let document = match choice.steering {
        0 => "built in".to_owned(),
        version => format!("version {version}"),
    };
    let strategy = strategy(choice.strategy);
    format!("; chosen by {strategy} ({document}){}{behind}", stands(&choice.stands))
}

/// A strategy's word.
pub(super) fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Priority => "strict priority",
        Strategy::Health => "priority and health",
        Strategy::Cheapest => "cost",
        Strategy::Value => "expected value",
        Strategy::Weighted => "weight",
    }
}

/// In brackets: what put it there, and its score.
pub(super) fn stands(stands: &Stands) -> String {
    let why = because(stands.because);
    match stands.score_bp {
        Some(bp) => format!(" ({why}, score {bp} of 10000)"),
        None => format!(" ({why}, no score yet)"),
    }
}

/// What put a candidate where it stands.
pub(super) fn because(because: Because) -> &'static str {
    match because {
        Because::Priority => "by priority",
        Because::Cost => "by cost",
        Because::Value => "by expected value",
        Because::Weight => "its turn by weight",
        Because::Explored => "explored, so that its score stays alive",
        Because::Probe => "a probe of a supplier that was left alone",
        Because::Returning => "its share on its way back",
        Because::Demoted => "behind the healthy ones",
        Because::BestOfBad => "the best of those that are out",
        Because::Pinned => "pinned by an operator",
    }
}

pub(super) fn skips(skipped: &[Skip]) -> String {
    let reasons: Vec<String> = skipped
        .iter()
        .map(|skip| format!("{}: {}", skip.supplier, skip_reason(&skip.reason)))
        .collect();
    if reasons.is_empty() {
        String::new()
    } else {
        format!("; left out: {}", reasons.join(", "))
    }
}

pub(super) fn skip_reason(reason: &SkipReason) -> String {
    match reason {
        SkipReason::OfferDisabled => "its offer is switched off".to_owned(),
        SkipReason::SupplierAbsent => "adapters.toml does not name it, or it is being drained".to_owned(),
        SkipReason::SupplierPaused => "it is paused".to_owned(),
        SkipReason::CostAbovePrice { cost } => format!("its cost {cost} is above the price"),
        SkipReason::AlreadyRefused { seq } => format!("it refused attempt {seq}"),
        SkipReason::Unreachable { until_ms } => {
            format!("nothing could be sent there a moment ago, left alone until {}", rfc3339(*until_ms))
        }
        SkipReason::AttemptsExhausted => "the order has used all its attempts".to_owned(),
        SkipReason::CircuitOpen { until_ms, cause } => {
            format!(
                "its circuit is open ({}), a probe may be sent at {}",
                cause.word(),
                rfc3339(*until_ms)
            )
        }
        SkipReason::Probing { until_ms } => format!("it is being probed with other orders, again at {}", rfc3339(*until_ms)),
        SkipReason::ForcedOpen => "an operator holds its circuit open".to_owned(),
        SkipReason::Calendar { until_ms, why } => format!("planned to be out until {}: {why}", rfc3339(*until_ms)),
        SkipReason::DailyOrders { until_ms } => format!("it has had its orders of the day, next day at {}", rfc3339(*until_ms)),
        SkipReason::DailyCost { until_ms } => format!("too little is left of its money of the day, next day at {}", rfc3339(*until_ms)),
        SkipReason::RecipientTooSoon { until_ms } => {
            format!("it has just had an order for this recipient, again at {}", rfc3339(*until_ms))
        }
        SkipReason::NotPinned => "the product is pinned to another supplier".to_owned(),
        SkipReason::NotForShop => "it is kept for other shops".to_owned(),
        SkipReason::NotForNumber { of } => format!("it is not used for numbers of {of}"),
        SkipReason::CostAboveCeiling { cost } => format!("its cost {cost} is above the ceiling"),
        SkipReason::NotStrict => "the product is strict, and it lacks a promise".to_owned(),
        SkipReason::WaitTooLong { wait_ms } => format!("its queue takes {wait_ms} ms, longer than the order can wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SupplierId;
    use crate::domain::money::{Currency, Money};

    #[test]
    fn a_choice_names_everybody_with_score_and_reason() {
        let chosen = Choice {
            strategy: Strategy::Health,
            steering: 3,
            stands: Stands {
                because: Because::Priority,
                score_bp: Some(9_612),
            },
            others: vec![Other {
                supplier: SupplierId::from("beta"),
                cost: Money::new(9_700, Currency::Cny),
                stands: Stands {
                    because: Because::Demoted,
                    score_bp: None,
                },
            }],
        };
        assert_eq!(
            choice(&chosen),
            "; chosen by priority and health (version 3) (by priority, score 9612 of 10000), \
             before beta for 97.00 CNY (behind the healthy ones, no score yet)"
        );
    }
}
