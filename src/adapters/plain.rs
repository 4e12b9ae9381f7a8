//! The small part of the expression language that dialects use most, evaluated without the engine.
//!
//! Paths, texts, whole numbers, `none`, `~`, one comparison or `in`, `and`, `… if … else …`, `is none`, and
//! the filters that need nothing but their operands. Starting the engine costs more than any of them.
//! Invariant: whatever is parsed here means what the engine means by it (the tests ask both);
//! whatever is not, or is doubtful, is left to the engine.

use std::fmt::Write;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::filters::{self, Unary};
use super::scope::Scope;

/// An expression of the small part.
pub(super) enum Plain {
    Path(Vec<Box<str>>),
    Constant(Value),
    Join(Vec<Plain>),
    Default(Box<Plain>, Value),
    Filter(Unary, Box<Plain>),
    PartOf(Box<Plain>, Box<Plain>),
    Stamp(Box<Plain>, Box<str>),
    IsNone {
        of: Box<Plain>,
        negated: bool,
    },
    And(Box<Plain>, Box<Plain>),
    Compare(Box<Plain>, Comparison, Box<Plain>),
    Choice {
        test: Box<Plain>,
        then: Box<Plain>,
        otherwise: Box<Plain>,
    },
}

#[derive(Clone, Copy)]
pub(super) enum Comparison {
    Same,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    NotIn,
}

/// Why there is no value.
pub(super) enum Stopped {
    /// Something that is not there was used as if it were.
    Missing,
    /// A filter refused its operand.
    Refused(Error),
}

/// Most joined texts are codes, and shorter, in bytes.
const USUAL_LENGTH: usize = 32;

const KEYWORDS: [&str; 14] = [
    "true", "false", "none", "True", "False", "None", "not", "loop", "and", "or", "in", "is", "if", "else",
];

impl Plain {
    /// The expression, if it is of the small part.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser {
            rest: text.trim_ascii_start(),
        };
        let parsed = parser.choice()?;
        parser.rest.is_empty().then_some(parsed)
    }

    /// The value, which may be undefined or none.
    pub(super) fn eval(&self, scope: &Scope<'_>) -> Result<Value, Stopped> {
        match self {
            Self::Path(path) => scope.at(path).ok_or(Stopped::Missing),
            Self::Constant(value) => Ok(value.clone()),
            Self::Join(parts) => {
                let mut joined = String::with_capacity(USUAL_LENGTH);
                join(parts, scope, &mut joined)?;
                Ok(Value::from(joined))
            }
            Self::Default(of, other) => {
                let value = of.eval(scope)?;
                Ok(if value.is_undefined() { other.clone() } else { value })
            }
            Self::Filter(filter, of) => filter(&of.eval(scope)?).map_err(Stopped::Refused),
            Self::PartOf(part, whole) => {
                let (part, whole) = (part.eval(scope)?, whole.eval(scope)?);
                filters::part_of(&part, &whole).map(Value::from).map_err(Stopped::Refused)
            }
            Self::Stamp(of, format) => {
                let ms = i64::try_from(of.eval(scope)?).map_err(Stopped::Refused)?;
                let stamp = filters::stamp(ms, format, i64::from(scope.zone_offset_s()));
                stamp.map(Value::from).map_err(Stopped::Refused)
            }
            Self::IsNone { of, negated } => Ok(Value::from(of.eval(scope)?.is_none() != *negated)),
            Self::And(left, right) => {
                let left = left.there(scope)?;
                if left.is_true() { right.eval(scope) } else { Ok(left) }
            }
            Self::Compare(left, how, right) => {
                let (left, right) = (left.eval(scope)?, right.eval(scope)?);
                if left.is_undefined() || right.is_undefined() {
                    return Err(Stopped::Missing);
                }
                Ok(Value::from(match how {
                    Comparison::Same => left == right,
                    Comparison::Different => left != right,
                    Comparison::Less => left < right,
                    Comparison::AtMost => left <= right,
                    Comparison::More => left > right,
                    Comparison::AtLeast => left >= right,
                    Comparison::In => is_in(&left, &right)?,
                    Comparison::NotIn => !is_in(&left, &right)?,
                }))
            }
            Self::Choice { test, then, otherwise } => {
                let chosen = if test.there(scope)?.is_true() { then } else { otherwise };
                chosen.eval(scope)
            }
        }
    }

    /// The value, which may not be undefined.
    fn there(&self, scope: &Scope<'_>) -> Result<Value, Stopped> {
        let value = self.eval(scope)?;
        if value.is_undefined() { Err(Stopped::Missing) } else { Ok(value) }
    }
}

