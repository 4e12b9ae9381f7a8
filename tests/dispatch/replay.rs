//! Past orders steered again: the document in force changes nothing, a draft moves what it says it moves.

use recharge_gateway::dispatch::steering::NotPublished;
use recharge_gateway::domain::desk::Signature;
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::plan::{Because, SkipReason};

use crate::wire::Say;
use crate::world::World;

const IN_FORCE: &str = "[product.\"*\"]\nexplore_percent = 20\n";

/// Some hours of orders: at first north fails, is left alone, and comes back.
async fn yesterday() -> World {
    let world = World::new().await;
    let signed = Signature::of("li", "a test");
    world.dispatch.publish(0, IN_FORCE.to_owned(), None, signed).await.unwrap();
    world.north.submits(&[Say::Refused; 2]);
    for number in 0..60 {
        world.submit(&number.to_string()).await.unwrap();
        world.clocks.pass(7_000).await;
    }
    world
}

#[tokio::test]
async fn the_document_in_force_would_have_decided_as_it_did() {
    let world = yesterday().await;
    let (north, south) = (world.north.submitted().len(), world.south.submitted().len());
    let replayed = world.dispatch.replay(None, 24).await.unwrap();
    let replay = replayed.replay;
    assert_eq!((replayed.orders, replayed.is_cut), (60, false));
    assert_eq!((replay.moved, replay.moves.as_slice()), (0, [].as_slice()));
    assert_eq!(replay.then, replay.draft);
    assert_eq!(usize::try_from(replay.decisions).unwrap(), north + south);
    assert_eq!(replay.delivered, 60);
    let share = |name| {
        let (then, draft) = replay.shares[&SupplierId::from(name)];
        assert_eq!(then, draft);
        usize::try_from(then).unwrap()
    };
    assert_eq!((share("north"), share("south")), (north, south));
    assert!(north > 10 && south > 10, "both had their part: {north}, {south}");
}

#[tokio::test]
async fn a_draft_tells_what_it_would_have_moved_and_why() {
    let world = yesterday().await;
    let before = world.dispatch.replay(None, 24).await.unwrap().replay;
    let draft = "[product.\"*\"]\nexplore_percent = 0\nsupplier.south.priority = 1\nsupplier.north.priority = 2\n";
    let replay = world.dispatch.replay(Some(draft), 24).await.unwrap().replay;
    let north = before.shares[&SupplierId::from("north")].0;
    // South never failed: every first try would have been south's, but probes of north.
    assert!(replay.moved * 10 >= north * 8, "{replay:?}");
    let moved = replay.moves.last().unwrap();
    assert_eq!((moved.from.as_str(), &moved.left_out), ("north", &None));
    assert_eq!(moved.to, Some((SupplierId::from("south"), Because::Priority)));
    assert!(replay.draft.success_bp > replay.then.success_bp);
    let out = "[product.\"*\"]\nexplore_percent = 0\ncost_ceiling = \"0.01\"\n";
    let replay = world.dispatch.replay(Some(out), 24).await.unwrap().replay;
    assert_eq!((replay.nobody, replay.draft.attempts), (replay.decisions, 0));
    let last = replay.moves.last().unwrap();
    assert!(matches!(last.left_out, Some(SkipReason::CostAboveCeiling { .. })), "{last:?}");
    assert_eq!(last.to, None);
    assert_eq!(world.dispatch.steering_version(), 1, "nothing was published");
}

#[tokio::test]
async fn only_the_hours_asked_about_are_decided_again() {
    let world = yesterday().await;
    world.clocks.pass(2 * 3_600_000).await;
    world.submit("late").await.unwrap();
    world.clocks.pass(5_000).await;
    let replayed = world.dispatch.replay(None, 1).await.unwrap();
    assert_eq!(replayed.replay.decisions, 1);
    assert!(replayed.orders > 1, "what came before is read for what it teaches");
}

#[tokio::test]
async fn a_draft_that_is_wrong_is_told_so() {
    let world = World::new().await;
    match world.dispatch.replay(Some("[product.\"*\"]\nexplore = 3\n"), 1).await {
        Err(NotPublished::Flaws(flaws)) => assert_eq!(flaws[0].field, "line 2"),
        other => panic!("{other:?}"),
    }
}
