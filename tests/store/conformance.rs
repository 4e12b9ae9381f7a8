//! What every store must do, each sentence tried on each store.

use recharge_gateway::domain::case::{CaseKind, NewCase};
use recharge_gateway::domain::decide::{Input, decide};
use recharge_gateway::domain::ids::{OrderId, ShopOrderNo, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::order::Verdict;
use recharge_gateway::domain::outcome::{Outcome, Via};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::store::{Answer, CallbackState, CallbackTried, Command, Evidence, Refused, ScheduleCursor, Store};

use crate::visible::{Visible, whole_schedule};
use crate::world::{Book, SHOP, START_MS, Wish, accepted, card, cny, command, credit, evidence, fact, id, refused, step, succeeded};

on_every_store![
    what_was_answered_done_can_be_read_at_once,
    a_number_used_before_names_its_order_even_without_funds,
    an_order_id_used_before_is_stale,
    a_hold_that_the_balance_does_not_cover_is_refused_with_what_is_available,
    the_last_fen_is_spent_once_in_one_batch,
    a_credit_line_is_spent_to_its_floor_and_no_further,
    a_decision_on_an_old_version_is_stale,
    a_chain_of_decisions_wins_in_one_batch,
    what_rests_on_a_loser_loses_even_if_the_version_fits,
    money_from_outside_comes_once,
    an_orphan_is_kept_and_found_once,
    a_decision_that_contradicts_itself_is_never_written,
    one_bad_command_does_not_fail_its_neighbours,
    a_success_captures_tells_and_delivers_in_one_commit,
    a_late_success_after_failure_opens_one_case,
    a_callback_is_due_until_it_is_delivered_or_parked,
    callbacks_of_older_orders_come_first,
    a_callback_nobody_queued_is_no_error,
    the_schedule_is_paged_without_gaps_or_repeats,
    evidence_is_kept_in_order_and_cut_to_size,
    a_queued_callback_is_handed_over_even_to_one_who_looks_later,
    what_nobody_wrote_is_absent,
    an_empty_list_of_commands_has_no_answers,
];

async fn what_was_answered_done_can_be_read_at_once(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    for counter in 0..20 {
        let number: &'static str = Box::leak(format!("n{counter}").into_boxed_str());
        let wish = Wish::new(counter, number, 5);
        let expected = wish.change(&book, START_MS).after;
        let order = accepted(store, &book, wish).await;
        assert_eq!(order, *expected);
        assert_eq!(store.order_by_shop_no(SHOP, ShopOrderNo::from(number)).await.unwrap(), Some(order));
        let balance = store.balance(SHOP, Currency::Cny).await.unwrap();
        assert_eq!(balance.held, cny(5 * (i64::from(counter) + 1)));
        assert_eq!(balance.available, cny(100 - balance.held.minor));
    }
    let inputs = store.inputs(id(3)).await.unwrap().unwrap();
    assert_eq!(inputs, Wish::new(3, "n3", 5).inputs());
}

async fn a_number_used_before_names_its_order_even_without_funds(store: &dyn Store) {
    let book = Book::new();
    credit(store, 10).await;
    let first = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    let exists = Answer::Refused(Refused::Exists {
        order: first.id,
        fingerprint: first.terms.fingerprint.clone(),
    });
    // Nothing is left for a second hold, and yet the answer is the order that exists.
    assert_eq!(store.commit(Wish::new(2, "n1", 10).command(&book, START_MS)).await, exists);
    let other_content = Wish {
        content: 1,
        ..Wish::new(3, "n1", 10)
    };
    assert_eq!(store.commit(other_content.command(&book, START_MS)).await, exists);
    assert_eq!(store.order(id(2)).await.unwrap(), None);
}

async fn an_order_id_used_before_is_stale(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    accepted(store, &book, Wish::new(1, "n1", 10)).await;
    assert_eq!(store.commit(Wish::new(1, "n2", 10).command(&book, START_MS)).await, Answer::Stale);
    assert_eq!(store.order_by_shop_no(SHOP, ShopOrderNo::from("n2")).await.unwrap(), None);
}

async fn a_hold_that_the_balance_does_not_cover_is_refused_with_what_is_available(store: &dyn Store) {
    let book = Book::new();
    let no_funds = |available| Answer::Refused(Refused::NoFunds { available: cny(available) });
    let wish = Wish::new(1, "n1", 10);
    assert_eq!(store.commit(wish.command(&book, START_MS)).await, no_funds(0));
    credit(store, 9).await;
    assert_eq!(store.commit(wish.command(&book, START_MS)).await, no_funds(9));
    credit(store, 1).await;
    assert_eq!(store.commit(wish.command(&book, START_MS)).await, Answer::Done);
}

async fn the_last_fen_is_spent_once_in_one_batch(store: &dyn Store) {
    let book = Book::new();
    credit(store, 11).await;
    let wishes = [
        Wish::new(1, "n1", 6),
        Wish::new(2, "n2", 6),
        Wish::new(3, "n3", 5),
        Wish::new(4, "n4", 1),
    ];
    let batch = wishes.iter().map(|wish| wish.command(&book, START_MS)).collect();
    let no_funds = |available| Answer::Refused(Refused::NoFunds { available: cny(available) });
    assert_eq!(
        store.commit_all(batch).await,
        [Answer::Done, no_funds(5), Answer::Done, no_funds(0)]
    );
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().held, cny(11));
}