/// Whether a text holds another, a list an item, or a map a key.
fn is_in(part: &Value, whole: &Value) -> Result<bool, Stopped> {
    if let Some(text) = whole.as_str() {
        return Ok(part
            .as_str()
            .map_or_else(|| text.contains(&part.to_string()), |part| text.contains(part)));
    }
    let kind = whole.kind();
    if kind == ValueKind::Map {
        Ok(whole.get_item(part).is_ok_and(|found| !found.is_undefined()))
    } else if kind == ValueKind::Seq {
        Ok(whole.try_iter().map_err(Stopped::Refused)?.any(|item| item == *part))
    } else if kind == ValueKind::Plain {
        Ok(false)
    } else {
        Err(Stopped::Refused(ErrorKind::InvalidOperation.into()))
    }
}

fn join(parts: &[Plain], scope: &Scope<'_>, out: &mut String) -> Result<(), Stopped> {
    let mut is_missing = false;
    for (place, part) in parts.iter().enumerate() {
        let value = part.eval(scope)?;
        is_missing |= value.is_undefined();
        // Like the engine, which looks at the first two together: a refusal of the second comes first.
        if is_missing && place > 0 {
            return Err(Stopped::Missing);
        }
        match value.as_str() {
            Some(text) => out.push_str(text),
            // Writing into a text cannot fail.
            None => drop(write!(out, "{value}")),
        }
    }
    Ok(())
}

