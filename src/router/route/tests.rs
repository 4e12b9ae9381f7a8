//! What a plan must and must not contain, example by example and for random offers, suppliers and attempts.

mod steered;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::constraint::not_sent_at_ms;
use super::super::health::{HealthBook, Standing};
use super::super::snapshot::{Load, Snapshot, SupplierState, SupplierView, Switch};
use super::*;
use crate::domain::attempt::{AttemptState, Fate, NotSentReason, Proof, Transmission};
use crate::domain::ids::{SettingsDigest, ShopId, ShopOrderNo, Sku};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint};
use crate::domain::outcome::{Refusal, RefusalKind, Via};
use crate::domain::policy::{Policy, Promises};
use crate::domain::product::ProductKind;
use crate::domain::recipient::Inputs;
use crate::domain::segment::Segment;
use crate::domain::steering::{Steering, Strategy as By};

const NOW_MS: i64 = 1_800_000_000_000;

fn terms(price_minor: i64, quantity: u32) -> Terms {
    let sku = Sku::from("qb");
    let face = Money::new(1_000, Currency::Cny);
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n1"),
        fingerprint: Fingerprint::of(&Asked {
            sku: &sku,
            quantity,
            face_value: None,
            max_price: None,
            inputs: &Inputs::default(),
            callback_url: None,
            deadline_seconds: Some(600),
        }),
        sku,
        kind: ProductKind::TopUp,
        quantity,
        face,
        price: Money::new(price_minor, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms: NOW_MS + 600_000,
        callback_url: None,
        segment: None,
        advance_after_ms: None,
    }
}

fn offer(supplier: &str, cost_minor: i64, priority: Option<u16>) -> Offer {
    Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from("qb"),
        face_minor: 1_000,
        cost_minor,
        priority,
        code: format!("code-{supplier}").into(),
        enabled: true,
    }
}

fn view() -> SupplierView {
    SupplierView {
        state: SupplierState::Active,
        default_priority: 50,
        currency: Currency::Cny,
        settings: SettingsDigest::from("s1"),
        zone_offset_s: 8 * 3_600,
        promises: Promises::default(),
        answers_queries: true,
        switch: Switch::None,
        pinned: Vec::new(),
    }
}

/// A plan under the built-in steering, with nothing known of anybody.
fn planned(terms: &Terms, attempts: &[Attempt], offers: &[Offer], suppliers: &Snapshot, policy: &Policy) -> Plan {
    let view = View {
        suppliers,
        steering: &Steering::default(),
        version: 0,
        health: &HealthBook::default(),
        loads: &BTreeMap::new(),
        shop: "shop-1",
        policy,
        draw: 1,
        now_ms: NOW_MS,
    };
    route(terms, attempts, offers, &view)
}

fn snapshot(names: &[&str]) -> Snapshot {
    names.iter().map(|name| (SupplierId::from(*name), view())).collect()
}

fn attempt(seq: u8, supplier: &str, state: AttemptState) -> Attempt {
    Attempt {
        seq,
        supplier: SupplierId::from(supplier),
        settings: SettingsDigest::from("s1"),
        code: "c".into(),
        cost: Money::new(900, Currency::Cny),
        opened_at_ms: NOW_MS - 10_000,
        transmissions: vec![Transmission {
            n: 1,
            stamped_at_ms: NOW_MS - 10_000,
            process: None,
            fate: Fate::Answered,
        }],
        state,
        supplier_ref: None,
        queries: 0,
        not_found: 0,
        recalls: 0,
        is_hinted: false,
        is_known_there: false,
    }
}

fn refused() -> AttemptState {
    let refusal = Refusal {
        kind: RefusalKind::Stock,
        code: "7".to_owned(),
    };
    AttemptState::Dead {
        at_ms: NOW_MS - 9_000,
        proof: Proof::Refused {
            refusal,
            via: Via::Submit,
            evidence: None,
        },
    }
}

fn not_sent(why: NotSentReason, at_ms: i64) -> AttemptState {
    AttemptState::Dead {
        at_ms,
        proof: Proof::NotSent { why },
    }
}

