//! What moves a shop's money after its order has ended: refunds, and charges that the shop agreed to.

use super::admin::{AdminContext, away};
use super::asked::{ChargeAsked, DeskStanding, RefundAsked};
use super::calls::{AdminReply, Trouble};
use super::desk::{Heard, acted, hear, reply, running};
use super::{dossier, shops};
use crate::domain::decide::Input;
use crate::domain::desk::{Deed, Finding};
use crate::domain::money::Money;

const MAX_KEY: usize = 64;
const MAX_CONSENT: usize = 300;

/// Gives back to a shop a part or all of what it paid (R14).
pub(super) async fn refund(context: &AdminContext, asked: RefundAsked) -> Result<AdminReply, Trouble> {
    let RefundAsked {
        order,
        amount,
        key,
        signing,
    } = asked;
    let order = dossier::find(context, order).await?;
    check_key(&key, "refund")?;
    let amount = shops::amount(&amount, order.terms.price.currency, "--amount")?;
    let subject = Deed::about_refund(order.id, &key);
    if let Some(done) = done_before(&order.refunds, &key, amount, &subject, "refund") {
        return done;
    }
    let left = order.captured().minor.saturating_sub(order.refunded_minor());
    if !(1..=left).contains(&amount.minor) {
        let left = Money::new(left, order.terms.price.currency);
        return Err(Trouble::new(
            format!("{left} can be refunded, not {amount}"),
            "a refund gives back what was captured and has not gone back yet; `order show` tells both",
        ));
    }
    let found = Finding::Refunded { amount };
    let running = running(context)?;
    let signed = match hear(context, &subject, &found, &signing).await? {
        Heard::Proposed(reply) => return Ok(reply),
        Heard::Act(signed) => signed,
    };
    let input = Input::Refund { key, amount, signed };
    acted(
        running.act(order.id, input, Vec::new()).await,
        &subject,
        format!("{amount} went back to the shop, which is told"),
    )
}

/// Charges a shop for what was delivered after its order had ended, by its consent (R12).
pub(super) async fn charge(context: &AdminContext, asked: ChargeAsked) -> Result<AdminReply, Trouble> {
    let ChargeAsked {
        order,
        amount,
        key,
        consent,
        signing,
    } = asked;
    let order = dossier::find(context, order).await?;
    check_key(&key, "charge")?;
    let consent = consent.trim().to_owned();
    if !(3..=MAX_CONSENT).contains(&consent.chars().count()) {
        return Err(Trouble::new(
            "--consent does not say who agreed",
            "name who at the shop agreed to pay, and where that is written, in 3 to 300 characters",
        ));
    }
    let price = order.terms.price;
    let amount = shops::amount(&amount, price.currency, "--amount")?;
    let subject = Deed::about_charge(order.id, &key);
    if let Some(done) = done_before(&order.charges, &key, amount, &subject, "charge") {
        return done;
    }
    if !order.has_unrecovered_late_delivery() {
        return Err(Trouble::new(
            "nothing was delivered after this order had ended that its supplier still has our money for",
            "only a late delivery is charged again; `order show` tells what became of each attempt",
        ));
    }
    let left = price.minor.saturating_sub(order.charged_later_minor());
    if !(1..=left).contains(&amount.minor) {
        let left = Money::new(left, price.currency);
        return Err(Trouble::new(
            format!("{left} can be charged, not {amount}"),
            "a late delivery is charged for the order's price at most; `order show` tells what was charged",
        ));
    }
    let balance = context.store.balance(order.terms.shop, price.currency).await.map_err(away)?;
    if balance.available.minor < amount.minor {
        return Err(Trouble::new(
            format!("the shop has {} available, less than {amount}", balance.available),
            "nothing is charged into debt: have the shop pay in first (`shop credit`)",
        ));
    }
    let found = Finding::Charged {
        amount,
        consent: consent.clone(),
    };
    let running = running(context)?;
    let signed = match hear(context, &subject, &found, &signing).await? {
        Heard::Proposed(reply) => return Ok(reply),
        Heard::Act(signed) => signed,
    };
    let input = Input::Charge {
        key,
        amount,
        consent,
        signed,
    };
    acted(
        running.act(order.id, input, Vec::new()).await,
        &subject,
        format!("{amount} was charged for the late delivery; the shop is told"),
    )
}

fn check_key(key: &str, what: &str) -> Result<(), Trouble> {
    let is_key = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    if is_key {
        return Ok(());
    }
    Err(Trouble::new(
        format!("this is not a key for a {what}"),
        format!("give 1 to 64 ASCII characters without spaces and colons: the same key twice is one {what}"),
    ))
}

/// The answer where the key was used before.
fn done_before(known: &[(String, Money)], key: &str, amount: Money, subject: &str, what: &str) -> Option<Result<AdminReply, Trouble>> {
    let (_, known) = known.iter().find(|(known, _)| known == key)?;
    Some(if *known == amount {
        let text = format!("a {what} of {amount} was booked under this key before");
        Ok(reply(subject, DeskStanding::DoneBefore, text))
    } else {
        Err(Trouble::new(
            format!("this key was used for a {what} of {known}"),
            format!("take another key for another {what}"),
        ))
    })
}
