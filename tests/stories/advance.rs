//! Who carries the doubt: a shop has its money back while nobody knows, and the truth settles it.

use mock_suppliers::Fault;
use recharge_gateway::console::FindingWord;
use recharge_gateway::domain::ledger::Account;
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::domain::product::AdvanceTerms;

use crate::desk::{finding, says, two_operators};
use crate::house::{House, PRICE_MINOR, Settings, script};

/// The risk account stands in after a second, for one order at a time.
fn settings() -> Settings {
    let settings = Settings::default();
    let policy = Policy {
        doubt_case_after_ms: 500,
        advance_total_minor: PRICE_MINOR,
        ..settings.policy.clone()
    };
    Settings {
        policy,
        advance: Some(AdvanceTerms {
            after_seconds: 1,
            max_price_minor: None,
        }),
        ..settings
    }
}

async fn risk(house: &House) -> i64 {
    house.account(|account| *account == Account::Risk).await
}

/// In doubt at stone, which swallows everything, until the shop has its money back.
async fn advanced(house: &mut House) -> String {
    script(&house.stone, "13800000001", &[Fault::HangUncharged]);
    house.expect_callbacks(2);
    let id = house.place("A1", "stone", "13800000001").await;
    let order = house.until(&id, |order| order["advanced"].is_string()).await;
    assert_eq!(
        (&order["advanced"], &order["status"], &order["finality"], &order["safe_to_resubmit"]),
        (&"99.50".into(), &"processing".into(), &"unknown".into(), &false.into()),
        "{order}"
    );
    assert_eq!(house.money().await, ("10000.00".to_owned(), "99.50".to_owned()), "the hold stays");
    assert_eq!(risk(house).await, -PRICE_MINOR);
    house.until_told(&id).await;
    let letter = house.mail.about(&id).remove(0).body;
    assert_eq!(
        (&letter["type"], &letter["data"]["advanced"]),
        (&"order.advanced".into(), &"99.50".into())
    );
    id
}

async fn attested(house: &House, id: &str, found: FindingWord) {
    let [li, wang] = two_operators(house).await;
    let key = format!("overdue_doubt:{id}:1");
    for pass in [&li, &wang] {
        says(house, finding(&key, found, pass)).await;
    }
}

#[actix_web::test]
async fn a_delivery_takes_the_advance_back_and_the_shop_pays_once() {
    let mut house = House::open_with(settings()).await;
    let id = advanced(&mut house).await;
    attested(&house, &id, FindingWord::Delivered).await;
    let order = house.until_final(&id).await;
    assert_eq!(
        (&order["status"], &order["charged"], &order["advanced"]),
        (&"succeeded".into(), &"99.50".into(), &"99.50".into())
    );
    assert_eq!(house.money().await, ("9900.50".to_owned(), "0.00".to_owned()));
    assert_eq!(risk(&house).await, 0);
    house.until_so("two letters", || house.mail.about(&id).len() == 2).await;
    house.close().await;
}

#[actix_web::test]
async fn a_failure_releases_the_hold_to_the_risk_account_over_a_restart_and_nobody_else_is_tried() {
    let mut house = House::open_with(settings()).await;
    let id = advanced(&mut house).await;
    let house = house.restart().await;
    attested(&house, &id, FindingWord::NotDelivered).await;
    let order = house.until_final(&id).await;
    assert_eq!((&order["status"], &order["charged"]), (&"failed".into(), &"0.00".into()));
    assert_eq!(house.money().await, ("10000.00".to_owned(), "0.00".to_owned()));
    assert_eq!((risk(&house).await, house.charges(&id).len()), (0, 0));
    house.until_so("two letters", || house.mail.about(&id).len() == 2).await;
    house.close().await;
}

#[actix_web::test]
async fn no_more_is_advanced_at_once_than_the_operator_allows() {
    let house = House::open_with(settings()).await;
    for n in [1, 2] {
        script(&house.stone, &format!("1380000000{n}"), &[Fault::HangUncharged]);
    }
    let first = house.place("A1", "stone", "13800000001").await;
    house.until(&first, |order| order["advanced"].is_string()).await;
    let second = house.place("A2", "stone", "13800000002").await;
    let told = house
        .until_timeline(&second, |timeline| timeline.to_string().contains("advance_declined"))
        .await;
    assert!(told.to_string().contains("advance_declined"), "{told}");
    let (_, order) = house.shop.get(&format!("/v1/orders/{second}")).await;
    assert!(order["advanced"].is_null(), "{order}");
    assert_eq!(risk(&house).await, -PRICE_MINOR);
    house.close().await;
}
