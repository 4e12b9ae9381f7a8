//! What every store says a supplier has had, for those who must not send it more.

use recharge_gateway::domain::attempt::NotSentReason;
use recharge_gateway::domain::decide::Input;
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::outcome::Via;
use recharge_gateway::store::{Had, Store};

use crate::world::{Book, START_MS, Wish, accepted, credit, fact, id, refused, step, succeeded};

on_every_store![what_a_supplier_had_leaves_out_what_never_left_and_the_cost_of_refusals];

async fn what_a_supplier_had_leaves_out_what_never_left_and_the_cost_of_refusals(store: &dyn Store) {
    let book = Book::new();
    credit(store, 10_000).await;
    let mut orders = Vec::new();
    for (counter, number) in (1..).zip(["n1", "n2", "n3", "n4"]) {
        orders.push(accepted(store, &book, Wish::new(counter, number, 1_000)).await);
    }
    let cost = orders[0].attempts[0].cost.minor;
    let not_sent = Input::NotSent {
        seq: 1,
        n: 1,
        why: NotSentReason::Connect,
    };
    step(store, &book, orders[0].id, not_sent, START_MS + 1).await;
    step(store, &book, orders[1].id, fact(1, Via::Submit, refused(), None), START_MS + 1).await;
    step(store, &book, orders[2].id, fact(1, Via::Submit, succeeded(), None), START_MS + 1).await;
    let had = |from_ms, until_ms| store.had(SupplierId::from("a"), id(0), from_ms, until_ms);
    let all = had(START_MS, START_MS + 1).await.unwrap();
    assert_eq!((all.orders, all.cost_minor), (3, 2 * cost));
    assert_eq!(had(START_MS + 1, i64::MAX).await.unwrap(), Had::default());
    assert_eq!(had(0, START_MS).await.unwrap(), Had::default());
    assert_eq!(store.had(SupplierId::from("a"), id(4), 0, i64::MAX).await.unwrap().orders, 1);
    assert_eq!(store.had(SupplierId::from("b"), id(0), 0, i64::MAX).await.unwrap(), Had::default());
    let sent = store.sent_since(SupplierId::from("a"), id(3), START_MS).await.unwrap();
    let sent: Vec<_> = sent.iter().map(|sent| (sent.order, sent.at_ms)).collect();
    assert_eq!(sent, [(orders[2].id, START_MS), (orders[3].id, START_MS)]);
    assert_eq!(store.sent_since(SupplierId::from("a"), id(0), START_MS + 1).await.unwrap(), []);
}
