//! What only a store on a disk can get wrong: keys, locks, other processes, crashes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use recharge_gateway::domain::decide::decide;
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::outcome::{Outcome, Via};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::store::sqlite::OpenError;
use recharge_gateway::store::{Answer, Command, ShopRecord, SqliteStore, Store};
use sqlx::{Connection, Executor};

use crate::equivalence::raw;
use crate::world::{Book, RECIPIENT, SHOP, START_MS, Wish, accepted, card, cny, command, credit, evidence, fact, open, step};

fn deposit(reference: &str) -> Command {
    Command::Post(Posting::credit(SHOP, cny(1), reference))
}

#[tokio::test]
async fn nothing_that_is_sealed_lies_readable_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let book = Book::new();
    credit(&store, 100).await;
    let wish = Wish {
        kind: ProductKind::Card,
        ..Wish::new(1, "number-in-the-clear", 10)
    };
    let order = accepted(&store, &book, wish).await;
    let piece = evidence("e1", Some(order.id), Via::Submit, "EVIDENCE-BODY", START_MS);
    let input = fact(1, Via::Submit, card("CARD-SECRET"), Some(piece.id.clone()));
    let change = decide(&order, input, book.facts(), START_MS).unwrap();
    assert_eq!(store.commit(command(change, vec![piece])).await, Answer::Done);
    let record = ShopRecord {
        shop: Shop {
            id: SHOP,
            name: "shop".to_owned(),
            key: "k".to_owned(),
            currency: Currency::Cny,
            credit_limit_minor: 0,
            active: true,
        },
        request_secrets: vec!["REQUEST-SECRET".into()],
        callback_secrets: vec!["CALLBACK-SECRET".into()],
    };
    store.put_shop(record).await.unwrap();
    let look = |when: &str| {
        let files = ["test.db", "test.db-wal"].map(|name| std::fs::read(folder.path().join(name)).unwrap_or_default());
        let bytes = files.concat();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("number-in-the-clear"), "the search itself works, {when}");
        for secret in [
            RECIPIENT,
            "CARD-SECRET",
            "EVIDENCE-BODY",
            "REQUEST-SECRET",
            "CALLBACK-SECRET",
            "order.succeeded",
            "east-4711",
        ] {
            assert!(!holds(secret), "{secret} is readable {when}");
        }
    };
    look("in the log");
    assert_eq!(store.orders_by_input(RECIPIENT, 10).await.unwrap(), [order.id]);
    assert_eq!(store.orders_by_input("13800138001", 10).await.unwrap(), []);
    store.close().await;
    look("after closing");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_the_right_one_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    open(&path, 1).await.unwrap().close().await;
    let wrong = open(&path, 2).await.err().unwrap();
    assert!(matches!(wrong, OpenError::WrongKey { .. }), "{wrong}");
    assert!(wrong.to_string().contains("original key"));
    open(&path, 1).await.unwrap().close().await;
}

#[tokio::test]
async fn a_second_process_is_told_which_file_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let first = open(&path, 1).await.unwrap();
    let second = open(&path, 1).await.err().unwrap().to_string();
    assert!(second.contains("test.db.lock") && second.contains("stop that process"), "{second}");
    first.close().await;
    open(&path, 1).await.unwrap().close().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let missing = open(Path::new("/nowhere/at/all.db"), 1).await.err().unwrap().to_string();
    assert!(missing.contains("/nowhere/at/all.db") && missing.contains("directory"), "{missing}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    std::fs::write(&path, "x".repeat(8_192)).unwrap();
    assert!(matches!(open(&path, 1).await.err().unwrap(), OpenError::Database { .. }));
}

