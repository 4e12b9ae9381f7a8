//! An order as a shop wrote it: every field by name and type, every mistake told at once.
//!
//! Only the form is looked at. Whether the product exists, the face value is sold and the callback
//! may be called is for `dispatch` to say, which knows whether the number was used before.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::dispatch::{FieldProblem, NewOrder};
use crate::domain::ids::{ShopOrderNo, Sku};
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;

use super::json::{self, Json};
use super::problem::{Fault, Flaw, Kind, Problem};

const FIELDS: [&str; 8] = [
    "shop_order_no",
    "sku",
    "inputs",
    "quantity",
    "face_value",
    "max_price",
    "callback_url",
    "deadline_seconds",
];

const MAX_INPUTS: usize = 32;
const MAX_INPUT_CHARS: usize = 1_024;
const MAX_AMOUNT_CHARS: usize = 32;
const MAX_URL_CHARS: usize = 2_048;

/// The order in `body`, or every flaw of its form.
pub(super) fn read(body: &Bytes, shop: Shop) -> Result<NewOrder, Problem> {
    let Json::Object(entries) = json::read(body)? else {
        return Err(Problem::JsonNotAnObject);
    };
    let mut form = Form {
        entries: BTreeMap::new(),
        flaws: Vec::new(),
    };
    for (key, value) in entries {
        if FIELDS.contains(&key.as_str()) {
            form.entries.insert(key, value);
        } else {
            form.flaw(&key, Fault::UnknownField { known: &FIELDS });
        }
    }
    let shop_order_no = form.required("shop_order_no", 1, 64);
    let sku = form.required("sku", 1, 64);
    let order = NewOrder {
        shop_order_no: ShopOrderNo::from(form.checked("shop_order_no", shop_order_no, is_graphic).as_str()),
        sku: Sku::from(form.checked("sku", sku, is_sku).as_str()),
        inputs: form.inputs(),
        quantity: form.count("quantity"),
        face_value: form.text("face_value", 1, MAX_AMOUNT_CHARS),
        max_price: form.text("max_price", 1, MAX_AMOUNT_CHARS),
        callback_url: form.text("callback_url", 1, MAX_URL_CHARS),
        deadline_seconds: form.count("deadline_seconds"),
        shop,
    };
    if form.flaws.is_empty() {
        Ok(order)
    } else {
        Err(Problem::Fields(form.flaws))
    }
}

/// Whether `text` may be a shop's number: 1-64 printable ASCII characters without spaces.
pub(super) fn is_shop_order_no(text: &str) -> bool {
    (1..=64).contains(&text.len()) && is_graphic(text)
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_sku(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The known fields that were sent, and what is wrong so far.
struct Form {
    entries: BTreeMap<String, Json>,
    flaws: Vec<Flaw>,
}

impl Form {
    fn flaw(&mut self, field: &str, fault: Fault) {
        let field = field.chars().filter(|c| !c.is_control()).take(64).collect();
        self.flaws.push(Flaw { field, fault });
    }

    /// A field that is there and not `null`.
    fn take(&mut self, field: &str) -> Option<Json> {
        self.entries.remove(field).filter(|value| !matches!(value, Json::Null))
    }

    fn text(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        match self.take(field)? {
            Json::Text(text) => {
                if !(min..=max).contains(&text.chars().count()) {
                    self.flaw(field, length(min, max));
                }
                Some(text)
            }
            Json::Null | Json::Bool | Json::Whole(_) | Json::Fraction | Json::List | Json::Object(_) => {
                self.flaw(field, Fault::WrongType { expected: Kind::Text });
                None
            }
        }
    }

    fn required(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let flaws_before = self.flaws.len();
        let text = self.text(field, min, max);
        if text.is_none() && self.flaws.len() == flaws_before {
            self.flaw(field, Fault::Problem(FieldProblem::Missing));
        }
        text
    }

    /// The text if its characters are allowed; an empty one beside the flaw otherwise.
    fn checked(&mut self, field: &str, text: Option<String>, admits: fn(&str) -> bool) -> String {
        let text = text.unwrap_or_default();
        if !admits(&text) {
            self.flaw(field, Fault::Problem(FieldProblem::Characters));
        }
        text
    }

    fn count(&mut self, field: &str) -> Option<u32> {
        match self.take(field)? {
            Json::Whole(number) => {
                let count = u32::try_from(number).ok();
                if count.is_none() {
                    let max = u64::from(u32::MAX);
                    self.flaw(field, Fault::Problem(FieldProblem::OutOfRange { min: 1, max }));
                }
                count
            }
            Json::Null | Json::Bool | Json::Fraction | Json::Text(_) | Json::List | Json::Object(_) => {
                self.flaw(field, Fault::WrongType { expected: Kind::Whole });
                None
            }
        }
    }

    fn inputs(&mut self) -> Inputs {
        let mut inputs = Inputs::default();
        let entries = match self.take("inputs") {
            None => return inputs,
            Some(Json::Object(entries)) => entries,
            Some(Json::Null | Json::Bool | Json::Whole(_) | Json::Fraction | Json::Text(_) | Json::List) => {
                self.flaw("inputs", Fault::WrongType { expected: Kind::Object });
                return inputs;
            }
        };
        if entries.len() > MAX_INPUTS {
            self.flaw("inputs", length(0, MAX_INPUTS));
        }
        for (key, value) in entries {
            match value {
                Json::Text(text) if text.chars().count() > MAX_INPUT_CHARS => {
                    self.flaw(&format!("inputs.{key}"), length(0, MAX_INPUT_CHARS));
                }
                Json::Text(text) => {
                    inputs.0.insert(key, text);
                }
                Json::Null | Json::Bool | Json::Whole(_) | Json::Fraction | Json::List | Json::Object(_) => {
                    self.flaw(&format!("inputs.{key}"), Fault::WrongType { expected: Kind::Text });
                }
            }
        }
        inputs
    }
}

fn length(min: usize, max: usize) -> Fault {
    let narrow = |chars: usize| u16::try_from(chars).unwrap_or(u16::MAX);
    Fault::Problem(FieldProblem::Length {
        min: narrow(min),
        max: narrow(max),
    })
}
