//! What the rows look like on the disk: lists of every length, tries, books, the schema's own words.

use recharge_gateway::domain::case::{CaseKind, NewCase};
use recharge_gateway::domain::decide::decide;
use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::outcome::Via;
use recharge_gateway::store::{Answer, CallbackState, CallbackTried, Command, SqliteStore, Store};
use sqlx::{Executor, Row};

use crate::equivalence::raw;
use crate::world::{Book, RECIPIENT, SHOP, START_MS, Wish, accepted, cny, command, credit, evidence, fact, open, succeeded};

/// An order that has succeeded by the evidence `e2`, and whose shop is to be told.
async fn told(store: &SqliteStore) -> OrderId {
    let book = Book::new();
    credit(store, 100).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    let said = evidence("e2", Some(order.id), Via::Submit, "yes", START_MS + 1);
    let success = fact(1, Via::Submit, succeeded(), Some(said.id.clone()));
    let change = decide(&order, success, book.facts(), START_MS + 1).unwrap();
    assert_eq!(store.commit(command(change, vec![said])).await, Answer::Done);
    order.id
}

#[tokio::test]
async fn a_batch_of_any_length_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("test.db"), 1).await.unwrap();
    let mut expected = 0_i64;
    for length in [1_usize, 2, 3, 5, 13, 17, 33, 65, 97, 129, 200, 256, 257, 700] {
        let deposit = |number| Command::Post(Posting::credit(SHOP, cny(1), &format!("{length}/{number}")));
        let batch: Vec<Command> = (0..length).map(deposit).collect();
        assert_eq!(store.commit_all(batch).await, vec![Answer::Done; length]);
        expected += i64::try_from(length).unwrap();
        assert_eq!(
            store.balance(SHOP, Currency::Cny).await.unwrap().available,
            cny(expected),
            "{length}"
        );
    }
    store.close().await;
}

#[tokio::test]
async fn every_try_of_a_callback_is_kept_and_one_told_twice_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let order = told(&store).await;
    let id = store.callbacks_of(order).await.unwrap().remove(0).callback.id;
    let tried = |tries: u32, result: &str, state| {
        Command::CallbackTried(CallbackTried {
            id: id.clone(),
            state,
            tries,
            at_ms: START_MS + i64::from(tries),
            result: result.to_owned(),
        })
    };
    let earlier = async || -> Option<String> {
        let mut raw = raw(&path).await;
        let row = sqlx::query("SELECT earlier_tries FROM callbacks")
            .fetch_one(&mut raw)
            .await
            .unwrap();
        row.get(0)
    };
    store.commit(tried(1, "500", CallbackState::Due(START_MS + 9))).await;
    assert_eq!(earlier().await, None, "a first try needs no list");
    // The second is reported twice, the third with it in one batch.
    let batch = vec![
        tried(2, "timeout", CallbackState::Due(START_MS + 19)),
        tried(2, "timeout", CallbackState::Due(START_MS + 19)),
        tried(3, "200", CallbackState::Delivered),
    ];
    assert_eq!(store.commit_all(batch).await, vec![Answer::Done; 3]);
    let (first, second) = (START_MS + 1, START_MS + 2);
    assert_eq!(earlier().await.unwrap(), format!(r#"[[1,{first},"500"],[2,{second},"timeout"]]"#));
    let stored = store.callbacks_of(order).await.unwrap().remove(0);
    assert_eq!(
        (stored.state, stored.tries, stored.last_result.as_deref()),
        (CallbackState::Delivered, 3, Some("200"))
    );
    store.close().await;
}

#[tokio::test]
async fn a_second_settlement_is_more_than_the_hold_and_refused_by_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    told(&store).await;
    let mut raw = raw(&path).await;
    let row = sqlx::query("SELECT held_minor, captured_minor, released_minor FROM orders")
        .fetch_one(&mut raw)
        .await
        .unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1), row.get::<i64, _>(2)), (10, 10, 0));
    let again = "UPDATE orders SET captured_minor = captured_minor + 10, released_minor = released_minor + 0";
    let refused = raw.execute(again).await.unwrap_err().to_string();
    assert!(refused.contains("constraint failed"), "{refused}");
    store.close().await;
}

#[tokio::test]
async fn every_entry_names_its_posting_and_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let order = told(&store).await;
    let mut raw = raw(&path).await;
    let rows = sqlx::query("SELECT posting_key, order_id, currency, n, account, amount_minor FROM entries ORDER BY at_ms, posting_key, n")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let (key, account, currency): (&str, &str, &str) = (row.get(0), row.get(4), row.get(2));
            let (of, n, minor): (Option<i64>, i64, i64) = (row.get(1), row.get(3), row.get(5));
            let of = of.map_or_else(|| "-".to_owned(), |of| of.to_string());
            format!("{key} {of} {n} {account} {minor} {currency}")
        })
        .collect();
    lines.sort();
    let expected = [
        format!("cost:{order}:1 {order} 1 supplier_clearing:a -3 CNY"),
        format!("cost:{order}:1 {order} 2 supplier_payable:a 3 CNY"),
        "credit:7:start-100 - 1 funding -100 CNY".to_owned(),
        "credit:7:start-100 - 2 shop_available:7 100 CNY".to_owned(),
        format!("hold:{order} {order} 1 shop_available:7 -10 CNY"),
        format!("hold:{order} {order} 2 shop_held:7 10 CNY"),
        format!("settle:{order} {order} 1 shop_held:7 -10 CNY"),
        format!("settle:{order} {order} 2 revenue 10 CNY"),
    ];
    assert_eq!(lines, expected);
    store.close().await;
}

