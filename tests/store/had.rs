//! What every store says a supplier has had, for those who must not send it more.

use recharge_gateway::domain::attempt::NotSentReason;
use recharge_gateway::domain::decide::Input;
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::outcome::{Doubt, Outcome, Via};
use recharge_gateway::store::{Had, Store};

use crate::world::{Book, START_MS, Wish, accepted, credit, fact, id, refused, step, succeeded};

on_every_store![
    what_a_supplier_had_leaves_out_what_never_left_and_the_cost_of_refusals,
    a_number_sent_again_was_sent_last_when_it_was_sent_again,
];

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

async fn a_number_sent_again_was_sent_last_when_it_was_sent_again(store: &dyn Store) {
    let book = Book::new();
    credit(store, 10_000).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 1_000)).await;
    let lost = fact(1, Via::Submit, Outcome::Unknown(Doubt::Timeout), None);
    step(store, &book, order.id, lost, START_MS + 1).await;
    for asked in 1..=i64::from(book.policy.not_found_before_resubmit) {
        let not_found = fact(1, Via::Query, Outcome::NotFound, None);
        step(store, &book, order.id, not_found, START_MS + 1 + asked).await;
    }
    let again_ms = START_MS + 60_000;
    step(store, &book, order.id, Input::Resubmit { seq: 1 }, again_ms).await;
    let sent_since = |from_ms| store.sent_since(SupplierId::from("a"), id(0), from_ms);
    for from_ms in [START_MS, again_ms] {
        let sent: Vec<_> = sent_since(from_ms)
            .await
            .unwrap()
            .iter()
            .map(|sent| (sent.order, sent.at_ms))
            .collect();
        assert_eq!(sent, [(order.id, again_ms)], "{from_ms}");
    }
    assert_eq!(sent_since(again_ms + 1).await.unwrap(), []);
}
