//! Every fault can be seen from outside, and the book says truly whether it charged.

use std::time::{Duration, Instant};

use mock_suppliers::{Dedupe, Fault, MockSupplier, Settled, Wire};

use crate::client::*;

async fn scripted(wire: Wire, faults: Vec<Fault>) -> MockSupplier {
    let mock = mock(wire, |_| {}).await;
    mock.script(PHONE, faults);
    mock
}

/// Sends `A1` into a fault; then the same id again must meet a healthy supplier that deduplicates.
async fn meets(wire: Wire, fault: Fault, charged: bool) -> Got {
    let mock = scripted(wire, vec![fault]).await;
    let hangs = matches!(fault, Fault::ChargeThenHang | Fault::HangUncharged);
    let patience_ms = if hangs { 250 } else { 5_000 };
    let got = exchange(&mock, submit(wire, "A1", PHONE, NOBODY), patience_ms).await;
    if hangs && charged {
        until(|| mock.book().len() == 1).await;
    }
    assert_eq!(mock.book().len(), usize::from(charged), "{wire:?} {fault:?}");
    let again = send(&mock, wire, "A1").await;
    assert_eq!(accepts(wire, &again), !charged, "{wire:?} {fault:?}");
    assert_eq!(mock.book().len(), 1, "{wire:?} {fault:?}");
    got
}

#[tokio::test]
async fn a_hang_charges_or_not_and_never_answers() {
    for wire in Wire::ALL {
        assert_eq!(meets(wire, Fault::ChargeThenHang, true).await, Got::Nothing);
        assert_eq!(meets(wire, Fault::HangUncharged, false).await, Got::Nothing);
    }
}

#[tokio::test]
async fn a_reset_comes_after_the_charge() {
    for wire in Wire::ALL {
        assert_eq!(meets(wire, Fault::ChargeThenReset, true).await, Got::Reset);
    }
}

#[tokio::test]
async fn spoiled_answers_say_nothing_about_the_charge() {
    for wire in Wire::ALL {
        for charged in [true, false] {
            let got = meets(wire, Fault::Status500 { charged }, charged).await;
            assert_eq!(got.status(), 500);
            let got = meets(wire, Fault::Html502 { charged }, charged).await;
            assert_eq!(got.status(), 502);
            assert!(got.body().starts_with(b"<html>"));
            let got = meets(wire, Fault::Empty { charged }, charged).await;
            assert_eq!((got.status(), got.body().len()), (200, 0));
            let got = meets(wire, Fault::Truncated { charged }, charged).await;
            assert!(matches!(&got, Got::Short(bytes) if bytes.starts_with(b"HTTP/1.1 200")), "{got:?}");
            let got = meets(wire, Fault::GbkGarbage { charged }, charged).await;
            assert!(std::str::from_utf8(got.body()).is_err());
            let gbk = encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(got.body());
            assert!(gbk.is_none());
            let got = meets(wire, Fault::UnlistedCode { charged }, charged).await;
            assert!(got.status() == 400 || !accepts(wire, &got));
        }
    }
}

#[tokio::test]
async fn a_redirect_names_the_same_address_and_charges_nothing() {
    for wire in Wire::ALL {
        let got = meets(wire, Fault::Redirect307, false).await;
        let Got::Answer { status, head, .. } = got else {
            panic!("{got:?}");
        };
        assert_eq!(status, 307);
        assert!(head.contains("\r\nLocation: /"), "{head}");
    }
}

#[tokio::test]
async fn an_existing_order_is_claimed_for_one_that_was_just_charged() {
    let got = meets(Wire::Dayuanren, Fault::OrderExists, true).await.json();
    assert_eq!(got["errno"], 208);
    assert!(got["data"]["order_number"].is_string());
    let got = meets(Wire::Ofpay, Fault::OrderExists, true).await;
    assert_eq!(got.element("retcode"), "2014");
    let got = meets(Wire::Kasushou, Fault::OrderExists, true).await;
    assert_eq!(got.json()["code"], 4003);
}

#[tokio::test]
async fn a_late_request_is_not_found_at_first_and_charges_after_the_caller_has_gone() {
    for wire in Wire::ALL {
        let mock = scripted(wire, vec![Fault::ArriveLate { after_ms: 800 }]).await;
        let got = exchange(&mock, submit(wire, "A1", PHONE, NOBODY), 50).await;
        assert_eq!(got, Got::Nothing);
        assert_eq!(ask(&mock, wire, "A1").await, None);
        assert!(mock.book().is_empty());
        until(|| mock.book().len() == 1).await;
        assert!(ask(&mock, wire, "A1").await.is_some());
    }
}

#[tokio::test]
async fn a_request_that_the_network_doubles_charges_twice_only_without_dedupe() {
    for (dedupe, charges) in [(Dedupe::ById { keeps_failed: true }, 1), (Dedupe::Never, 2)] {
        let mock = mock(Wire::Ofpay, |c| c.dedupe = dedupe).await;
        mock.script(PHONE, vec![Fault::Duplicate]);
        assert!(accepts(Wire::Ofpay, &send(&mock, Wire::Ofpay, "A1").await));
        assert_eq!(mock.book().len(), charges);
    }
}

