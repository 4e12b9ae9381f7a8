//! The words an expression may use after `|` and `is`. Everything else is refused at load, so that a
//! typing error cannot hide in a branch that no sample takes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use md5::{Digest, Md5};
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use sha1::Sha1;
use sha2::Sha256;

use super::json;

/// Filters, with what they do; docs/dialects.md explains each.
const FILTERS: [&str; 16] = [
    "default", "upper", "lower", "trim", "replace", "length", "stamp", "seconds", "md5", "sha1", "sha256", "number", "path", "json",
    "decimal", "part_of",
];
/// Tests.
const TESTS: [&str; 3] = ["defined", "undefined", "none"];
/// Marks a refusal's text as ours: it holds no data.
const MARK: &str = "dialect: ";

/// A text that a filter has checked, so that it may stand where quoting would change it.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) text: String,
}

/// What it was checked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawKind {
    /// A JSON number.
    Number,
    /// A path of unreserved characters.
    Path,
}

impl Object for Raw {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A filter that needs nothing but its operand.
pub(super) type Unary = fn(&Value) -> Result<Value, Error>;

/// The filter of this name, if it is one that needs nothing else.
pub(super) fn unary(name: &str) -> Option<Unary> {
    match name {
        "decimal" => Some(decimal),
        "md5" => Some(|value| text_of(value).map(|text| Value::from(md5(text)))),
        "number" => Some(|value| number(value.clone())),
        "path" => Some(|value| text_of(value).and_then(path)),
        _ => None,
    }
}

fn text_of(value: &Value) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| ErrorKind::InvalidOperation.into())
}

fn md5(text: &str) -> String {
    in_hex(&Md5::digest(text.as_bytes()))
}

/// The bytes in lower-case hex: the crate's `encode` writes digit by digit.
pub(super) fn in_hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len().saturating_mul(2)];
    // It refuses a slice of the wrong length, which this one never has.
    let _ = hex::encode_to_slice(bytes, &mut digits);
    String::from_utf8(digits).unwrap_or_default()
}

pub(super) fn install(language: &mut Environment<'static>) {
    language.add_filter("default", minijinja::filters::default);
    language.add_filter("upper", minijinja::filters::upper);
    language.add_filter("lower", minijinja::filters::lower);
    language.add_filter("trim", minijinja::filters::trim);
    language.add_filter("replace", minijinja::filters::replace);
    language.add_filter("length", minijinja::filters::length);
    language.add_filter("stamp", |state: &State<'_, '_>, ms: i64, format: &str| {
        let offset_s = state.lookup("zone_offset_s").and_then(|value| value.as_i64());
        stamp(ms, format, offset_s.unwrap_or(0))
    });
    language.add_filter("seconds", |ms: i64| ms.div_euclid(1000));
    language.add_filter("md5", md5);
    language.add_filter("sha1", |text: &str| in_hex(&Sha1::digest(text.as_bytes())));
    language.add_filter("sha256", |text: &str| in_hex(&Sha256::digest(text.as_bytes())));
    language.add_filter("number", number);
    language.add_filter("path", path);
    language.add_filter("json", parse_json);
    language.add_filter("decimal", decimal);
    language.add_filter("part_of", part_of);
    language.add_test("defined", minijinja::tests::is_defined);
    language.add_test("undefined", minijinja::tests::is_undefined);
    language.add_test("none", minijinja::tests::is_none);
}

fn refuse(why: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{MARK}{why}"))
}

/// The text of a refusal that is one of ours.
pub(super) fn own_refusal(detail: &str) -> Option<&str> {
    detail.strip_prefix(MARK)
}

/// UTC milliseconds in the supplier's zone, by a strftime format.
pub(super) fn stamp(ms: i64, format: &str, offset_s: i64) -> Result<String, Error> {
    let offset = i32::try_from(offset_s).ok().and_then(|s| Offset::from_seconds(s).ok());
    let offset = offset.ok_or_else(|| refuse("not a time zone"))?;
    let time = Timestamp::from_millisecond(ms).map_err(|_| refuse("not a time"))?;
    jiff::fmt::strtime::format(format, &time.to_zoned(TimeZone::fixed(offset))).map_err(|_| refuse("not a time format"))
}

fn number(value: Value) -> Result<Value, Error> {
    let text = value.to_string();
    if json::is_number(&text) {
        Ok(Value::from_object(Raw {
            kind: RawKind::Number,
            text,
        }))
    } else {
        Err(refuse("not a number"))
    }
}

fn path(text: &str) -> Result<Value, Error> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    if text.starts_with('/') && text.bytes().all(is_plain) && !text.contains("//") && !text.contains("..") {
        Ok(Value::from_object(Raw {
            kind: RawKind::Path,
            text: text.to_owned(),
        }))
    } else {
        Err(refuse("not a path: it must begin with / and hold only letters, digits and -_.~"))
    }
}

fn parse_json(text: &str) -> Result<Value, Error> {
    json::parse(text).map(|tree| tree.value()).map_err(refuse)
}

/// A decimal without trailing zeros: `100.00` is `100`, `98.50` is `98.5`. Nothing stays nothing.
fn decimal(value: &Value) -> Result<Value, Error> {
    if is_nothing(value) {
        return Ok(Value::from(()));
    }
    let text = text_or_shown(value);
    scaled(&text).ok_or_else(|| refuse("not a decimal"))?;
    Ok(Value::from(shortest(&text)))
}

