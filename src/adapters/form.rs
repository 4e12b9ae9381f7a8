//! `application/x-www-form-urlencoded` and query strings, in the dialect's charset.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::charset::Charset;
use super::tree::{Field, MAX_NODES, Tree, has_duplicates};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Reads the pairs; a broken escape, a wrong byte or a name that stands twice refuses them all.
pub(super) fn parse(bytes: &[u8], charset: Charset) -> Result<Tree, &'static str> {
    let mut fields = Vec::new();
    for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let cut = pair.iter().position(|b| *b == b'=').ok_or("form: a name without a value")?;
        let (name, value) = pair.split_at(cut);
        let value = value.get(1..).unwrap_or_default();
        fields.push((decode(name, charset)?, Tree::Text(decode(value, charset)?)));
        if fields.len() > MAX_NODES {
            return Err("form: too many fields");
        }
    }
    if has_duplicates(&fields) {
        return Err("form: a name stands twice");
    }
    Ok(Tree::map(fields))
}

fn decode(part: &[u8], charset: Charset) -> Result<Arc<str>, &'static str> {
    let raw = if part.iter().any(|b| matches!(b, b'+' | b'%')) {
        Cow::Owned(unescape(part)?)
    } else {
        Cow::Borrowed(part)
    };
    charset.decode(&raw).map(Arc::from).ok_or("form: not in its charset")
}

fn unescape(part: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut raw = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => raw.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or("form: a broken escape")?;
                let digits = std::str::from_utf8(digits)
                    .ok()
                    .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let byte = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
                raw.push(byte.ok_or("form: a broken escape")?);
                rest = after;
            }
            byte => raw.push(*byte),
        }
    }
    Ok(raw)
}

/// Writes the fields in their order, behind what is there already. `None` if a character does not
/// exist in the charset.
pub(super) fn write(fields: &[Field], charset: Charset, out: &mut String) -> Option<()> {
    for (place, (name, value)) in fields.iter().enumerate() {
        if place > 0 {
            out.push('&');
        }
        escape(name, charset, out)?;
        out.push('=');
        escape(&value.literal(), charset, out)?;
    }
    Some(())
}

/// Percent-encodes the charset's bytes of a text.
pub(super) fn escape(text: &str, charset: Charset, out: &mut String) -> Option<()> {
    charset.encode(text).map(|bytes| out.extend(percent_encode(&bytes, KEPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, charset: Charset) -> Option<String> {
        let mut out = String::new();
        escape(text, charset, &mut out)?;
        Some(out)
    }

    #[test]
    fn a_form_is_read_back_as_it_was_written_in_both_charsets() {
        for charset in [Charset::Utf8, Charset::Gbk] {
            let fields = vec![("名".into(), Tree::text("充 值&a=1+%")), ("empty".into(), Tree::text(""))];
            let mut wire = String::new();
            write(&fields, charset, &mut wire).unwrap();
            assert!(wire.is_ascii());
            assert_eq!(parse(wire.as_bytes(), charset).unwrap().fields(), fields);
        }
        assert_eq!(escaped("充", Charset::Gbk).unwrap(), "%B3%E4");
    }

    #[test]
    fn what_cannot_be_read_with_certainty_is_refused() {
        for bytes in [&b"a=1&a=2"[..], b"a=%4", b"a=%zz", b"a=%+1", b"a=%FF", b"a"] {
            assert!(parse(bytes, Charset::Utf8).is_err(), "{bytes:?}");
        }
        assert_eq!(escaped("😀", Charset::Gbk), None);
    }
}
