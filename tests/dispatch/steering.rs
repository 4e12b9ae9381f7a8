//! Steering at work: what is published, switched and seen decides who gets the next order, and a restart
//! forgets none of it.

use recharge_gateway::dispatch::Acted;
use recharge_gateway::dispatch::steering::{NotPublished, Question};
use recharge_gateway::domain::desk::{Deed, DeedKind, Signature};
use recharge_gateway::domain::ids::{Sku, SupplierId};
use recharge_gateway::domain::plan::Because;
use recharge_gateway::seams::Clock;

use crate::wire::Say;
use crate::world::World;

const BOTH: [&str; 2] = ["north", "south"];

async fn publish(world: &World, base: u32, text: &str) -> Result<u32, NotPublished> {
    let signed = Signature::of("li", "a test");
    world.dispatch.publish(base, text.to_owned(), None, signed).await
}

fn question(draft: Option<&str>) -> Question {
    Question {
        sku: Sku::from("top-up"),
        face: None,
        shop: None,
        draft: draft.map(str::to_owned),
    }
}

fn first(world: &World, draft: Option<&str>) -> Option<(String, Because)> {
    let plan = world.dispatch.explain(&question(draft)).unwrap();
    let candidate = plan.candidates.into_iter().next()?;
    Some((candidate.supplier.to_string(), candidate.stands.because))
}

async fn switched(world: &World, supplier: &str, kind: DeedKind) {
    let deed = Deed {
        subject: Deed::about_supplier(&SupplierId::from(supplier)),
        kind,
        signed: Signature::of("li", "a test"),
        at_ms: world.clocks.now_ms(),
    };
    assert_eq!(world.dispatch.supplier_deed(deed).await, Acted::Done);
}

#[tokio::test]
async fn a_published_document_decides_the_next_order_and_survives_a_restart() {
    let world = World::new().await;
    assert_eq!(first(&world, None).unwrap().0, "north");
    let text = "[product.\"*\"]\nexplore_percent = 0\nsupplier.north.priority = 9\n";
    assert_eq!(
        first(&world, Some(text)).unwrap().0,
        "south",
        "a draft is tried without being in force"
    );
    assert_eq!(first(&world, None).unwrap().0, "north");
    assert_eq!(publish(&world, 0, text).await, Ok(1));
    let id = world.submit("1").await.unwrap();
    world.clocks.pass(5_000).await;
    assert_eq!(world.attempt(id).await.supplier.as_str(), "south");
    let world = world.reopened_with(&BOTH).await;
    assert_eq!(
        (world.dispatch.steering_version(), first(&world, None).unwrap().0),
        (1, "south".to_owned())
    );
}

#[tokio::test]
async fn of_two_who_publish_on_the_same_version_the_second_is_told() {
    let world = World::new().await;
    assert_eq!(publish(&world, 0, "").await, Ok(1));
    assert_eq!(publish(&world, 0, "").await, Err(NotPublished::Overtaken { version: 1 }));
}

