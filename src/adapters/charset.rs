//! Bytes to text and back, strictly: what is not valid in the charset is not text.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::GBK;

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

    /// The addition to a content type, where the charset is not the usual one.
    pub(super) fn parameter(self) -> &'static str {
        match self {
            Self::Utf8 => "",
            Self::Gbk => "; charset=GBK",
        }
    }
}
