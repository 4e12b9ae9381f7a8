//! Who comes first under every strategy, with health given by hand.

use proptest::prelude::*;

use super::super::super::health::Circuit;
use super::*;
use crate::domain::plan::{Because, CircuitCause};
use crate::domain::steering::{AllOut, Consistency, OfferSteering, ProductSteering, SupplierSteering, Window};

mod constraints;
mod probes;

/// Suppliers with their cost, in order of priority, and what is known of them.
struct Scene {
    offers: Vec<Offer>,
    suppliers: Snapshot,
    standings: BTreeMap<SupplierId, Standing>,
    loads: BTreeMap<SupplierId, Load>,
    steering: Steering,
    attempts: Vec<Attempt>,
    segment: Option<Segment>,
    draw: u64,
}

impl Scene {
    fn of(costs: &[(&str, i64)]) -> Self {
        let offers = costs.iter().zip(0..).map(|((name, cost), place)| offer(name, *cost, Some(place)));
        let names: Vec<&str> = costs.iter().map(|(name, _)| *name).collect();
        Self {
            offers: offers.collect(),
            suppliers: snapshot(&names),
            standings: BTreeMap::new(),
            loads: BTreeMap::new(),
            steering: Steering {
                product: BTreeMap::from([("*".to_owned(), by(By::Health))]),
                ..Steering::default()
            },
            attempts: Vec::new(),
            segment: None,
            draw: 1,
        }
    }

    fn steered(mut self, product: ProductSteering) -> Self {
        self.steering.product.insert("q*".to_owned(), product);
        self
    }

    fn stands(mut self, name: &str, standing: Standing) -> Self {
        self.standings.insert(SupplierId::from(name), standing);
        self
    }

    fn view(&mut self, name: &str) -> &mut SupplierView {
        self.suppliers.get_mut(&SupplierId::from(name)).unwrap()
    }

    fn plan(&self) -> Plan {
        let view = View {
            suppliers: &self.suppliers,
            steering: &self.steering,
            version: 7,
            health: &HealthBook::default(),
            loads: &self.loads,
            shop: "shop-1",
            policy: &Policy::default(),
            draw: self.draw,
            now_ms: NOW_MS,
        };
        let standing = |supplier: &SupplierId| self.standings.get(supplier).cloned().unwrap_or_default();
        let terms = Terms {
            segment: self.segment.clone(),
            ..terms(1_000, 1)
        };
        route_by(&terms, &self.attempts, &self.offers, &view, standing)
    }

    fn order(&self) -> Vec<(String, Because)> {
        let candidates = self.plan().candidates.into_iter();
        candidates
            .map(|candidate| (candidate.supplier.to_string(), candidate.stands.because))
            .collect()
    }

    fn reason(&self, name: &str) -> Option<SkipReason> {
        let skipped = self.plan().skipped.into_iter();
        skipped.filter(|skip| skip.supplier.as_str() == name).map(|skip| skip.reason).next()
    }
}

fn by(strategy: By) -> ProductSteering {
    ProductSteering {
        strategy,
        explore_percent: 0,
        ..ProductSteering::default()
    }
}

fn scored(score_bp: u16) -> Standing {
    Standing {
        score_bp: Some(score_bp),
        facts: 100,
        is_ill: score_bp < 7_000,
        ..Standing::default()
    }
}

fn open(cause: CircuitCause) -> Standing {
    Standing {
        circuit: Circuit::Open {
            since_ms: NOW_MS - 1,
            until_ms: NOW_MS + 9_000,
            cause,
        },
        ..scored(1_000)
    }
}

fn half_open(in_flight: u16) -> Standing {
    Standing {
        circuit: Circuit::HalfOpen {
            since_ms: NOW_MS - 1,
            in_flight,
            succeeded: 0,
        },
        ..scored(2_000)
    }
}

fn names(order: &[(String, Because)]) -> Vec<&str> {
    order.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_ill_stand_behind_the_healthy_by_health_and_where_they_stood_by_strict_priority() {
    let scene = |strategy| {
        Scene::of(&[("a", 900), ("b", 800), ("c", 700)])
            .steered(by(strategy))
            .stands("a", scored(5_000))
    };
    let order = scene(By::Health).order();
    assert_eq!(names(&order), ["b", "c", "a"]);
    assert_eq!(order[2].1, Because::Demoted);
    assert_eq!(names(&scene(By::Priority).order()), ["a", "b", "c"]);
    assert_eq!(scene(By::Health).plan().steering, 7);
}

#[test]
fn without_a_document_scores_and_circuits_are_only_shown() {
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]).stands("a", open(CircuitCause::FaultRate));
    scene.steering = Steering::default();
    assert_eq!(names(&scene.order()), ["a", "b"]);
    assert_eq!(scene.plan().candidates[0].stands.score_bp, Some(1_000));
}