/// Every step answers nothing where it meets what it does not know; what was read by then is lost,
/// and the engine reads it all again.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn mark(&mut self, mark: &str) -> bool {
        let found = self.rest.strip_prefix(mark).map(str::trim_ascii_start);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// The name at hand, without consuming it.
    fn name(&self) -> &'a str {
        let end = self.rest.find(|c: char| !is_name(c)).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    fn word(&mut self, word: &str) -> bool {
        self.name() == word && self.mark(word)
    }

    fn choice(&mut self) -> Option<Plain> {
        let then = self.both()?;
        if !self.word("if") {
            return Some(then);
        }
        let test = Box::new(self.both()?);
        if !self.word("else") {
            return None;
        }
        let otherwise = Box::new(self.choice()?);
        let then = Box::new(then);
        Some(Plain::Choice { test, then, otherwise })
    }

    fn both(&mut self) -> Option<Plain> {
        let mut left = self.comparison()?;
        while self.word("and") {
            left = Plain::And(Box::new(left), Box::new(self.comparison()?));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Plain> {
        let left = self.joined()?;
        let Some(how) = self.compares() else { return Some(left) };
        let right = self.joined()?;
        // A chain of comparisons is the engine's.
        if self.compares().is_some() {
            return None;
        }
        Some(Plain::Compare(Box::new(left), how, Box::new(right)))
    }

    fn compares(&mut self) -> Option<Comparison> {
        let marks = [
            ("==", Comparison::Same),
            ("!=", Comparison::Different),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::More),
        ];
        let found = marks.into_iter().find(|(mark, _)| self.mark(mark)).map(|(_, how)| how);
        found
            .or_else(|| self.word("in").then_some(Comparison::In))
            .or_else(|| self.not_in())
    }

    fn not_in(&mut self) -> Option<Comparison> {
        let before = self.rest;
        let found = self.word("not") && self.word("in");
        self.rest = if found { self.rest } else { before };
        found.then_some(Comparison::NotIn)
    }

    fn joined(&mut self) -> Option<Plain> {
        let first = self.operand()?;
        let mut parts = vec![first];
        while self.mark("~") {
            parts.push(self.operand()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Plain::Join(parts)) }
    }

    /// A value with the filters and tests behind it.
    fn operand(&mut self) -> Option<Plain> {
        let mut value = self.atom()?;
        loop {
            if self.mark("|") {
                value = self.filtered(value)?;
            } else if self.word("is") {
                let negated = self.word("not");
                let is_known = self.word("none");
                // Behind a test the engine would take another word for an argument.
                let ends = self.rest.is_empty() || self.rest.starts_with(')') || ["and", "else"].contains(&self.name());
                if !is_known || !ends {
                    return None;
                }
                let of = Box::new(value);
                value = Plain::IsNone { of, negated };
            } else {
                return Some(value);
            }
        }
    }

    fn filtered(&mut self, of: Plain) -> Option<Plain> {
        let of = Box::new(of);
        if self.word("default") {
            let other = if self.mark("(") {
                let text = self.text()?;
                self.mark(")").then_some(text)?
            } else {
                Value::from("")
            };
            return Some(Plain::Default(of, other));
        }
        if self.word("part_of") {
            let is_open = self.mark("(");
            let whole = Box::new(self.joined()?);
            return (is_open && self.mark(")")).then_some(Plain::PartOf(of, whole));
        }
        if self.word("stamp") {
            let is_open = self.mark("(");
            let format = Box::from(self.text()?.as_str()?);
            return (is_open && self.mark(")")).then_some(Plain::Stamp(of, format));
        }
        let name = self.name();
        let filter = filters::unary(name)?;
        self.mark(name);
        (!self.rest.starts_with('(')).then_some(Plain::Filter(filter, of))
    }

    fn atom(&mut self) -> Option<Plain> {
        if self.mark("(") {
            let inner = self.choice()?;
            return self.mark(")").then_some(inner);
        }
        match self.rest.bytes().next()? {
            b'\'' | b'"' => self.text().map(Plain::Constant),
            b'0'..=b'9' => {
                let digits = self.name();
                let is_usual =
                    digits.len() < 18 && digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
                let number: i64 = digits.parse().ok().filter(|_| is_usual)?;
                self.rest = self.rest.strip_prefix(digits)?;
                self.ends().then_some(Plain::Constant(Value::from(number)))
            }
            _ if self.word("none") => Some(Plain::Constant(Value::from(()))),
            _ => self.path(),
        }
    }

    fn path(&mut self) -> Option<Plain> {
        let end = self.rest.find(|c: char| !is_name(c) && c != '.').unwrap_or(self.rest.len());
        let (path, rest) = self.rest.split_at_checked(end)?;
        let segments: Vec<&str> = path.split('.').collect();
        let starts_well = |segment: &&str| segment.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_name = segments.first().is_some_and(|first| !KEYWORDS.contains(first));
        if !is_name || !segments.iter().all(starts_well) {
            return None;
        }
        self.rest = rest;
        self.ends().then(|| Plain::Path(segments.into_iter().map(Box::from).collect()))
    }

    /// A quoted text in which nothing is escaped.
    fn text(&mut self) -> Option<Value> {
        let quote = self.rest.chars().next().filter(|c| *c == '\'' || *c == '"')?;
        let (text, rest) = self.rest.strip_prefix(quote)?.split_once(quote)?;
        self.rest = rest;
        (!text.contains('\\') && self.ends()).then(|| Value::from(text))
    }

    /// Whether nothing sticks to the value that was just read, such as an index or a call.
    fn ends(&mut self) -> bool {
        self.rest = self.rest.trim_ascii_start();
        !self.rest.starts_with(['.', '[', '(', '\'', '"'])
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;
