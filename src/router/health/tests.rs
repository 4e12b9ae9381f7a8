//! What the book says after random sightings.

use proptest::prelude::*;

use super::*;
use crate::domain::attempt::NotSentReason;
use crate::domain::outcome::{Doubt, RefusalKind, Via};

const NOW_MS: i64 = 1_800_000_000_000;

fn sighting(supplier: &str, sku: &str, number: u16, fact: Fact) -> Sighting {
    Sighting {
        supplier: SupplierId::from(supplier),
        sku: Sku::from(sku),
        segment: None,
        order: OrderId::compose(NOW_MS, 1, number).unwrap(),
        seq: 1,
        at_ms: NOW_MS + i64::from(number) * 100,
        fact,
    }
}

fn refused(kind: RefusalKind) -> Fact {
    Fact::Refused { via: Via::Submit, kind }
}

fn delivered() -> Fact {
    Fact::Delivered {
        via: Via::Query,
        took_ms: 2_000,
        denied: false,
    }
}

fn book_of(seen: &[Sighting]) -> HealthBook {
    let (mut book, steering) = (HealthBook::default(), Steering::default());
    seen.iter().for_each(|sighting| book.learn(sighting, &steering));
    book
}

fn standing(book: &HealthBook, sku: &str) -> Standing {
    book.standing(&SupplierId::from("a"), sku, None, &Steering::default(), NOW_MS + 10_000)
}

#[test]
fn nothing_known_is_no_score() {
    assert_eq!(standing(&HealthBook::default(), "qb"), Standing::default());
}

#[test]
fn a_product_of_which_little_is_known_has_the_score_of_its_supplier() {
    let mut seen: Vec<Sighting> = (0..40).map(|n| sighting("a", "x", n, refused(RefusalKind::Parameters))).collect();
    seen.push(sighting("a", "y", 41, delivered()));
    let book = book_of(&seen);
    let (thin, whole) = (standing(&book, "y"), standing(&book, "never sold"));
    assert!(thin.score_bp > whole.score_bp && thin.score_bp < Some(3_000), "{thin:?} {whole:?}");
    assert!(thin.is_ill && whole.is_ill);
}

#[test]
fn a_product_out_of_stock_takes_no_other_product_with_it() {
    let seen: Vec<Sighting> = (0..20).map(|n| sighting("a", "x", n, refused(RefusalKind::Stock))).collect();
    let book = book_of(&seen);
    assert!(matches!(standing(&book, "x").circuit, Circuit::Open { .. }));
    assert_eq!(
        (standing(&book, "y").circuit, standing(&book, "y").is_ill),
        (Circuit::Closed, false)
    );
}

#[test]
fn a_supplier_without_our_money_is_out_for_every_product() {
    let book = book_of(&[sighting("a", "x", 0, refused(RefusalKind::SupplierBalance))]);
    for sku in ["x", "y"] {
        let circuit = standing(&book, sku).circuit;
        assert!(
            matches!(
                circuit,
                Circuit::Open {
                    cause: CircuitCause::SupplierBalance,
                    ..
                }
            ),
            "{circuit:?}"
        );
    }
}

#[test]
fn what_is_delivered_too_late_is_no_success() {
    let slow = Fact::Delivered {
        via: Via::Query,
        took_ms: 30_001,
        denied: false,
    };
    let seen: Vec<Sighting> = (0..10).map(|n| sighting("a", "x", n, slow.clone())).collect();
    let late = standing(&book_of(&seen), "x");
    assert!(late.is_ill && late.circuit == Circuit::Closed, "{late:?}");
}

#[test]
fn what_is_forgotten_heals() {
    let seen: Vec<Sighting> = (0..4).map(|n| sighting("a", "x", n, refused(RefusalKind::Failed))).collect();
    let book = book_of(&seen);
    let ill = standing(&book, "x");
    assert!(
        ill.is_ill && ill.ill_since_ms.is_some_and(|at_ms| (NOW_MS..NOW_MS + 400).contains(&at_ms)),
        "{ill:?}"
    );
    let later_ms = NOW_MS + 6 * 3_600_000;
    let later = book.standing(&SupplierId::from("a"), "x", None, &Steering::default(), later_ms);
    assert!(!later.is_ill && later.ill_since_ms.is_none(), "{later:?}");
}

#[test]
fn evidence_names_the_attempts_that_cost_something() {
    let mut seen = vec![sighting("a", "x", 0, delivered())];
    seen.extend((1..80).map(|n| sighting("a", "x", n, refused(RefusalKind::Failed))));
    let book = book_of(&seen);
    let evidence: Vec<&Evidence> = book.evidence(&SupplierId::from("a")).collect();
    assert_eq!(evidence.len(), 50);
    assert_eq!(evidence.last().unwrap().order, seen.last().unwrap().order);
    assert_eq!(book.evidence(&SupplierId::from("b")).count(), 0);
}

#[test]
fn products_remembered_apart_are_bounded() {
    let mut book = HealthBook::default();
    let steering = Steering::default();
    let count = |book: &HealthBook| book.products.len();
    for n in 0..3 * MOST_PRODUCTS {
        let seen = Sighting {
            at_ms: NOW_MS + i64::try_from(n).unwrap(),
            ..sighting("a", &format!("sku-{n}"), 1, delivered())
        };
        book.learn(&seen, &steering);
        assert!(count(&book) <= MOST_PRODUCTS);
    }
    let latest = format!("sku-{}", 3 * MOST_PRODUCTS - 1);
    assert!(book.products.contains_key(&latest));
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => Just(delivered()),
        2 => proptest::sample::select(RefusalKind::ALL.to_vec()).prop_map(refused),
        1 => Just(Fact::NotSent { why: NotSentReason::Connect }),
        1 => Just(Fact::NotSent { why: NotSentReason::Encoding }),
        1 => Just(Fact::Doubted { via: Via::Submit, doubt: Doubt::Timeout }),
        1 => Just(Fact::Complained),
        2 => Just(Fact::Opened),
        1 => Just(Fact::Accepted),
    ]
}