#[test]
fn the_cheapest_healthy_one_comes_first() {
    let scene = Scene::of(&[("a", 900), ("b", 700), ("c", 800)])
        .steered(by(By::Cheapest))
        .stands("b", scored(100));
    let order = scene.order();
    assert_eq!(names(&order), ["c", "a", "b"]);
    assert_eq!(order[0].1, Because::Cost);
}

#[test]
fn value_weighs_margin_success_doubt_and_delay() {
    let value = || by(By::Value);
    let dear_and_sure = || Scene::of(&[("a", 900), ("b", 850)]).steered(value()).stands("a", scored(9_900));
    // 10 % of margin at 99 % are more than 15 % at 50 %.
    let order = dear_and_sure().stands("b", scored(5_000)).order();
    assert_eq!(order[0], ("a".to_owned(), Because::Value));
    let order = dear_and_sure().stands("b", scored(9_000)).order();
    assert_eq!(names(&order), ["b", "a"]);
    // One order of ten in doubt costs 5 % of the price.
    let doubtful = Standing {
        unknown_bp: 1_000,
        ..scored(9_000)
    };
    assert_eq!(names(&dear_and_sure().stands("b", doubtful).order()), ["a", "b"]);
    // An hour costs 6 %.
    let slow = Standing {
        latency_ms: Some(3_600_000),
        ..scored(9_000)
    };
    assert_eq!(names(&dear_and_sure().stands("b", slow).order()), ["a", "b"]);
}

#[test]
fn an_open_circuit_is_left_out_with_its_cause_and_until_when() {
    let scene = Scene::of(&[("a", 900), ("b", 900)]).stands("a", open(CircuitCause::FaultsInARow));
    assert_eq!(names(&scene.order()), ["b"]);
    assert_eq!(
        scene.reason("a"),
        Some(SkipReason::CircuitOpen {
            until_ms: NOW_MS + 9_000,
            cause: CircuitCause::FaultsInARow
        })
    );
}

#[test]
fn when_all_are_out_the_product_waits_or_takes_the_best_of_the_bad() {
    let scene = |when_all_out| {
        let product = ProductSteering {
            when_all_out,
            ..by(By::Health)
        };
        let better = Standing {
            score_bp: Some(3_000),
            ..open(CircuitCause::UnknownRate)
        };
        Scene::of(&[("a", 900), ("b", 900), ("c", 900)])
            .steered(product)
            .stands("a", open(CircuitCause::FaultRate))
            .stands("b", better)
            .stands("c", open(CircuitCause::Maintenance))
    };
    let waits = scene(AllOut::Wait).plan();
    assert_eq!((waits.candidates.len(), waits.retry_at_ms()), (0, Some(NOW_MS + 9_000)));
    assert_eq!(scene(AllOut::Best).order(), [("b".to_owned(), Because::BestOfBad)]);
}

#[test]
fn no_more_than_the_products_share_is_demoted_by_its_own_health() {
    let scene = Scene::of(&[("a", 900), ("b", 900), ("c", 900), ("d", 900)])
        .stands("a", scored(6_000))
        .stands("b", scored(3_000))
        .stands("c", scored(2_000));
    assert_eq!(names(&scene.order()), ["a", "d", "b", "c"], "half of four: the two worst");
    let mut all_but_one_out = Scene::of(&[("a", 900), ("b", 900), ("c", 900)])
        .stands("a", open(CircuitCause::FaultRate))
        .stands("b", open(CircuitCause::FaultRate));
    all_but_one_out.standings.get_mut(&SupplierId::from("b")).unwrap().score_bp = Some(4_000);
    let order = all_but_one_out.order();
    assert_eq!(order, [("c".to_owned(), Because::Priority), ("b".to_owned(), Because::Demoted)]);
}

#[test]
fn a_returning_supplier_gets_its_share_and_no_more() {
    let returning = Standing {
        circuit: Circuit::Returning {
            since_ms: NOW_MS,
            percent: 10,
        },
        ..scored(8_000)
    };
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]).stands("a", returning);
    let mut first = 0;
    for draw in 0..1_000 {
        scene.draw = draw;
        first += usize::from(scene.order()[0] == ("a".to_owned(), Because::Returning));
    }
    assert!((70..130).contains(&first), "{first} of 1,000");
}

#[test]
fn what_an_operator_pinned_stands_above_health_and_priority() {
    let mut scene = Scene::of(&[("a", 900), ("b", 900)]).stands("b", open(CircuitCause::FaultRate));
    scene.view("b").pinned = vec!["qb".to_owned()];
    assert_eq!(scene.order(), [("b".to_owned(), Because::Pinned)]);
    assert_eq!(scene.reason("a"), Some(SkipReason::NotPinned));
    scene.view("b").state = SupplierState::Paused;
    assert_eq!(scene.plan().candidates, Vec::new(), "another operator's pause is no automatic one");
}

