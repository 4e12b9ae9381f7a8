//! JSON, strictly: duplicate keys, depth, size, trailing bytes and lone surrogates are refused, and
//! numbers keep their literal. serde_json's own tree keeps the last of duplicate keys and reads
//! decimals as floats, so `{"status":"FAILED","status":"SUCCESS"}` would be a success.

use std::sync::Arc;

use super::tree::{Field, MAX_DEPTH, MAX_NODES, Tree, has_duplicates};

/// Reads a document whose root is an object or a list: any other root could be a truncated one.
pub(super) fn parse(text: &str) -> Result<Tree, &'static str> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: 0,
    };
    parser.skip_blanks();
    if !matches!(parser.peek(), Some(b'{' | b'[')) {
        return Err("JSON: neither an object nor a list");
    }
    let tree = parser.value(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err("JSON: something follows its end"),
    }
}

/// Writes a tree without blanks, slashes and unicode unescaped, in the order of its fields.
pub(super) fn write(tree: &Tree) -> String {
    let mut out = String::new();
    write_value(tree, &mut out);
    out
}

/// Writes an object of these fields, as `write` does.
pub(super) fn write_object<'f>(fields: impl IntoIterator<Item = &'f Field>) -> String {
    let mut out = String::new();
    write_fields(fields, &mut out);
    out
}

fn write_fields<'f>(fields: impl IntoIterator<Item = &'f Field>, out: &mut String) {
    out.push('{');
    for (place, (name, value)) in fields.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.step();
        }
        is_next
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, &'static str> {
        self.nodes = self.nodes.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err("JSON: too deep");
        }
        if self.nodes > MAX_NODES {
            return Err("JSON: too many values");
        }
        match self.peek() {
            Some(b'{') => self.object(depth.saturating_add(1)),
            Some(b'[') => self.list(depth.saturating_add(1)),
            Some(b'"') => self.string().map(Tree::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(|literal| Tree::Number(Arc::from(literal))),
            Some(b't') => self.word("true", Tree::Bool(true)),
            Some(b'f') => self.word("false", Tree::Bool(false)),
            Some(b'n') => self.word("null", Tree::Null),
            Some(_) => Err("JSON: not a value"),
            None => Err("JSON: cut off"),
        }
    }

    fn word(&mut self, word: &str, tree: Tree) -> Result<Tree, &'static str> {
        let end = self.at.saturating_add(word.len());
        if self.bytes.get(self.at..end) == Some(word.as_bytes()) {
            self.at = end;
            Ok(tree)
        } else {
            Err("JSON: not a value")
        }
    }

    fn object(&mut self, depth: usize) -> Result<Tree, &'static str> {
        self.step();
        let mut fields = Vec::new();
        self.skip_blanks();
        if self.takes(b'}') {
            return Ok(Tree::map(fields));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err("JSON: a key is missing");
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.takes(b':') {
                return Err("JSON: a colon is missing");
            }
            self.skip_blanks();
            fields.push((key, self.value(depth)?));
            self.skip_blanks();
            if self.takes(b'}') {
                break;
            }
            if !self.takes(b',') {
                return Err("JSON: an object is not closed");
            }
        }
        if has_duplicates(&fields) {
            return Err("JSON: a key stands twice");
        }
        Ok(Tree::map(fields))
    }

    fn list(&mut self, depth: usize) -> Result<Tree, &'static str> {
        self.step();
        let mut items = Vec::new();
        self.skip_blanks();
        if self.takes(b']') {
            return Ok(Tree::list(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.takes(b']') {
                return Ok(Tree::list(items));
            }
            if !self.takes(b',') {
                return Err("JSON: a list is not closed");
            }
        }
    }

    fn number(&mut self) -> Result<&'a str, &'static str> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.step();
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        if is_number(literal) {
            Ok(literal)
        } else {
            Err("JSON: not a number")
        }
    }

    fn string(&mut self) -> Result<Arc<str>, &'static str> {
        self.step();
        let first = self.unescaped()?;
        if self.takes(b'"') {
            return Ok(Arc::from(first));
        }
        let mut out = String::from(first);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(Arc::from(out));
                }
                Some(b'\\') => {
                    self.step();
                    out.push(self.escape()?);
                }
                Some(_) => return Err("JSON: a control character in a text"),
                None => return Err("JSON: cut off in a text"),
            }
            out.push_str(self.unescaped()?);
        }
    }

    /// The characters of a text up to the next that does not stand for itself.
    fn unescaped(&mut self) -> Result<&'a str, &'static str> {
        let start = self.at;
        while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1F)) {
            self.step();
        }
        self.text.get(start..self.at).ok_or("JSON: not text")
    }

    fn escape(&mut self) -> Result<char, &'static str> {
        let byte = self.peek();
        self.step();
        match byte {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode(),
            Some(_) | None => Err("JSON: not an escape"),
        }
    }

    fn unicode(&mut self) -> Result<char, &'static str> {
        let first = self.four_hex()?;
        let units = if (0xD800..0xDC00).contains(&first) && self.takes(b'\\') && self.takes(b'u') {
            vec![first, self.four_hex()?]
        } else {
            vec![first]
        };
        let mut decoded = char::decode_utf16(units);
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => Err("JSON: half a character"),
        }
    }

    fn four_hex(&mut self) -> Result<u16, &'static str> {
        let end = self.at.saturating_add(4);
        let digits = self.text.get(self.at..end).ok_or("JSON: not an escape")?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("JSON: not an escape");
        }
        self.at = end;
        u16::from_str_radix(digits, 16).map_err(|_| "JSON: not an escape")
    }
}

/// Whether a text is a JSON number, to be written as it stands.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let body = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole_ok = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    whole_ok && fraction.is_none_or(digits) && exponent_ok
}

fn write_value(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Tree::Number(literal) => out.push_str(literal),
        Tree::Text(text) => write_text(text, out),
        Tree::List(_) => {
            out.push('[');
            for (place, item) in tree.items().iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Tree::Map(_) => write_fields(tree.fields(), out),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_as_it_was_read() {
        for text in [
            r#"{"a":98.5,"b":100.0,"c":"充/值\"\n","d":[1,{"e":null}],"f":true,"g":-0.10,"h":1e5}"#,
            "[]",
            "{}",
        ] {
            assert_eq!(write(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn escapes_become_their_characters() {
        let tree = parse(r#"{"a":"\u5145\/\ud83d\ude00"}"#).unwrap();
        assert_eq!(tree.get("a").unwrap().literal(), "充/😀");
    }

    #[test]
    fn what_is_not_exactly_json_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":1}x"#,
            r#"{"a":1"#,
            r#"{"a":01}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            r#"{"a":+1}"#,
            r#"{"a":NaN}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00\ud800"}"#,
            r#"{"a":"\u+123"}"#,
            "{\"a\":\"\u{1}\"}",
            "{'a':1}",
            "[1,]",
            "1",
            "\"a\"",
            "",
            "null",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        let deep = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(parse(&deep).is_ok());
        assert!(parse(&format!("[{deep}]")).is_err());
        assert!(parse(&format!("[{}1]", "1,".repeat(MAX_NODES))).is_err());
    }
}
