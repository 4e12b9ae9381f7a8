//! Facts that arrive late, and the persons who deal with them, beside a running gateway.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

use mock_suppliers::{Fault, Operation};
use recharge_gateway::console::{
    AdminCall, AdminReply, CaseFinding, ChargeAsked, DeskReply, DeskStanding, FindingWord, Once, OrderKey, RefundAsked, Signing,
    SupplierWord,
};
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::ledger::Account;
use recharge_gateway::domain::policy::Policy;

use crate::house::{House, Settings, script};

/// Doubts become cases after half a second.
fn impatient() -> Settings {
    let settings = Settings::default();
    let policy = Policy {
        doubt_case_after_ms: 500,
        ..settings.policy.clone()
    };
    Settings { policy, ..settings }
}

pub fn signing(pass: &str) -> Signing {
    Signing {
        pass: Once(pass.to_owned()),
        reason: "their support looked it up".to_owned(),
    }
}

async fn operator(house: &House, name: &str, by: Option<&str>) -> String {
    let name = name.to_owned();
    let signing = by.map(signing);
    match house.desk(AdminCall::OperatorAdd { name, signing }).await {
        AdminReply::OperatorAdded { pass, .. } => pass.0,
        other => panic!("{other:?}"),
    }
}

pub async fn two_operators(house: &House) -> [String; 2] {
    let li = operator(house, "li", None).await;
    let wang = operator(house, "wang", Some(&li)).await;
    [li, wang]
}

pub async fn says(house: &House, call: AdminCall) -> DeskReply {
    match house.desk(call).await {
        AdminReply::Desk(reply) => reply,
        other => panic!("{other:?}"),
    }
}

pub fn finding(key: &str, found: FindingWord, pass: &str) -> AdminCall {
    AdminCall::CaseResolve(CaseFinding {
        key: key.to_owned(),
        found,
        amount: None,
        signing: signing(pass),
    })
}

#[actix_web::test]
async fn two_persons_end_a_doubt_and_the_next_supplier_delivers() {
    let house = House::open_with(impatient()).await;
    let [li, wang] = two_operators(&house).await;
    script(&house.stone, "13800000001", &[Fault::HangUncharged]);
    let id = house.place("A1", "stone", "13800000001").await;
    let key = house.until_cases(1).await.remove(0).case.key;
    assert_eq!(key, format!("overdue_doubt:{id}:1"));
    let first = says(&house, finding(&key, FindingWord::NotDelivered, &li)).await;
    assert_eq!(first.standing, DeskStanding::Proposed);
    let (_, order) = house.shop.get(&format!("/v1/orders/{id}")).await;
    assert_eq!(
        (&order["finality"], house.charges(&id).len()),
        (&"unknown".into(), 0),
        "one person is not enough"
    );
    let second = says(&house, finding(&key, FindingWord::NotDelivered, &wang)).await;
    assert_eq!(second.standing, DeskStanding::Done);
    let order = house.until_final(&id).await;
    assert_eq!(order["status"], "succeeded");
    let charges = house.charges(&id);
    assert_eq!(charges.len(), 1);
    assert_ne!(charges[0].supplier, "stone");
    assert!(house.cases().await.is_empty());
    house.close().await;
}

#[actix_web::test]
async fn two_persons_attest_a_delivery_and_the_shop_pays_and_is_told() {
    let house = House::open_with(impatient()).await;
    let [li, wang] = two_operators(&house).await;
    script(&house.stone, "13800000001", &[Fault::HangUncharged]);
    let id = house.place("A1", "stone", "13800000001").await;
    let key = house.until_cases(1).await.remove(0).case.key;
    for pass in [&wang, &li] {
        says(&house, finding(&key, FindingWord::Delivered, pass)).await;
    }
    let order = house.until_final(&id).await;
    assert_eq!((&order["status"], &order["charged"]), (&"succeeded".into(), &"99.50".into()));
    house.until_told(&id).await;
    assert_eq!(house.seen("river", Operation::Submit, &id), 0);
    assert_eq!(house.account(|account| matches!(account, Account::ShopHeld(_))).await, 0);
    house.close().await;
}

