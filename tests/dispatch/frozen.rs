//! An order in which the auditor found a law broken is sent nowhere until its case is closed.

use recharge_gateway::domain::case::NewCase;
use recharge_gateway::domain::desk::{Deed, DeedKind, Finding, Signature};
use recharge_gateway::store::{Answer, Command, Store};

use crate::wire::Say;
use crate::world::World;

#[tokio::test]
async fn a_frozen_order_is_sent_nowhere_until_a_person_has_closed_its_case() {
    let world = World::new().await;
    world.north.submits(&[Say::Accepted]);
    world.north.queries(&[Say::Accepted; 99]);
    let id = world.submit("1").await.unwrap();
    let case = NewCase::of_finding(Some(id), 0);
    let key = case.key.clone();
    assert_eq!(world.store.commit(Command::OpenCase(case)).await, Answer::Done);
    world.dispatch.freeze(id);
    // North proves that it failed: south would be tried at once.
    world.dispatch.notification("north", world.north_says(id, "2")).await;
    world.clocks.pass(60_000).await;
    assert_eq!(world.south.submitted().len(), 0, "{:?}", world.order(id).await);
    assert!(
        world.order(id).await.open_attempt().is_none(),
        "what north says is heard all the same"
    );
    let closed = Deed {
        subject: format!("case:{key}"),
        kind: DeedKind::CaseClosed {
            case: key,
            found: Finding::Explained,
        },
        signed: Signature {
            by: "li".to_owned(),
            reason: "a disk was swapped".to_owned(),
            confirmed_by: None,
            confirmed_because: None,
            is_solo: false,
        },
        at_ms: 1,
    };
    assert_eq!(world.store.commit(Command::Deed(closed)).await, Answer::Done);
    world.clocks.pass(60_000).await;
    assert_eq!(world.south.submitted().len(), 1, "{:?}", world.order(id).await);
}
