//! Recalls (R8): what has been in doubt for long is withdrawn, and the next supplier delivers.

use mock_suppliers::{Fault, Operation};
use recharge_gateway::domain::policy::Policy;

use crate::house::{House, Settings, script};

/// North is asked to withdraw after a second in doubt; nothing is sent twice.
fn settings() -> Settings {
    let settings = Settings::default();
    let policy = Policy {
        resubmit_within_ms: 0,
        ..settings.policy.clone()
    };
    Settings {
        policy,
        more: [("north", "recall_after_ms = 1000".to_owned())].into(),
        ..settings
    }
}

#[actix_web::test]
async fn an_order_that_its_supplier_denies_is_withdrawn_and_delivered_by_the_next() {
    let house = House::open_with(settings()).await;
    house.north.set_settle_after(3_600_000);
    script(
        &house.north,
        "13800000001",
        &[Fault::ChargeThenHang, Fault::NotFoundThenSuccess { times: 1_000 }, Fault::NoNotify],
    );
    let order = house.order("R1", "north", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    let id = order["id"].as_str().unwrap();
    assert_eq!(house.seen("north", Operation::Recall, id), 1);
    let charges = house.charges(id).into_iter().filter(|charge| charge.ends_delivered());
    let delivered: Vec<String> = charges.map(|charge| charge.supplier).collect();
    assert_eq!(delivered, ["river"]);
    house.until_told(id).await;
    house.close().await;
}

#[actix_web::test]
async fn what_cannot_be_withdrawn_stays_in_doubt_and_is_never_sent_elsewhere() {
    let house = House::open_with(settings()).await;
    script(&house.north, "13800000001", &[Fault::HangUncharged]);
    let id = house.place("R1", "north", "13800000001").await;
    house
        .until_so("three recalls", || house.seen("north", Operation::Recall, &id) == 3)
        .await;
    let asked = house.seen("north", Operation::Query, &id);
    house
        .until_so("more questions", || house.seen("north", Operation::Query, &id) >= asked + 2)
        .await;
    let (_, order) = house.shop.get(&format!("/v1/orders/{id}")).await;
    assert_eq!(order["finality"], "unknown", "{order}");
    assert_eq!((house.seen("north", Operation::Recall, &id), house.charges(&id).len()), (3, 0));
    assert_eq!(house.seen("river", Operation::Submit, &id), 0);
    house.close().await;
}