#[tokio::test]
async fn history_and_books_cannot_be_rewritten_even_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    credit(&store, 100).await;
    accepted(&store, &Book::new(), Wish::new(1, "n1", 10)).await;
    let mut raw = raw(&path).await;
    for sql in [
        "INSERT INTO resubmissions SELECT order_id, seq, 2, opened_at_ms FROM attempts",
        "INSERT INTO stray_evidence VALUES (1, 'e1', 'a', 'notification', NULL, '', x'00')",
    ] {
        raw.execute(sql).await.unwrap();
    }
    for sql in [
        "UPDATE history SET at_ms = 0",
        "DELETE FROM history",
        "UPDATE postings SET at_ms = 0",
        "DELETE FROM postings",
        "UPDATE attempts SET opened_at_ms = 0",
        "UPDATE attempts SET supplier = 'other'",
        "DELETE FROM attempts",
        "UPDATE resubmissions SET n = 3",
        "DELETE FROM resubmissions",
        "UPDATE stray_evidence SET supplier = 'b'",
        "DELETE FROM stray_evidence",
    ] {
        let refused = raw.execute(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    // The schema's own words on what admission should never let through.
    for sql in [
        "UPDATE orders SET captured_minor = 3, released_minor = 3, finished_at_ms = 1",
        "UPDATE orders SET finished_at_ms = 1",
        "INSERT INTO attempts SELECT order_id, 2, supplier, state, cost_minor, opened_at_ms, NULL FROM attempts",
        "INSERT INTO attempts SELECT order_id, seq, 'other', 'dead', cost_minor, opened_at_ms, NULL FROM attempts",
        "INSERT INTO orders SELECT id + 1, 1, shop_id, shop_order_no, NULL, NULL, 0, NULL, NULL, NULL, NULL, link, NULL, 0, NULL FROM orders",
    ] {
        let refused = raw.execute(sql).await.unwrap_err().to_string();
        assert!(refused.contains("constraint failed"), "{sql}: {refused}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_backstop_that_fires_fails_one_command_and_not_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let book = Book::new();
    credit(&store, 100).await;
    let order = accepted(&store, &book, Wish::new(1, "n1", 10)).await;
    // A row that admission does not look at and the order does not know of: as after a bug.
    let spoil = format!(
        "INSERT INTO history VALUES ({}, {}, 0, 1, '[]', NULL, NULL, NULL, x'')",
        order.id,
        order.version + 1
    );
    raw(&path).await.execute(sqlx::AssertSqlSafe(spoil)).await.unwrap();
    let change = decide(&order, fact(1, Via::Submit, Outcome::Accepted, None), book.facts(), START_MS).unwrap();
    let neighbour = Wish::new(2, "n2", 10);
    let (id, inputs) = (neighbour.id, neighbour.inputs());
    let batch = vec![deposit("before"), command(change, Vec::new()), neighbour.command(&book, START_MS)];
    let answers = store.commit_all(batch).await;
    assert_eq!((&answers[0], &answers[2]), (&Answer::Done, &Answer::Done));
    assert!(matches!(&answers[1], Answer::Outage(text) if text.contains("bug")), "{answers:?}");
    let (kept, with) = store.order_with_inputs(id).await.unwrap().unwrap();
    assert_eq!((kept.terms.shop_order_no.as_str(), with), ("n2", inputs), "written whole");
    assert_eq!(store.order(order.id).await.unwrap(), Some(order));
    assert!(store.is_writable());
    store.close().await;
}

#[expect(clippy::disallowed_methods, reason = "the test measures how long a refusal takes")]
#[tokio::test]
async fn a_locked_database_is_an_outage_within_a_second_and_comes_back_without_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path, 1).await.unwrap();
    let mut raw = raw(&path).await;
    raw.execute("BEGIN IMMEDIATE").await.unwrap();
    let asked = Instant::now();
    let answer = store.commit(deposit("1")).await;
    assert!(matches!(&answer, Answer::Outage(text) if text.contains("locked")), "{answer:?}");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(!store.is_writable());
    assert!(store.census().await.is_ok(), "reading goes on");
    raw.execute("ROLLBACK").await.unwrap();
    let back = async {
        while !store.is_writable() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), back)
        .await
        .expect("writable again by itself");
    assert_eq!(store.commit(deposit("1")).await, Answer::Done);
    store.close().await;
}

#[expect(clippy::disallowed_methods, reason = "the test holds a lock for two seconds")]
#[tokio::test]
async fn a_database_that_is_locked_at_the_start_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    open(&path, 1).await.unwrap().close().await;
    let mut raw = raw(&path).await;
    raw.execute("PRAGMA locking_mode = EXCLUSIVE").await.unwrap();
    raw.execute("BEGIN EXCLUSIVE").await.unwrap();
    let asked = Instant::now();
    let held = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        raw.close().await.unwrap();
    };
    let (opened, ()) = tokio::join!(open(&path, 1), held);
    let store = opened.expect("it is open once the lock is gone");
    assert!(asked.elapsed() >= Duration::from_secs(2), "{:?}", asked.elapsed());
    let mut raw = crate::equivalence::raw(&path).await;
    raw.execute("BEGIN IMMEDIATE").await.unwrap();
    let asked = Instant::now();
    assert!(matches!(store.commit(deposit("1")).await, Answer::Outage(_)));
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "and waits no longer than usual from then on"
    );
    raw.execute("ROLLBACK").await.unwrap();
    store.close().await;
}

