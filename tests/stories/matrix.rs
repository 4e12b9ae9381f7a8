//! Every fault of the mock suppliers on every wire: where the order ends, what the books say, what the shop hears.
//!
//! One house a wire; its orders meet their faults at the same time, as they would in life. Faults
//! that break a supplier's promise (a failure that turns into a success) have stories of their own.

use mock_suppliers::{Fault, Operation};
use recharge_gateway::domain::case::CaseKind;
use recharge_gateway::domain::ledger::Account;
use recharge_gateway::store::Store;

use crate::house::{COST_MINOR, House, script};

/// Where an order comes to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Delivered by the first supplier, sent there once.
    Once,
    /// Delivered by the first supplier, after the same number was sent again.
    Again,
    /// Delivered in part by the first supplier.
    Part,
    /// Definitely not taken there; delivered by the next one.
    Moved,
    /// Nobody knows, and nobody may guess.
    Doubt,
}

/// Faults with their end at a supplier that deduplicates, and at one that does not.
struct Row {
    faults: Vec<Fault>,
    deduplicating: End,
    forgetful: End,
}

fn rows() -> Vec<Row> {
    use End::{Again, Doubt, Moved, Once, Part};
    let row = |faults: &[Fault], deduplicating, forgetful| Row {
        faults: faults.to_vec(),
        deduplicating,
        forgetful,
    };
    let mut rows = vec![
        row(&[], Once, Once),
        row(&[Fault::ChargeThenHang], Once, Once),
        row(&[Fault::ChargeThenReset], Once, Once),
        row(&[Fault::HangUncharged], Again, Doubt),
        row(&[Fault::Redirect307], Again, Doubt),
        row(&[Fault::ArriveLate { after_ms: 2_500 }], Again, Once),
        row(
            &[Fault::ChargeThenHang, Fault::NotFoundThenSuccess { times: 1 }, Fault::NoNotify],
            Once,
            Once,
        ),
        row(
            &[Fault::ChargeThenReset, Fault::NotFoundThenSuccess { times: 3 }, Fault::NoNotify],
            Again,
            Once,
        ),
        row(&[Fault::NotifyTwice], Once, Once),
        row(&[Fault::NotifyReordered], Once, Once),
        row(&[Fault::NotifyLate { after_ms: 800 }], Once, Once),
        row(&[Fault::NotifyBeforeReply], Once, Once),
        row(&[Fault::NoNotify], Once, Once),
        row(&[Fault::SlowDrip { ms_per_byte: 1 }], Once, Once),
        row(&[Fault::SlowDrip { ms_per_byte: 40 }], Once, Once),
        row(&[Fault::Refuse], Moved, Moved),
        row(&[Fault::BalanceEmpty], Moved, Moved),
        row(&[Fault::FailLater], Moved, Moved),
        row(&[Fault::FailLater, Fault::NoNotify], Moved, Moved),
        row(&[Fault::OrderExists], Once, Once),
        row(&[Fault::Partial { percent: 40 }], Part, Part),
        row(
            &[Fault::ChargeThenHang, Fault::Partial { percent: 40 }, Fault::NoNotify],
            Part,
            Part,
        ),
    ];
    let either: [fn(bool) -> Fault; 6] = [
        |charged| Fault::Status500 { charged },
        |charged| Fault::Html502 { charged },
        |charged| Fault::Empty { charged },
        |charged| Fault::Truncated { charged },
        |charged| Fault::GbkGarbage { charged },
        |charged| Fault::UnlistedCode { charged },
    ];
    for fault in either {
        rows.push(row(&[fault(true)], Once, Once));
        rows.push(row(&[fault(false)], Again, Doubt));
    }
    rows
}

/// Plays every row with `first` as the first supplier.
async fn play(first: &str, then: &str, end_of: impl Fn(&Row) -> End) {
    let house = House::open().await;
    let mut played = Vec::new();
    for (n, row) in rows().into_iter().enumerate() {
        let recipient = format!("138{n:08}");
        script(house.mock(first), &recipient, &row.faults);
        let id = house.place(&format!("F{n}"), first, &recipient).await;
        played.push((id, row));
    }
    for (id, row) in &played {
        let (end, faults) = (end_of(row), &row.faults);
        let submits = || house.seen(first, Operation::Submit, id);
        if end == End::Doubt {
            house
                .until_so("questions about an order in doubt", || house.seen(first, Operation::Query, id) >= 4)
                .await;
            let order = house.until(id, |order| order["finality"] == "unknown").await;
            assert_eq!(
                (&order["status"], &order["safe_to_resubmit"]),
                (&"processing".into(), &false.into()),
                "{faults:?}"
            );
            assert_eq!(order["reason"]["code"], "in_doubt", "{faults:?}");
            assert!(order["expected_by"].is_string(), "{faults:?}: {order}");
            assert_eq!((submits(), house.charges(id).len()), (1, 0), "{faults:?}");
            assert_eq!(house.seen(then, Operation::Submit, id), 0, "{faults:?}: doubt was sent elsewhere");
            assert!(house.mail.about(id).is_empty(), "{faults:?}: a verdict was told while in doubt");
            continue;
        }
        let order = house.until_final(id).await;
        let charges = house.charges(id);
        let delivered: Vec<_> = charges.iter().filter(|charge| charge.ends_delivered()).collect();
        assert_eq!(delivered.len(), 1, "{faults:?}: {charges:?}");
        let (status, by) = match end {
            End::Once | End::Again => ("succeeded", first),
            End::Part => ("partially_succeeded", first),
            End::Moved => ("succeeded", then),
            End::Doubt => ("processing", first),
        };
        assert_eq!(
            (order["status"].as_str(), delivered[0].supplier.as_str()),
            (Some(status), by),
            "{faults:?}: {order}"
        );
        match end {
            End::Again => assert!(submits() > 1, "{faults:?}"),
            End::Once | End::Part | End::Moved | End::Doubt => assert_eq!(submits(), 1, "{faults:?}"),
        }
        assert!(
            house.success_rests_on_evidence(id).await,
            "{faults:?}: nothing kept proves the delivery"
        );
        house.until_told(id).await;
    }
    for (id, row) in &played {
        let due = usize::from(end_of(row) != End::Doubt);
        assert_eq!(house.mail.about(id).len(), due, "{:?}: callbacks", row.faults);
    }
    let refused: Vec<_> = house
        .mock(first)
        .notifications()
        .into_iter()
        .filter(|notification| !notification.acknowledged)
        .collect();
    assert!(
        refused.is_empty(),
        "notifications were not acknowledged in the supplier's word: {refused:?}"
    );
    assert!(house.cases().await.is_empty(), "a fault that is settled needs no person");
    house.close().await;
}

