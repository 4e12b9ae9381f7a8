//! Notifications: who is believed, what is answered, and what moves nothing.

use mock_suppliers::{Fault, Operation, Wire};
use recharge_gateway::domain::case::CaseKind;

use crate::house::{House, Settings, script};
use crate::voice::{self, key_of};

/// Suppliers that take an order and say nothing final by themselves for a minute.
async fn slow_house() -> House {
    let mut settings = Settings {
        settle_after_ms: 60_000,
        ..Settings::default()
    };
    // Nobody asks by himself during the story, so whatever moves was moved by a notification.
    settings.policy.accepted_query_ms = vec![30_000];
    House::open_with(settings).await
}

/// Places an order and waits until its supplier has taken it; (order, the number the supplier knows).
async fn taken(house: &House, number: &str, first: &str) -> (String, String) {
    let id = house.place(number, first, "13800000001").await;
    house
        .until_so("the supplier to take the order", || !house.charges(&id).is_empty())
        .await;
    let charged = house.charges(&id)[0].id.clone();
    let accepted = |told: &serde_json::Value| {
        let events = told["events"].as_array().unwrap();
        events.iter().any(|event| event["code"] == "attempt_accepted")
    };
    house.until_timeline(&id, accepted).await;
    (id, charged)
}

#[actix_web::test]
async fn a_forged_notification_is_turned_away_and_moves_nothing() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "north").await;
    let (other, other_number) = taken(&house, "N2", "stone").await;
    let before = (house.stored(&id).await, house.stored(&other).await, house.money().await);
    let mut tampered = voice::north(&number, "2", "0.00", &key_of(Wire::Dayuanren));
    tampered.body = tampered.body.replace("state=2", "state=1");
    let unsigned = voice::Notice {
        content_type: "application/x-www-form-urlencoded",
        body: format!("out_trade_num={number}&state=1&userid=10001"),
    };
    for notice in [&voice::north(&number, "1", "100.00", "guessed"), &tampered, &unsigned] {
        let (status, answer) = house.hear("north", notice).await;
        assert_eq!(status, 401, "{answer}");
        assert!(!answer.contains("success"), "{answer}");
    }
    let (status, _) = house.hear("stone", &voice::stone(&other_number, 3, "guessed")).await;
    assert_eq!(status, 401);
    let after = (house.stored(&id).await, house.stored(&other).await, house.money().await);
    assert_eq!(after, before);
    assert!(house.cases().await.is_empty());
    // The gateway still listens to the right one, in each supplier's own word.
    let heard = house
        .hear("north", &voice::north(&number, "1", "100.00", &key_of(Wire::Dayuanren)))
        .await;
    assert_eq!(heard, (200, "success".to_owned()));
    let heard = house.hear("stone", &voice::stone(&other_number, 3, &key_of(Wire::Kasushou))).await;
    assert_eq!(heard, (200, "ok".to_owned()));
    for id in [&id, &other] {
        assert_eq!(house.until_final(id).await["status"], "succeeded");
        house.until_told(id).await;
    }
    house.close().await;
}

#[actix_web::test]
async fn the_same_notification_ten_times_is_one_success_and_every_time_acknowledged() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "north").await;
    let notice = voice::north(&number, "1", "100.00", &key_of(Wire::Dayuanren));
    let heard = futures_util::future::join_all((0..10).map(|_| house.hear("north", &notice))).await;
    assert!(heard.iter().all(|heard| *heard == (200, "success".to_owned())), "{heard:?}");
    assert!(house.success_rests_on_evidence(&id).await, "what was acknowledged is not kept");
    let version = house.stored(&id).await.version;
    assert_eq!(house.hear("north", &notice).await.0, 200);
    assert_eq!(
        house.stored(&id).await.version,
        version,
        "what is known already is not written again"
    );
    assert_eq!(house.money().await, ("9900.50".to_owned(), "0.00".to_owned()));
    house.until_told(&id).await;
    assert_eq!(house.mail.about(&id).len(), 1);
    house.close().await;
}

