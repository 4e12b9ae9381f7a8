//! What a commit adds that may not lie readable, in one sealed piece of named parts.
//!
//! Invariants: a parcel opens only in the row of the history that it was sealed for; the order of its parts
//! means nothing.

use super::trouble::Trouble;
use crate::domain::ids::OrderId;
use crate::store::seal::{SealBroken, Sealer};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What was handed over, as JSON.
    Deliveries,
    /// The body of the evidence with this id.
    Evidence(&'a str),
    /// The payload of the callback with this number in its id.
    Callback(u32),
}

impl Part<'_> {
    /// Tags are for ever: rows outlive programs.
    fn with_name<T>(self, read: impl FnOnce(u8, &[u8]) -> T) -> T {
        match self {
            Self::Deliveries => read(b'd', b""),
            Self::Evidence(id) => read(b'e', id.as_bytes()),
            Self::Callback(number) => read(b'c', &number.to_be_bytes()),
        }
    }
}

/// A parcel being filled: of each part its tag, its name and its bytes, the last two with their length.
#[derive(Default)]
pub(super) struct Parcel(Vec<u8>);

impl Parcel {
    /// # Errors
    /// When a part is longer than 4 GiB.
    pub(super) fn put(&mut self, part: Part<'_>, bytes: &[u8]) -> Result<(), Trouble> {
        part.with_name(|tag, name| {
            self.0.reserve(name.len().saturating_add(bytes.len()).saturating_add(9));
            self.0.push(tag);
            self.chunk(name)?;
            self.chunk(bytes)
        })
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let too_long = |_| Trouble::Backstop("a part of a commit is longer than 4 GiB".to_owned());
        self.0.extend(u32::try_from(bytes.len()).map_err(too_long)?.to_be_bytes());
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Sealed for the row of the history with this number; nothing if it is empty.
    ///
    /// # Errors
    /// As the sealer's.
    pub(super) fn seal(self, sealer: &Sealer, order: OrderId, number: u32) -> Result<Option<Vec<u8>>, SealBroken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        sealer.seal(TABLE, &row(order, number), &self.0).map(Some)
    }
}

/// A parcel that has been opened.
pub(super) struct Opened(Vec<u8>);

impl Opened {
    /// # Errors
    /// When it was sealed with another key or for another row, or is damaged.
    pub(super) fn open(sealer: &Sealer, order: OrderId, number: u32, sealed: &[u8]) -> Result<Self, SealBroken> {
        sealer.open(TABLE, &row(order, number), sealed).map(Self)
    }

    /// The bytes of a part, if it is there.
    pub(super) fn part(&self, wanted: Part<'_>) -> Option<&[u8]> {
        wanted.with_name(|wanted_tag, wanted_name| {
            let mut rest = self.0.as_slice();
            loop {
                let (tag, after) = rest.split_first()?;
                let (name, after) = chunk(after)?;
                let (bytes, after) = chunk(after)?;
                if (*tag, name) == (wanted_tag, wanted_name) {
                    return Some(bytes);
                }
                rest = after;
            }
        })
    }
}

fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

const TABLE: &str = "history";

fn row(order: OrderId, number: u32) -> String {
    format!("{order}:{number}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::seams::SystemRandom;
    use crate::store::SealKey;

    fn sealer() -> Sealer {
        Sealer::new(&SealKey::new([7; 32]), Arc::new(SystemRandom)).unwrap()
    }

    fn order(id: i64) -> OrderId {
        OrderId::from_stored(id).unwrap()
    }

    #[test]
    fn parts_are_found_by_their_names() {
        let mut parcel = Parcel::default();
        let parts: [(Part<'_>, &[u8]); 5] = [
            (Part::Evidence("ev_1"), b"\xd5\xfd\xb3\xa3"),
            (Part::Evidence(""), b"no name"),
            (Part::Callback(5), b"{}"),
            (Part::Evidence("\0\0\0\x05"), b"a callback's name, another tag"),
            (Part::Deliveries, b""),
        ];
        for (part, bytes) in parts {
            parcel.put(part, bytes).unwrap();
        }
        let sealed = parcel.seal(&sealer(), order(7), 3).unwrap().unwrap();
        let opened = Opened::open(&sealer(), order(7), 3, &sealed).unwrap();
        for (part, bytes) in parts {
            assert_eq!(opened.part(part), Some(bytes), "{part:?}");
        }
        assert_eq!(opened.part(Part::Callback(6)), None);
        assert_eq!(opened.part(Part::Evidence("ev_")), None);
    }

    #[test]
    fn a_parcel_opens_in_its_own_row_only() {
        let mut parcel = Parcel::default();
        parcel.put(Part::Deliveries, b"card").unwrap();
        let sealed = parcel.seal(&sealer(), order(7), 3).unwrap().unwrap();
        assert!(Opened::open(&sealer(), order(7), 3, &sealed).is_ok());
        assert!(Opened::open(&sealer(), order(7), 4, &sealed).is_err());
        assert!(Opened::open(&sealer(), order(8), 3, &sealed).is_err());
    }

    #[test]
    fn nothing_is_sealed_where_nothing_was_put() {
        assert_eq!(Parcel::default().seal(&sealer(), order(7), 3).unwrap(), None);
    }
}
