//! Notifications: signed where the wire signs, repeated until acknowledged, and wrong in every scripted way.

use mock_suppliers::{Fault, MockSupplier, Settled, Wire};
use serde_json::{Map, Value};

use crate::client::*;

fn acknowledgement(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::Dayuanren | Wire::Ofpay => &["success"],
        Wire::Kasushou => &["ok"],
    }
}

/// Submits `A1` with this receiver as its address.
async fn order(mock: &MockSupplier, wire: Wire, receiver: &Receiver) -> Got {
    exchange(mock, submit(wire, "A1", PHONE, &receiver.url), 5_000).await
}

fn pairs(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = std::str::from_utf8(body).unwrap();
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), percent_encoding::percent_decode_str(value).collect())
        })
        .collect()
}

fn value(body: &[u8], name: &str) -> Vec<u8> {
    pairs(body).into_iter().find(|(n, _)| n == name).unwrap().1
}

#[tokio::test]
async fn a_notification_repeats_until_it_is_acknowledged_in_the_wires_own_word() {
    for (wire, answers) in [
        (Wire::Dayuanren, &["", "success ", "success"]),
        (Wire::Ofpay, &["", "failed", "<r>success</r>"]),
        (Wire::Kasushou, &["", "OK", "ok"]),
    ] {
        let receiver = Receiver::answering(answers).await;
        let mock = mock(wire, |c| c.notify_gaps_ms = vec![5, 5, 5]).await;
        order(&mock, wire, &receiver).await;
        until(|| mock.notifications().iter().any(|n| n.acknowledged)).await;
        let tries: Vec<_> = mock.notifications().iter().map(|n| (n.attempt, n.acknowledged)).collect();
        assert_eq!(tries, [(1, false), (2, false), (3, true)]);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        assert_eq!(receiver.bodies().len(), 3);
    }
}

#[tokio::test]
async fn a_notification_nobody_acknowledges_is_given_up_after_four_tries() {
    let receiver = Receiver::answering(&["no"]).await;
    let mock = mock(Wire::Kasushou, |c| c.notify_gaps_ms = vec![1; 10]).await;
    order(&mock, Wire::Kasushou, &receiver).await;
    until(|| receiver.bodies().len() == 4).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(receiver.bodies().len(), 4);
}

#[tokio::test]
async fn dayuanren_signs_everything_it_sends() {
    let receiver = Receiver::answering(acknowledgement(Wire::Dayuanren)).await;
    let mock = mock(Wire::Dayuanren, |_| {}).await;
    order(&mock, Wire::Dayuanren, &receiver).await;
    until(|| !receiver.bodies().is_empty()).await;
    let body = receiver.bodies().remove(0);
    let mut all = pairs(&body);
    let sign = all.pop().unwrap();
    assert_eq!(sign.0, "sign");
    all.sort();
    let text: String = all
        .iter()
        .map(|(n, v)| format!("{n}={}&", String::from_utf8(v.clone()).unwrap()))
        .collect();
    assert_eq!(sign.1, md5_upper(&format!("{text}apikey=demo-dayuanren-key")).into_bytes());
    assert_eq!(value(&body, "state"), b"1");
    assert_eq!(value(&body, "charge_amount"), b"100.00");
    assert_eq!(value(&body, "remark"), "充值成功".as_bytes());
    assert_eq!(value(&body, "out_trade_num"), b"A1");
}

#[tokio::test]
async fn ofpay_notifies_unsigned_and_in_gbk() {
    let receiver = Receiver::answering(acknowledgement(Wire::Ofpay)).await;
    let mock = mock(Wire::Ofpay, |_| {}).await;
    order(&mock, Wire::Ofpay, &receiver).await;
    until(|| !receiver.bodies().is_empty()).await;
    let body = receiver.bodies().remove(0);
    let names: Vec<_> = pairs(&body).into_iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["ret_code", "sporder_id", "ordersuccesstime", "err_msg"]);
    assert_eq!(value(&body, "ret_code"), b"1");
    let message = value(&body, "err_msg");
    assert_eq!(message, [0xB3, 0xE4, 0xD6, 0xB5, 0xB3, 0xC9, 0xB9, 0xA6]);
}