#[actix_web::test]
async fn every_fault_of_a_signed_form_supplier_ends_as_it_must() {
    play("north", "river", |row| row.deduplicating).await;
}

#[actix_web::test]
async fn every_fault_of_an_unsigned_xml_supplier_ends_as_it_must() {
    // Its wire has no word for a part: it delivers everything.
    play("river", "north", |row| match row.deduplicating {
        End::Part | End::Once => End::Once,
        end @ (End::Again | End::Moved | End::Doubt) => end,
    })
    .await;
}

#[actix_web::test]
async fn every_fault_of_a_supplier_that_does_not_deduplicate_ends_as_it_must() {
    play("stone", "north", |row| row.forgetful).await;
}

#[actix_web::test]
async fn a_request_that_the_network_doubles_is_one_success_and_one_callback() {
    let mut house = House::open().await;
    // Stone charges each copy: what the network doubles there no gateway can prevent, only not add to.
    house.expect_double_charges();
    for (first, recipient) in [("north", "13800000001"), ("river", "13800000002"), ("stone", "13800000003")] {
        script(house.mock(first), recipient, &[Fault::Duplicate]);
        let id = house.place(&format!("D-{first}"), first, recipient).await;
        let order = house.until_final(&id).await;
        assert_eq!(order["status"], "succeeded", "{first}");
        assert_eq!(house.seen(first, Operation::Submit, &id), 1, "{first} was sent it again");
        house.until_told(&id).await;
        assert_eq!(house.mail.about(&id).len(), 1, "{first}");
        let copies = if first == "stone" { 2 } else { 1 };
        assert_eq!(house.charges(&id).len(), copies, "{first}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_success_that_is_taken_back_is_one_case_and_moves_nothing() {
    let house = House::open().await;
    let mut ids = Vec::new();
    for (first, recipient) in [("north", "13800000001"), ("river", "13800000002"), ("stone", "13800000003")] {
        script(house.mock(first), recipient, &[Fault::SuccessThenFailed { after_ms: 700 }]);
        ids.push(house.place(&format!("C-{first}"), first, recipient).await);
    }
    for id in &ids {
        assert_eq!(house.until_final(id).await["status"], "succeeded");
    }
    let before = house.gateway.store().balances().await.unwrap();
    let cases = house.until_cases(3).await;
    let kind = CaseKind::Contradiction;
    assert!(cases.iter().all(|stored| stored.case.kind == kind), "{cases:?}");
    assert_eq!(house.gateway.store().balances().await.unwrap(), before);
    for id in &ids {
        let order = house.until_final(id).await;
        assert_eq!((&order["status"], &order["charged"]), (&"succeeded".into(), &"99.50".into()));
        house.until_told(id).await;
        assert_eq!(house.mail.about(id).len(), 1);
    }
    house.close().await;
}

#[actix_web::test]
async fn a_second_supplier_that_delivers_too_is_one_case_and_one_loss() {
    let mut house = House::open().await;
    house.expect_double_charges();
    script(&house.north, "13800000001", &[Fault::FailedThenSuccess { after_ms: 1_000 }]);
    let order = house.order("E1", "north", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    let id = order["id"].as_str().unwrap();
    let cases = house.until_cases(2).await;
    let kinds: Vec<CaseKind> = cases.iter().map(|case| case.case.kind).collect();
    assert_eq!(kinds, [CaseKind::DoubleDelivery, CaseKind::PromiseBroken]);
    assert_eq!(house.delivered(id), 2);
    let loss = house.account(|account| matches!(account, Account::LossInDispute)).await;
    assert_eq!(loss.abs(), COST_MINOR, "the loss is what the second delivery cost");
    let (available, held) = house.money().await;
    assert_eq!((available.as_str(), held.as_str()), ("9900.50", "0.00"), "the shop pays once");
    house.until_told(id).await;
    assert_eq!(house.mail.about(id).len(), 1);
    house.close().await;
}