/// A text as it is, and anything else as the engine would show it.
fn text_or_shown(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

fn is_nothing(value: &Value) -> bool {
    value.is_undefined() || value.is_none() || value.as_str() == Some("")
}

/// The text without the zeros and the point that say nothing.
pub(super) fn shortest(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// How much of `whole` is `part`: `none`, `part`, `all`, or `unsaid` where nothing is said.
pub(super) fn part_of(part: &Value, whole: &Value) -> Result<&'static str, Error> {
    if is_nothing(part) {
        return Ok("unsaid");
    }
    let amount = |value: &Value| scaled(&text_or_shown(value)).ok_or_else(|| refuse("not an amount"));
    let (part, whole) = (amount(part)?, amount(whole)?);
    match part {
        0 => Ok("none"),
        part if part == whole => Ok("all"),
        part if part > 0 && part < whole => Ok("part"),
        _ => Err(refuse("more than the whole")),
    }
}

/// A decimal of at most six places as millionths.
pub(super) fn scaled(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let unit = 10_i64.checked_pow(6_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?)?;
    let (whole, fraction): (i64, i64) = (whole.parse().ok()?, fraction.parse().ok()?);
    let millionths = i128::from(whole)
        .checked_mul(1_000_000)?
        .checked_add(i128::from(fraction.checked_mul(unit)?))?;
    millionths.checked_mul(sign)
}

/// Refuses filters, tests and calls that are not in the language.
pub(super) fn check_names(expression: &str) -> Result<(), String> {
    let bare = without_quoted(expression);
    let words: Vec<&str> = tokens(&bare);
    for (place, word) in words.iter().enumerate() {
        let next = words.get(place.saturating_add(1)).copied().unwrap_or_default();
        let after = words.get(place.saturating_add(2)).copied().unwrap_or_default();
        match *word {
            "|" if !FILTERS.contains(&next) => return Err(format!("`{next}` is not a filter; there are: {}", FILTERS.join(", "))),
            "is" => {
                let test = if next == "not" { after } else { next };
                if !TESTS.contains(&test) {
                    return Err(format!("`{test}` is not a test; there are: {}", TESTS.join(", ")));
                }
            }
            "(" => {
                let callee = place.checked_sub(1).and_then(|i| words.get(i)).copied().unwrap_or_default();
                let is_filter = place.checked_sub(2).and_then(|i| words.get(i)).copied() == Some("|");
                let is_name = callee.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                let is_operator = ["and", "or", "not", "in", "if", "else", "is"].contains(&callee);
                if (is_name && !is_operator && !is_filter) || callee == ")" || callee == "]" {
                    return Err(format!("`{callee}(…)`: functions are not part of the dialect language"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The expression with every quoted text emptied.
fn without_quoted(expression: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut is_escaped = false;
    for c in expression.chars() {
        match quote {
            Some(open) => {
                if c == open && !is_escaped {
                    quote = None;
                    out.push(c);
                }
                is_escaped = c == '\\' && !is_escaped;
            }
            None => {
                if c == '\'' || c == '"' {
                    quote = Some(c);
                }
                out.push(c);
            }
        }
    }
    out
}

/// Words and single marks, blanks dropped.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if is_word(first) {
            rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at(len);
        if !token.trim().is_empty() {
            found.push(token);
        }
        rest = tail;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_without_floats() {
        let told = |part: &str, whole: &str| part_of(&Value::from(part), &Value::from(whole)).ok();
        assert_eq!(told("0.00", "98.50"), Some("none"));
        assert_eq!(told("98.5", "98.50"), Some("all"));
        assert_eq!(told("0.000001", "98.50"), Some("part"));
        assert_eq!(told("", "98.50"), Some("unsaid"));
        assert_eq!(told("99", "98.50"), None);
        assert_eq!(told("-1", "98.50"), None);
        assert_eq!(told("1e1", "98.50"), None);
    }

    #[test]
    fn decimals_lose_only_zeros_that_say_nothing() {
        for (given, short) in [("100.00", "100"), ("98.50", "98.5"), ("100", "100"), ("0.00", "0")] {
            assert_eq!(decimal(&Value::from(given)).unwrap(), Value::from(short));
        }
        assert!(decimal(&Value::from("1e3")).is_err());
        assert!(decimal(&Value::UNDEFINED).unwrap().is_none());
    }

    #[test]
    fn every_filter_and_test_is_in_the_reference_and_exists() {
        let reference = include_str!("../../docs/dialects.md");
        let mut language = Environment::empty();
        install(&mut language);
        for name in FILTERS {
            assert!(
                reference.contains(&format!("`{name}`")) || reference.contains(&format!("`{name}(")),
                "{name}"
            );
            let is_filter = language.compile_expression(&format!("'1' | {name}")).unwrap().eval(());
            assert!(!is_filter.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter), "{name}");
        }
        for name in TESTS {
            assert!(reference.contains(&format!("`is {name}`")), "{name}");
            let is_test = language.compile_expression(&format!("'1' is {name}")).unwrap().eval(());
            assert!(is_test.is_ok(), "{name}");
        }
    }

    #[test]
    fn names_inside_quotes_are_text() {
        assert!(check_names("a ~ '| nosuch is bad(' ~ b").is_ok());
        assert!(check_names("(a or b) and not (c in ['x'])").is_ok());
        assert!(check_names("a.items()").is_err());
        assert!(check_names("a | default('') | nosuch").is_err());
    }

    #[test]
    fn only_plain_paths_may_skip_the_encoding() {
        assert!(path("/api/v1/order-info.do").is_ok());
        for text in ["api", "/a?b", "/a/../b", "//host/a", "/a b", "/a%2f", "/a#b"] {
            assert!(path(text).is_err(), "{text}");
        }
    }
}
