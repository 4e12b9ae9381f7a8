//! Which orders try a supplier whose circuit is half-open.

use super::*;

const PROBING: Option<SkipReason> = Some(SkipReason::Probing { until_ms: NOW_MS + 5_000 });

/// Two suppliers, `b` half-open for so long and with offers of other face values at these costs.
fn scene(for_ms: i64, others: &[i64]) -> Scene {
    let mut standing = half_open(0);
    if let Circuit::HalfOpen { since_ms, .. } = &mut standing.circuit {
        *since_ms = NOW_MS - for_ms;
    }
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]).stands("b", standing);
    for (face_minor, cost) in (1..).zip(others) {
        scene.offers.push(Offer {
            face_minor,
            ..offer("b", *cost, Some(1))
        });
    }
    scene.steering.circuit.step_ms = 1_000;
    scene
}

#[test]
fn a_half_open_supplier_gets_one_order_that_can_afford_it() {
    let scene = || Scene::of(&[("a", 900), ("b", 900)]);
    assert_eq!(scene().stands("b", half_open(0)).order()[0], ("b".to_owned(), Because::Probe));
    let probing = Some(SkipReason::Probing { until_ms: NOW_MS + 5_000 });
    assert_eq!(scene().stands("b", half_open(1)).reason("b"), probing);
    let mut dear = scene().stands("b", half_open(0));
    dear.steering.circuit.probe_max_cost_minor = Some(899);
    assert_eq!(dear.reason("b"), probing);
    let mut late = scene().stands("b", half_open(0));
    late.steering.circuit.probe_spare_ms = 600_001;
    assert_eq!(late.reason("b"), probing);
    let mut tried = Scene::of(&[("a", 900), ("b", 900), ("c", 900)]).stands("b", half_open(0));
    tried.attempts.push(attempt(1, "a", refused()));
    assert_eq!(tried.reason("b"), probing, "c can take it");
}

#[test]
fn an_order_that_only_a_half_open_supplier_can_take_does_not_wait_for_another_to_probe_it() {
    // Perhaps no other order ever comes.
    let mut tried = scene(0, &[100]);
    tried.attempts.push(attempt(1, "a", refused()));
    tried.steering.circuit.probe_spare_ms = 600_001;
    assert_eq!(tried.order(), [("b".to_owned(), Because::Probe)]);
    tried.steering.circuit.probe_max_cost_minor = Some(899);
    assert_eq!(tried.reason("b"), PROBING, "what a probe may cost is the operator's to say");
}

#[test]
fn of_two_that_may_be_probed_the_one_whose_doubt_can_be_settled_comes_first() {
    let mut scene = Scene::of(&[("a", 900), ("b", 900)])
        .stands("a", half_open(0))
        .stands("b", half_open(0));
    let settles = |view: &mut SupplierView, queries: bool, resubmits: bool| {
        view.answers_queries = queries;
        (view.promises.deduplicates, view.promises.keeps_failed_ids) = (resubmits, resubmits);
    };
    settles(scene.view("b"), false, true);
    for (queries, resubmits, first) in [(false, false, "b"), (true, false, "a"), (false, true, "a")] {
        settles(scene.view("a"), queries, resubmits);
        assert_eq!(scene.order()[0], (first.to_owned(), Because::Probe), "{queries} {resubmits}");
    }
}

#[test]
fn at_first_only_the_smallest_orders_probe_and_after_a_step_any() {
    let others = [100, 1_700];
    assert_eq!(scene(0, &others).reason("b"), PROBING);
    assert_eq!(scene(499, &others).reason("b"), PROBING);
    assert_eq!(scene(500, &others).reason("b"), None, "half way from 100 to 1,700");
    let dearest = [100];
    assert_eq!(scene(999, &dearest).reason("b"), PROBING);
    assert_eq!(scene(1_000, &dearest).reason("b"), None);
    assert_eq!(scene(-5_000, &others).reason("b"), PROBING, "a clock that went back");
    let only_dearer = [1_700];
    assert_eq!(
        scene(0, &only_dearer).order()[0],
        ("b".to_owned(), Because::Probe),
        "it is the smallest itself"
    );
}

#[test]
fn an_offer_that_is_switched_off_makes_no_other_look_large() {
    let mut scene = scene(0, &[100]);
    scene
        .offers
        .iter_mut()
        .filter(|offer| offer.cost_minor == 100)
        .for_each(|offer| offer.enabled = false);
    assert_eq!(scene.reason("b"), None);
}

#[test]
fn at_first_only_the_most_patient_orders_probe() {
    let patient = |for_ms| {
        let mut scene = scene(for_ms, &[]);
        // The order has 600 s left.
        scene.steering.circuit.probe_spare_ms = 400_000;
        scene
    };
    assert_eq!(patient(499).reason("b"), PROBING);
    assert_eq!(patient(500).reason("b"), None);
}

#[test]
fn the_best_of_the_bad_may_be_one_that_others_are_probing() {
    let mut product = by(By::Health);
    product.when_all_out = AllOut::Best;
    let scene = Scene::of(&[("a", 900)]).steered(product).stands("a", half_open(1));
    assert_eq!(scene.order(), [("a".to_owned(), Because::BestOfBad)]);
}

#[test]
fn where_nobody_else_could_take_it_any_order_probes() {
    let mut alone = scene(0, &[100]);
    alone.suppliers.remove(&SupplierId::from("a"));
    assert_eq!(alone.order(), [("b".to_owned(), Because::Probe)]);
    let ill = scene(0, &[100]).stands("a", open(CircuitCause::FaultRate));
    assert_eq!(ill.order()[0], ("b".to_owned(), Because::Probe));
}