#[tokio::test]
async fn kasushou_signs_all_but_the_lists_and_its_unsigned_cards_are_decoys() {
    let receiver = Receiver::answering(acknowledgement(Wire::Kasushou)).await;
    let mock = mock(Wire::Kasushou, |c| c.card_products = vec!["77".into()]).await;
    order(&mock, Wire::Kasushou, &receiver).await;
    until(|| !receiver.bodies().is_empty()).await;
    let mut body: Map<String, Value> = serde_json::from_slice(&receiver.bodies()[0]).unwrap();
    let sign = body.remove("sign").unwrap();
    let cards = body.remove("card_list").unwrap();
    body.remove("express_list").unwrap();
    body.sort_keys();
    let text = format!("{}{}demo-kasushou-key", body["time"], Value::Object(body.clone()));
    assert_eq!(sign, sha1_hex(&text));
    assert_eq!((&body["status"], &body["external_orderno"]), (&3.into(), &"A1".into()));
    assert_eq!(cards[0]["card_no"], "DECOY");
}

#[tokio::test]
async fn a_notification_may_come_twice_or_never_or_late() {
    for wire in Wire::ALL {
        let receiver = Receiver::answering(acknowledgement(wire)).await;
        let mock = mock(wire, |_| {}).await;
        mock.script(PHONE, vec![Fault::NotifyTwice]);
        order(&mock, wire, &receiver).await;
        until(|| receiver.bodies().len() == 2).await;

        mock.script(PHONE, vec![Fault::NoNotify]);
        exchange(&mock, submit(wire, "A2", PHONE, &receiver.url), 2_000).await;
        mock.script(PHONE, vec![Fault::NotifyLate { after_ms: 200 }]);
        exchange(&mock, submit(wire, "A3", PHONE, &receiver.url), 2_000).await;
        assert_eq!(receiver.bodies().len(), 2);
        until(|| mock.notifications().len() == 3).await;
        let last = mock.notifications().pop().unwrap();
        assert_eq!((last.id.as_str(), last.acknowledged), ("A3", true));
        assert!(last.at_ms >= mock.book()[2].at_ms + 200);
    }
}

#[tokio::test]
async fn notifications_may_come_in_the_wrong_order() {
    for (wire, told) in [
        (Wire::Dayuanren, &[Settled::Delivered, Settled::Failed, Settled::Processing][..]),
        (Wire::Ofpay, &[Settled::Delivered, Settled::Failed]),
        (Wire::Kasushou, &[Settled::Delivered, Settled::Failed, Settled::Processing]),
    ] {
        let receiver = Receiver::answering(acknowledgement(wire)).await;
        let mock = mock(wire, |_| {}).await;
        mock.script(PHONE, vec![Fault::NotifyReordered, Fault::FailedThenSuccess { after_ms: 30 }]);
        order(&mock, wire, &receiver).await;
        until(|| mock.notifications().len() == told.len()).await;
        let order: Vec<_> = mock.notifications().iter().map(|n| n.settled).collect();
        assert_eq!(order, told);
    }
}

#[tokio::test]
async fn a_notification_may_come_before_the_answer_to_its_submit() {
    for (wire, working) in [(Wire::Dayuanren, None), (Wire::Ofpay, Some("0")), (Wire::Kasushou, Some("2"))] {
        let receiver = Receiver::answering(acknowledgement(wire)).await;
        let mock = mock(wire, |c| c.settle_after_ms = 60_000).await;
        mock.script(PHONE, vec![Fault::NotifyBeforeReply]);
        let got = order(&mock, wire, &receiver).await;
        assert_eq!(receiver.bodies().len(), 1, "{wire:?}");
        let told = match wire {
            Wire::Dayuanren => None,
            Wire::Ofpay => Some(got.element("game_state")),
            Wire::Kasushou => Some(got.json()["data"]["status"].to_string()),
        };
        assert_eq!(told.as_deref(), working);
        assert!(mock.book()[0].is_delivered());
    }
}

#[tokio::test]
async fn every_change_of_mind_is_notified() {
    let receiver = Receiver::answering(acknowledgement(Wire::Dayuanren)).await;
    let mock = mock(Wire::Dayuanren, |_| {}).await;
    mock.script(PHONE, vec![Fault::SuccessThenFailed { after_ms: 30 }]);
    order(&mock, Wire::Dayuanren, &receiver).await;
    until(|| receiver.bodies().len() == 2).await;
    let states: Vec<_> = receiver.bodies().iter().map(|b| value(b, "state")).collect();
    assert_eq!(states, [b"1", b"2"]);
}
