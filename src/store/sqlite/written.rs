//! What a command writes, as JSON and sealed bytes: made on the thread of whoever commits, while what it is
//! made of is close at hand, so that the one writer only gathers.
//!
//! Deliberately absent: whatever depends on what the database holds (versions, links, balances).

use super::parcel::{Parcel, Part};
use super::trouble::Trouble;
use super::{evidence, words};
use crate::domain::callback::Callback;
use crate::domain::effect::{Change, Effect};
use crate::domain::ids::OrderId;
use crate::domain::ledger::Posting;
use crate::domain::outcome::Delivery;
use crate::domain::recipient::Inputs;
use crate::store::admit::postings;
use crate::store::seal::Sealer;
use crate::store::{Command, Decision};

/// The events of one commit have some 900 bytes where an order is accepted, fewer later.
const EVENTS_BYTES: usize = 1_024;

/// One command's part of the rows; what a command does not have is empty.
#[derive(Default)]
pub(super) struct Written {
    /// What comes next for the order, if anything does.
    pub(super) next_step: Option<String>,
    pub(super) inputs: Option<SealedInputs>,
    pub(super) events: String,
    pub(super) postings: Option<String>,
    /// The evidence it rests on, without the bodies.
    pub(super) evidence: Option<String>,
    /// What may not lie readable, in one piece; of evidence about no order its body.
    pub(super) sealed: Option<Vec<u8>>,
    /// Of each callback, in their order, the number in its id.
    pub(super) callbacks: Vec<u32>,
}

pub(super) struct SealedInputs {
    pub(super) sealed: Vec<u8>,
    /// What the order is found by: for each input the order's id and the start of the input's hash.
    pub(super) hashes: Vec<u8>,
}

impl Written {
    /// # Errors
    /// When a value cannot be sealed or written as JSON, or a callback is not its order's.
    pub(super) fn of(command: &Command, sealer: &Sealer) -> Result<Self, Trouble> {
        match command {
            Command::Decide(decision) => Self::decision(decision, sealer),
            Command::Orphan { case: _, evidence } => Ok(Self {
                sealed: Some(evidence::seal_stray(evidence, sealer)?),
                ..Self::default()
            }),
            // Their rows are made of few and short values.
            Command::Post(_) | Command::OpenCase(_) | Command::Deed(_) | Command::CallbackTried(_) => Ok(Self::default()),
        }
    }

    fn decision(decision: &Decision, sealer: &Sealer) -> Result<Self, Trouble> {
        let change = &decision.change;
        let inputs = decision
            .inputs
            .as_ref()
            .map(|inputs| SealedInputs::of(change.order, inputs, sealer));
        let moved: Vec<&Posting> = postings(change).collect();
        let moved = (!moved.is_empty()).then(|| words::postings(&moved));
        let mut parcel = Parcel::default();
        for evidence in evidence::each_once(&decision.evidence) {
            parcel.put(Part::Evidence(&evidence.id.0), evidence.kept())?;
        }
        let mut callbacks = Vec::new();
        for effect in &change.effects {
            if let Effect::Tell(callback) = effect {
                let number = number_of(callback)?;
                parcel.put(Part::Callback(number), callback.payload.as_bytes())?;
                callbacks.push(number);
            }
        }
        if let Some(delivered) = deliveries(change)? {
            parcel.put(Part::Deliveries, &delivered)?;
        }
        let next = change.after.next_action.map(|next| words::json(&next.step, 32));
        Ok(Self {
            next_step: next.transpose()?,
            inputs: inputs.transpose()?,
            events: words::json(change.events.as_slice(), EVENTS_BYTES)?,
            postings: moved.transpose()?,
            evidence: evidence::listed(&decision.evidence)?,
            sealed: parcel.seal(sealer, change.order, first_number(change))?,
            callbacks,
        })
    }
}

/// The number of the first event of a change.
pub(super) fn first_number(change: &Change) -> u32 {
    change.expected_version.saturating_add(1)
}

fn deliveries(change: &Change) -> Result<Option<Vec<u8>>, Trouble> {
    let mut delivered: Vec<&Delivery> = Vec::new();
    for effect in &change.effects {
        if let Effect::Keep { deliveries, .. } = effect {
            delivered.extend(deliveries);
        }
    }
    if delivered.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::to_vec(&delivered)?))
}

/// The number in a callback's id.
fn number_of(callback: &Callback) -> Result<u32, Trouble> {
    let key = words::callback_key(&callback.id).filter(|(order, _)| *order == callback.order);
    let not_its = || Trouble::Backstop("a callback's id is not made of its order".to_owned());
    key.map(|(_, number)| number).ok_or_else(not_its)
}

impl SealedInputs {
    fn of(order: OrderId, inputs: &Inputs, sealer: &Sealer) -> Result<Self, Trouble> {
        let mut hashes = Vec::new();
        for value in inputs.0.values() {
            hashes.extend(order.get().to_be_bytes());
            hashes.extend(sealer.input_hash(value));
        }
        let sealed = sealer.seal("orders", &order.to_string(), &serde_json::to_vec(inputs)?)?;
        Ok(Self { sealed, hashes })
    }
}
