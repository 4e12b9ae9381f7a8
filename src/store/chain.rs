//! The chain through an order's history: each commit carries a link, the hash of what it says and
//! of the link before it. Whoever changes, drops, adds or reorders a commit afterwards breaks every
//! link that follows; the order's row carries the last one, and each day's are signed together.
//!
//! Deliberately absent: inputs. They are sealed to their row and open only unchanged.

use sha2::{Digest, Sha256};

/// One link.
pub type Link = [u8; 32];

/// What stands before an order's first commit.
pub const START: Link = [0; 32];

/// A commit as it lies in the history.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The order's id.
    pub order: i64,
    /// The number of its first event.
    pub number: u32,
    /// When it was decided, UTC milliseconds.
    pub at_ms: i64,
    /// The form its events are written in.
    pub form_version: i32,
    /// Its events, as JSON.
    pub events: &'a str,
    /// What it moved, as JSON.
    pub postings: Option<&'a str>,
    /// The evidence it rests on, without the bodies, as JSON.
    pub evidence: Option<&'a str>,
    /// What may not lie readable.
    pub sealed: Option<&'a [u8]>,
}

impl Commit<'_> {
    /// The link that follows `before`. Each part goes in with its length, so that nothing can move
    /// from one into the next.
    #[must_use]
    pub fn link(&self, before: &Link) -> Link {
        let mut hasher = Sha256::new();
        hasher.update(before);
        hasher.update(self.order.to_be_bytes());
        hasher.update(self.number.to_be_bytes());
        hasher.update(self.at_ms.to_be_bytes());
        hasher.update(self.form_version.to_be_bytes());
        let parts = [
            Some(self.events.as_bytes()),
            self.postings.map(str::as_bytes),
            self.evidence.map(str::as_bytes),
            self.sealed,
        ];
        for part in parts {
            // Absent is not the same as empty.
            let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
            hasher.update(length.to_be_bytes());
            hasher.update(part.unwrap_or_default());
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Commit<'_> = Commit {
        order: 7,
        number: 1,
        at_ms: 1_000,
        form_version: 1,
        events: r#"[{"type":"order_overdue"}]"#,
        postings: Some("[]"),
        evidence: None,
        sealed: None,
    };

    #[test]
    fn a_link_depends_on_every_part_and_on_the_link_before() {
        let link = FIRST.link(&START);
        for other in [
            Commit { order: 8, ..FIRST },
            Commit { number: 2, ..FIRST },
            Commit { at_ms: 1_001, ..FIRST },
            Commit { form_version: 2, ..FIRST },
            Commit { events: "[]", ..FIRST },
            Commit { postings: None, ..FIRST },
            Commit {
                postings: Some(""),
                ..FIRST
            },
            Commit {
                evidence: Some(""),
                ..FIRST
            },
            Commit {
                sealed: Some(b""),
                ..FIRST
            },
        ] {
            assert_ne!(other.link(&START), link, "{other:?}");
        }
        assert_ne!(FIRST.link(&link), link);
        assert_eq!(FIRST.link(&START), link);
    }

    #[test]
    fn nothing_moves_from_one_part_into_the_next() {
        let one = Commit {
            events: "ab",
            postings: Some("c"),
            ..FIRST
        };
        let other = Commit {
            events: "a",
            postings: Some("bc"),
            ..FIRST
        };
        assert_ne!(one.link(&START), other.link(&START));
    }
}
