//! Each wire format's ordinary day, and who is turned away.

use mock_suppliers::{Fault, Operation, Wire};

use crate::client::*;

#[tokio::test]
async fn an_order_is_accepted_charged_and_found_in_every_format() {
    for (wire, done) in [(Wire::Dayuanren, "1"), (Wire::Ofpay, "1"), (Wire::Kasushou, "3")] {
        let mock = mock(wire, |_| {}).await;
        let got = send(&mock, wire, "A1").await;
        assert!(accepts(wire, &got), "{got:?}");
        let book = mock.book();
        assert_eq!(book.len(), 1);
        assert_eq!((book[0].id.as_str(), book[0].recipient.as_str()), ("A1", PHONE));
        assert_eq!((book[0].amount_minor, book[0].delivered_minor), (9_800, 10_000));
        assert!(book[0].is_delivered());
        assert_eq!(ask(&mock, wire, "A1").await.as_deref(), Some(done));
        assert_eq!(ask(&mock, wire, "A2").await, None);
        assert_eq!(mock.balance_minor(), 10_000_000 - 9_800);
        let ops: Vec<_> = mock.requests().iter().map(|r| (r.op, r.transmission)).collect();
        assert_eq!(ops, [(Operation::Submit, 1), (Operation::Query, 1), (Operation::Query, 1)]);
        mock.stop().await;
    }
}

#[tokio::test]
async fn an_order_is_in_progress_until_it_settles() {
    for (wire, working) in [(Wire::Dayuanren, "0"), (Wire::Ofpay, "0"), (Wire::Kasushou, "2")] {
        let mock = mock(wire, |c| c.settle_after_ms = 60_000).await;
        send(&mock, wire, "A1").await;
        assert_eq!(ask(&mock, wire, "A1").await.as_deref(), Some(working));
        assert!(!mock.book()[0].is_delivered());
        assert!(mock.book()[0].ends_delivered());
    }
}

