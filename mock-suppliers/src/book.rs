//! The book: what was really charged, told to judges.
//!
//! A charge is in the book, and in the book file, before the answer to its submit leaves. Its whole future is written
//! down with it as [`Turn`]s, so a judge can also read the file of a mock that was killed: see [`crate::read_book`].

use serde::{Deserialize, Serialize};

/// The state of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Accepted; the money is held and nothing is delivered yet.
    Processing,
    /// Delivered in full and billed.
    Delivered,
    /// Delivered and billed in part; final.
    Partial,
    /// Nothing delivered, nothing billed.
    Failed,
    /// Was delivered and has been taken back; nothing stays billed.
    Reversed,
}

/// The moment a charge changes its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// When, in milliseconds UTC.
    pub at_ms: u64,
    /// The state from then on.
    pub settled: Settled,
}

/// One line of the book: one order that was taken on and charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The mock's name.
    pub supplier: String,
    /// The id the gateway gave: its attempt id.
    pub id: String,
    /// Whom it tops up.
    pub recipient: String,
    /// The supplier's product code.
    pub product: String,
    /// What is billed in the present state, in fen; what is held while processing.
    pub amount_minor: i64,
    /// What has been delivered in the present state, in fen of face value.
    pub delivered_minor: i64,
    /// When the charge was written, in milliseconds UTC.
    pub at_ms: u64,
    /// The present state.
    pub settled: Settled,
    /// The mock's own order number.
    pub supplier_ref: String,
    /// All that has happened and will happen to this charge, in order of time.
    pub turns: Vec<Turn>,
}

impl Charge {
    /// Whether the recipient has been topped up and still is, in full or in part.
    pub fn is_delivered(&self) -> bool {
        delivers(self.settled)
    }

    /// Whether the recipient will stay topped up once all turns have come to pass.
    pub fn ends_delivered(&self) -> bool {
        delivers(self.ends_as())
    }

    /// The state after the last turn.
    pub fn ends_as(&self) -> Settled {
        self.turns.last().map_or(self.settled, |turn| turn.settled)
    }
}

fn delivers(settled: Settled) -> bool {
    match settled {
        Settled::Delivered | Settled::Partial => true,
        Settled::Processing | Settled::Failed | Settled::Reversed => false,
    }
}
