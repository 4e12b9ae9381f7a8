//! Rows from `[[product]]` and `[[offer]]` tables, with the same names as the columns of the CSV.
//!
//! Amounts are strings: a bare `98.5` is a float to TOML, and a float is no amount.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::rows::{Cell, Problems, Row};
use crate::domain::product::InputField;

pub(super) fn rows(text: &str, table: &str, columns: &[&str], problems: &mut Problems) -> Vec<Row> {
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let place = error.span().unwrap_or(0..0);
            problems.add(&place, format!("this is not TOML: {}", error.message()), "correct the text here");
            return Vec::new();
        }
    };
    let mut rows = Vec::new();
    for (name, value) in &document {
        match value.get_ref() {
            DeValue::Array(tables) if name.get_ref() == table => {
                rows.extend(tables.iter().filter_map(|row| row_of(row, columns, problems)));
            }
            DeValue::Array(_)
            | DeValue::Table(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {
                let message = format!("{:?} does not belong here", name.get_ref());
                problems.add(&name.span(), message, format!("write each row as a table [[{table}]]"));
            }
        }
    }
    if document.is_empty() {
        problems.add(&(0..0), "the file is empty", format!("write each row as a table [[{table}]]"));
    }
    rows
}

fn row_of(value: &Spanned<DeValue<'_>>, columns: &[&str], problems: &mut Problems) -> Option<Row> {
    let Some(table) = value.get_ref().as_table() else {
        problems.add(&value.span(), "this is not a table", "write the names and values of one row");
        return None;
    };
    let mut row = Row::new(value.span());
    for (name, value) in table {
        if !columns.contains(&name.get_ref().as_ref()) {
            let message = format!("there is no key {:?}", name.get_ref());
            problems.add(&name.span(), message, format!("the keys are {}", columns.join(", ")));
        } else if let Some(cell) = cell_of(value, problems) {
            row.put(name.get_ref(), cell);
        }
    }
    Some(row)
}

fn cell_of(value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Cell> {
    let place = value.span();
    let text = match value.get_ref() {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Boolean(is_true) => is_true.to_string(),
        DeValue::Float(number) => {
            problems.add(
                &place,
                "a bare number with a point is no amount",
                format!("write it in quotes: \"{}\"", number.as_str()),
            );
            return None;
        }
        DeValue::Array(_) => return inputs_of(value, place, problems),
        DeValue::Datetime(_) | DeValue::Table(_) => {
            problems.add(
                &place,
                "no key takes a value of this kind",
                "write text, a whole number, true or false",
            );
            return None;
        }
    };
    Some(Cell { text, inputs: None, place })
}

fn inputs_of(value: &Spanned<DeValue<'_>>, place: Range<usize>, problems: &mut Problems) -> Option<Cell> {
    match Vec::<InputField>::deserialize(ValueDeserializer::from(value.clone())) {
        Ok(inputs) => Some(Cell {
            text: format!("{} inputs", inputs.len()),
            inputs: Some(inputs),
            place,
        }),
        Err(error) => {
            let remedy =
                "write inputs as tables: { key = \"account\", charset = \"digits\", min_len = 11, max_len = 11, is_recipient = true }";
            problems.add(
                &error.span().unwrap_or(place),
                format!("inputs cannot be this: {}", error.message()),
                remedy,
            );
            None
        }
    }
}
