//! Whom steering, promises and what suppliers take keep out, each with its reason.

use super::*;

#[test]
fn each_constraint_has_its_reason() {
    let strict = ProductSteering {
        class: Consistency::Strict,
        ..by(By::Health)
    };
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]).steered(strict);
    scene.view("b").promises = Promises {
        deduplicates: true,
        keeps_failed_ids: true,
        ..Promises::default()
    };
    assert_eq!((names(&scene.order()), scene.reason("a")), (vec!["b"], Some(SkipReason::NotStrict)));

    let ceiling = ProductSteering {
        cost_ceiling: Some("8.50".to_owned()),
        ..by(By::Health)
    };
    let cost = Money::new(851, Currency::Cny);
    let scene = Scene::of(&[("a", 851), ("b", 850)]).steered(ceiling);
    assert_eq!(scene.reason("a"), Some(SkipReason::CostAboveCeiling { cost }));

    let mut scene = Scene::of(&[("a", 900), ("b", 900)]);
    let of = |shop: &str, from: &str| SupplierSteering {
        shops: std::iter::once(shop.to_owned()).collect(),
        window: vec![Window {
            reason: "month end".to_owned(),
            from: from.to_owned(),
            minutes: 1_440,
        }],
        ..SupplierSteering::default()
    };
    scene
        .steering
        .supplier
        .insert(SupplierId::from("a"), of("shop-2", "2020-01-01T00:00"));
    scene.steering.supplier.insert(SupplierId::from("b"), of("shop-1", "daily 00:00"));
    assert_eq!(scene.reason("a"), Some(SkipReason::NotForShop));
    assert!(matches!(scene.reason("b"), Some(SkipReason::Calendar { why, .. }) if why == "month end"));

    let mut scene = Scene::of(&[("a", 900), ("b", 900)]);
    scene.view("a").switch = Switch::ForcedOpen;
    assert_eq!(scene.reason("a"), Some(SkipReason::ForcedOpen));
}

#[test]
fn a_segment_keeps_numbers_from_those_that_do_not_serve_them_and_a_region_too() {
    let product = |carriers: &[&str], regions: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let steered = OfferSteering {
            carriers: names(carriers),
            regions: names(regions),
            ..OfferSteering::default()
        };
        let mut product = by(By::Priority);
        product.supplier.insert(SupplierId::from("a"), steered);
        product
    };
    let reason = |carriers: &[&str], regions: &[&str], segment: Option<(&str, Option<&str>)>| {
        let mut scene = Scene::of(&[("a", 900)]).steered(product(carriers, regions));
        scene.segment = segment.map(|(carrier, region)| Segment {
            carrier: carrier.into(),
            region: region.map(Into::into),
        });
        scene.reason("a")
    };
    let kept_from = |of: &str| Some(SkipReason::NotForNumber { of: of.into() });
    let (mobile, there) = (Some(("mobile", None)), Some(("mobile", Some("北京"))));
    assert_eq!(reason(&["unicom"], &[], mobile), kept_from("mobile"));
    assert_eq!(reason(&["unicom", "mobile"], &[], mobile), None);
    assert_eq!(reason(&["unicom"], &[], None), None, "no segment, no hint");
    assert_eq!(reason(&[], &["广东"], there), kept_from("北京"));
    assert_eq!(reason(&[], &["广东"], mobile), None, "of no known region");
    assert_eq!(reason(&[], &[], there), None);
}

fn waits(wait_ms: u64) -> Load {
    Load {
        wait_ms,
        ..Load::default()
    }
}

#[test]
fn a_day_that_is_full_and_a_recipient_just_met_bar_a_supplier_until_they_are_over() {
    let full = |orders_left, cost_left_minor, recipient_until_ms| Load {
        orders_left,
        cost_left_minor,
        day_ends_ms: NOW_MS + 5_000,
        recipient_until_ms,
        ..Load::default()
    };
    let reason = |load| {
        let mut scene = Scene::of(&[("a", 900)]);
        scene.loads.insert(SupplierId::from("a"), load);
        scene.reason("a")
    };
    let until_ms = NOW_MS + 5_000;
    assert_eq!(reason(full(Some(0), None, 0)), Some(SkipReason::DailyOrders { until_ms }));
    assert_eq!(reason(full(Some(1), Some(899), 0)), Some(SkipReason::DailyCost { until_ms }));
    assert_eq!(reason(full(Some(1), Some(900), NOW_MS)), None);
    let until_ms = NOW_MS + 1;
    assert_eq!(reason(full(None, None, until_ms)), Some(SkipReason::RecipientTooSoon { until_ms }));
}

#[test]
fn a_queue_that_is_too_long_sends_the_order_on_but_fails_nobody() {
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]);
    scene.loads.insert(SupplierId::from("a"), waits(600_001));
    assert_eq!(scene.reason("a"), Some(SkipReason::WaitTooLong { wait_ms: 600_001 }));
    scene.loads.insert(SupplierId::from("b"), waits(600_002));
    assert_eq!(names(&scene.order()), ["a"], "the shortest of the queues is kept");
}
