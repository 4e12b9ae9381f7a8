//! What every store must do with what persons did: cases are closed once, deeds are kept for ever.

use recharge_gateway::domain::case::{CaseKind, NewCase};
use recharge_gateway::domain::decide::{Attested, Input};
use recharge_gateway::domain::desk::{Deed, DeedKind, Finding, Signature};
use recharge_gateway::domain::ids::{EvidenceId, SupplierId};
use recharge_gateway::domain::outcome::{Doubt, Outcome, Via};
use recharge_gateway::store::{Answer, Command, Refused, Store};

use crate::world::{Book, START_MS, Wish, accepted, credit, evidence, fact, step};

on_every_store![
    a_case_is_closed_once_and_stays_to_be_read,
    a_case_opened_and_closed_in_one_batch_is_closed,
    an_attestation_closes_its_case_in_the_commit_that_moves_the_order,
    deeds_are_found_by_subject_newest_first,
    what_arrived_about_no_order_is_found_by_its_time,
];

fn close(case: &str, at_ms: i64) -> Command {
    Command::Deed(Deed {
        subject: Deed::about_case(case),
        kind: DeedKind::CaseClosed {
            case: case.to_owned(),
            found: Finding::Explained,
        },
        signed: Signature::of("li", "a test of theirs"),
        at_ms,
    })
}

const KEY: &str = "orphan_notification:a:99";

fn orphan() -> Command {
    Command::Orphan {
        case: NewCase {
            key: KEY.to_owned(),
            kind: CaseKind::OrphanNotification,
            order: None,
            at_risk: None,
            opened_at_ms: START_MS,
        },
        evidence: evidence("e1", None, Via::Notification, "hello", START_MS),
    }
}

async fn a_case_is_closed_once_and_stays_to_be_read(store: &dyn Store) {
    let repeated = Answer::Refused(Refused::Repeated);
    assert_eq!(store.commit(close(KEY, 1)).await, repeated, "there is no such case");
    assert_eq!(store.commit(orphan()).await, Answer::Done);
    assert_eq!(store.case(KEY.to_owned()).await.unwrap().unwrap().closed_at_ms, None);
    let both = store.commit_all(vec![close(KEY, 5), close(KEY, 6)]).await;
    assert_eq!(both, [Answer::Done, repeated.clone()]);
    assert_eq!(store.commit(close(KEY, 7)).await, repeated);
    assert_eq!(store.case(KEY.to_owned()).await.unwrap().unwrap().closed_at_ms, Some(5));
    assert_eq!(store.open_cases(9).await.unwrap(), []);
    assert_eq!(store.census().await.unwrap().open_cases, 0);
    assert_eq!(
        store.deeds(Deed::about_case(KEY), 9).await.unwrap().len(),
        1,
        "the losers left nothing"
    );
    assert_eq!(store.commit(orphan()).await, repeated, "the same finding is no new case");
}

async fn a_case_opened_and_closed_in_one_batch_is_closed(store: &dyn Store) {
    let answers = store.commit_all(vec![orphan(), close(KEY, 5)]).await;
    assert_eq!(answers, [Answer::Done, Answer::Done]);
    assert_eq!(store.case(KEY.to_owned()).await.unwrap().unwrap().closed_at_ms, Some(5));
}

async fn an_attestation_closes_its_case_in_the_commit_that_moves_the_order(store: &dyn Store) {
    let book = Book::new();
    credit(store, 10_000).await;
    let order = accepted(store, &book, Wish::new(1, "n1", 1_000)).await;
    let lost = fact(1, Via::Submit, Outcome::Unknown(Doubt::Timeout), None);
    assert_eq!(step(store, &book, order.id, lost, START_MS + 1).await, Answer::Done);
    let late_ms = START_MS + 3_600_000;
    assert_eq!(step(store, &book, order.id, Input::Review, late_ms).await, Answer::Done);
    let case = store.open_cases(9).await.unwrap().remove(0).case;
    assert_eq!((case.kind, case.attempt()), (CaseKind::OverdueDoubt, Some(1)));
    let attested = Input::Attest(Box::new(Attested {
        case: case.key.clone(),
        seq: 1,
        found: Finding::Delivered { face: None },
        signed: Signature::of("li", "their ledger"),
        evidence: EvidenceId("ev_a".into()),
    }));
    assert_eq!(step(store, &book, order.id, attested, late_ms + 9).await, Answer::Done);
    assert_eq!(store.case(case.key.clone()).await.unwrap().unwrap().closed_at_ms, Some(late_ms + 9));
    assert!(store.order(order.id).await.unwrap().unwrap().verdict.is_some());
    let deeds = store.deeds("case:".to_owned(), 9).await.unwrap();
    assert_eq!(deeds.len(), 1);
    assert_eq!(deeds[0].signed.by, "li");
    let books: i64 = store.balances().await.unwrap().iter().map(|account| account.minor).sum();
    assert_eq!(books, 0);
}

async fn deeds_are_found_by_subject_newest_first(store: &dyn Store) {
    let pause = |name: &str, at_ms| {
        let supplier = SupplierId::from(name);
        Command::Deed(Deed {
            subject: Deed::about_supplier(&supplier),
            kind: DeedKind::SupplierPaused { supplier, broken: None },
            signed: Signature::of("li", "their statement differs"),
            at_ms,
        })
    };
    for (name, at_ms) in [("a", 1), ("b", 2), ("a", 3), ("ab%_", 4)] {
        assert_eq!(store.commit(pause(name, at_ms)).await, Answer::Done);
    }
    let at = async |subject: &str, limit| -> Vec<i64> {
        let found = store.deeds(subject.to_owned(), limit).await.unwrap();
        found.iter().map(|deed| deed.at_ms).collect()
    };
    assert_eq!(at("", 9).await, [4, 3, 2, 1]);
    assert_eq!(at("supplier:a", 9).await, [4, 3, 1]);
    assert_eq!(at("supplier:a", 2).await, [4, 3]);
    assert_eq!(at("supplier:ab%", 9).await, [4]);
    assert_eq!(at("%", 9).await, [0; 0]);
}

async fn what_arrived_about_no_order_is_found_by_its_time(store: &dyn Store) {
    assert_eq!(store.commit(orphan()).await, Answer::Done);
    let found = store.stray_evidence(START_MS).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].order, found[0].body.as_slice()), (None, b"hello".as_slice()));
    assert_eq!(store.stray_evidence(START_MS + 1).await.unwrap(), []);
}