#[tokio::test]
async fn a_wrong_signature_is_refused_charges_nothing_and_is_not_counted_as_a_request() {
    let day = mock(Wire::Dayuanren, |_| {}).await;
    let pairs = [
        ("out_trade_num", "A1"),
        ("product_id", "12"),
        ("mobile", PHONE),
        ("notify_url", NOBODY),
    ];
    let got = exchange(&day, dayuanren("recharge", &pairs, "wrong"), 2_000).await;
    assert_eq!(got.json()["errno"], 3);

    let ofp = mock(Wire::Ofpay, |_| {}).await;
    let signed = [("sporder_id", "A1")];
    let wrong = ofpay("/queryorderinfo.do", &signed, &[], "wrong", "GET");
    assert_eq!(exchange(&ofp, wrong, 2_000).await.element("retcode"), "1003");
    let mut wrong = submit(Wire::Ofpay, "A1", PHONE, NOBODY);
    let place = wrong.windows(11).position(|w| w == b"cardnum=100").unwrap();
    wrong[place + 8] = b'9';
    assert_eq!(exchange(&ofp, wrong, 2_000).await.element("retcode"), "1003");

    let kas = mock(Wire::Kasushou, |_| {}).await;
    let wrong = kasushou("order/buy", r#"{"external_orderno":"A1","id":77,"quantity":1}"#, "wrong");
    assert_eq!(exchange(&kas, wrong, 2_000).await.json()["code"], 401);

    for mock in [day, ofp, kas] {
        assert!(mock.book().is_empty());
        assert!(mock.requests().is_empty());
    }
}

#[tokio::test]
async fn the_balance_is_told_in_every_format() {
    let day = mock(Wire::Dayuanren, |_| {}).await;
    let got = exchange(&day, dayuanren("user", &[], "demo-dayuanren-key"), 2_000).await;
    assert_eq!(got.json()["data"]["balance"], "100000.00");
    let ofp = mock(Wire::Ofpay, |_| {}).await;
    for method in ["GET", "POST"] {
        let request = ofpay("/queryuserinfo.do", &[], &[], "demo-ofpay-key", method);
        let got = exchange(&ofp, request, 2_000).await;
        assert_eq!(got.element("ret_leftcredit"), "100000.00");
    }
    let kas = mock(Wire::Kasushou, |_| {}).await;
    let got = exchange(&kas, kasushou("user/info", "{}", "demo-kasushou-key"), 2_000).await;
    assert_eq!(got.json()["data"]["balance"], "100000.00");
}

#[tokio::test]
async fn ofpay_answers_in_real_gbk_and_says_so() {
    let mock = mock(Wire::Ofpay, |_| {}).await;
    let got = send(&mock, Wire::Ofpay, "A1").await;
    assert!(got.gbk().starts_with("<?xml version=\"1.0\" encoding=\"GBK\"?>"));
    assert_eq!(got.element("cardname"), "全国移动话费快充");
    assert!(std::str::from_utf8(got.body()).is_err());
}

#[tokio::test]
async fn a_cost_above_the_callers_limit_and_an_empty_account_are_refused() {
    let kas = mock(Wire::Kasushou, |c| c.costs.rule_bp = 9_851).await;
    assert_eq!(send(&kas, Wire::Kasushou, "A1").await.json()["code"], 4004);
    let poor = mock(Wire::Dayuanren, |c| c.balance_minor = 9_799).await;
    assert_eq!(send(&poor, Wire::Dayuanren, "A1").await.json()["errno"], 4);
    assert!(kas.book().is_empty() && poor.book().is_empty());
    assert_eq!(poor.balance_minor(), 9_799);
}

#[tokio::test]
async fn card_secrets_are_shown_by_a_query_only_and_are_always_the_same() {
    let mock = mock(Wire::Kasushou, |c| c.card_products = vec!["77".into()]).await;
    let body = r#"{"external_orderno":"A1","id":77,"quantity":2}"#;
    let got = exchange(&mock, kasushou("order/buy", body, "demo-kasushou-key"), 2_000).await;
    assert!(!String::from_utf8_lossy(got.body()).contains("card_"));
    let first = exchange(&mock, query(Wire::Kasushou, "A1"), 2_000).await.json();
    let cards = first["data"][0]["card_list"].as_array().unwrap().clone();
    assert_eq!(cards.len(), 2);
    assert_ne!(cards[0], cards[1]);
    let number = first["data"][0]["ordersn"].as_str().unwrap();
    let by_number = kasushou("order/info", &format!(r#"{{"ordersn":"{number}"}}"#), "demo-kasushou-key");
    let second = exchange(&mock, by_number, 2_000).await.json();
    assert_eq!(second["data"][0]["card_list"], first["data"][0]["card_list"]);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    use tokio::io::AsyncWriteExt;
    let mock = mock(Wire::Dayuanren, |_| {}).await;
    let mut stream = tokio::net::TcpStream::connect(mock.addr()).await.unwrap();
    for id in ["A1", "A2"] {
        let request = submit(Wire::Dayuanren, id, PHONE, NOBODY);
        stream.write_all(&request).await.unwrap();
        assert!(accepts(Wire::Dayuanren, &read_answer(&mut stream).await));
    }
    assert_eq!(mock.book().len(), 2);
}

#[tokio::test]
async fn rubbish_gets_an_error_and_the_mock_lives_on() {
    for wire in Wire::ALL {
        let mock = mock(wire, |_| {}).await;
        for rubbish in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
            b"POST /api/v1/order/buy HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n\xff\xfe{",
            b"POST /yrapi.php/index/recharge HTTP/1.1\r\nContent-Length: 5\r\n\r\na=%ff",
            b"GET /onlineorder.do?userid=%81&userid=2 HTTP/1.1\r\n\r\n",
            b"GET /_mock/nothing HTTP/1.1\r\n\r\n",
        ] {
            let got = exchange(&mock, rubbish.to_vec(), 2_000).await;
            assert!(matches!(got, Got::Answer { .. }), "{got:?}");
        }
        assert!(accepts(wire, &send(&mock, wire, "A1").await));
        assert_eq!(mock.book().len(), 1);
    }
}

#[tokio::test]
async fn the_admin_address_shows_the_book_and_takes_scripts() {
    let mock = mock(Wire::Kasushou, |_| {}).await;
    let script = format!(r#"{{"recipient":"{PHONE}","faults":["refuse",{{"slow_drip":{{"ms_per_byte":0}}}}]}}"#);
    let got = exchange(&mock, http("POST", "/_mock/script", &[], script.as_bytes()), 2_000).await;
    assert_eq!(got.status(), 200);
    assert_eq!(send(&mock, Wire::Kasushou, "A1").await.json()["code"], 4001);
    mock.script(PHONE, Vec::<Fault>::new());
    send(&mock, Wire::Kasushou, "A2").await;
    let book = get(&mock, "/_mock/book").await.json();
    assert_eq!(book.as_array().unwrap().len(), 1);
    assert_eq!(book[0]["id"], "A2");
    assert_eq!(book[0]["settled"], "delivered");
    assert_eq!(get(&mock, "/_mock/requests").await.json()[0]["op"], "submit");
    let body = br#"{"balance_minor":5}"#;
    exchange(&mock, http("POST", "/_mock/balance", &[], body), 2_000).await;
    assert_eq!(mock.balance_minor(), 5);
    let wrong = exchange(&mock, http("POST", "/_mock/script", &[], b"{}"), 2_000).await;
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn a_mock_that_accepts_nothing_refuses_connections_and_comes_back() {
    let mock = mock(Wire::Dayuanren, |_| {}).await;
    mock.set_accepting(false).await.unwrap();
    let refused = tokio::net::TcpStream::connect(mock.addr()).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    mock.set_accepting(true).await.unwrap();
    assert!(accepts(Wire::Dayuanren, &send(&mock, Wire::Dayuanren, "A1").await));
}
