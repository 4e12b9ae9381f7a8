//! The timeline's words: every kind of event, doubt, refusal and reason, in both languages, and
//! nothing that a shop may not know.

use serde_json::Value;

use crate::api::timeline::tell;
use crate::domain::attempt::{Extent, NotSentReason};
use crate::domain::case::CaseKind;
use crate::domain::event::Event;
use crate::domain::evolve::replay;
use crate::domain::failure::{Failure, Locale};
use crate::domain::ids::{EvidenceId, SettingsDigest, ShopId, SupplierId};
use crate::domain::order::{NextAction, Order, Step};
use crate::domain::outcome::{Doubt, Refusal, RefusalKind, Via};
use crate::domain::plan::{Because, Choice, CircuitCause, Other, Skip, SkipReason, Stands};
use crate::domain::steering::Strategy;

use super::fakes::{accepted, cny, pending, recorded};

/// Stands wherever a text of a supplier could carry a recipient or a name.
const PRIVATE: &str = "13800138000-secret";
/// A cost in fen that no text may show.
const COST: i64 = 43_219;

fn private() -> String {
    PRIVATE.to_owned()
}

fn evidence() -> Option<EvidenceId> {
    Some(EvidenceId(PRIVATE.into()))
}

fn skips() -> Vec<Skip> {
    let reasons = vec![
        SkipReason::OfferDisabled,
        SkipReason::SupplierAbsent,
        SkipReason::SupplierPaused,
        SkipReason::CostAbovePrice { cost: cny(COST) },
        SkipReason::AlreadyRefused { seq: 1 },
        SkipReason::Unreachable {
            until_ms: 1_800_000_005_000,
        },
        SkipReason::CircuitOpen {
            until_ms: 1_800_000_005_000,
            cause: CircuitCause::UnknownRate,
        },
        SkipReason::Probing {
            until_ms: 1_800_000_005_000,
        },
        SkipReason::ForcedOpen,
        SkipReason::Calendar {
            until_ms: 1_800_000_005_000,
            why: private(),
        },
        SkipReason::DailyOrders {
            until_ms: 1_800_000_005_000,
        },
        SkipReason::DailyCost {
            until_ms: 1_800_000_005_000,
        },
        SkipReason::RecipientTooSoon {
            until_ms: 1_800_000_005_000,
        },
        SkipReason::NotPinned,
        SkipReason::NotForShop,
        SkipReason::NotForNumber { of: PRIVATE.into() },
        SkipReason::CostAboveCeiling { cost: cny(COST) },
        SkipReason::NotStrict,
        SkipReason::WaitTooLong { wait_ms: 77_777 },
        SkipReason::AttemptsExhausted,
    ];
    let skip = |reason| Skip {
        supplier: SupplierId::from(PRIVATE),
        reason,
    };
    reasons.into_iter().map(skip).collect()
}

fn doubts() -> Vec<Doubt> {
    vec![
        Doubt::Timeout,
        Doubt::ConnectionBroken,
        Doubt::ReplyTooLarge,
        Doubt::HttpStatus { status: 502 },
        Doubt::EmptyReply,
        Doubt::Unreadable { detail: private() },
        Doubt::UnlistedCode { value: private() },
        Doubt::OrderExists,
        Doubt::NotOurs { field: private() },
        Doubt::BadSignature,
        Doubt::NotFound,
        Doubt::DeliveriesMissing,
        Doubt::FailureNotFinal,
        Doubt::Interrupted,
        Doubt::EarlierTransmission,
        Doubt::QueryNotSent,
    ]
}

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, code: private() }
}

/// One of every kind of event, and of everything that events can say.
fn events() -> Vec<Event> {
    let (seq, via, cost) = (1, Via::Query, cny(COST));
    let mut events = vec![
        accepted(1, ShopId(1)),
        Event::AttemptOpened {
            seq,
            supplier: SupplierId::from(PRIVATE),
            settings: SettingsDigest::from(PRIVATE),
            code: private().into(),
            cost,
            skipped: skips(),
            process: None,
            choice: Some(Box::new(Choice {
                strategy: Strategy::Cheapest,
                steering: 4,
                stands: Stands {
                    because: Because::Cost,
                    score_bp: Some(7_777),
                },
                others: vec![Other {
                    supplier: SupplierId::from(PRIVATE),
                    cost,
                    stands: Stands::default(),
                }],
            })),
        },
        Event::OrderWaiting {
            skipped: skips(),
            until_ms: 1_800_000_005_000,
        },
        Event::AttemptResubmitted { seq, n: 2, process: None },
        Event::AttemptHinted { seq },
        Event::OrderSucceeded { seq },
        Event::OrderPartiallySucceeded {
            seq,
            delivered: cny(500),
            captured: cny(492),
        },
        Event::OrderOverdue,
        Event::AttemptExcess {
            seq,
            via,
            cost,
            evidence: evidence(),
        },
        Event::AttemptLate {
            seq,
            via,
            cost,
            evidence: evidence(),
        },
        Event::AttemptContradicted {
            seq,
            via,
            evidence: evidence(),
        },
    ];
    events.extend([Via::Submit, Via::Query, Via::Notification].map(|via| Event::AttemptAccepted {
        seq,
        via,
        supplier_ref: Some(private()),
        evidence: evidence(),
    }));
    events.extend(doubts().into_iter().map(|doubt| Event::AttemptDoubted {
        seq,
        via,
        doubt,
        evidence: evidence(),
    }));
    events.extend(
        [Extent::Full, Extent::Partial { delivered: cny(500) }].map(|extent| Event::AttemptWon {
            seq,
            via,
            extent,
            cost,
            supplier_ref: Some(private()),
            deliveries: 1,
            evidence: evidence(),
        }),
    );
    for kind in RefusalKind::ALL {
        events.push(Event::AttemptRefused {
            seq,
            via,
            refusal: refusal(kind),
            evidence: evidence(),
        });
        events.push(Event::OrderFailed {
            failure: Failure::Refused { last: refusal(kind) },
        });
    }
    events.extend([Failure::NoSupplier, Failure::DeadlinePassed].map(|failure| Event::OrderFailed { failure }));
    events.extend([NotSentReason::Address, NotSentReason::Connect, NotSentReason::Encoding].map(|why| Event::AttemptNotSent { seq, why }));
    events.extend(
        [
            CaseKind::OverdueDoubt,
            CaseKind::LateSuccess,
            CaseKind::DoubleDelivery,
            CaseKind::Contradiction,
            CaseKind::OrphanNotification,
        ]
        .map(|kind| Event::CaseOpened { kind, seq }),
    );
    events
}