fn plan(attempts: &[Attempt], offers: &[Offer], suppliers: &Snapshot) -> Plan {
    planned(&terms(1_000, 1), attempts, offers, suppliers, &Policy::default())
}

fn order_of(plan: &Plan) -> Vec<&str> {
    plan.candidates.iter().map(|c| c.supplier.as_str()).collect()
}

fn reason_for(plan: &Plan, supplier: &str) -> Option<SkipReason> {
    plan.skipped
        .iter()
        .find(|s| s.supplier.as_str() == supplier)
        .map(|s| s.reason.clone())
}

#[test]
fn lower_priority_comes_first_then_lower_cost_then_the_name() {
    let offers = [
        offer("d", 900, None),
        offer("c", 900, None),
        offer("b", 800, None),
        offer("a", 999, Some(1)),
        offer("z", 1, Some(51)),
    ];
    let plan = plan(&[], &offers, &snapshot(&["a", "b", "c", "d", "z"]));
    assert_eq!(order_of(&plan), ["a", "b", "c", "d", "z"]);
    assert_eq!(plan.candidates[0].code.as_ref(), "code-a");
    assert_eq!(plan.candidates[0].cost, Money::new(999, Currency::Cny));
    assert!(plan.skipped.is_empty());
}

#[test]
fn a_supplier_that_may_not_be_used_now_is_left_out_with_its_reason() {
    let mut suppliers = snapshot(&["active", "paused", "draining", "off"]);
    suppliers.get_mut(&SupplierId::from("paused")).unwrap().state = SupplierState::Paused;
    suppliers.get_mut(&SupplierId::from("draining")).unwrap().state = SupplierState::Draining;
    let mut off = offer("off", 900, None);
    off.enabled = false;
    let offers = [
        offer("active", 900, None),
        offer("paused", 900, None),
        offer("draining", 900, None),
        offer("gone", 900, None),
        off,
    ];
    let plan = plan(&[], &offers, &suppliers);
    assert_eq!(order_of(&plan), ["active"]);
    assert_eq!(reason_for(&plan, "paused"), Some(SkipReason::SupplierPaused));
    assert_eq!(reason_for(&plan, "draining"), Some(SkipReason::SupplierAbsent));
    assert_eq!(reason_for(&plan, "gone"), Some(SkipReason::SupplierAbsent));
    assert_eq!(reason_for(&plan, "off"), Some(SkipReason::OfferDisabled));
    assert_eq!(plan.retry_at_ms(), None, "waiting would help none of them");
}

#[test]
fn the_cost_of_all_pieces_may_reach_the_price_and_not_exceed_it() {
    let suppliers = snapshot(&["equal", "above"]);
    let offers = [offer("equal", 333, None), offer("above", 334, None)];
    let three = terms(999, 3);
    let plan = planned(&three, &[], &offers, &suppliers, &Policy::default());
    assert_eq!(order_of(&plan), ["equal"]);
    let cost = Money::new(1_002, Currency::Cny);
    assert_eq!(reason_for(&plan, "above"), Some(SkipReason::CostAbovePrice { cost }));

    let selling_below_cost = Terms {
        may_lose_money: true,
        ..three
    };
    let plan = planned(&selling_below_cost, &[], &offers, &suppliers, &Policy::default());
    assert_eq!(order_of(&plan), ["equal", "above"]);
}

#[test]
fn a_cost_in_another_currency_or_beyond_all_bounds_is_too_dear() {
    let mut suppliers = snapshot(&["yen", "huge"]);
    suppliers.get_mut(&SupplierId::from("yen")).unwrap().currency = Currency::Jpy;
    let offers = [offer("yen", 1, None), offer("huge", i64::MAX, None)];
    let two = terms(1_000, 2);
    let plan = planned(&two, &[], &offers, &suppliers, &Policy::default());
    assert!(plan.candidates.is_empty());
    assert!(matches!(reason_for(&plan, "yen"), Some(SkipReason::CostAbovePrice { .. })));

    let selling_below_cost = Terms {
        may_lose_money: true,
        ..two
    };
    let plan = planned(&selling_below_cost, &[], &offers, &suppliers, &Policy::default());
    assert_eq!(order_of(&plan), ["yen"]);
    assert!(matches!(reason_for(&plan, "huge"), Some(SkipReason::CostAbovePrice { .. })));
}