async fn a_credit_line_is_spent_to_its_floor_and_no_further(store: &dyn Store) {
    let book = Book::new();
    let on_credit = |counter: u16, number: &'static str| {
        let mut command = Wish::new(counter, number, 10).command(&book, START_MS);
        let Command::Decide(decision) = &mut command else {
            panic!("a wish is a decision")
        };
        for effect in &mut decision.change.effects {
            if let recharge_gateway::domain::effect::Effect::Post(Posting { guard: Some(guard), .. }) = effect {
                guard.floor_minor = -20;
            }
        }
        command
    };
    assert_eq!(store.commit(on_credit(1, "n1")).await, Answer::Done);
    assert_eq!(store.commit(on_credit(2, "n2")).await, Answer::Done);
    let refused = Answer::Refused(Refused::NoFunds { available: cny(-20) });
    assert_eq!(store.commit(on_credit(3, "n3")).await, refused);
}

async fn a_decision_on_an_old_version_is_stale(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let old = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    let decided = |outcome| decide(&old, fact(1, Via::Submit, outcome, None), book.facts(), START_MS + 5).unwrap();
    let batch = vec![command(decided(succeeded()), Vec::new()), command(decided(refused()), Vec::new())];
    assert_eq!(store.commit_all(batch).await, [Answer::Done, Answer::Stale]);
    assert_eq!(store.commit(command(decided(Outcome::Accepted), Vec::new())).await, Answer::Stale);
    let order = store.order(old.id).await.unwrap().unwrap();
    assert!(matches!(order.verdict, Some(Verdict::Succeeded { .. })));
}

async fn a_chain_of_decisions_wins_in_one_batch(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let wish = Wish::new(1, "n1", 10);
    let created = wish.change(&book, START_MS);
    let taken = decide(
        &created.after,
        fact(1, Via::Submit, Outcome::Accepted, None),
        book.facts(),
        START_MS + 1,
    )
    .unwrap();
    let dead = decide(&taken.after, fact(1, Via::Query, refused(), None), book.facts(), START_MS + 2).unwrap();
    let permitted = Some(SupplierId::from("b"));
    let plan = crate::world::plan();
    let again = decide(&dead.after, Input::Route { plan, permitted }, book.facts(), START_MS + 3).unwrap();
    let won = decide(&again.after, fact(2, Via::Submit, succeeded(), None), book.facts(), START_MS + 4).unwrap();
    let last = (*won.after).clone();
    let mut batch = vec![wish.command(&book, START_MS)];
    batch.extend([taken, dead, again, won].map(|change| command(change, Vec::new())));
    assert_eq!(store.commit_all(batch).await, vec![Answer::Done; 5]);
    assert_eq!(store.order(id(1)).await.unwrap(), Some(last));
    Visible::of(store, &[id(1)], &["n1"]).await.check();
}

async fn what_rests_on_a_loser_loses_even_if_the_version_fits(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    let winner = decide(&order, fact(1, Via::Submit, Outcome::Accepted, None), book.facts(), START_MS + 1).unwrap();
    let loser = decide(&order, fact(1, Via::Query, Outcome::NotFound, None), book.facts(), START_MS + 1).unwrap();
    let on_loser = decide(&loser.after, Input::Resubmit { seq: 1 }, book.facts(), START_MS + 2);
    let on_loser = on_loser
        .or_else(|_| decide(&loser.after, Input::Recover, book.facts(), START_MS + 2))
        .unwrap();
    let on_that = decide(&on_loser.after, fact(1, Via::Query, refused(), None), book.facts(), START_MS + 3).unwrap();
    assert_eq!(
        winner.after.version, on_loser.expected_version,
        "the version alone would let it pass"
    );
    let expected = (*winner.after).clone();
    let batch = [winner, loser, on_loser, on_that].map(|change| command(change, Vec::new()));
    let answers = store.commit_all(batch.to_vec()).await;
    assert_eq!(answers, [Answer::Done, Answer::Stale, Answer::Stale, Answer::Stale]);
    assert_eq!(store.order(order.id).await.unwrap(), Some(expected));
    Visible::of(store, &[order.id], &["n1"]).await.check();
}

