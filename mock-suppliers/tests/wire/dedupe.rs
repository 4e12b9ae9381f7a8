//! What becomes of a repeated id, in each of the three kinds of supplier.

use mock_suppliers::{Dedupe, Fault, Settled, Wire};

use crate::client::*;

const FORGETS: Dedupe = Dedupe::ById { keeps_failed: false };

fn says_exists(wire: Wire, got: &Got) -> bool {
    match wire {
        Wire::Dayuanren => got.json()["errno"] == 1,
        Wire::Ofpay => got.element("retcode") == "2014",
        Wire::Kasushou => got.json()["code"] == 4003,
    }
}

#[tokio::test]
async fn a_deduplicating_supplier_charges_an_id_once() {
    for wire in Wire::ALL {
        for dedupe in [Dedupe::ById { keeps_failed: true }, FORGETS] {
            let mock = mock(wire, |c| c.dedupe = dedupe).await;
            send(&mock, wire, "A1").await;
            assert!(says_exists(wire, &send(&mock, wire, "A1").await));
            assert_eq!(mock.book().len(), 1);
            assert_eq!(mock.requests()[1].transmission, 2);
        }
    }
}

#[tokio::test]
async fn a_supplier_that_never_deduplicates_charges_twice() {
    for wire in Wire::ALL {
        let mock = mock(wire, |c| c.dedupe = Dedupe::Never).await;
        send(&mock, wire, "A1").await;
        assert!(accepts(wire, &send(&mock, wire, "A1").await));
        let book = mock.book();
        assert_eq!(book.iter().filter(|c| c.is_delivered() && c.id == "A1").count(), 2);
        assert_ne!(book[0].supplier_ref, book[1].supplier_ref);
    }
}

#[tokio::test]
async fn a_failed_id_stays_taken_or_not_as_configured() {
    for wire in Wire::ALL {
        let keeps = mock(wire, |_| {}).await;
        let forgets = mock(wire, |c| c.dedupe = FORGETS).await;
        for mock in [&keeps, &forgets] {
            mock.script(PHONE, vec![Fault::FailLater]);
            send(mock, wire, "A1").await;
            assert_eq!(mock.book()[0].settled, Settled::Failed);
            assert_eq!(mock.balance_minor(), 10_000_000);
            mock.script(PHONE, vec![]);
        }
        assert!(says_exists(wire, &send(&keeps, wire, "A1").await));
        assert_eq!(keeps.book().len(), 1);
        assert!(accepts(wire, &send(&forgets, wire, "A1").await));
        assert_eq!(forgets.book().len(), 2);
        assert!(forgets.book()[1].is_delivered());
    }
}

#[tokio::test]
async fn a_refused_id_that_is_kept_is_found_as_failed_and_never_charged() {
    let wire = Wire::Dayuanren;
    let keeps = mock(wire, |_| {}).await;
    let forgets = mock(wire, |c| c.dedupe = FORGETS).await;
    for mock in [&keeps, &forgets] {
        mock.script(PHONE, vec![Fault::Refuse]);
        assert_eq!(send(mock, wire, "A1").await.json()["errno"], 5);
        mock.script(PHONE, vec![]);
        assert!(mock.book().is_empty());
    }
    assert_eq!(ask(&keeps, wire, "A1").await.as_deref(), Some("2"));
    assert_eq!(ask(&forgets, wire, "A1").await, None);
    assert!(says_exists(wire, &send(&keeps, wire, "A1").await));
    assert!(accepts(wire, &send(&forgets, wire, "A1").await));
    assert_eq!((keeps.book().len(), forgets.book().len()), (0, 1));
}

#[tokio::test]
async fn fifty_simultaneous_submits_of_one_id_charge_once() {
    let mock = std::sync::Arc::new(mock(Wire::Kasushou, |_| {}).await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mock = std::sync::Arc::clone(&mock);
        tasks.spawn(async move { accepts(Wire::Kasushou, &send(&mock, Wire::Kasushou, "A1").await) });
    }
    let accepted = tasks.join_all().await.into_iter().filter(|a| *a).count();
    assert_eq!((accepted, mock.book().len()), (1, 1));
}