#[tokio::test]
async fn all_evidence_is_listed_for_people_without_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let order = told(&store).await;
    let stray = Command::Orphan {
        case: NewCase {
            kind: CaseKind::OrphanNotification,
            key: "k".to_owned(),
            order: None,
            at_risk: None,
            opened_at_ms: START_MS,
        },
        evidence: evidence("e1", None, Via::Notification, "who", START_MS),
    };
    assert_eq!(store.commit(stray).await, Answer::Done);
    let mut raw = raw(&path).await;
    let rows = sqlx::query("SELECT order_id, id, seq, supplier, via, http_status, body_sha256, at_ms FROM evidence ORDER BY at_ms")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    type Listed = (Option<i64>, String, Option<i64>, String, String, i64, i64);
    let listed: Vec<Listed> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5), row.get(7)))
        .collect();
    let text = str::to_owned;
    let expected: [Listed; 2] = [
        (None, text("e1"), None, text("a"), text("notification"), 200, START_MS),
        (Some(order.get()), text("e2"), Some(1), text("a"), text("submit"), 200, START_MS + 1),
    ];
    assert_eq!(listed, expected);
    let yes = "8a798890fe93817163b10b5f7bd2ca4d25d84c52739a645a889c173eee7d9d3d";
    assert_eq!(rows[1].get::<&str, _>(6), yes, "the hash of what was said");
    store.close().await;
}

#[tokio::test]
async fn the_newest_orders_of_an_input_come_first_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("test.db"), 1).await.unwrap();
    let book = Book::new();
    credit(&store, 100).await;
    let mut ids = Vec::new();
    for (counter, number) in [(1, "n1"), (2, "n2"), (3, "n3")] {
        ids.insert(0, accepted(&store, &book, Wish::new(counter, number, 10)).await.id);
    }
    assert_eq!(store.orders_by_input(RECIPIENT, 10).await.unwrap(), ids);
    assert_eq!(store.orders_by_input("east-4711", 2).await.unwrap(), ids[..2]);
    assert_eq!(store.orders_by_input("east-471", 10).await.unwrap(), []);
    store.close().await;
}

#[expect(clippy::disallowed_methods, reason = "the test is a crowd of readers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_are_answered_together_see_every_commit_answered_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(&folder.path().join("test.db"), 1).await.unwrap());
    credit(&*store, 1_000_000).await;
    let readers: Vec<_> = (0..48_u16)
        .map(|reader| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let book = Book::new();
                for round in 0..10_u16 {
                    let counter = reader * 10 + round;
                    let number: &'static str = Box::leak(format!("n{counter}").into_boxed_str());
                    let wish = Wish::new(counter, number, 10);
                    let (expected, inputs) = (wish.change(&book, START_MS).after, wish.inputs());
                    assert_eq!(store.order(wish.id).await.unwrap(), None);
                    let order = accepted(&*store, &book, wish).await;
                    assert_eq!(order, *expected);
                    assert_eq!(store.inputs(order.id).await.unwrap(), Some(inputs));
                    let change = decide(&order, fact(1, Via::Submit, succeeded(), None), book.facts(), START_MS + 1).unwrap();
                    let after = (*change.after).clone();
                    assert_eq!(store.commit(command(change, Vec::new())).await, Answer::Done);
                    // Two ask at once, for the same order among others.
                    let (one, other) = tokio::join!(store.order(order.id), store.order(order.id));
                    assert_eq!((one.unwrap(), other.unwrap()), (Some(after.clone()), Some(after)));
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    store.close().await;
    assert!(
        store.order(OrderId::from_stored(1).unwrap()).await.is_err(),
        "a closed store reads nothing"
    );
}

#[tokio::test]
async fn a_row_that_counts_other_events_than_its_history_is_not_acted_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    credit(&store, 100).await;
    let order = accepted(&store, &Book::new(), Wish::new(1, "n1", 10)).await;
    let mut raw = raw(&path).await;
    for (damage, repair) in [
        ("UPDATE orders SET version = version + 1", "UPDATE orders SET version = version - 1"),
        (
            "UPDATE orders SET next_step = '!' || next_step",
            "UPDATE orders SET next_step = substr(next_step, 2)",
        ),
        (
            "DROP TRIGGER history_refuse_update; UPDATE history SET order_id = order_id + 1",
            "UPDATE history SET order_id = order_id - 1",
        ),
    ] {
        raw.execute(damage).await.unwrap();
        for read in [
            store.order(order.id).await,
            store.order_by_shop_no(SHOP, order.terms.shop_order_no.clone()).await,
        ] {
            let refused = read.unwrap_err().to_string();
            assert!(
                refused.contains(&format!("order {}", order.id)) && refused.contains("damaged"),
                "{damage}: {refused}"
            );
        }
        raw.execute(repair).await.unwrap();
        assert_eq!(store.order(order.id).await.unwrap().as_ref(), Some(&order));
    }
    store.close().await;
}

/// SQLite builds a list of three or more words behind IN anew for every row that a check or a partial index
/// looks at: a tree of its own, dearer than the row.
#[tokio::test]
async fn no_check_and_no_index_looks_a_word_up_in_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let mut raw = raw(&path).await;
    let kept = "SELECT name, sql LIKE '% IN (%' AS has_list FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL";
    let all = raw.fetch_all(kept).await.unwrap();
    assert!(all.len() > 20, "the schema is not where it was looked for");
    let found = all.iter().filter(|row| row.get("has_list"));
    let names: Vec<String> = found.map(|row| row.get("name")).collect();
    assert!(names.is_empty(), "join the words by OR: {names:?}");
    store.close().await;
}