async fn money_from_outside_comes_once(store: &dyn Store) {
    let posting = Posting::credit(SHOP, cny(50), "transfer-1");
    let twice = vec![Command::Post(posting.clone()), Command::Post(posting.clone())];
    let repeated = Answer::Refused(Refused::Repeated);
    assert_eq!(store.commit_all(twice).await, [Answer::Done, repeated.clone()]);
    assert_eq!(store.commit(Command::Post(posting)).await, repeated);
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(50));
    // Taking money out records a fact; it has no guard and is never refused.
    assert_eq!(
        store.commit(Command::Post(Posting::credit(SHOP, cny(-80), "payout"))).await,
        Answer::Done
    );
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(-30));
    assert_eq!(store.balances().await.unwrap().iter().map(|b| b.minor).sum::<i64>(), 0);
}

async fn an_orphan_is_kept_and_found_once(store: &dyn Store) {
    let orphan = |proof: &str| Command::Orphan {
        case: NewCase {
            key: "orphan_notification:a:99".to_owned(),
            kind: CaseKind::OrphanNotification,
            order: None,
            at_risk: None,
            opened_at_ms: START_MS,
        },
        evidence: evidence(proof, None, Via::Notification, "hello", START_MS),
    };
    let repeated = Answer::Refused(Refused::Repeated);
    assert_eq!(
        store.commit_all(vec![orphan("e1"), orphan("e2")]).await,
        [Answer::Done, repeated.clone()]
    );
    assert_eq!(store.commit(orphan("e3")).await, repeated);
    let cases = store.open_cases(10).await.unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!((cases[0].case.kind, cases[0].case.order), (CaseKind::OrphanNotification, None));
}

async fn a_decision_that_contradicts_itself_is_never_written(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let mut lopsided = Posting::credit(SHOP, cny(5), "x");
    lopsided.entries.pop();
    let answer = store.commit(Command::Post(lopsided)).await;
    assert!(
        matches!(&answer, Answer::Outage(text) if text.contains("does not balance")),
        "{answer:?}"
    );
    let mut miscounted = Wish::new(1, "n1", 10).change(&book, START_MS);
    std::sync::Arc::make_mut(&mut miscounted.after).version += 1;
    let answer = store.commit(command(miscounted, Vec::new())).await;
    assert!(matches!(&answer, Answer::Outage(text) if text.contains("version")), "{answer:?}");
    assert_eq!(store.order(id(1)).await.unwrap(), None);
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(100));
}

async fn one_bad_command_does_not_fail_its_neighbours(store: &dyn Store) {
    let book = Book::new();
    credit(store, 20).await;
    let mut lopsided = Posting::credit(SHOP, cny(5), "x");
    lopsided.entries.pop();
    let batch = vec![
        Wish::new(1, "n1", 10).command(&book, START_MS),
        Command::Post(lopsided),
        Wish::new(2, "n1", 10).command(&book, START_MS),
        Wish::new(3, "n3", 10).command(&book, START_MS),
    ];
    let answers = store.commit_all(batch).await;
    assert_eq!((&answers[0], &answers[3]), (&Answer::Done, &Answer::Done));
    assert!(matches!(&answers[1], Answer::Outage(_)));
    assert!(matches!(&answers[2], Answer::Refused(Refused::Exists { .. })));
}

async fn a_success_captures_tells_and_delivers_in_one_commit(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let wish = Wish {
        kind: ProductKind::Card,
        ..Wish::new(1, "n1", 10)
    };
    let order = accepted(store, &book, wish).await;
    let piece = evidence("e1", Some(order.id), Via::Submit, "ok", START_MS + 5);
    let input = fact(1, Via::Submit, card("CARD-SECRET"), Some(piece.id.clone()));
    let change = decide(&order, input, book.facts(), START_MS + 5).unwrap();
    assert_eq!(store.commit(command(change, vec![piece.clone()])).await, Answer::Done);

    assert_eq!(store.evidence(order.id).await.unwrap(), [piece]);
    let balance = store.balance(SHOP, Currency::Cny).await.unwrap();
    assert_eq!((balance.available, balance.held), (cny(90), cny(0)));
    let Outcome::Succeeded { deliveries } = card("CARD-SECRET") else {
        panic!("a card is a success")
    };
    assert_eq!(store.deliveries(order.id).await.unwrap(), deliveries);
    let told = store.callbacks_of(order.id).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].state, CallbackState::Due(START_MS + 5));
    assert!(told[0].callback.payload.contains("CARD-SECRET"));
    let census = store.census().await.unwrap();
    assert_eq!((census.orders, census.open_orders, census.callbacks_due), (1, 0, 1));
    assert!(whole_schedule(store, 10).await.is_empty());
}