#[actix_web::test]
async fn a_supplier_that_broke_its_word_gets_nothing_more_until_a_person_resumes_it() {
    let mut house = House::open().await;
    house.expect_double_charges();
    script(&house.north, "13800000001", &[Fault::FailedThenSuccess { after_ms: 1_000 }]);
    let order = house.order("A1", "north", "13800000001").await;
    let broken = order["id"].as_str().unwrap().to_owned();
    let supplier = |charges: Vec<mock_suppliers::Charge>| charges[0].supplier.clone();
    house.until_cases(2).await;
    let next = house.order("A2", "north", "13800000002").await;
    assert_ne!(supplier(house.charges(next["id"].as_str().unwrap())), "north");

    let house = house.restart().await;
    let next = house.order("A3", "north", "13800000003").await;
    assert_ne!(
        supplier(house.charges(next["id"].as_str().unwrap())),
        "north",
        "a restart forgets nothing"
    );
    let AdminReply::Suppliers { suppliers } = house.desk(AdminCall::SupplierList).await else {
        panic!()
    };
    let north = suppliers.iter().find(|line| line.id.as_str() == "north").unwrap();
    assert_eq!(north.state, "paused");
    assert!(north.paused.as_deref().unwrap().contains(&broken), "{:?}", north.paused);

    let li = operator(&house, "li", None).await;
    let word = SupplierWord {
        supplier: SupplierId::from("north"),
        signing: signing(&li),
    };
    assert_eq!(says(&house, AdminCall::SupplierResume(word)).await.standing, DeskStanding::Done);
    let next = house.order("A4", "north", "13800000004").await;
    assert_eq!(supplier(house.charges(next["id"].as_str().unwrap())), "north");
    house.close().await;
}

#[actix_web::test]
async fn a_refund_reaches_the_shops_balance_and_its_door_once() {
    let mut house = House::open().await;
    house.expect_callbacks(2);
    let [li, wang] = two_operators(&house).await;
    let order = house.order("A1", "north", "13800000001").await;
    let id = order["id"].as_str().unwrap();
    let before = house.money().await.0;
    let ask = |pass: &str| {
        AdminCall::OrderRefund(RefundAsked {
            order: OrderKey::Id { id: id.to_owned() },
            amount: "9.50".to_owned(),
            key: "goodwill-1".to_owned(),
            signing: signing(pass),
        })
    };
    let mut standings = Vec::new();
    for pass in [&li, &wang, &wang] {
        standings.push(says(&house, ask(pass)).await.standing);
    }
    assert_eq!(standings, [DeskStanding::Proposed, DeskStanding::Done, DeskStanding::DoneBefore]);
    house
        .until_so("the callback of the refund", || house.mail.about(id).len() == 2)
        .await;
    let (_, order) = house.shop.get(&format!("/v1/orders/{id}")).await;
    assert_eq!((&order["status"], &order["refunded"]), (&"succeeded".into(), &"9.50".into()));
    let minor = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    assert_eq!(minor(&house.money().await.0) - minor(&before), 950);
    house.close().await;
}

#[actix_web::test]
async fn a_late_delivery_is_charged_once_by_two_persons_and_the_shops_consent() {
    let mut house = House::open().await;
    house.expect_double_charges();
    house.expect_callbacks(2);
    let [li, wang] = two_operators(&house).await;
    script(&house.north, "13800000001", &[Fault::FailedThenSuccess { after_ms: 1_500 }]);
    script(&house.river, "13800000001", &[Fault::Refuse]);
    let order = house.order("A1", "north", "13800000001").await;
    let id = order["id"].as_str().unwrap();
    let before = house.money().await.0;
    let ask = |pass: &str, consent: &str| {
        AdminCall::OrderCharge(ChargeAsked {
            order: OrderKey::Id { id: id.to_owned() },
            amount: "99.50".to_owned(),
            key: "late-1".to_owned(),
            consent: consent.to_owned(),
            signing: signing(pass),
        })
    };
    let consent = "Mr Chen, ticket 91";
    match house.desk(ask(&li, consent)).await {
        AdminReply::Failed(trouble) => assert!(trouble.message.contains("nothing was delivered after"), "{trouble:?}"),
        other => panic!("{other:?}"),
    }
    house.until(id, |order| order["safe_to_resubmit"] == false).await;
    let mut standings = Vec::new();
    for (pass, consent) in [(&li, "my guess"), (&li, consent), (&wang, consent), (&wang, consent)] {
        standings.push(says(&house, ask(pass, consent)).await.standing);
    }
    let expected = [
        DeskStanding::Proposed,
        DeskStanding::Proposed,
        DeskStanding::Done,
        DeskStanding::DoneBefore,
    ];
    assert_eq!(standings, expected, "two persons name the same consent");
    house
        .until_so("the callback of the charge", || house.mail.about(id).len() == 2)
        .await;
    let (_, order) = house.shop.get(&format!("/v1/orders/{id}")).await;
    assert_eq!(
        (&order["status"], &order["charged"], &order["charged_later"]),
        (&"failed".into(), &"0.00".into(), &"99.50".into())
    );
    let minor = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    assert_eq!(minor(&before) - minor(&house.money().await.0), 9_950);
    house.close().await;
}
