//! JSON without surprises: a key twice is refused instead of one of them winning, and depth is bounded.
//!
//! A request that two readers can understand differently is a request that can be signed once and
//! mean two things. Invariant: no `Debug`, because values are recipients.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::problem::Problem;

/// A value.
pub(super) enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// An integer that fits 64 bits, with or without sign.
    Whole(i128),
    /// Any other number; never read further, because no field of ours is one.
    Fraction,
    /// A string.
    Text(String),
    /// An array; no field of ours is one.
    List,
    /// An object, in the order it was written; keys are different.
    Object(Vec<(String, Json)>),
}

/// Levels of nesting that are read: an order has two.
const MAX_DEPTH: usize = 8;
/// Most keys of one object.
const MAX_KEYS: usize = 64;

/// Reads one JSON text, completely.
pub(super) fn read(body: &[u8]) -> Result<Json, Problem> {
    let fault = RefCell::new(None);
    let root = Place {
        within: None,
        depth: 0,
        fault: &fault,
    };
    let mut text = serde_json::Deserializer::from_slice(body);
    let read = root.deserialize(&mut text).and_then(|json| text.end().map(|()| json));
    read.map_err(|error| {
        fault.take().unwrap_or(Problem::JsonUnreadable {
            line: error.line(),
            column: error.column(),
        })
    })
}

/// Where in the text the reader stands; serde's errors are only text, so ours is left in `fault`.
#[derive(Clone, Copy)]
struct Place<'f> {
    /// What this value is a part of, and under which key; none in a list.
    within: Option<(&'f Place<'f>, &'f str)>,
    depth: usize,
    fault: &'f RefCell<Option<Problem>>,
}

impl Place<'_> {
    fn within<'p, E: Error>(&'p self, key: &'p str) -> Result<Place<'p>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.stop(Problem::JsonTooDeep { max: MAX_DEPTH }));
        }
        Ok(Place {
            within: Some((self, key)),
            depth: self.depth.saturating_add(1),
            fault: self.fault,
        })
    }

    /// The keys that lead here, joined with dots.
    fn path(&self) -> String {
        let Some((outer, key)) = self.within else {
            return String::new();
        };
        match (outer.path(), key) {
            (path, "") => path,
            (path, key) if path.is_empty() => key.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    fn stop<E: Error>(&self, problem: Problem) -> E {
        self.fault.replace(Some(problem));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(i128::from(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Whole(i128::from(number)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Fraction)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let inner = self.within("")?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(Json::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let inner = self.within(&key)?;
            if object.iter().any(|(known, _)| *known == key) {
                return Err(self.stop(Problem::JsonDuplicateKey { field: inner.path() }));
            }
            if object.len() >= MAX_KEYS {
                return Err(self.stop(Problem::JsonTooManyKeys { max: MAX_KEYS }));
            }
            let value = entries.next_value_seed(inner)?;
            object.push((key, value));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        read(text.as_bytes()).map_or_else(|problem| problem.code(), |_| "read")
    }

    #[test]
    fn a_key_twice_is_refused_wherever_it_stands() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"x":1,"x":1}]"#,
        ] {
            assert_eq!(code(text), "json_duplicate_key", "{text}");
        }
        let Err(Problem::JsonDuplicateKey { field }) = read(br#"{"inputs":{"b":1,"b":1}}"#) else {
            panic!("not refused");
        };
        assert_eq!(field, "inputs.b");
    }

    #[test]
    fn what_is_not_one_json_text_is_refused_without_a_panic() {
        for text in [
            "",
            "{",
            "{}{}",
            "{'a':1}",
            "{\"a\":01}",
            "nul",
            "{\"a\":1,}",
            "\u{feff}{}",
            "{\"a\":1e999}",
        ] {
            assert_eq!(code(text), "json_unreadable", "{text:?}");
        }
        assert!(read(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn depth_and_breadth_are_bounded() {
        assert_eq!(code(&"[".repeat(100_000)), "json_too_complex");
        let keys: Vec<String> = (0..65).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(code(&format!("{{{}}}", keys.join(","))), "json_too_complex");
        assert_eq!(code(r#"{"inputs":{"account":"1"}}"#), "read");
    }
}
