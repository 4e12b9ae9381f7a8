//! Bytes to text and back, strictly: what is not valid in the charset is not text.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::GBK;
use http::HeaderValue;

/// The charset a dialect writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Gbk,
}

impl Charset {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "utf-8" => Some(Self::Utf8),
            "gbk" => Some(Self::Gbk),
            _ => None,
        }
    }

    /// Whether a document may declare itself to be in `label` while the dialect says this charset.
    pub(super) fn admits_label(self, label: &str) -> bool {
        let labels: &[&str] = match self {
            Self::Utf8 => &["utf-8", "utf8"],
            Self::Gbk => &["gbk", "gb2312", "gb18030"],
        };
        labels.iter().any(|known| known.eq_ignore_ascii_case(label))
    }

    /// The text, or nothing if one byte is wrong: a lossy decode invents characters.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            // Suppliers on PHP send a byte order mark when a source file has one.
            Self::Utf8 => std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
                .ok()
                .map(Cow::Borrowed),
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// The bytes, or nothing if one character does not exist there.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => Some(Cow::Borrowed(text.as_bytes())),
            Self::Gbk => {
                let (bytes, _, has_unmappable) = GBK.encode(text);
                (!has_unmappable).then_some(bytes)
            }
        }
    }

    /// Whether every character exists in it.
    pub(super) fn holds_everything(self) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Gbk => false,
        }
    }

    /// A text's bytes to be sent, or nothing as with `encode`.
    pub(super) fn wire(self, text: String) -> Option<Bytes> {
        match self {
            Self::Utf8 => Some(Bytes::from(text)),
            Self::Gbk => self.encode(&text).map(|bytes| Bytes::from(bytes.into_owned())),
        }
    }

    /// The content type of a form.
    pub(super) fn form_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Utf8 => "application/x-www-form-urlencoded",
            Self::Gbk => "application/x-www-form-urlencoded; charset=GBK",
        })
    }

    /// The content type of JSON.
    pub(super) fn json_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Utf8 => "application/json",
            Self::Gbk => "application/json; charset=GBK",
        })
    }
}
