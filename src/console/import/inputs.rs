//! What a product asks the buyer for, in the compact form of a CSV cell.
//!
//! `account:digits:11-11!;server:text:1-20;note?`: fields separated by semicolons, each a key, then
//! a charset (digits, phone, account or text) and a length in characters, both optional; `!` marks the
//! recipient, `?` a field that may be left out.

use super::rows::Cell;
use crate::domain::product::{Charset, InputField};

/// What to do about inputs that cannot be read.
pub(super) const FORM: &str = "write fields as key:charset:min-max, separated by ; with ! after the recipient and ? after an optional \
one, such as account:phone:11-11!;note:text:1-20?";

/// The inputs of a cell.
///
/// # Errors
/// What is wrong with them.
pub(super) fn inputs(cell: &Cell) -> Result<Vec<InputField>, String> {
    let fields = match &cell.inputs {
        Some(fields) => fields.clone(),
        None => cell.text.split(';').map(|field| compact(field.trim())).collect::<Result<_, _>>()?,
    };
    check(&fields)?;
    Ok(fields)
}

fn compact(text: &str) -> Result<InputField, String> {
    let bare = text.trim_end_matches(['!', '?']);
    let marks = text.strip_prefix(bare).unwrap_or_default();
    if marks.len() > 1 {
        return Err(format!("{text:?} has too many marks"));
    }
    let mut parts = bare.split(':');
    let key = parts.next().unwrap_or_default();
    let charset = match parts.next() {
        None | Some("text") => Charset::Text,
        Some("digits") => Charset::Digits,
        Some("phone") => Charset::Phone,
        Some("account") => Charset::Account,
        Some(other) => return Err(format!("there is no charset {other:?}")),
    };
    let (min_len, max_len) = match parts.next() {
        None => (1, 64),
        Some(range) => length(range).ok_or_else(|| format!("{range:?} is not a length"))?,
    };
    if parts.next().is_some() {
        return Err(format!("{text:?} has too many parts"));
    }
    Ok(InputField {
        key: key.to_owned(),
        required: marks != "?",
        charset,
        min_len,
        max_len,
        is_recipient: marks == "!",
    })
}

fn length(range: &str) -> Option<(u16, u16)> {
    let (min, max) = range.split_once('-')?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_digits(min) && is_digits(max)).then_some(())?;
    Some((min.parse().ok()?, max.parse().ok()?))
}

fn check(fields: &[InputField]) -> Result<(), String> {
    for (index, field) in fields.iter().enumerate() {
        let key = &field.key;
        let is_key = (1..=32).contains(&key.len())
            && key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_key {
            return Err(format!("{key:?} is not a key: 1 to 32 of a-z, 0-9 and _, beginning with a letter"));
        }
        if fields.iter().take(index).any(|earlier| earlier.key == *key) {
            return Err(format!("the key {key} stands here twice"));
        }
        if field.min_len == 0 || field.min_len > field.max_len || field.max_len > 256 {
            return Err(format!("{key}: lengths go from 1 to 256, the shorter first"));
        }
        if field.is_recipient && !field.required {
            return Err(format!("{key}: the recipient cannot be optional"));
        }
    }
    if fields.iter().filter(|field| field.is_recipient).count() > 1 {
        return Err("only one field can be the recipient".to_owned());
    }
    Ok(())
}
