//! A phone number's first digits say whom to try, and are believed only as far as they may be.

use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::ids::SupplierId;

use crate::wire::Say;
use crate::world::World;

const MOBILE: &str = "13800138000";
const UNICOM: &str = "13000138000";
const UNKNOWN: &str = "14100138000";

/// North serves one carrier, and would be preferred.
async fn divided() -> World {
    let world = World::new().await;
    let text = "[product.\"*\"]\nexplore_percent = 0\nsupplier.north.carriers = [\"unicom\"]\n".to_owned();
    let signed = Signature::of("li", "a test");
    world.dispatch.publish(0, text, None, signed).await.unwrap();
    world.clocks.pass(1_000).await;
    world
}

#[tokio::test]
async fn a_number_goes_to_those_that_serve_its_carrier() {
    let world = divided().await;
    for (number, recipient) in [("1", MOBILE), ("2", UNICOM), ("3", UNKNOWN)] {
        world.hand_in(world.ask_for(number, recipient)).await.unwrap();
        world.clocks.pass(100).await;
    }
    assert_eq!(world.south.submitted().len(), 1, "the mobile number");
    assert_eq!(
        world.north.submitted().len(),
        2,
        "a number that no segment fits is kept from nobody"
    );
}

#[tokio::test]
async fn a_number_whose_carrier_refuses_it_may_have_moved_to_another() {
    let world = divided().await;
    world.south.submits(&[Say::RefusedNumber]);
    let order = world.hand_in(world.ask_for("1", MOBILE)).await.unwrap();
    world.clocks.pass(1_000).await;
    let suppliers: Vec<String> = world
        .order(order)
        .await
        .attempts
        .iter()
        .map(|attempt| attempt.supplier.to_string())
        .collect();
    assert_eq!(suppliers, ["south", "north"]);
    world.south.submits(&[Say::Refused]);
    let order = world.hand_in(world.ask_for("2", MOBILE)).await.unwrap();
    world.clocks.pass(1_000).await;
    assert_eq!(
        world.order(order).await.attempts.len(),
        1,
        "another refusal says nothing of the number"
    );
}

#[tokio::test]
async fn a_scorecard_tells_carriers_apart() {
    let world = World::new().await;
    for (number, recipient) in [("1", MOBILE), ("2", UNICOM), ("3", UNKNOWN)] {
        world.hand_in(world.ask_for(number, recipient)).await.unwrap();
        world.clocks.pass(10_000).await;
    }
    let card = world.dispatch.scorecard(&SupplierId::from("north"));
    let facets: Vec<_> = card.facets.iter().map(|facet| (facet.part.as_deref(), facet.facts)).collect();
    assert_eq!(facets, [(None, 3), (Some("mobile"), 1), (Some("unicom"), 1)]);
}

#[tokio::test]
async fn a_document_that_names_a_carrier_nobody_knows_is_refused_with_those_that_there_are() {
    let world = World::new().await;
    let flaws = world
        .dispatch
        .check_steering("[product.\"*\"]\nsupplier.north.carriers = [\"morse\"]\nsupplier.north.regions = [\"北京\"]\n")
        .unwrap_err();
    let fields: Vec<&str> = flaws.iter().map(|flaw| flaw.field.as_str()).collect();
    assert_eq!(
        fields,
        ["product.\"*\".supplier.north.carriers", "product.\"*\".supplier.north.regions"]
    );
    assert!(
        flaws[0].problem.contains("broadnet, mobile, satellite, telecom, unicom"),
        "{flaws:?}"
    );
    assert!(flaws[1].problem.contains("segments_file"), "{flaws:?}");
}
