//! What else an answer tells: the supplier's number, what it bills, what was delivered.

use super::fault::LoadError;
use super::scope::{Facts, Scope};
use super::section::{Item, Section};
use super::status::{Operation, Word};
use super::template::{Expr, NoValue};
use crate::domain::money::{Currency, Money, UnreadableMoney};
use crate::domain::outcome::Delivery;

const MAX_REF: usize = 64;
const MAX_TEXT: usize = 4_096;
const MAX_CARDS: usize = 1_000;

/// The `take` table of one operation.
#[derive(Debug, Default)]
pub(super) struct Take {
    pub(super) supplier_ref: Option<Expr>,
    pub(super) cost: Option<Expr>,
    pub(super) returned: Option<Expr>,
    pub(super) delivered: Option<Expr>,
    pub(super) receipt: Option<Expr>,
    pub(super) cards: Option<Cards>,
    pub(super) amount: Option<Expr>,
}

/// Where card secrets stand.
#[derive(Debug)]
pub(super) struct Cards {
    list: Expr,
    number: Option<Expr>,
    secret: Expr,
}

impl Take {
    pub(super) fn read(section: Option<Section<'_>>, operation: Operation) -> Result<Self, LoadError> {
        let Some(mut section) = section else {
            return Ok(Self::default());
        };
        let mut take = Self::default();
        if operation == Operation::Balance {
            take.amount = expr(section.get("amount"))?;
        } else {
            take.supplier_ref = expr(section.get("supplier_ref"))?;
            take.cost = expr(section.get("cost"))?;
            take.returned = expr(section.get("returned"))?;
            take.delivered = expr(section.get("delivered"))?;
            take.receipt = expr(section.get("receipt"))?;
            take.cards = section.section("cards")?.map(Cards::read).transpose()?;
            if take.returned.is_some() && take.cost.is_none() {
                return Err(section.fault("`returned` is a part of `cost`: take that too"));
            }
        }
        section.finish()?;
        Ok(take)
    }

    /// What the supplier bills for the whole attempt, after what it returned. Finer than a minor unit is
    /// rounded up: books never understate a bill.
    pub(super) fn cost(&self, scope: &Scope<'_>, currency: Currency) -> Result<Option<Money>, NoValue> {
        let Some(billed) = money(self.cost.as_ref(), scope, currency, Rounding::Up)? else {
            return Ok(None);
        };
        let returned = money(self.returned.as_ref(), scope, currency, Rounding::Exact)?.map_or(0, |money| money.minor);
        if returned < 0 || returned > billed.minor {
            return Err(wrong("take.returned: not a part of the cost"));
        }
        Ok(Some(Money::new(billed.minor.saturating_sub(returned), currency)))
    }

    /// The face value that arrived, for the whole order: as the answer says it, or in proportion to
    /// what was not returned, rounded down. `None` where neither can be known.
    pub(super) fn delivered(&self, scope: &Scope<'_>, facts: Option<&Facts<'_>>, currency: Currency) -> Result<Option<Money>, NoValue> {
        let face_currency = facts.map_or(currency, |facts| facts.face.currency);
        if let Some(delivered) = money(self.delivered.as_ref(), scope, face_currency, Rounding::Exact)? {
            return Ok(Some(delivered));
        }
        let billed = money(self.cost.as_ref(), scope, currency, Rounding::Up)?;
        let kept = self.cost(scope, currency)?;
        let (Some(facts), Some(billed), Some(kept), Some(_)) = (facts, billed, kept, &self.returned) else {
            return Ok(None);
        };
        Ok(facts.whole_face().and_then(|face| face.portion(kept.minor, billed.minor)))
    }

    pub(super) fn supplier_ref(&self, scope: &Scope<'_>) -> Result<Option<String>, NoValue> {
        let text = lenient(self.supplier_ref.as_ref(), scope)?;
        Ok(text.map(|text| printable(text, MAX_REF)))
    }

    /// Receipts and cards.
    pub(super) fn deliveries(&self, scope: &Scope<'_>) -> Result<Vec<Delivery>, NoValue> {
        let mut deliveries = Vec::new();
        if let Some(text) = lenient(self.receipt.as_ref(), scope)? {
            deliveries.push(Delivery::Receipt {
                text: printable(text, MAX_TEXT),
            });
        }
        if let Some(cards) = &self.cards {
            cards.read_into(scope, &mut deliveries)?;
        }
        Ok(deliveries)
    }
}

