//! Rows of cells that know where they stand, and the list of what is wrong with them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::files::Problem;
use crate::domain::product::InputField;

/// Problems told at once, at most: a wrong separator makes one a line.
const MAX_PROBLEMS: usize = 100;

/// One value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// As text, whatever its form was.
    pub text: String,
    /// The same when it was a table of inputs.
    pub inputs: Option<Vec<InputField>>,
    /// In bytes.
    pub place: Range<usize>,
}

/// One line of a CSV, or one TOML table. An empty CSV cell is absent.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// In bytes.
    pub place: Range<usize>,
    cells: BTreeMap<String, Cell>,
}

impl Row {
    pub(super) fn new(place: Range<usize>) -> Self {
        Self {
            place,
            cells: BTreeMap::new(),
        }
    }

    pub(super) fn put(&mut self, column: &str, cell: Cell) {
        self.cells.insert(column.to_owned(), cell);
    }

    pub(super) fn get(&self, column: &str) -> Option<&Cell> {
        self.cells.get(column)
    }

    /// The cell, or a problem.
    pub(super) fn required(&self, column: &str, problems: &mut Problems) -> Option<&Cell> {
        if !self.cells.contains_key(column) {
            problems.add(&self.place, format!("{column} is missing"), "every row needs it");
        }
        self.cells.get(column)
    }

    /// The cell read by `read`, `default` when it is absent; `None` after a problem.
    pub(super) fn optional<T>(
        &self,
        column: &str,
        default: T,
        read: impl FnOnce(&str) -> Option<T>,
        remedy: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let Some(cell) = self.get(column) else { return Some(default) };
        let value = read(&cell.text);
        if value.is_none() {
            problems.add(&cell.place, format!("{column} cannot be {:?}", cell.text), remedy);
        }
        value
    }
}

/// What is wrong with one text.
pub(super) struct Problems {
    text: String,
    found: Vec<Problem>,
}

impl Problems {
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, place: &Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem(&self.text, place.clone(), message, remedy));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.offset);
        self.found
    }
}

/// A problem at a place of `text`.
pub(super) fn problem(text: &str, place: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Problem {
    let before = text.get(..place.start).unwrap_or(text);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Problem {
        offset: place.start,
        len: place.len(),
        line: before.matches('\n').count().saturating_add(1),
        column: last_line.chars().count().saturating_add(1),
        message: message.into(),
        remedy: remedy.into(),
    }
}

/// `true` or `false`, in any case (spreadsheets write `TRUE`).
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A whole number within bounds, written with digits only.
pub(super) fn whole(text: &str, bounds: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| is_digits && bounds.contains(number))
}
