//! Damage, planted one kind at a time.

use std::path::Path;

use recharge_gateway::audit::{Check, Tally, Watch, days};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::scene::{ADVANCED, CARRIED, EXCESS, FAILED, FAILED_OVER, KEY, LATE, PARTIAL, REPAID, SENT, Scene, WON, archive, audit, words};
use crate::world::{START_MS, id, open};

/// One kind of damage: what it does, which check must see it, and about which order.
struct Damage {
    name: &'static str,
    sql: String,
    check: Check,
    order: Option<u16>,
}

fn damage(name: &'static str, check: Check, order: Option<u16>, sql: &str) -> Damage {
    let sql = sql.replace("{id}", &order.map_or(0, |counter| id(counter).get()).to_string());
    Damage { name, sql, check, order }
}

#[rustfmt::skip]
fn kinds() -> Vec<Damage> {
    vec![
        damage("an_event_is_rewritten", Check::Chain, Some(WON),
            "UPDATE history SET events = replace(events, 'ref-1', 'ref-2') WHERE order_id = {id} AND number > 1"),
        damage("a_commit_is_backdated", Check::Chain, Some(WON), "UPDATE history SET at_ms = at_ms - 1 WHERE order_id = {id} AND number > 1"),
        damage("a_commit_in_the_middle_is_dropped", Check::Numbers, Some(FAILED_OVER),
            "DELETE FROM history WHERE order_id = {id} AND number = (SELECT min(number) FROM history WHERE order_id = {id} AND number > 1)"),
        damage("the_last_commit_is_cut_off", Check::LastLink, Some(WON),
            "DELETE FROM history WHERE order_id = {id} AND number = (SELECT max(number) FROM history WHERE order_id = {id})"),
        damage("two_commits_change_places", Check::Chain, Some(FAILED_OVER),
            "UPDATE history SET events = (SELECT events FROM history AS h WHERE h.order_id = {id} AND h.number = 1) \
             WHERE order_id = {id} AND number = (SELECT max(number) FROM history WHERE order_id = {id})"),
        damage("events_are_scribbled_over", Check::Readable, Some(SENT), "UPDATE history SET events = '[{\"type\":\"?' WHERE order_id = {id}"),
        damage("what_comes_next_is_scribbled_over", Check::Readable, Some(SENT), "UPDATE orders SET next_step = 'x' WHERE id = {id}"),
        damage("a_history_does_not_begin", Check::State, Some(WON),
            "UPDATE history SET events = '[{\"type\":\"order_overdue\"}]' WHERE order_id = {id} AND number = 1"),
        damage("a_price_is_changed", Check::Settlement, Some(WON),
            "UPDATE history SET events = json_set(events, '$[0].terms.price.minor', 1) WHERE order_id = {id} AND number = 1"),
        damage("an_order_is_given_to_another_shop", Check::Columns, Some(WON), "UPDATE orders SET shop_id = 8 WHERE id = {id}"),
        damage("a_finished_order_is_scheduled", Check::Columns, Some(FAILED), 
            "UPDATE orders SET next_action_at_ms = 1, next_step = '{\"step\":\"try\"}' WHERE id = {id}"),
        damage("an_order_is_deleted", Check::Stray, Some(WON), "DELETE FROM orders WHERE id = {id}"),
        damage("a_history_is_deleted", Check::Stray, Some(WON), "DELETE FROM history WHERE order_id = {id}"),
        damage("what_the_buyer_entered_is_swapped", Check::Sealed, Some(WON),
            "UPDATE orders SET sealed_inputs = (SELECT sealed_inputs FROM orders WHERE id <> {id} LIMIT 1) WHERE id = {id}"),
        damage("a_posting_is_changed", Check::Postings, Some(WON),
            "UPDATE history SET postings = replace(postings, ',1000]', ',2000]') WHERE order_id = {id} AND number = 1"),
        damage("a_posting_is_booked_twice", Check::Postings, Some(WON),
            "UPDATE history SET postings = json_insert(postings, '$[#]', json_extract(postings, '$[0]')) WHERE order_id = {id} AND number = 1"),
        damage("a_capture_is_taken_back_quietly", Check::Settlement, Some(WON),
            "UPDATE orders SET captured_minor = 0, released_minor = 1000 WHERE id = {id}"),
        damage("a_charge_is_booked_that_nobody_owed", Check::Refunds, Some(WON),
            "UPDATE history SET postings = replace(replace(postings, '\"cost:{id}:1\"', '\"charge:{id}:x\"'), '\"supplier_payable:a\"', '\"revenue\"') \
             WHERE order_id = {id} AND number > 1"),
        damage("a_settlement_is_dropped", Check::Settlement, Some(PARTIAL),
            "UPDATE history SET postings = NULL WHERE order_id = {id} AND number > 1"),
        damage("a_won_attempt_is_hidden_behind_a_failure", Check::Released, Some(WON),
            "UPDATE history SET events = json_replace(events, '$[1]', json((SELECT e.value FROM orders AS o JOIN history AS h ON h.order_id = o.id \
             JOIN json_each(h.events) AS e WHERE o.shop_order_no = 'n3' AND e.value ->> '$.type' = 'order_failed'))) WHERE order_id = {id} AND number > 1"),
        damage("the_evidence_of_a_success_is_deleted", Check::Evidence, Some(WON), "UPDATE history SET evidence = NULL WHERE order_id = {id}"),
        damage("the_evidence_of_a_success_is_scribbled_over", Check::Evidence, Some(WON),
            "UPDATE history SET evidence = '[{' WHERE order_id = {id} AND evidence IS NOT NULL"),
        damage("what_a_supplier_said_is_altered", Check::EvidenceWhole, Some(WON),
            "UPDATE history SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || \
             CASE substr(sealed, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE order_id = {id}"),
        damage("what_a_supplier_said_is_swapped", Check::EvidenceWhole, Some(WON),
            "UPDATE history SET sealed = (SELECT sealed FROM history WHERE order_id <> {id} AND evidence IS NOT NULL LIMIT 1) \
             WHERE order_id = {id} AND evidence IS NOT NULL"),
        damage("the_hash_of_evidence_is_altered", Check::EvidenceWhole, Some(FAILED), 
            "UPDATE history SET evidence = json_set(evidence, '$[0].body_sha256', '00') WHERE order_id = {id} AND evidence IS NOT NULL"),
        damage("a_stamp_is_deleted", Check::Stamps, Some(SENT), "DELETE FROM attempts WHERE order_id = {id}"),
        damage("a_stamp_is_moved", Check::Stamps, Some(SENT), "UPDATE attempts SET opened_at_ms = opened_at_ms + 1 WHERE order_id = {id}"),
        damage("a_stamp_is_made_up", Check::Stamps, Some(SENT), "INSERT INTO resubmissions SELECT order_id, seq, 2, opened_at_ms FROM attempts WHERE order_id = {id}"),
        damage("an_attempt_is_deleted", Check::Attempts, Some(FAILED_OVER), "DELETE FROM attempts WHERE order_id = {id} AND seq = 1"),
        damage("an_attempt_is_given_to_another_supplier", Check::Attempts, Some(WON), "UPDATE attempts SET supplier = 'b' WHERE order_id = {id}"),
        damage("a_loss_is_not_booked", Check::Loss, Some(LATE),
            "UPDATE history SET postings = replace(postings, 'loss:', 'gain:') WHERE order_id = {id}"),
        damage("a_case_is_deleted", Check::Loss, Some(EXCESS), "DELETE FROM cases WHERE order_id = {id}"),
        damage("a_callback_is_deleted", Check::Callback, Some(WON), "DELETE FROM callbacks WHERE order_id = {id}"),
        damage("a_callback_is_altered", Check::Callback, Some(WON), "UPDATE history SET sealed = x'00' WHERE order_id = {id} AND number > 1"),
        damage("a_callback_loses_its_payload", Check::Callback, Some(WON), "UPDATE callbacks SET history_number = 1 WHERE order_id = {id}"),
        damage("an_order_is_forgotten", Check::Stuck, Some(SENT),
            "UPDATE orders SET next_action_at_ms = NULL, next_step = NULL WHERE id = {id}"),
        damage("a_supplier_charged_for_what_was_given_back", Check::Charged, Some(FAILED),
            "UPDATE statement_lines SET said = 'delivered' WHERE order_id = {id}"),
        damage("a_supplier_charged_another_attempt_of_a_delivered_order", Check::Charged, Some(FAILED_OVER),
            "UPDATE statement_lines SET said = 'delivered' WHERE order_id = {id}"),
        damage("a_supplier_charged_one_number_twice", Check::Charged, Some(WON),
            "INSERT INTO statement_lines SELECT order_id, statement, 99, seq, supplier, said, found, cost_minor FROM statement_lines WHERE order_id = {id}"),
        damage("an_answered_order_is_gone_with_all_that_was_kept_of_it", Check::Lost, Some(SENT),
            "DELETE FROM orders WHERE id = {id}; DELETE FROM history WHERE order_id = {id}; DELETE FROM attempts WHERE order_id = {id}; \
             DELETE FROM order_inputs"),
        damage("an_advance_is_given_that_no_history_knows", Check::Settlement, Some(WON),
            "UPDATE history SET postings = json_insert(postings, '$[#]', json('{\"key\":\"advance:{id}\",\"order\":{id},\"currency\":\"CNY\",\"entries\":[[\"risk\",-1000],[\"shop_available:1\",1000]]}')) WHERE order_id = {id} AND number = 1"),
        damage("an_advance_is_not_booked", Check::Settlement, Some(ADVANCED),
            "UPDATE history SET postings = replace(postings, 'advance:', 'gift:') WHERE order_id = {id}"),
        damage("an_advance_is_not_repaid", Check::Settlement, Some(REPAID),
            "UPDATE history SET postings = replace(postings, 'repay:', 'keep:') WHERE order_id = {id}"),
        damage("a_hold_is_released_to_the_wrong_account", Check::Settlement, Some(CARRIED),
            "UPDATE history SET postings = replace(postings, '\"risk\",1000', '\"shop_available:1\",1000') WHERE order_id = {id}"),
        damage("a_balance_is_raised", Check::Balance, None, "UPDATE accounts SET balance_minor = balance_minor + 500 WHERE account LIKE 'shop_available%'"),
        damage("money_comes_from_nowhere", Check::Zero, None, "UPDATE accounts SET balance_minor = balance_minor + 500 WHERE account LIKE 'shop_available%'"),
        damage("a_credit_is_rewritten", Check::Balance, None, "UPDATE postings SET posting = replace(posting, '100000', '900000')"),
        damage("an_account_is_deleted", Check::Balance, None, "DELETE FROM accounts WHERE account = 'revenue'"),
    ]
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_wrong() {
    let scene = Scene::play().await;
    let tally = audit(&scene.path()).await;
    assert_eq!(words(&tally.findings), Vec::<String>::new());
    assert_eq!(tally.orders, 14);
}

#[tokio::test]
async fn every_kind_of_damage_is_found() {
    let scene = Scene::play().await;
    let kinds = kinds();
    assert!(kinds.len() >= 20);
    let mut overlooked = Vec::new();
    for kind in kinds {
        let path = scene.copy(kind.name);
        plant(&path, &kind.sql).await;
        let tally = audit(&path).await;
        let order = kind.order.map(|counter| id(counter).get());
        let is_found = |finding: &recharge_gateway::audit::Finding| finding.check == kind.check && finding.order == order;
        if !tally.findings.iter().any(is_found) {
            overlooked.push(format!("{}: found {:?}", kind.name, words(&tally.findings)));
        }
        let elsewhere: Vec<_> = tally
            .findings
            .iter()
            .filter(|finding| order.is_some() && finding.order.is_some_and(|found| Some(found) != order))
            .collect();
        assert!(elsewhere.is_empty(), "{}: {elsewhere:?}", kind.name);
    }
    assert_eq!(overlooked, Vec::<String>::new());
}

/// Changes the file by hand, without the triggers that would refuse it.
async fn plant(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut hand = SqliteConnection::connect_with(&options).await.unwrap();
    let triggers = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'trigger'");
    for trigger in triggers.fetch_all(&mut hand).await.unwrap() {
        let drop = format!("DROP TRIGGER {}", trigger.get::<String, _>("name"));
        sqlx::query(AssertSqlSafe(drop)).execute(&mut hand).await.unwrap();
    }
    let changed = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut hand).await.unwrap();
    assert!(changed.rows_affected() > 0, "nothing was damaged: {sql}");
    hand.close().await.unwrap();
}

