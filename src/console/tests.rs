//! Calls and their replies on a memory store.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

use std::sync::atomic::Ordering;

use secrecy::ExposeSecret;

use super::stage::{CARD_SECRET, NOW_MS, RECIPIENT, Stage};
use super::{AdminCall, AdminReply, Dossier, OrderKey, Trouble};
use crate::domain::ids::{ShopId, ShopOrderNo};
use crate::domain::money::Currency;
use crate::domain::outcome::{Doubt, Outcome, Refusal, RefusalKind, Via};
use crate::store::{Answer, CallbackState, CallbackTried, Command, Fault, Store};

fn trouble(reply: AdminReply) -> Trouble {
    match reply {
        AdminReply::Failed(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

async fn dossier(stage: &Stage, id: impl ToString) -> Dossier {
    match stage.perform(AdminCall::OrderShow(OrderKey::Id { id: id.to_string() })).await {
        AdminReply::Order(dossier) => *dossier,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_shop_gets_secrets_that_are_shown_once_and_work_at_once() {
    let stage = Stage::new();
    let call = AdminCall::ShopAdd {
        name: "阿尔法".to_owned(),
        currency: Currency::Cny,
        credit_limit: Some("100.00".to_owned()),
    };
    let reply = stage.perform(call.clone()).await;
    let shown = format!("{reply:?}");
    let AdminReply::ShopAdded(shop) = reply else { panic!("{shown}") };
    assert!(
        !shown.contains(&shop.request_secret.0) && !shown.contains(&shop.callback_secret.0),
        "{shown}"
    );
    let record = stage.store.catalog().await.unwrap().shops.remove(0);
    assert_eq!((record.shop.id, record.shop.credit_limit_minor), (shop.shop, 10_000));
    assert_eq!(record.shop.key, shop.key);
    assert_eq!(record.request_secrets[0].expose_secret(), shop.request_secret.0);
    assert_eq!(record.callback_secrets[0].expose_secret(), shop.callback_secret.0);
    assert!(shop.callback_secret.0.starts_with("whsec_") && shop.request_secret.0.len() == 64);
    assert_ne!(shop.key, shop.request_secret.0);
    assert_eq!(stage.running.reloads.load(Ordering::SeqCst), 1);
    assert!(trouble(stage.perform(call).await).message.contains("has this name already"));
    assert_eq!(stage.store.catalog().await.unwrap().shops.len(), 1);
}

#[tokio::test]
async fn money_under_one_reference_is_booked_once() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    for (amount, reference, already, available) in [
        ("500.00", "bank-1", false, "500.00"),
        ("500.00", "bank-1", true, "500.00"),
        ("0.05", "bank-2", false, "500.05"),
        ("-100", "back-1", false, "400.05"),
    ] {
        match stage.credit(shop, amount, reference).await {
            AdminReply::ShopCredited { already_booked, shop } => {
                assert_eq!((already_booked, shop.available.as_str()), (already, available), "{reference}");
            }
            other => panic!("{other:?}"),
        }
    }
    let sum: i64 = stage.store.balances().await.unwrap().iter().map(|account| account.minor).sum();
    assert_eq!(sum, 0);
}

#[tokio::test]
async fn what_is_no_credit_is_refused_with_its_remedy() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    for (amount, reference, message) in [
        ("1e3", "r", "is not an amount of CNY"),
        ("1.001", "r", "is not an amount of CNY"),
        ("0", "r", "nothing to book"),
        ("1", "", "not a reference"),
        ("1", "two words", "not a reference"),
    ] {
        assert!(
            trouble(stage.credit(shop, amount, reference).await).message.contains(message),
            "{amount:?} {reference:?}"
        );
    }
    assert_eq!(trouble(stage.credit(ShopId(99), "1", "r").await).message, "there is no shop 99");
    assert!(stage.store.balances().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_credit_of_unknown_outcome_says_that_repeating_it_is_safe() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.store.faults().plan(Some(Fault::UnknownApplied));
    let unknown = trouble(stage.credit(shop, "500.00", "bank-1").await);
    assert!(
        unknown.message.contains("not known") && unknown.remedy.contains("booked once"),
        "{unknown:?}"
    );
    let AdminReply::ShopCredited { already_booked, shop } = stage.credit(shop, "500.00", "bank-1").await else {
        panic!()
    };
    assert!(already_booked);
    assert_eq!(shop.available, "500.00");
}

#[tokio::test]
async fn an_order_is_shown_whole_and_nothing_of_it_that_is_secret() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.delivered(shop, "A-1").await;
    let shown = dossier(&stage, order.id).await;
    assert_eq!(shown.inputs[0].masked, "138****8000");
    assert_eq!(
        (shown.shop_name.as_deref(), shown.price.as_str(), shown.deliveries),
        (Some("Alpha"), "98.50", 1)
    );
    assert_eq!(shown.verdict.as_deref(), Some("succeeded by attempt 1"));
    assert_eq!(shown.attempts[0].state, "won");
    assert_eq!(shown.attempts[0].transmissions[0].fate, "may have left, no usable answer");
    assert_eq!(shown.attempts[0].supplier_ref.as_deref(), Some("S-77"));
    let kinds: Vec<&str> = shown.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "order_accepted",
            "attempt_opened",
            "attempt_doubted",
            "attempt_won",
            "order_succeeded"
        ]
    );
    assert!(
        shown.events[1].words.contains("beta: its offer is switched off"),
        "{}",
        shown.events[1].words
    );
    assert!(shown.events[2].words.contains("no complete answer in time"));
    assert_eq!(shown.evidence.len(), 2);
    assert_eq!(shown.callbacks[0].url, "https://shop.example/callback");
    assert_eq!(shown.callbacks[0].state, "due");

    let reply = AdminReply::Order(Box::new(shown));
    for text in [serde_json::to_string(&reply).unwrap(), format!("{reply:?}")] {
        for secret in [RECIPIENT, CARD_SECRET, "0013800", "hush"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn the_ledger_that_is_shown_is_the_ledger_that_was_written() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.delivered(shop, "A-1").await;
    let shown = dossier(&stage, order.id).await.ledger;
    let mut written: Vec<String> = stage
        .store
        .postings()
        .into_iter()
        .filter(|posting| posting.order.is_some())
        .map(|posting| posting.key)
        .collect();
    let mut told: Vec<String> = shown.iter().map(|line| line.key.clone()).collect();
    written.sort();
    told.sort();
    assert_eq!(told, written);
    let hold = &shown[0];
    let available = format!("shop_available:{shop}");
    assert_eq!(hold.entries[0], (available, "-98.50".to_owned()));
    assert_eq!(hold.entries[1].1, "+98.50");
}

#[tokio::test]
async fn an_order_is_found_by_its_id_its_attempts_id_and_its_shops_number() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.order(shop, "A-1").await;
    assert_eq!(dossier(&stage, order.id).await.id, order.id);
    assert_eq!(dossier(&stage, order.attempt_id(1)).await.id, order.id);
    let by_number = |shop, number: &str| {
        AdminCall::OrderShow(OrderKey::ShopNo {
            shop,
            number: ShopOrderNo::from(number),
        })
    };
    assert!(matches!(stage.perform(by_number(shop, "A-1")).await, AdminReply::Order(found) if found.id == order.id));
    assert_eq!(
        trouble(stage.perform(by_number(shop, "A-2")).await).message,
        format!("there is no order A-2 of shop {shop}")
    );
    let rubbish = AdminCall::OrderShow(OrderKey::Id { id: "x".to_owned() });
    assert_eq!(trouble(stage.perform(rubbish).await).message, "there is no order x");
}

#[tokio::test]
async fn a_late_success_is_shown_with_its_loss_and_its_open_case() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.order(shop, "A-1").await;
    let refusal = Refusal {
        kind: RefusalKind::Stock,
        code: "17".to_owned(),
    };
    let order = stage.hears(&order, Via::Submit, Outcome::Refused(refusal)).await;
    let order = stage.fails(&order).await;
    let cards = stage.cards();
    let order = stage
        .hears(&order, Via::Notification, Outcome::Succeeded { deliveries: cards })
        .await;
    let shown = dossier(&stage, order.id).await;
    assert!(
        shown
            .verdict
            .unwrap()
            .starts_with("failed: every supplier refused, the last one: stock")
    );
    let kinds: Vec<&str> = shown.cases.iter().map(|case| case.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["late_success", "promise_broken"],
        "stock that is out may not be delivered after all"
    );
    assert!(shown.cases[0].is_open);
    assert_eq!(shown.cases[0].at_risk.as_deref(), Some("97.00 CNY"));
    assert!(shown.ledger.iter().any(|line| line.key.starts_with("loss:")));
    let AdminReply::Cases { cases } = stage.perform(AdminCall::CaseList).await else {
        panic!()
    };
    assert_eq!(cases[0].order, Some(order.id));
}

#[tokio::test]
async fn a_parked_callback_is_due_again_when_asked_and_only_then() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.delivered(shop, "A-1").await;
    let id = dossier(&stage, order.id).await.callbacks[0].id.clone();
    let again = AdminCall::CallbackRedeliver { id: id.clone() };
    assert!(trouble(stage.perform(again.clone()).await).message.contains("due anyway"));
    let parked = CallbackTried {
        id: id.clone(),
        state: CallbackState::Parked,
        tries: 11,
        at_ms: NOW_MS,
        result: "HTTP 500".to_owned(),
    };
    assert_eq!(stage.store.commit(Command::CallbackTried(parked)).await, Answer::Done);
    assert_eq!(dossier(&stage, order.id).await.callbacks[0].state, "parked");
    let AdminReply::Callbacks { callbacks } = stage.perform(AdminCall::CallbackList).await else {
        panic!()
    };
    assert_eq!(callbacks, dossier(&stage, order.id).await.callbacks);
    assert!(matches!(stage.perform(again).await, AdminReply::CallbackDue { .. }));
    assert!(stage.store.callbacks_parked(10).await.unwrap().is_empty());
    let due = stage.store.callbacks_due(NOW_MS, 10).await.unwrap();
    assert_eq!((due[0].callback.id.as_str(), due[0].tries), (id.as_str(), 11));
    let unknown = AdminCall::CallbackRedeliver { id: "evt_1_1".to_owned() };
    assert!(trouble(stage.perform(unknown).await).message.contains("there is no callback"));
    let rubbish = AdminCall::CallbackRedeliver { id: "x".to_owned() };
    assert!(trouble(stage.perform(rubbish).await).message.contains("not the id of a callback"));
}

