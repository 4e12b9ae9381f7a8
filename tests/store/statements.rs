//! What every store keeps of suppliers' statements, and the attempts they are held against.

use recharge_gateway::domain::ids::{AttemptId, SupplierId};
use recharge_gateway::domain::outcome::Via;
use recharge_gateway::domain::statement::{Found, Line, Said, Standing};
use recharge_gateway::store::Store;
use recharge_gateway::store::statement::{Stated, Statement};

use crate::world::{Book, START_MS, Wish, accepted, credit, fact, id, refused, step, succeeded};

on_every_store![
    a_suppliers_attempts_are_found_by_time_and_by_number,
    a_statement_is_kept_and_replaced_by_its_next_reading,
];

async fn a_suppliers_attempts_are_found_by_time_and_by_number(store: &dyn Store) {
    let book = Book::new();
    credit(store, 10_000).await;
    let mut orders = Vec::new();
    for (counter, number) in (1..).zip(["n1", "n2", "n3"]) {
        orders.push(accepted(store, &book, Wish::new(counter, number, 1_000)).await);
    }
    step(store, &book, orders[0].id, fact(1, Via::Submit, succeeded(), None), START_MS + 1).await;
    step(store, &book, orders[1].id, fact(1, Via::Submit, refused(), None), START_MS + 1).await;
    let kept = store.statements().unwrap();
    let there = SupplierId::from("a");
    let cost = orders[0].attempts[0].cost.minor;
    let mut all = kept.booked_in(there.clone(), id(0), START_MS..START_MS + 1).await.unwrap();
    all.sort_by_key(|booked| booked.id);
    let told: Vec<_> = all.iter().map(|booked| (booked.id.order, booked.id.seq, booked.standing)).collect();
    assert_eq!(
        told,
        [
            (orders[0].id, 1, Standing::Delivered),
            (orders[1].id, 1, Standing::Dead),
            (orders[2].id, 1, Standing::Open),
        ]
    );
    assert_eq!((all[0].cost_minor, all[0].opened_at_ms), (cost, START_MS));
    let nothing = [
        kept.booked_in(there.clone(), id(0), START_MS + 1..i64::MAX).await.unwrap(),
        kept.booked_in(there.clone(), id(4), 0..i64::MAX).await.unwrap(),
        kept.booked_in(SupplierId::from("b"), id(0), 0..i64::MAX).await.unwrap(),
        kept.booked_of(SupplierId::from("b"), vec![orders[0].id]).await.unwrap(),
        kept.booked_of(there.clone(), vec![id(9)]).await.unwrap(),
    ];
    assert!(nothing.iter().all(Vec::is_empty), "{nothing:?}");
    let named = kept.booked_of(there, vec![orders[2].id, id(9)]).await.unwrap();
    assert_eq!(named.iter().map(|booked| booked.id.order).collect::<Vec<_>>(), [orders[2].id]);
}

async fn a_statement_is_kept_and_replaced_by_its_next_reading(store: &dyn Store) {
    let kept = store.statements().unwrap();
    // More lines than are written at once.
    for lines in [4_500_u32, 3] {
        assert_eq!(kept.has_statement("a:1".to_owned()).await.unwrap(), lines == 3);
        let stated = (1..=lines).map(|place| {
            let line = Line {
                place,
                number: String::new(),
                said: Said::Delivered,
                cost_minor: Some(2),
                text: String::new(),
            };
            Stated::of(&line, AttemptId { order: id(1), seq: 1 }, Found::Agrees)
        });
        let statement = Statement {
            key: "a:1".to_owned(),
            supplier: SupplierId::from("a"),
            period_ms: 0..1,
            read_at_ms: START_MS,
            lines: stated.collect(),
        };
        kept.keep_statement(statement).await.unwrap();
    }
    assert!(kept.has_statement("a:1".to_owned()).await.unwrap());
    assert!(!kept.has_statement("a:2".to_owned()).await.unwrap());
}