impl Cards {
    fn read(mut section: Section<'_>) -> Result<Self, LoadError> {
        let list = expr(Some(section.need("list")?))?;
        let secret = expr(Some(section.need("secret")?))?;
        let (Some(list), Some(secret)) = (list, secret) else {
            return Err(section.fault("`list` and `secret` are needed"));
        };
        let number = expr(section.get("number"))?;
        section.finish()?;
        Ok(Self { list, number, secret })
    }

    fn read_into(&self, scope: &Scope<'_>, deliveries: &mut Vec<Delivery>) -> Result<(), NoValue> {
        let list = match self.list.eval(scope) {
            Ok(list) if list.is_undefined() || list.is_none() => return Ok(()),
            Ok(list) => list,
            Err(error) if error.is_missing => return Ok(()),
            Err(error) => return Err(error),
        };
        if list.kind() != minijinja::value::ValueKind::Seq || list.len().is_none_or(|len| len > MAX_CARDS) {
            return Err(wrong("take.cards: not a list, or too long"));
        }
        for card in list.try_iter().map_err(|_| wrong("take.cards: not a list"))? {
            let scope = scope.clone().with("card", card);
            let secret = self.secret.need(&scope)?;
            if secret.is_empty() || secret.len() > MAX_TEXT {
                return Err(wrong("take.cards.secret: empty or too long"));
            }
            let number = lenient(self.number.as_ref(), &scope)?;
            deliveries.push(Delivery::Card { number, secret });
        }
        Ok(())
    }
}

/// The text without control characters, and no longer than `max` characters.
fn printable(text: String, max: usize) -> String {
    if text.len() <= max && !text.contains(char::is_control) {
        return text;
    }
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// An optional expression of a table.
pub(super) fn expr(item: Option<Item<'_>>) -> Result<Option<Expr>, LoadError> {
    item.map(|item| Expr::compile(item.text()?).map_err(|why| item.fault(why)))
        .transpose()
}

/// The text of an expression that may find nothing; an empty text is nothing.
pub(super) fn lenient(expr: Option<&Expr>, scope: &Scope<'_>) -> Result<Option<String>, NoValue> {
    match expr.map(|expr| expr.text(scope)) {
        None => Ok(None),
        Some(Err(error)) if error.is_missing => Ok(None),
        Some(text) => Ok(text?.filter(|text| !text.is_empty())),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Exact,
    Up,
}

fn money(expr: Option<&Expr>, scope: &Scope<'_>, currency: Currency, rounding: Rounding) -> Result<Option<Money>, NoValue> {
    let Some(text) = lenient(expr, scope)? else {
        return Ok(None);
    };
    let refused = |why: UnreadableMoney| wrong(&format!("take: {why}"));
    match Money::parse(&text, currency) {
        Ok(money) if money.minor < 0 => Err(wrong("take: a negative amount")),
        Ok(money) => Ok(Some(money)),
        Err(UnreadableMoney::Decimals) if rounding == Rounding::Up => rounded_up(&text, currency).map(Some),
        Err(why) => Err(refused(why)),
    }
}

fn rounded_up(text: &str, currency: Currency) -> Result<Money, NoValue> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.get(..currency.decimals()).unwrap_or(fraction);
    let cut = if kept.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{kept}")
    };
    let down = Money::parse(&cut, currency).map_err(|why| wrong(&format!("take: {why}")))?;
    if down.minor < 0 || text.starts_with('-') {
        return Err(wrong("take: a negative amount"));
    }
    down.minor
        .checked_add(1)
        .map(|minor| Money::new(minor, currency))
        .ok_or_else(|| wrong("take: amount out of range"))
}

/// A balance may be negative and is read exactly.
pub(super) fn balance(take: &Take, scope: &Scope<'_>, currency: Currency) -> Result<Money, NoValue> {
    let text = lenient(take.amount.as_ref(), scope)?.ok_or_else(|| wrong("take.amount: it is missing"))?;
    Money::parse(&text, currency).map_err(|why| wrong(&format!("take.amount: {why}")))
}

pub(super) fn wrong(why: &str) -> NoValue {
    NoValue {
        why: why.to_owned(),
        is_missing: false,
    }
}

/// Whether a word's reading carries a cost.
pub(super) fn bills(word: Word) -> bool {
    match word {
        Word::Succeeded | Word::Accepted | Word::Partial => true,
        Word::Refused(_) | Word::NotFound | Word::OrderExists | Word::Requested | Word::Unknown | Word::Answered => false,
    }
}