#[tokio::test]
async fn suppliers_are_checked_by_asking_them_and_alone_that_is_said() {
    let mut stage = Stage::new();
    let AdminReply::SupplierChecks { checks } = stage.perform(AdminCall::SupplierCheck { name: None }).await else {
        panic!()
    };
    let found: Vec<(&str, Option<&str>)> = checks
        .iter()
        .map(|check| (check.supplier.id.as_str(), check.balance.as_deref()))
        .collect();
    assert_eq!(found, [("alpha", Some("1234.56")), ("beta", None), ("gamma", None)]);
    assert!(checks[1].trouble.as_deref().unwrap().contains("the answer was empty"));
    assert!(checks[2].trouble.as_deref().unwrap().contains("no balance question"));
    let nobody = AdminCall::SupplierCheck {
        name: Some("delta".to_owned()),
    };
    assert!(trouble(stage.perform(nobody).await).message.contains("names no supplier delta"));
    stage.context.running = None;
    let alone = AdminCall::SupplierCheck {
        name: Some("alpha".to_owned()),
    };
    let AdminReply::SupplierChecks { checks } = stage.perform(alone).await else {
        panic!()
    };
    assert!(checks[0].trouble.as_deref().unwrap().contains("needs a running server"));
}

#[tokio::test]
async fn doubt_is_shown_with_its_reason_and_what_happens_next() {
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.order(shop, "A-1").await;
    let order = stage
        .hears(&order, Via::Submit, Outcome::Unknown(Doubt::HttpStatus { status: 502 }))
        .await;
    let shown = dossier(&stage, order.id).await;
    assert!(shown.is_in_doubt && shown.verdict.is_none() && shown.next_action.is_some());
    assert!(
        shown.attempts[0].meaning.contains("HTTP status 502"),
        "{}",
        shown.attempts[0].meaning
    );
}