#[tokio::test]
async fn an_auditor_that_watches_sees_what_is_changed_by_hand_and_says_it_once() {
    let scene = Scene::play().await;
    let path = scene.copy("watched");
    let mut watch = Watch::default();
    while watch.pass(&mut archive(&path).await).await.unwrap().is_behind {}
    assert_eq!(watch.findings().len(), 0, "{:?}", watch.findings());
    plant(
        &path,
        "UPDATE orders SET captured_minor = 0, released_minor = 1000 WHERE captured_minor = 1000",
    )
    .await;
    plant(&path, "UPDATE accounts SET balance_minor = 1 WHERE account = 'revenue'").await;
    // Nothing was committed: the walk through all orders comes by, and the books are compared each time.
    for _ in 0..4 {
        watch.pass(&mut archive(&path).await).await.unwrap();
        // A wrong balance that goes on moving is still the same finding.
        plant(
            &path,
            "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE account = 'revenue'",
        )
        .await;
    }
    let checks: Vec<Check> = watch.findings().iter().map(|finding| finding.check).collect();
    assert_eq!(
        checks,
        [
            Check::Settlement,
            Check::Settlement,
            Check::Settlement,
            Check::Settlement,
            Check::Settlement,
            Check::Refunds,
            Check::Balance,
            Check::Zero
        ],
        "one of the five that were paid had a refund, which is now more than was taken"
    );
}