#[test]
fn a_supplier_that_refused_is_never_asked_again_for_this_order() {
    let attempts = [attempt(1, "a", refused())];
    let plan = plan(&attempts, &[offer("a", 1, None), offer("b", 900, None)], &snapshot(&["a", "b"]));
    assert_eq!(order_of(&plan), ["b"]);
    assert_eq!(reason_for(&plan, "a"), Some(SkipReason::AlreadyRefused { seq: 1 }));
}

#[test]
fn an_unreachable_supplier_is_a_candidate_again_when_its_pause_is_over() {
    let offers = [offer("a", 900, None)];
    let suppliers = snapshot(&["a"]);
    let at = |at_ms| plan(&[attempt(1, "a", not_sent(NotSentReason::Connect, at_ms))], &offers, &suppliers);
    let until_ms = NOW_MS + 1;
    assert_eq!(reason_for(&at(NOW_MS - 4_999), "a"), Some(SkipReason::Unreachable { until_ms }));
    assert_eq!(at(NOW_MS - 4_999).retry_at_ms(), Some(until_ms));
    assert_eq!(order_of(&at(NOW_MS - 5_000)), ["a"]);
    let from_the_future = at(NOW_MS + 86_400_000).retry_at_ms();
    assert_eq!(from_the_future, Some(NOW_MS + 5_000), "a clock that went back stretches no pause");
}

#[test]
fn what_cannot_be_written_in_a_dialect_is_tried_again_only_with_other_settings() {
    let attempts = [attempt(1, "a", not_sent(NotSentReason::Encoding, NOW_MS - 60_000))];
    let offers = [offer("a", 900, None)];
    let mut suppliers = snapshot(&["a"]);
    let before = plan(&attempts, &offers, &suppliers);
    assert_eq!(reason_for(&before, "a"), Some(SkipReason::AlreadyRefused { seq: 1 }));
    suppliers.get_mut(&SupplierId::from("a")).unwrap().settings = SettingsDigest::from("s2");
    assert_eq!(order_of(&plan(&attempts, &offers, &suppliers)), ["a"]);
}

#[test]
fn an_order_that_has_used_its_attempts_waits_for_nobody() {
    let attempts: Vec<Attempt> = (1..=9).map(|seq| attempt(seq, "a", refused())).collect();
    let plan = plan(
        &attempts,
        &[offer("b", 900, None), offer("c", 900, None)],
        &snapshot(&["a", "b", "c"]),
    );
    assert!(plan.candidates.is_empty());
    assert_eq!(reason_for(&plan, "b"), Some(SkipReason::AttemptsExhausted));
    assert_eq!(reason_for(&plan, "c"), Some(SkipReason::AttemptsExhausted));
    assert_eq!(plan.retry_at_ms(), None);
}