async fn a_late_success_after_failure_opens_one_case(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    assert_eq!(
        step(store, &book, order.id, fact(1, Via::Submit, refused(), None), START_MS + 1).await,
        Answer::Done
    );
    let nobody = Input::Route {
        plan: Default::default(),
        permitted: None,
    };
    assert_eq!(step(store, &book, order.id, nobody, START_MS + 2).await, Answer::Done);
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(100));
    let late = fact(1, Via::Notification, succeeded(), None);
    assert_eq!(step(store, &book, order.id, late, START_MS + 3).await, Answer::Done);
    let cases = store.open_cases(10).await.unwrap();
    assert_eq!((cases[0].case.kind, cases[0].case.at_risk), (CaseKind::LateSuccess, Some(cny(3))));
    assert_eq!((cases[1].case.kind, cases.len()), (CaseKind::PromiseBroken, 2));
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(100));
    Visible::of(store, &[order.id], &["n1"]).await.check();
}

async fn finished(store: &dyn Store, book: &Book, counter: u16, number: &'static str, at_ms: i64) -> OrderId {
    let order = accepted(store, book, Wish::new(counter, number, 1)).await;
    let input = fact(1, Via::Submit, succeeded(), None);
    assert_eq!(step(store, book, order.id, input, at_ms).await, Answer::Done);
    order.id
}

async fn tried(store: &dyn Store, callback: &str, state: CallbackState, tries: u32) -> Answer {
    let tried = CallbackTried {
        id: callback.to_owned(),
        state,
        tries,
        at_ms: START_MS,
        result: format!("try {tries}"),
    };
    store.commit(Command::CallbackTried(tried)).await
}

async fn a_callback_is_due_until_it_is_delivered_or_parked(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let order = finished(store, &book, 1, "n1", START_MS).await;
    let callback = store.callbacks_of(order).await.unwrap().remove(0).callback;
    let due = async |until_ms| store.callbacks_due(until_ms, 10).await.unwrap().len();
    assert_eq!((due(START_MS - 1).await, due(START_MS).await), (0, 1));
    assert_eq!(tried(store, &callback.id, CallbackState::Due(START_MS + 50), 1).await, Answer::Done);
    assert_eq!((due(START_MS + 49).await, due(START_MS + 50).await), (0, 1));
    assert_eq!(tried(store, &callback.id, CallbackState::Parked, 2).await, Answer::Done);
    assert_eq!(store.census().await.unwrap().callbacks_parked, 1);
    let parked = store.callbacks_parked(10).await.unwrap();
    assert_eq!((parked.len(), &parked[0].callback.id), (1, &callback.id));
    assert_eq!(tried(store, &callback.id, CallbackState::Due(START_MS), 2).await, Answer::Done);
    assert_eq!(tried(store, &callback.id, CallbackState::Delivered, 3).await, Answer::Done);
    assert_eq!(due(i64::MAX).await, 0);
    let stored = store.callbacks_of(order).await.unwrap().remove(0);
    assert_eq!((stored.state, stored.tries), (CallbackState::Delivered, 3));
    assert_eq!(stored.last_result.as_deref(), Some("try 3"));
    assert_eq!(stored.callback, callback, "what is told never changes");
    assert_eq!(store.census().await.unwrap().callbacks_delivered, 1);
}

async fn callbacks_of_older_orders_come_first(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    // The younger order ends first; the older one is still told first.
    let young = finished(store, &book, 9, "n9", START_MS + 1).await;
    let old = finished(store, &book, 2, "n2", START_MS + 2).await;
    let middle = finished(store, &book, 5, "n5", START_MS + 3).await;
    let due = store.callbacks_due(START_MS + 3, 2).await.unwrap();
    assert_eq!(due.iter().map(|stored| stored.callback.order).collect::<Vec<_>>(), [old, middle]);
    assert_eq!(store.callbacks_due(START_MS + 1, 9).await.unwrap()[0].callback.order, young);
}