#[tokio::test]
async fn a_history_rewritten_from_its_beginning_does_not_fit_its_signed_days() {
    let scene = Scene::play().await;
    let path = scene.path();
    let store = open(&path, KEY).await.unwrap();
    let next_day = START_MS + 86_400_000;
    let close = async |now_ms| {
        let day = days::close(&mut archive(&path).await, &store.signer(), now_ms).await.unwrap();
        let is_new = day.is_some();
        if let Some(day) = day {
            store.put_day(day).await.unwrap();
        }
        is_new
    };
    assert!(!close(START_MS).await, "the day is not over");
    assert!(close(next_day).await);
    assert!(!close(next_day).await, "a day is signed once");
    store.close().await;
    assert_eq!(words(&audit(&path).await.findings), Vec::<String>::new());
    let days_of = |tally: Tally| tally.findings.into_iter().filter(|finding| finding.check == Check::Day).count();
    // The forger knows the chain and makes every link fit again: the last commit of the last order never was.
    let forged = scene.copy("forged");
    let last = "(SELECT max(rowid) FROM history)";
    plant(&forged, &format!("UPDATE history SET link = zeroblob(32) WHERE rowid = {last}")).await;
    assert_eq!(days_of(audit(&forged).await), 1);
    let resealed = scene.copy("resealed");
    plant(&resealed, "UPDATE days SET seal = replace(seal, '.', '.A')").await;
    assert_eq!(days_of(audit(&resealed).await), 1);
    let shifted = scene.copy("shifted");
    plant(&shifted, "UPDATE days SET until_row = until_row - 1").await;
    assert_eq!(days_of(audit(&shifted).await), 1);
}