#[tokio::test]
async fn refusals_are_definite_and_charge_nothing() {
    for (wire, bad_number, no_balance) in [
        (Wire::Dayuanren, "5", "4"),
        (Wire::Ofpay, "319", "1007"),
        (Wire::Kasushou, "4001", "4002"),
    ] {
        for (fault, code) in [(Fault::Refuse, bad_number), (Fault::BalanceEmpty, no_balance)] {
            let mock = scripted(wire, vec![fault]).await;
            for id in ["A1", "A2"] {
                let got = send(&mock, wire, id).await;
                let told = match wire {
                    Wire::Dayuanren => got.json()["errno"].to_string(),
                    Wire::Ofpay => got.element("retcode"),
                    Wire::Kasushou => got.json()["code"].to_string(),
                };
                assert_eq!(told, code);
            }
            assert!(mock.book().is_empty());
        }
    }
}

#[tokio::test]
async fn an_order_may_fail_after_it_was_accepted() {
    for (wire, failed) in [(Wire::Dayuanren, "2"), (Wire::Ofpay, "9"), (Wire::Kasushou, "4")] {
        let mock = scripted(wire, vec![Fault::FailLater]).await;
        assert!(accepts(wire, &send(&mock, wire, "A1").await));
        assert_eq!(ask(&mock, wire, "A1").await.as_deref(), Some(failed));
        let charge = &mock.book()[0];
        assert_eq!(
            (charge.settled, charge.amount_minor, charge.delivered_minor),
            (Settled::Failed, 0, 0)
        );
        assert!(!charge.is_delivered() && !charge.ends_delivered());
    }
}

#[tokio::test]
async fn a_failure_may_turn_into_success_and_a_success_may_be_reversed() {
    for (wire, failed, done, reversed) in [
        (Wire::Dayuanren, "2", "1", "2"),
        (Wire::Ofpay, "9", "1", "9"),
        (Wire::Kasushou, "4", "3", "5"),
    ] {
        let flips = scripted(wire, vec![Fault::FailedThenSuccess { after_ms: 800 }]).await;
        send(&flips, wire, "A1").await;
        assert_eq!(ask(&flips, wire, "A1").await.as_deref(), Some(failed));
        assert!(!flips.book()[0].is_delivered() && flips.book()[0].ends_delivered());
        until(|| flips.book()[0].is_delivered()).await;
        assert_eq!(ask(&flips, wire, "A1").await.as_deref(), Some(done));

        let takes_back = scripted(wire, vec![Fault::SuccessThenFailed { after_ms: 800 }]).await;
        send(&takes_back, wire, "A1").await;
        assert_eq!(ask(&takes_back, wire, "A1").await.as_deref(), Some(done));
        until(|| takes_back.book()[0].settled == Settled::Reversed).await;
        assert_eq!(ask(&takes_back, wire, "A1").await.as_deref(), Some(reversed));
        assert_eq!(takes_back.balance_minor(), 10_000_000);
    }
}

#[tokio::test]
async fn a_charged_order_may_hide_from_the_first_queries() {
    for wire in Wire::ALL {
        let mock = scripted(wire, vec![Fault::NotFoundThenSuccess { times: 2 }]).await;
        send(&mock, wire, "A1").await;
        assert_eq!(mock.book().len(), 1);
        assert_eq!(ask(&mock, wire, "A1").await, None);
        assert_eq!(ask(&mock, wire, "A1").await, None);
        assert!(ask(&mock, wire, "A1").await.is_some());
    }
}

#[tokio::test]
async fn a_part_is_delivered_billed_and_told() {
    let day = scripted(Wire::Dayuanren, vec![Fault::Partial { percent: 40 }]).await;
    send(&day, Wire::Dayuanren, "A1").await;
    let told = exchange(&day, query(Wire::Dayuanren, "A1"), 2_000).await.json();
    assert_eq!(told["data"][0]["state"], 3);
    assert_eq!(told["data"][0]["charge_amount"], "40.00");
    let kas = scripted(Wire::Kasushou, vec![Fault::Partial { percent: 40 }]).await;
    send(&kas, Wire::Kasushou, "A1").await;
    let told = exchange(&kas, query(Wire::Kasushou, "A1"), 2_000).await.json();
    assert_eq!(told["data"][0]["status"], 3);
    assert_eq!(told["data"][0]["amount"], "98.00");
    assert_eq!(told["data"][0]["has_back_money"], "58.80");
    for mock in [day, kas] {
        let charge = &mock.book()[0];
        assert_eq!((charge.amount_minor, charge.delivered_minor), (3_920, 4_000));
        assert!(charge.is_delivered());
        assert_eq!(mock.balance_minor(), 10_000_000 - 3_920);
    }
}

#[tokio::test]
async fn a_dripping_answer_is_whole_in_the_end() {
    for wire in Wire::ALL {
        let mock = scripted(wire, vec![Fault::SlowDrip { ms_per_byte: 1 }]).await;
        let started = Instant::now();
        let got = exchange(&mock, submit(wire, "A1", PHONE, NOBODY), 30_000).await;
        assert!(accepts(wire, &got));
        assert!(started.elapsed() >= Duration::from_millis(200));
    }
}

#[tokio::test]
async fn rated_faults_depend_on_seed_recipient_and_id_only() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mock = mock(Wire::Kasushou, |c| {
            c.seed = 7;
            c.fault_rate = vec![(Fault::Status500 { charged: false }, 5_000)];
        })
        .await;
        let mut charged = Vec::new();
        for n in 0..20 {
            send(&mock, Wire::Kasushou, &format!("A{n}")).await;
        }
        charged.extend(mock.book().into_iter().map(|c| c.id));
        runs.push(charged);
    }
    assert_eq!(runs[0], runs[1]);
    assert!((1..20).contains(&runs[0].len()), "{:?}", runs[0]);
}