#[actix_web::test]
async fn an_unsigned_notification_is_only_a_reason_to_ask() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "river").await;
    assert_eq!(house.seen("river", Operation::Query, &id), 0, "nobody asked before");
    for code in ["1", "9"] {
        let asked = house.seen("river", Operation::Query, &id);
        let heard = house.hear("river", &voice::river(&number, code)).await;
        assert_eq!(heard, (200, "success".to_owned()));
        house
            .until_so("a question", || house.seen("river", Operation::Query, &id) > asked)
            .await;
        // What the supplier said to that is recorded: still at work.
        let answered = |told: &serde_json::Value| {
            let events = told["events"].as_array().unwrap();
            let hinted = events.iter().filter(|event| event["code"] == "attempt_hinted").count();
            hinted > 0 && events.last().is_some_and(|event| event["code"] == "attempt_accepted")
        };
        house.until_timeline(&id, answered).await;
        let order = house.shop.get(&format!("/v1/orders/{id}")).await.1;
        assert_eq!(order["status"], "processing", "anybody's word about {code} was believed");
    }
    assert_eq!(house.money().await.1, "99.50", "the hold stands");
    house.close().await;
}

#[actix_web::test]
async fn an_authentic_notification_about_an_unknown_number_is_kept_as_one_case() {
    let house = slow_house().await;
    let unknown = ["271234567890123456701", "T20260101000001"];
    for number in unknown {
        for _ in 0..2 {
            let heard = house
                .hear("north", &voice::north(number, "1", "100.00", &key_of(Wire::Dayuanren)))
                .await;
            assert_eq!(heard, (200, "success".to_owned()));
        }
    }
    let cases = house.until_cases(unknown.len()).await;
    assert!(
        cases.iter().all(|stored| stored.case.kind == CaseKind::OrphanNotification),
        "{cases:?}"
    );
    assert_eq!(house.money().await, ("10000.00".to_owned(), "0.00".to_owned()));
    // Unsigned and unknown is nobody's word about nothing.
    assert_eq!(house.hear("river", &voice::river("271234567890123456701", "1")).await.0, 401);
    house.close().await;
}

#[actix_web::test]
async fn a_notification_to_a_supplier_that_is_not_there_is_not_found() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "north").await;
    let before = house.stored(&id).await;
    let notice = voice::north(&number, "1", "100.00", &key_of(Wire::Dayuanren));
    assert_eq!(house.hear("nobody", &notice).await.0, 404);
    assert_eq!(house.stored(&id).await, before);
    house.close().await;
}

#[actix_web::test]
async fn another_suppliers_word_about_an_order_moves_nothing() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "north").await;
    let before = (house.stored(&id).await, house.money().await);
    // Authentically stone's, about a number that only north was ever given.
    let heard = house.hear("stone", &voice::stone(&number, 3, &key_of(Wire::Kasushou))).await;
    assert_eq!(heard, (200, "ok".to_owned()));
    assert_eq!(house.hear("river", &voice::river(&number, "9")).await.0, 401);
    assert_eq!((house.stored(&id).await, house.money().await), before);
    assert_eq!(house.until_cases(1).await[0].case.kind, CaseKind::OrphanNotification);
    house.close().await;
}

#[actix_web::test]
async fn an_amount_that_cannot_be_this_order_s_moves_no_money() {
    let house = slow_house().await;
    let (id, number) = taken(&house, "N1", "north").await;
    for amount in ["500.00", "0.00", "-1.00", "rubbish"] {
        let (status, _) = house
            .hear("north", &voice::north(&number, "3", amount, &key_of(Wire::Dayuanren)))
            .await;
        assert!([200, 400].contains(&status), "{amount}: {status}");
    }
    let order = house.shop.get(&format!("/v1/orders/{id}")).await.1;
    assert_eq!(order["status"], "processing", "{order}");
    assert_eq!(house.money().await.1, "99.50");
    assert!(house.mail.about(&id).is_empty());
    house.close().await;
}

#[actix_web::test]
async fn a_notification_settles_what_the_reply_and_the_queries_left_open() {
    let settings = Settings {
        settle_after_ms: 900,
        ..Settings::default()
    };
    let house = House::open_with(settings).await;
    // Stone charged, never answered, and says for long that it knows nothing: the signed word counts.
    script(
        &house.stone,
        "13800000001",
        &[Fault::ChargeThenHang, Fault::NotFoundThenSuccess { times: 1_000 }],
    );
    let order = house.order("N1", "stone", "13800000001").await;
    assert_eq!(order["status"], "succeeded");
    let id = order["id"].as_str().unwrap();
    assert_eq!((house.charges(id).len(), house.seen("stone", Operation::Submit, id)), (1, 1));
    house.close().await;
}
