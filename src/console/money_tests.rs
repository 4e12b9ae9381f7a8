//! Refunds and charges: whose word they need, and what is refused in words.

use super::desk_tests::{Desk, signing, standing, trouble};
use super::{AdminCall, ChargeAsked, DeskStanding, OrderKey, RefundAsked};
use crate::domain::ledger::Posting;
use crate::domain::money::Money;
use crate::store::{Answer, Command, Store};

#[tokio::test]
async fn a_refund_needs_two_and_happens_once() {
    let desk = Desk::new().await;
    let shop = desk.stage.add_shop("Alpha").await;
    desk.stage.credit(shop, "500.00", "bank-1").await;
    let order = desk.stage.delivered(shop, "A-1").await;
    let ask = |pass: &str, amount: &str, key: &str| {
        AdminCall::OrderRefund(RefundAsked {
            order: OrderKey::Id { id: order.id.to_string() },
            amount: amount.to_owned(),
            key: key.to_owned(),
            signing: signing(pass),
        })
    };
    assert!(
        trouble(desk.ask(ask(&desk.li, "98.51", "r1")).await)
            .message
            .contains("98.50 CNY can be refunded")
    );
    assert!(trouble(desk.ask(ask(&desk.li, "1", "r:1")).await).message.contains("not a key"));
    assert_eq!(standing(desk.ask(ask(&desk.li, "8.50", "r1")).await), DeskStanding::Proposed);
    assert_eq!(standing(desk.ask(ask(&desk.wang, "8.50", "r1")).await), DeskStanding::Done);
    assert_eq!(standing(desk.ask(ask(&desk.wang, "8.50", "r1")).await), DeskStanding::DoneBefore);
    assert!(trouble(desk.ask(ask(&desk.wang, "8.51", "r1")).await).message.contains("was used"));
    assert!(
        trouble(desk.ask(ask(&desk.wang, "90.01", "r2")).await)
            .message
            .contains("90.00 CNY can be refunded")
    );
    let balance = desk.stage.store.balance(shop, order.terms.price.currency).await.unwrap();
    assert_eq!(balance.available.minor, 50_000 - 9_850 + 850);
    assert_eq!(desk.stage.store.callbacks_of(order.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_charge_is_refused_in_words_until_it_can_be_booked() {
    let desk = Desk::new().await;
    let (order, _) = desk.late().await;
    let ask = |amount: &str, consent: &str| {
        AdminCall::OrderCharge(ChargeAsked {
            order: OrderKey::Id { id: order.id.to_string() },
            amount: amount.to_owned(),
            key: "c1".to_owned(),
            consent: consent.to_owned(),
            signing: signing(&desk.li),
        })
    };
    let says = async |amount: &str, consent: &str| trouble(desk.ask(ask(amount, consent)).await).message;
    assert!(says("98.50", " x ").await.contains("--consent"));
    assert!(says("98.51", "Mr Chen").await.contains("98.50 CNY can be charged"));
    let shop = order.terms.shop;
    let taken_out = Posting::credit(shop, Money::new(-45_000, order.terms.price.currency), "taken out");
    assert_eq!(desk.stage.store.commit(Command::Post(taken_out)).await, Answer::Done);
    assert!(says("98.50", "Mr Chen").await.contains("50.00 CNY available"));
    assert_eq!(standing(desk.ask(ask("49.00", "Mr Chen")).await), DeskStanding::Proposed);
    let balance = desk.stage.store.balance(shop, order.terms.price.currency).await.unwrap();
    assert_eq!(balance.available.minor, 5_000, "a word alone moves nothing");
}