fn told(order: &Order, events: Vec<Event>, locale: Locale) -> Value {
    serde_json::to_value(tell(order, &recorded(events), locale)).unwrap()
}

fn texts(told: &Value) -> Vec<String> {
    let lines = told["events"].as_array().unwrap().iter();
    lines.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_kind_of_event_has_its_words_in_both_languages() {
    let mut kinds: Vec<&str> = events().iter().map(Event::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 18, "one of every kind: {kinds:?}");
    let order = pending(1, ShopId(1));
    let (chinese, english) = (told(&order, events(), Locale::ZhCn), told(&order, events(), Locale::En));
    let (chinese, english) = (texts(&chinese), texts(&english));
    for (zh, en) in chinese.iter().zip(&english) {
        assert!(is_chinese(zh) && zh.trim_end().ends_with('。'), "{zh:?}");
        assert!(!is_chinese(en) && en.ends_with('.') && !en.contains("  "), "{en:?}");
        assert!(en.chars().next().unwrap().is_uppercase(), "{en:?}");
    }
}

#[test]
fn different_things_are_said_differently() {
    let order = pending(1, ShopId(1));
    for locale in [Locale::ZhCn, Locale::En] {
        let doubted = |doubt| Event::AttemptDoubted {
            seq: 1,
            via: Via::Query,
            doubt,
            evidence: None,
        };
        let said = texts(&told(&order, doubts().into_iter().map(doubted).collect(), locale));
        let mut unique = said.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(said.len(), unique.len(), "{said:?}");
    }
}

#[test]
fn no_recipient_supplier_name_code_or_cost_can_reach_a_shop() {
    let order = replay(&recorded(events())).unwrap();
    for locale in [Locale::ZhCn, Locale::En] {
        let told = told(&order, events(), locale).to_string();
        for hidden in [PRIVATE, "13800138000", "432.19", "43219"] {
            assert!(!told.contains(hidden), "{hidden} in {told}");
        }
    }
}

#[test]
fn suppliers_are_numbered_by_their_first_appearance() {
    let skip = |name: &str| Skip {
        supplier: SupplierId::from(name),
        reason: SkipReason::SupplierPaused,
    };
    let opened = |seq, name: &str, skipped| Event::AttemptOpened {
        seq,
        supplier: SupplierId::from(name),
        settings: SettingsDigest::from("d"),
        code: "".into(),
        cost: cny(1),
        skipped,
        process: None,
        choice: None,
    };
    let history = vec![
        accepted(1, ShopId(1)),
        opened(1, "zeta", vec![skip("alpha")]),
        opened(2, "mid", vec![skip("zeta"), skip("alpha")]),
        Event::AttemptHinted { seq: 1 },
        Event::AttemptHinted { seq: 9 },
    ];
    let told = told(&pending(1, ShopId(1)), history, Locale::En);
    let events = &told["events"];
    assert_eq!(events[1]["text"], "Attempt 1: sent to supplier 1. Left out: supplier 2 is paused.");
    assert_eq!(
        events[2]["text"],
        "Attempt 2: sent to supplier 3. Left out: supplier 1 is paused; supplier 2 is paused."
    );
    assert_eq!((&events[2]["attempt"], &events[2]["supplier"]), (&2.into(), &3.into()));
    assert_eq!(events[3]["supplier"], 1);
    assert!(
        events[4].get("supplier").is_none(),
        "an attempt that was never opened has no supplier"
    );
}

#[test]
fn what_comes_next_is_told_with_its_time() {
    let history = vec![accepted(1, ShopId(1)), super::fakes::opened(1, "first")];
    let mut order = replay(&recorded(history.clone())).unwrap();
    for (step, code) in [
        (Step::Try, "try"),
        (Step::Query { seq: 1 }, "query"),
        (Step::Resubmit { seq: 1 }, "resubmit"),
        (Step::Review, "review"),
    ] {
        order.next_action = Some(NextAction {
            at_ms: 1_800_000_005_000,
            step,
        });
        for locale in [Locale::ZhCn, Locale::En] {
            let next = &told(&order, history.clone(), locale)["next"];
            assert_eq!((&next["code"], &next["at"]), (&code.into(), &"2027-01-15T08:00:05Z".into()));
            let text = next["text"].as_str().unwrap();
            assert!(
                text.contains("08:00:05 UTC") && is_chinese(text) == (locale == Locale::ZhCn),
                "{text}"
            );
        }
    }
    order.next_action = None;
    assert_eq!(told(&order, history, Locale::En)["next"], Value::Null);
}
