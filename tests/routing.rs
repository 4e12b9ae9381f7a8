//! How long a plan takes where there is much to choose from: 200 suppliers that all offer each of
//! 10,000 products, every one of them with a history. `cargo test --release --test routing --
//! --nocapture` prints the figures (docs/decisions/0055): 50 microseconds are asked for; the bounds are
//! above them, for a busy machine. Allocations are counted, and must not grow with what is known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop where it stands, and this one measures real time"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alloc_tracker::{Allocator, Session};
use recharge_gateway::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::outcome::Via;
use recharge_gateway::domain::policy::{Policy, Promises};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::domain::steering::{ProductSteering, Steering};
use recharge_gateway::router::{Fact, HealthBook, Sighting, SupplierState, SupplierView, Switch, View, route};

#[global_allocator]
static ALLOCATOR: Allocator<std::alloc::System> = Allocator::system();

const NOW_MS: i64 = 1_800_000_000_000;
const SUPPLIERS: usize = 200;
const PRODUCTS: usize = 10_000;
/// A plan looks at the offers of its own product only: each twentieth product stands for all.
const STEP: usize = 20;
const PLANS: usize = if cfg!(debug_assertions) { 2_000 } else { 20_000 };

fn supplier(n: usize) -> SupplierId {
    SupplierId::from(format!("supplier-{n:03}").as_str())
}

fn sku(n: usize) -> Sku {
    Sku::from(format!("product-{n:05}").as_str())
}

fn terms(n: usize) -> Terms {
    let sku = sku(n);
    let asked = Asked {
        sku: &sku,
        quantity: 1,
        face_value: None,
        max_price: None,
        inputs: &Inputs::default(),
        callback_url: None,
        deadline_seconds: None,
    };
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n"),
        fingerprint: Fingerprint::of(&asked),
        sku: sku.clone(),
        kind: ProductKind::TopUp,
        quantity: 1,
        face: Money::new(10_000, Currency::Cny),
        price: Money::new(9_900, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms: NOW_MS + 600_000,
        callback_url: None,
        segment: None,
        advance_after_ms: None,
    }
}

/// As the catalog's shelf keeps them: by supplier, each name once.
fn offers(n: usize, names: &[SupplierId]) -> Vec<Offer> {
    let sku = sku(n);
    let offer = |s: usize| Offer {
        supplier: names[s].clone(),
        sku: sku.clone(),
        face_minor: 10_000,
        cost_minor: 9_000 + i64::try_from((s * 7 + n) % 900).unwrap(),
        priority: Some(u16::try_from(s % 5).unwrap()),
        code: format!("c{n}").into(),
        enabled: true,
    };
    (0..SUPPLIERS).map(offer).collect()
}

/// A book with a history at every supplier for every hundredth product.
fn book(steering: &Steering) -> HealthBook {
    let mut book = HealthBook::default();
    // First heard of in no order.
    for s in (0..SUPPLIERS).map(|s| s * 77 % SUPPLIERS) {
        for n in (0..PRODUCTS).step_by(100) {
            let fact = Fact::Delivered {
                via: Via::Submit,
                took_ms: 900,
                denied: false,
            };
            let order = OrderId::compose(NOW_MS, 1, 1).unwrap();
            let seen = Sighting {
                segment: None,
                supplier: supplier(s),
                sku: sku(n),
                order,
                seq: 1,
                at_ms: NOW_MS - 1_000,
                fact,
            };
            book.learn(&seen, steering);
        }
    }
    book
}

#[test]
fn a_plan_among_200_suppliers_takes_microseconds_and_no_more_memory_each_time() {
    let steering = Steering {
        product: BTreeMap::from([("*".to_owned(), ProductSteering::default())]),
        ..Steering::default()
    };
    let view = |s| {
        let view = SupplierView {
            state: SupplierState::Active,
            default_priority: 10,
            currency: Currency::Cny,
            settings: SettingsDigest::from("s1"),
            zone_offset_s: 28_800,
            promises: Promises::default(),
            answers_queries: true,
            switch: Switch::None,
            pinned: Vec::new(),
        };
        (supplier(s), view)
    };
    let suppliers = (0..SUPPLIERS).map(view).collect();
    let book = book(&steering);
    let names: Vec<SupplierId> = (0..SUPPLIERS).map(supplier).collect();
    let asked: Vec<(Terms, Vec<Offer>)> = (0..PRODUCTS).step_by(STEP).map(|n| (terms(n), offers(n, &names))).collect();
    let plan_for = |place: usize| {
        let (terms, offers) = &asked[place * 7 % asked.len()];
        let view = View {
            suppliers: &suppliers,
            steering: &steering,
            version: 0,
            health: &book,
            loads: &BTreeMap::new(),
            shop: "shop-1",
            policy: &Policy::default(),
            draw: u64::try_from(place).unwrap(),
            now_ms: NOW_MS,
        };
        route(terms, &[], offers, &view)
    };
    assert_eq!(plan_for(0).candidates.len(), SUPPLIERS);
    let mut took = Vec::with_capacity(PLANS);
    let mut half = |from: usize| {
        let session = Session::new().no_stdout().no_file();
        let counted = session.operation("plans");
        {
            let _counting = counted.measure_thread().iterations(1);
            for place in from..from + PLANS / 2 {
                let begin = Instant::now();
                let plan = plan_for(place);
                took.push(begin.elapsed());
                drop(plan);
            }
        }
        let report = session.to_report();
        report
            .operations()
            .map(|(_, counted)| counted.total_allocations_count())
            .sum::<u64>()
    };
    let (first, second) = (half(0), half(PLANS / 2));
    took.sort_unstable();
    let at = |part: usize| took[PLANS * part / 1_000];
    println!("a plan: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    println!("{} allocations a plan", first / u64::try_from(PLANS / 2).unwrap());
    assert!(second <= first + first / 100, "{first} allocations, then {second}");
    let most = Duration::from_micros(if cfg!(debug_assertions) { 5_000 } else { 150 });
    assert!(at(990) < most, "{:?}", at(990));
}