async fn a_callback_nobody_queued_is_no_error(store: &dyn Store) {
    assert_eq!(tried(store, "evt_1_1", CallbackState::Delivered, 1).await, Answer::Done);
    assert_eq!(store.census().await.unwrap(), Default::default());
}

async fn the_schedule_is_paged_without_gaps_or_repeats(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let numbers = ["n0", "n1", "n2", "n3", "n4", "n5", "n6"];
    for (number, counter) in numbers.into_iter().zip([3_u16, 0, 6, 1, 5, 2, 4]) {
        // Two due times only: ties are broken by the order's id.
        let now_ms = START_MS + i64::from(counter % 2) * 1_000;
        let wish = Wish::new(counter, number, 1);
        assert_eq!(store.commit(wish.command(&book, now_ms)).await, Answer::Done);
    }
    let all = whole_schedule(store, 100).await;
    let expected = [0, 2, 4, 6, 1, 3, 5].map(id);
    assert_eq!(all.iter().map(|cursor| cursor.order).collect::<Vec<_>>(), expected);
    for page in 1..8 {
        assert_eq!(whole_schedule(store, page).await, all, "pages of {page}");
    }
    for cursor in &all {
        let next = store.order(cursor.order).await.unwrap().unwrap().next_action.unwrap();
        assert_eq!(next.at_ms, cursor.at_ms);
    }
    let beyond = ScheduleCursor {
        at_ms: i64::MAX,
        order: id(0),
    };
    assert!(store.schedule(Some(beyond), 10).await.unwrap().is_empty());
}

async fn evidence_is_kept_in_order_and_cut_to_size(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 10)).await;
    let long = "x".repeat(Evidence::MAX_BYTES + 1);
    let pieces = vec![
        evidence("e-late", Some(order.id), Via::Query, &long, START_MS + 9),
        evidence("e-b", Some(order.id), Via::Submit, "", START_MS + 1),
        evidence("e-a", Some(order.id), Via::Notification, "\u{0}\u{1}", START_MS + 1),
        evidence("e-a", Some(order.id), Via::Notification, "an id is written once", START_MS + 1),
    ];
    let change = decide(&order, fact(1, Via::Submit, Outcome::Accepted, None), book.facts(), START_MS + 9).unwrap();
    assert_eq!(store.commit(command(change, pieces.clone())).await, Answer::Done);
    let mut cut = pieces[0].clone();
    cut.body.pop();
    assert_eq!(store.evidence(order.id).await.unwrap(), [pieces[2].clone(), pieces[1].clone(), cut]);
}

async fn a_queued_callback_is_handed_over_even_to_one_who_looks_later(store: &dyn Store) {
    let book = Book::new();
    credit(store, 100).await;
    let soon = std::time::Duration::from_millis(20);
    accepted(store, &book, Wish::new(1, "n1", 1)).await;
    assert!(
        tokio::time::timeout(soon, store.queued_callbacks()).await.is_err(),
        "nothing was queued"
    );
    finished(store, &book, 2, "n2", START_MS).await;
    let queued = tokio::time::timeout(soon * 50, store.queued_callbacks()).await.unwrap();
    let stored = store.callbacks_of(id(2)).await.unwrap();
    assert!(!queued.is_partial && !stored.is_empty());
    let rows: Vec<_> = queued.rows.iter().map(|fresh| fresh.row.clone()).collect();
    assert_eq!(rows, stored, "what is handed over is what lies in the outbox");
    assert!(queued.rows[0].is_first, "the verdict is the first that is told");
    assert!(
        tokio::time::timeout(soon, store.queued_callbacks()).await.is_err(),
        "handed out twice"
    );
}

async fn what_nobody_wrote_is_absent(store: &dyn Store) {
    assert_eq!(store.order(id(1)).await, Ok(None));
    assert_eq!(store.inputs(id(1)).await, Ok(None));
    assert!(store.history(id(1)).await.unwrap().is_empty());
    assert!(store.deliveries(id(1)).await.unwrap().is_empty());
    assert!(store.evidence(id(1)).await.unwrap().is_empty());
    assert!(store.callbacks_of(id(1)).await.unwrap().is_empty());
    assert!(store.balances().await.unwrap().is_empty());
    assert_eq!(store.balance(SHOP, Currency::Usd).await.unwrap().available.minor, 0);
    assert!(store.is_writable());
}

async fn an_empty_list_of_commands_has_no_answers(store: &dyn Store) {
    assert!(store.commit_all(Vec::new()).await.is_empty());
}
