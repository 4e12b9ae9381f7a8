//! `application/x-www-form-urlencoded`, as bytes: the charset is the wire format's business.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The pairs of a form, decoded to bytes; `None` when a name comes twice.
pub(super) fn pairs(text: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for part in text.split(|b| *b == b'&').filter(|part| !part.is_empty()) {
        let mut halves = part.splitn(2, |b| *b == b'=');
        let name = decode(halves.next().unwrap_or_default());
        let value = decode(halves.next().unwrap_or_default());
        if pairs.iter().any(|(known, _)| *known == name) {
            return None;
        }
        pairs.push((name, value));
    }
    Some(pairs)
}

fn decode(part: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = part.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    percent_decode(&spaced).collect()
}

/// A form of these pairs, percent-encoded.
pub(super) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let parts: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={}", percent_encode(value, KEPT)))
        .collect();
    parts.join("&").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_back_as_it_was_written() {
        let value = "充 值+&=%".as_bytes();
        let form = encode([("a", value), ("b", &b""[..])]);
        assert_eq!(
            pairs(&form).unwrap(),
            [(b"a".to_vec(), value.to_vec()), (b"b".to_vec(), Vec::new())]
        );
    }

    #[test]
    fn a_repeated_name_is_no_form() {
        assert!(pairs(b"a=1&a=2").is_none());
    }
}