#[test]
fn weights_share_the_orders_and_a_weight_of_nothing_gets_none() {
    let mut product = by(By::Weighted);
    for (name, weight) in [("a", 0), ("b", 1), ("c", 3)] {
        let weight = Some(weight);
        let steered = OfferSteering {
            weight,
            ..OfferSteering::default()
        };
        product.supplier.insert(SupplierId::from(name), steered);
    }
    let mut scene = Scene::of(&[("a", 900), ("b", 900), ("c", 900)]).steered(product);
    let mut first: BTreeMap<String, u32> = BTreeMap::new();
    for draw in 0..4_000 {
        scene.draw = draw;
        *first.entry(scene.order()[0].0.clone()).or_default() += 1;
    }
    assert_eq!(first.get("a"), None);
    assert!((900..1_100).contains(&first["b"]), "{first:?}");
}

#[test]
fn exploring_tries_the_one_least_is_known_of_in_its_share() {
    let product = ProductSteering {
        explore_percent: 2,
        ..by(By::Health)
    };
    let mut scene = Scene::of(&[("a", 900), ("b", 900), ("c", 900)])
        .steered(product)
        .stands("b", scored(9_000));
    let mut explored = 0;
    for draw in 0..10_000 {
        scene.draw = draw;
        let (first, because) = scene.order().remove(0);
        explored += u32::from(because == Because::Explored);
        assert_eq!(first == "c", because == Because::Explored);
    }
    assert!((150..250).contains(&explored), "{explored} of 10,000");
}

fn any_standing() -> impl Strategy<Value = Standing> {
    let circuit = prop_oneof![
        4 => Just(Circuit::Closed),
        1 => Just(open(CircuitCause::FaultRate).circuit),
        1 => Just(open(CircuitCause::Maintenance).circuit),
        1 => (0_u16..2).prop_map(|in_flight| half_open(in_flight).circuit),
        1 => (0_u8..100).prop_map(|percent| Circuit::Returning { since_ms: NOW_MS, percent }),
    ];
    (circuit, proptest::option::of(0_u16..10_000), 0_u16..5_000).prop_map(|(circuit, score_bp, unknown_bp)| Standing {
        circuit,
        score_bp,
        unknown_bp,
        is_ill: score_bp.is_some_and(|bp| bp < 7_000),
        ..Standing::default()
    })
}

proptest! {
    #[test]
    fn whatever_is_known_everybody_is_named_once_and_the_same_view_is_the_same_plan(
        standings in proptest::collection::vec(any_standing(), 6),
        strategy in proptest::sample::select(vec![By::Priority, By::Health, By::Cheapest, By::Value, By::Weighted]),
        most_demoted_percent in 0_u8..=100,
        explore_percent in 0_u8..=100,
        best in any::<bool>(),
        draw in any::<u64>(),
        pin in proptest::option::weighted(0.2, 0_usize..6),
    ) {
        let all = ["a", "b", "c", "d", "e", "f"];
        let product = ProductSteering {
            strategy,
            most_demoted_percent,
            explore_percent,
            when_all_out: if best { AllOut::Best } else { AllOut::Wait },
            ..ProductSteering::default()
        };
        let mut scene = Scene::of(&all.map(|name| (name, 900))).steered(product);
        for (name, standing) in all.iter().zip(standings) {
            scene = scene.stands(name, standing);
        }
        if let Some(pin) = pin {
            scene.view(all[pin]).pinned = vec!["*".to_owned()];
        }
        scene.draw = draw;
        let plan = scene.plan();
        prop_assert_eq!(&scene.plan(), &plan);
        let candidates = plan.candidates.iter().map(|candidate| candidate.supplier.to_string());
        let mut named: Vec<String> = candidates.chain(plan.skipped.iter().map(|skip| skip.supplier.to_string())).collect();
        named.sort();
        prop_assert_eq!(named, all);
        if let Some(pin) = pin {
            let order = scene.order();
            prop_assert_eq!(names(&order), [all[pin]]);
        }
        let is_bad = |name: &str| {
            let standing = &scene.standings[&SupplierId::from(name)];
            standing.is_ill || standing.circuit != Circuit::Closed
        };
        let front = plan.candidates.iter().take_while(|candidate| candidate.stands.because != Because::Demoted);
        if pin.is_none() && all.iter().any(|name| !is_bad(name)) {
            prop_assert!(front.count() > 0, "the well ones stand in front");
        }
        let is_out = |skip: &Skip| matches!(skip.reason, SkipReason::CircuitOpen { cause: CircuitCause::FaultRate, .. });
        let out = plan.skipped.iter().filter(|skip| is_out(skip)).count();
        let most = (6 * usize::from(most_demoted_percent) / 100).max(1);
        prop_assert!(pin.is_some() || plan.candidates.is_empty() || best || out <= most, "{} of {}", out, most);
    }
}
