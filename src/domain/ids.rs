//! The names of things. Each is a type of its own, so that one cannot be passed for another.
//!
//! An order id is 63 bits of time, node and counter, never a database sequence: a restored backup
//! would hand a number out again, and a supplier that deduplicates would answer for another order.
//! An attempt id is the order id followed by two digits of sequence: at most 21 digits, so it fits
//! the 24 alphanumerics that the strictest supplier takes, and names its order without a look-up.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 2025-01-01T00:00:00Z: order ids count milliseconds from here, which lasts until 2094.
const EPOCH_MS: i64 = 1_735_689_600_000;
const NODE_BITS: u32 = 10;
const COUNTER_BITS: u32 = 12;

/// An order, once and for ever. Written as decimal digits; in JSON a string, because JavaScript
/// numbers lose digits above 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(i64);

impl OrderId {
    /// The highest counter within one millisecond of one node.
    pub const MAX_COUNTER: u16 = 4095;
    /// The highest node number.
    pub const MAX_NODE: u16 = 1023;

    /// Composes an id from UTC milliseconds, node (0..=1023) and counter (0..=4095). `None` if a part is out of range.
    #[must_use]
    pub fn compose(now_ms: i64, node: u16, counter: u16) -> Option<Self> {
        let since = now_ms.checked_sub(EPOCH_MS)?;
        let in_range = (0..1_i64 << 41).contains(&since) && node <= Self::MAX_NODE && counter <= Self::MAX_COUNTER;
        in_range.then(|| Self((since << (NODE_BITS + COUNTER_BITS)) | (i64::from(node) << COUNTER_BITS) | i64::from(counter)))
    }

    /// The first id that any node can give at this moment, UTC milliseconds.
    #[must_use]
    pub fn first_at(now_ms: i64) -> Self {
        let since = now_ms.saturating_sub(EPOCH_MS).clamp(0, (1 << 41) - 1);
        Self(since << (NODE_BITS + COUNTER_BITS))
    }

    /// The id as the store keeps it.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }

    /// An id read back from the store; negative numbers are not ids.
    #[must_use]
    pub fn from_stored(raw: i64) -> Option<Self> {
        (raw >= 0).then_some(Self(raw))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for OrderId {
    type Err = UnreadableId;

    fn from_str(text: &str) -> Result<Self, UnreadableId> {
        let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
        let canonical = text == "0" || !text.starts_with('0');
        if !(digits && canonical) {
            return Err(UnreadableId);
        }
        text.parse::<i64>().map(Self).map_err(|_| UnreadableId)
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not the id it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this gateway: expected decimal digits")]
pub struct UnreadableId;

/// The number of one try within its order: 1, 2, 3 … without a gap (I7), at most 99.
pub type Seq = u8;

/// The number one supplier sees for one attempt; never reused, never moved to another supplier (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The order the attempt belongs to.
    pub order: OrderId,
    /// Its place among the order's attempts, 1..=99.
    pub seq: Seq,
}

impl AttemptId {
    /// The highest sequence that two digits hold.
    pub const MAX_SEQ: Seq = 99;
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}", self.order, self.seq)
    }
}

impl FromStr for AttemptId {
    type Err = UnreadableId;

    fn from_str(text: &str) -> Result<Self, UnreadableId> {
        let cut = text.len().checked_sub(2).ok_or(UnreadableId)?;
        let (order, seq) = text.split_at_checked(cut).ok_or(UnreadableId)?;
        let two_digits = seq.bytes().all(|b| b.is_ascii_digit());
        let seq = seq.parse::<Seq>().ok().filter(|seq| two_digits && *seq > 0).ok_or(UnreadableId)?;
        Ok(Self {
            order: order.parse()?,
            seq,
        })
    }
}

/// A shop's number, given when the shop is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShopId(pub i64);

impl fmt::Display for ShopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same text, shared and not copied: for whoever must own it.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A supplier, by the name of its table in adapters.toml.
    SupplierId
}
name! {
    /// What shops buy, by its stable code.
    Sku
}
name! {
    /// The shop's own number for an order; unique within the shop.
    ShopOrderNo
}
name! {
    /// Digest of one version of a supplier's settings and dialect: which rules wrote these bytes.
    SettingsDigest
}

/// One stored piece of evidence: the attempt's order and a random suffix, never a database sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EvidenceId(pub Arc<str>);

/// One process in one of its lives, drawn at random when it starts: who stamped a transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_id_names_its_order_and_fits_the_strictest_supplier() {
        let order = OrderId::compose(EPOCH_MS + (1 << 41) - 1, 1023, 4095).unwrap();
        let id = AttemptId { order, seq: 7 };
        let text = id.to_string();
        assert_eq!(text.len(), 21);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn ids_of_later_milliseconds_sort_later() {
        let early = OrderId::compose(EPOCH_MS + 5, 1023, 4095).unwrap();
        let late = OrderId::compose(EPOCH_MS + 6, 0, 0).unwrap();
        assert!(early < late);
    }

    #[test]
    fn rubbish_is_no_id() {
        for text in [
            "",
            "1",
            "01",
            "1200",
            "00101",
            "-101",
            "12345678901234567890199",
            "1x01",
            "+101",
            "１０１",
        ] {
            assert_eq!(text.parse::<AttemptId>(), Err(UnreadableId), "{text:?}");
        }
        assert_eq!(OrderId::compose(EPOCH_MS - 1, 0, 0), None);
        assert_eq!(OrderId::compose(EPOCH_MS, 1024, 0), None);
    }
}
