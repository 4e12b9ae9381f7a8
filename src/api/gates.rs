//! Slots: how many requests may be at each station at once, over all shops and for each.
//!
//! Load beyond a gate is turned away before anything is read or parsed, which is what keeps the
//! admitted requests fast. A pass is given back when dropped, so a client that hangs up frees it.
//! Invariant: waiting for a verdict holds no slot that an order needs to be taken in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::ids::ShopId;

use super::state::ApiLimits;

/// One station with room for so many.
#[derive(Debug, Clone)]
pub struct Gate {
    inside: Arc<AtomicUsize>,
    cap: usize,
}

/// A slot in use; dropping it gives it back.
#[derive(Debug)]
pub struct Pass(Arc<AtomicUsize>);

impl Gate {
    /// A gate for at most `cap` at once.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self {
            inside: Arc::new(AtomicUsize::new(0)),
            cap,
        }
    }

    /// A slot, if one is free.
    #[must_use]
    pub fn enter(&self) -> Option<Pass> {
        let pass = Pass(Arc::clone(&self.inside));
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        (before < self.cap).then_some(pass)
    }

    /// Whether nobody more may enter at this moment.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inside.load(Ordering::Relaxed) >= self.cap
    }

    /// How many are inside.
    #[must_use]
    pub fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One station with room for so many of each shop.
#[derive(Debug, Clone)]
pub struct ShopGate {
    inside: Arc<Mutex<BTreeMap<ShopId, usize>>>,
    cap: usize,
}

/// One shop's slot in use; dropping it gives it back.
#[derive(Debug)]
pub struct ShopPass {
    gate: ShopGate,
    shop: ShopId,
}

impl ShopGate {
    /// A gate for at most `cap` of each shop at once.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self {
            inside: Arc::default(),
            cap,
        }
    }

    /// A slot for `shop`, if it has one free. Only for authenticated shops: the map grows with them.
    #[must_use]
    pub fn enter(&self, shop: ShopId) -> Option<ShopPass> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inside.entry(shop).or_default();
        if *count >= self.cap {
            return None;
        }
        *count = count.saturating_add(1);
        Some(ShopPass { gate: self.clone(), shop })
    }
}

impl Drop for ShopPass {
    fn drop(&mut self) {
        let mut inside = self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = inside.get_mut(&self.shop) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inside.remove(&self.shop);
            }
        }
    }
}

/// Every gate of this room.
#[derive(Debug)]
pub(super) struct Gates {
    pub reading: Gate,
    pub submitting: Gate,
    pub looking: Gate,
    pub notifying: Gate,
    pub waiting: Gate,
    pub per_shop: ShopGate,
    pub waiting_per_shop: ShopGate,
}

impl Gates {
    pub(super) fn new(limits: &ApiLimits) -> Self {
        Self {
            reading: Gate::new(limits.max_reading),
            submitting: Gate::new(limits.max_submitting),
            looking: Gate::new(limits.max_looking),
            notifying: Gate::new(limits.max_notifying),
            waiting: Gate::new(limits.max_waiting),
            per_shop: ShopGate::new(limits.max_per_shop),
            waiting_per_shop: ShopGate::new(limits.max_waiting_per_shop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_turns_away_until_somebody_leaves() {
        let gate = Gate::new(1);
        let first = gate.enter();
        assert!(first.is_some() && gate.is_full() && gate.enter().is_none());
        assert_eq!(gate.inside(), 1, "a refused visitor must not count");
        drop(first);
        assert!(!gate.is_full() && gate.enter().is_some());
    }

    #[test]
    fn one_shop_at_its_cap_leaves_the_others_alone() {
        let gate = ShopGate::new(1);
        let first = gate.enter(ShopId(1));
        assert!(first.is_some() && gate.enter(ShopId(1)).is_none());
        assert!(gate.enter(ShopId(2)).is_some());
        drop(first);
        assert!(gate.enter(ShopId(1)).is_some());
        assert!(gate.inside.lock().unwrap().is_empty(), "a shop that is not here takes no memory");
    }
}