fn any_seen(most: usize) -> impl Strategy<Value = Vec<(&'static str, &'static str, Fact)>> {
    let one = (
        proptest::sample::select(vec!["a", "b", "c"]),
        proptest::sample::select(vec!["x", "y"]),
        any_fact(),
    );
    proptest::collection::vec(one, 0..most)
}

fn numbered(seen: Vec<(&str, &str, Fact)>) -> Vec<Sighting> {
    let numbers = 0_u16..;
    seen.into_iter()
        .zip(numbers)
        .map(|((who, sku, fact), number)| sighting(who, sku, number, fact))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever came before, and whatever others do meanwhile: N faults in a row leave it out within N + 2.
    #[test]
    fn so_many_faults_in_a_row_always_trip(before in any_seen(60), between in any_seen(7)) {
        let steering = Steering::default();
        let mut seen = numbered(before);
        let mut others = between.into_iter().filter(|(who, ..)| *who != "a");
        let mut book = book_of(&seen);
        let mut requests = 0;
        loop {
            let number = u16::try_from(seen.len()).unwrap();
            let now_ms = NOW_MS + i64::from(number) * 100;
            let circuit = book.standing(&SupplierId::from("a"), "x", None, &steering, now_ms).circuit;
            if matches!(circuit, Circuit::Open { .. }) {
                break;
            }
            prop_assert!(requests < usize::from(steering.circuit.faults_in_a_row) + 2, "{circuit:?}");
            requests += 1;
            let mut news = vec![sighting("a", "x", number, Fact::Opened), sighting("a", "x", number, refused(RefusalKind::Failed))];
            if let Some((who, sku, fact)) = others.next() {
                news.insert(1, sighting(who, sku, number, fact));
            }
            news.iter().for_each(|sighting| book.learn(sighting, &steering));
            seen.extend(news);
        }
    }

    #[test]
    fn the_same_sightings_make_the_same_book_and_buyers_mistakes_change_no_score(seen in any_seen(80)) {
        let seen = numbered(seen);
        let book = book_of(&seen);
        prop_assert_eq!(&book_of(&seen), &book);
        let is_buyers = |sighting: &&Sighting| sighting.fact == refused(RefusalKind::Recipient);
        let without: Vec<Sighting> = seen.iter().filter(|sighting| !is_buyers(sighting)).cloned().collect();
        let cleaned = book_of(&without);
        for who in ["a", "b", "c"] {
            let score = |book: &HealthBook| book.whole(&SupplierId::from(who), &Steering::default(), NOW_MS + 10_000).score_bp;
            prop_assert_eq!(score(&cleaned), score(&book));
        }
    }
}

#[test]
fn one_carrier_s_failures_leave_the_others_in_their_place() {
    let of = |carrier: &str, region: Option<&str>| Segment {
        carrier: carrier.into(),
        region: region.map(Into::into),
    };
    let at = |segment: &Segment, number, fact| Sighting {
        segment: Some(segment.clone()),
        ..sighting("a", "x", number, fact)
    };
    let (unicom, south) = (of("unicom", None), of("mobile", Some("广东")));
    let (mobile, north) = (of("mobile", None), of("mobile", Some("北京")));
    // Out of stock for one carrier and one region; everything else is delivered.
    let mut seen = Vec::new();
    for number in (0..200).step_by(4) {
        seen.push(at(&unicom, number, refused(RefusalKind::Stock)));
        seen.push(at(&south, number + 1, refused(RefusalKind::Stock)));
        seen.push(at(&north, number + 2, delivered()));
        seen.push(at(&mobile, number + 3, delivered()));
    }
    let book = book_of(&seen);
    let now_ms = NOW_MS + 20_000;
    let steering = Steering::default();
    let stands = |segment: &Segment| book.standing(&SupplierId::from("a"), "x", Some(segment), &steering, now_ms);
    let is_out = |segment| matches!(stands(segment).circuit, Circuit::Open { .. } | Circuit::HalfOpen { .. });
    assert!(is_out(&unicom) && is_out(&south));
    assert!(stands(&unicom).score_bp < Some(2_500), "{:?}", stands(&unicom));
    assert!(stands(&south).score_bp < Some(3_500), "{:?}", stands(&south));
    assert!(stands(&north).score_bp > Some(7_000), "{:?}", stands(&north));
    let unheard = of("telecom", Some("西藏"));
    assert_eq!(
        stands(&unheard),
        standing_at(&book, now_ms),
        "the product speaks for a carrier that was never seen"
    );
    let facets = book.facets(&SupplierId::from("a"), &steering, now_ms);
    let parts: Vec<_> = facets.iter().map(|facet| facet.part.as_deref()).collect();
    assert_eq!(parts, [None, Some("mobile"), Some("unicom"), Some("北京"), Some("广东")]);
}

fn standing_at(book: &HealthBook, now_ms: i64) -> Standing {
    book.standing(&SupplierId::from("a"), "x", None, &Steering::default(), now_ms)
}
