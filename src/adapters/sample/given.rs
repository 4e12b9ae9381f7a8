//! The attempt and order a sample is about.

use std::borrow::Cow;

use crate::adapters::fault::LoadError;
use crate::adapters::scope::Facts;
use crate::adapters::section::{Item, Section};
use crate::domain::money::{Currency, Money};

/// Reads what a sample says about attempt and order, over what it does not say.
pub(super) fn given(section: &mut Section<'_>, base: Facts<'static>) -> Result<Facts<'static>, LoadError> {
    let mut facts = base;
    let number = |item: Option<Item<'_>>| item.map(|item| item.number(0..=i64::MAX.unsigned_abs())).transpose();
    let money = |item: Option<Item<'_>>| {
        item.map(|item| Money::parse(item.text()?, Currency::Cny).map_err(|why| item.fault(why.to_string())))
            .transpose()
    };
    if let Some(ms) = number(section.get("time_ms"))? {
        facts.opened_at_ms = i64::try_from(ms).unwrap_or_default();
        facts.now_ms = facts.opened_at_ms;
    }
    if let Some(ms) = number(section.get("now_ms"))? {
        facts.now_ms = i64::try_from(ms).unwrap_or_default();
    }
    if let Some(quantity) = number(section.get("quantity"))? {
        facts.quantity = u32::try_from(quantity).unwrap_or_default();
    }
    facts.cost = money(section.get("cost"))?.unwrap_or(facts.cost);
    facts.face = money(section.get("face"))?.unwrap_or(facts.face);
    if let Some(text) = section.text("attempt_id")? {
        facts.attempt_id = text.to_owned();
    }
    for (key, field) in [
        ("notify_url", &mut facts.notify_url),
        ("recipient_input", &mut facts.recipient_input),
        ("code", &mut facts.code),
    ] {
        if let Some(text) = section.text(key)? {
            *field = text.to_owned().into();
        }
    }
    if let Some(inputs) = section.section("inputs")? {
        let pair = |item: Item<'_>| Ok((item.key().to_owned(), item.text()?.to_owned()));
        facts.inputs = Cow::Owned(inputs.entries().map(pair).collect::<Result<_, LoadError>>()?);
    }
    Ok(facts)
}