#[expect(clippy::disallowed_methods, reason = "the test is a crowd of submitters")]
#[tokio::test]
async fn a_full_queue_turns_away_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Arc::new(open(&path, 1).await.unwrap());
    let mut raw = raw(&path).await;
    raw.execute("BEGIN IMMEDIATE").await.unwrap();
    let waiting: Vec<_> = (0..6_000)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(deposit(&number.to_string())).await })
        })
        .collect();
    let mut full = 0;
    for answer in waiting {
        let answer = answer.await.unwrap();
        let Answer::Outage(text) = answer else { panic!("{answer:?}") };
        full += i32::from(text.contains("full"));
    }
    assert!((1_000..2_000).contains(&full), "{full} were turned away");
    raw.execute("ROLLBACK").await.unwrap();
    assert_eq!(store.commit(deposit("at last")).await, Answer::Done);
    store.close().await;
}

#[tokio::test]
async fn dropping_a_commit_cancels_only_the_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("test.db"), 1).await.unwrap();
    {
        let mut commit = store.commit(deposit("dropped"));
        assert!(commit.as_mut().now_or_never().is_none());
    }
    // The queue is in order: what was handed over first is written first.
    assert_eq!(store.commit(deposit("after")).await, Answer::Done);
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(2));
    store.close().await;
}

#[tokio::test]
async fn closing_writes_what_waits_and_then_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Arc::new(open(&path, 1).await.unwrap());
    let mut waiting: Vec<_> = (0..50)
        .map(|number| Box::pin(store.commit(Command::Post(Posting::credit(SHOP, cny(1), &number.to_string())))))
        .collect();
    for commit in &mut waiting {
        assert!(commit.as_mut().now_or_never().is_none());
    }
    store.close().await;
    for commit in waiting {
        assert_eq!(commit.await, Answer::Done);
    }
    assert!(matches!(store.commit(deposit("late")).await, Answer::Outage(text) if text.contains("closed")));
    assert!(!store.is_writable());
    let log = std::fs::metadata(folder.path().join("test.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "the log was folded into the file");
    open(&path, 1).await.expect("closing lets go of the file").close().await;
}

#[expect(clippy::disallowed_methods, reason = "the test is a crowd of submitters")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_submitters_each_get_their_own_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("test.db"), 1).await.unwrap());
    let book = Arc::new(Book::new());
    credit(&*store, 100).await;
    let submitters: Vec<_> = (0..64_u16)
        .map(|counter| {
            let (store, book) = (Arc::clone(&store), Arc::clone(&book));
            tokio::spawn(async move {
                let number: &'static str = Box::leak(format!("n{counter}").into_boxed_str());
                let wish = Wish::new(counter, number, 10);
                let answer = store.commit(wish.command(&book, START_MS)).await;
                if answer != Answer::Done {
                    return 0;
                }
                let order = store.order(wish.id).await.unwrap().unwrap();
                let done = step(
                    &*store,
                    &book,
                    order.id,
                    fact(1, Via::Submit, Outcome::Accepted, None),
                    START_MS + 1,
                )
                .await;
                assert_eq!(done, Answer::Done);
                1
            })
        })
        .collect();
    let mut won = 0;
    for submitter in submitters {
        won += submitter.await.unwrap();
    }
    assert_eq!(won, 10, "a hundred fen pay for ten orders of ten");
    let balance = store.balance(SHOP, Currency::Cny).await.unwrap();
    assert_eq!((balance.available, balance.held), (cny(0), cny(100)));
    store.close().await;
}

const CHILD: &str = "STORE_TEST_CHILD_DATABASE";

/// Not a test by itself: the process that the next test kills.
#[expect(clippy::disallowed_methods, reason = "the parent tells its child where to work")]
#[tokio::test]
async fn child_that_deposits_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = open(Path::new(&path), 1).await.unwrap();
    for number in 0.. {
        let batch = (0..3).map(|part| deposit(&format!("{number}/{part}"))).collect();
        assert_eq!(store.commit_all(batch).await, vec![Answer::Done; 3]);
        println!("\nacknowledged {number}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_a_batch_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let mut acknowledged = 0_i64;
    for round in 0..3_i64 {
        let file = folder.path().join(format!("{round}.db"));
        let mut child = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::child_that_deposits_until_it_is_killed", "--nocapture"])
            .env(CHILD, &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ").and_then(|n| n.parse::<i64>().ok()));
        for number in told {
            acknowledged = number + 1;
            if number >= 20 + 13 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store: SqliteStore = open(&file, 1).await.unwrap();
        let deposited = store.balance(SHOP, Currency::Cny).await.unwrap().available.minor;
        assert!(deposited >= acknowledged * 3, "{deposited} of {acknowledged} batches of three");
        assert_eq!(deposited % 3, 0, "a batch was written in part");
        assert_eq!(store.balances().await.unwrap().iter().map(|b| b.minor).sum::<i64>(), 0);
        store.close().await;
    }
    assert!(!path.exists());
}