#[tokio::test]
async fn a_document_that_is_wrong_changes_nothing_and_names_the_field() {
    let world = World::with("submit = { per_minute = 60, burst = 5 }", &BOTH).await;
    for (text, field) in [
        ("[product.\"*\"]\nstrategy = \"luck\"\n", "line 2"),
        ("[product.\"*\"]\nexplore = 3\n", "line 2"),
        ("[supplier.east]\n", "supplier.east"),
        (
            "[supplier.north.limits]\nsubmit = { per_minute = 61, burst = 5 }\n",
            "supplier.north.limits.submit.per_minute",
        ),
    ] {
        match publish(&world, 0, text).await {
            Err(NotPublished::Flaws(flaws)) => assert_eq!(flaws[0].field, field, "{flaws:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.dispatch.steering_version(), 0);
}

#[tokio::test]
async fn limits_below_the_contract_hold_from_the_next_permit_on() {
    let world = World::new().await;
    let text = "[supplier.north.limits]\nsubmit = { per_minute = 60, burst = 1 }\n";
    assert_eq!(publish(&world, 0, text).await, Ok(1));
    for number in 0..10 {
        world.submit(&number.to_string()).await.unwrap();
    }
    world.clocks.pass(3_000).await;
    assert_eq!(world.north.submitted().len(), 3);
}

#[tokio::test]
async fn a_supplier_that_keeps_failing_is_left_alone_and_its_scorecard_says_why() {
    let world = World::new().await;
    publish(&world, 0, "[product.\"*\"]\nexplore_percent = 0\n").await.unwrap();
    world.north.submits(&[Say::Silence; 99]);
    world.north.queries(&[Say::Refused; 99]);
    for number in 0..8 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(4_000).await;
    }
    let north = SupplierId::from("north");
    let met = world.north.submitted().len();
    assert!(met <= 3, "{met} orders met a supplier that only fails");
    let card = world.dispatch.scorecard(&north);
    assert!(card.is_ill && card.score_bp < Some(7_000), "{card:?}");
    let words: Vec<&str> = card.costly.iter().map(|costly| costly.what.as_str()).collect();
    assert_eq!(words[..2], ["unknown: timeout", "refused: failed"]);
    let world = world.reopened_with(&BOTH).await;
    assert!(
        world.dispatch.scorecard(&north).score_bp < Some(8_000),
        "a restart forgets nothing of it"
    );
}

#[tokio::test]
async fn a_pin_outlasts_a_restart_and_a_resume_and_ends_when_it_is_taken_away() {
    let world = World::new().await;
    let products = "top-*".to_owned();
    let south = SupplierId::from("south");
    let pinned = DeedKind::ProductPinned {
        supplier: south.clone(),
        products: products.clone(),
    };
    switched(&world, "south", pinned).await;
    assert_eq!(first(&world, None), Some(("south".to_owned(), Because::Pinned)));
    switched(&world, "south", DeedKind::SupplierResumed { supplier: south.clone() }).await;
    assert_eq!(first(&world, None), Some(("south".to_owned(), Because::Pinned)));
    let world = world.reopened_with(&BOTH).await;
    assert_eq!(first(&world, None), Some(("south".to_owned(), Because::Pinned)));
    let unpinned = DeedKind::ProductUnpinned { supplier: south, products };
    switched(&world, "south", unpinned).await;
    assert_eq!(first(&world, None).unwrap().0, "north");
    let world = world.reopened_with(&BOTH).await;
    assert_eq!(first(&world, None).unwrap().0, "north");
}

#[tokio::test]
async fn a_circuit_that_is_held_open_stays_so_until_it_is_resumed() {
    let world = World::new().await;
    let north = SupplierId::from("north");
    switched(&world, "north", DeedKind::SupplierForcedOpen { supplier: north.clone() }).await;
    assert_eq!(first(&world, None).unwrap().0, "south");
    let world = world.reopened_with(&BOTH).await;
    assert_eq!(first(&world, None).unwrap().0, "south");
    switched(&world, "north", DeedKind::SupplierResumed { supplier: north }).await;
    assert_eq!(first(&world, None).unwrap().0, "north");
}

#[tokio::test]
async fn an_attempt_remembers_why_it_was_opened_there() {
    use recharge_gateway::store::Store;
    let world = World::new().await;
    let id = world.submit("1").await.unwrap();
    let history = world.store.inner.history(id).await.unwrap();
    let choice = history.iter().find_map(|recorded| recorded.event.choice()).unwrap();
    assert_eq!((choice.steering, choice.stands.because), (0, Because::Priority));
    assert_eq!(choice.others[0].supplier.as_str(), "south");
}

#[test]
fn the_document_in_the_operator_guide_is_read_and_shows_the_defaults() {
    use recharge_gateway::dispatch::steering::read;
    use recharge_gateway::domain::steering::{CircuitRules, HealthRules};
    let guide = include_str!("../../docs/operator-guide.md");
    let blocks = guide.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let text = blocks
        .into_iter()
        .find(|block| block.starts_with("[product.\"mobile-*\"]"))
        .unwrap();
    let document = read(text).unwrap();
    assert_eq!(document.health, HealthRules::default());
    let defaults = CircuitRules {
        probe_max_cost_minor: Some(5_000),
        ..CircuitRules::default()
    };
    assert_eq!(document.circuit, defaults);
    assert_eq!(document.product.len() + document.supplier.len(), 2);
}