#[test]
fn offers_of_other_products_and_face_values_are_not_looked_at() {
    let other_sku = Offer {
        sku: Sku::from("gift"),
        ..offer("a", 900, None)
    };
    let other_face = Offer {
        face_minor: 5_000,
        ..offer("b", 900, None)
    };
    assert_eq!(
        plan(&[], &[other_sku, other_face], &snapshot(&["a", "b"])),
        Plan {
            strategy: By::Priority,
            ..Plan::default()
        }
    );
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn any_offer() -> impl Strategy<Value = Offer> {
    (0..NAMES.len(), 800_i64..1_200, proptest::option::of(0_u16..3), any::<bool>()).prop_map(|(name, cost, priority, enabled)| Offer {
        enabled,
        ..offer(NAMES[name], cost, priority)
    })
}

fn any_view() -> impl Strategy<Value = SupplierView> {
    let state = prop_oneof![
        4 => Just(SupplierState::Active),
        1 => Just(SupplierState::Paused),
        1 => Just(SupplierState::Draining)
    ];
    (state, 0_u16..3, any::<bool>()).prop_map(|(state, default_priority, is_yen)| SupplierView {
        state,
        default_priority,
        currency: if is_yen { Currency::Jpy } else { Currency::Cny },
        ..view()
    })
}

fn any_attempt() -> impl Strategy<Value = (usize, AttemptState)> {
    let state = prop_oneof![
        Just(refused()),
        (0_i64..20_000).prop_map(|ago| not_sent(NotSentReason::Connect, NOW_MS - ago)),
        (0_i64..20_000).prop_map(|ago| not_sent(NotSentReason::Encoding, NOW_MS - ago)),
    ];
    (0..NAMES.len(), state)
}

proptest! {
    #[test]
    fn every_supplier_is_named_once_whatever_order_its_offers_come_in(
        offers in proptest::collection::vec(any_offer(), 0..9),
        views in proptest::collection::btree_map(0..NAMES.len(), any_view(), 0..6),
        tried in proptest::collection::vec(any_attempt(), 0..10),
        shuffle in any::<prop::sample::Index>(),
        may_lose_money in any::<bool>(),
    ) {
        let suppliers: Snapshot = views.into_iter().map(|(name, view)| (SupplierId::from(NAMES[name]), view)).collect();
        let attempts: Vec<Attempt> = tried
            .into_iter()
            .zip(1_u8..)
            .map(|((name, state), seq)| attempt(seq, NAMES[name], state))
            .collect();
        let terms = Terms { may_lose_money, ..terms(1_000, 1) };
        let policy = Policy::default();
        let plan = planned(&terms, &attempts, &offers, &suppliers, &policy);

        let mut named: Vec<&SupplierId> =
            plan.candidates.iter().map(|c| &c.supplier).chain(plan.skipped.iter().map(|s| &s.supplier)).collect();
        named.sort();
        let mut offering: Vec<&SupplierId> = offers.iter().map(|o| &o.supplier).collect();
        offering.sort();
        offering.dedup();
        prop_assert_eq!(named, offering);

        let mut turned = offers.clone();
        turned.reverse();
        if !turned.is_empty() {
            let by = shuffle.index(turned.len());
            turned.rotate_left(by);
        }
        prop_assert_eq!(&planned(&terms, &attempts, &turned, &suppliers, &policy), &plan);

        for candidate in &plan.candidates {
            let view = &suppliers[&candidate.supplier];
            prop_assert_eq!(view.state, SupplierState::Active);
            prop_assert!(attempts.iter().filter(|attempt| not_sent_at_ms(attempt).is_none()).count() < 9);
            let was_refused = attempts.iter().any(|a| {
                a.supplier == candidate.supplier && matches!(a.state, AttemptState::Dead { proof: Proof::Refused { .. }, .. })
            });
            prop_assert!(!was_refused, "{:?} had refused", candidate.supplier);
            let is_within_price = candidate.cost.currency == Currency::Cny && candidate.cost.minor <= 1_000;
            prop_assert!(may_lose_money || is_within_price);
        }
        for skip in &plan.skipped {
            if let Some(until_ms) = skip.reason.until_ms() {
                prop_assert!(until_ms > NOW_MS, "a plan that waits for the past would be made again at once");
            }
        }
    }
}

#[test]
fn tries_that_never_left_use_up_no_tries_and_wait_longer_each_time() {
    let policy = Policy::default();
    let mut attempts = Vec::new();
    let mut pauses = Vec::new();
    for seq in 1..=12 {
        attempts.push(attempt(seq, "a", not_sent(NotSentReason::Connect, NOW_MS)));
        let plan = plan(&attempts, &[offer("a", 900, None)], &snapshot(&["a"]));
        let Some(SkipReason::Unreachable { until_ms }) = reason_for(&plan, "a") else {
            panic!("{plan:?}")
        };
        pauses.push(until_ms - NOW_MS);
    }
    assert_eq!(pauses[..4], [5_000, 10_000, 20_000, 40_000]);
    assert_eq!(pauses[11], policy.unreachable_pause_max_ms, "beyond max_attempts it still waits");
}
