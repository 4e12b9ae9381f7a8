//! Orders booked with their supplier: what it takes in one of its days, and how often of one recipient.
//!
//! The lane counts; here is what it cannot know: whom an order is for, which day it is there, and, after
//! a start or a new steering document, what the database holds of the time before.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{House, Supplier};
use crate::domain::effect::Change;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::limits::{Day, Limits};
use crate::domain::money::Money;
use crate::domain::order::{Order, Terms};
use crate::domain::recipient::Inputs;
use crate::domain::steering::Steering;
use crate::ratelimit::{Permit, Wanted};
use crate::store::Outage;

/// So long after its stamp a request is taken to have left, in milliseconds, where nobody saw it leave:
/// between the two lie the commit and the exit.
const STAMP_TO_EXIT_MS: i64 = 60_000;

/// What this process knows of bookings beside the lanes.
pub(super) struct Bookings {
    /// What makes marks of recipients good for this process only.
    key: [u8; 8],
    began_ms: i64,
    /// Suppliers whose lane was told what their day had before this process.
    told: Mutex<BTreeSet<SupplierId>>,
}

impl Bookings {
    pub(super) fn new(key: [u8; 8], began_ms: i64) -> Self {
        let told = Mutex::default();
        Self { key, began_ms, told }
    }
}

/// The cost of an attempt that was refused, with where and on which of its days it was opened.
pub(super) struct Unpaid {
    supplier: SupplierId,
    opened_at_ms: i64,
    cost: Money,
}

impl House {
    /// The mark of a recipient, where that matters to a plan: the same value has the same one while this
    /// process lives, and none leads back.
    pub(super) fn mark_where_spaced(&self, terms: &Terms, inputs: &Inputs) -> Option<u64> {
        self.is_spaced(terms).then(|| self.mark_of(terms, inputs)).flatten()
    }

    fn mark_of(&self, terms: &Terms, inputs: &Inputs) -> Option<u64> {
        let shelf = self.shelf();
        let field = shelf.product(&terms.sku)?.recipient_field()?;
        let value = inputs.get(&field.key)?;
        let hash = Sha256::new().chain_update(self.bookings.key).chain_update(value).finalize();
        hash.first_chunk::<8>().map(|start| u64::from_be_bytes(*start))
    }

    /// Whether any supplier of the product keeps a distance between orders for one recipient.
    fn is_spaced(&self, terms: &Terms) -> bool {
        let shelf = self.shelf();
        let mut suppliers = shelf
            .offers(&terms.sku)
            .iter()
            .filter_map(|offer| self.parts.suppliers.get(&offer.supplier));
        suppliers.any(|supplier| !supplier.lane.spacing().is_zero())
    }

    /// The same of a stored order, whose inputs are read only where it matters.
    pub(super) async fn mark_of_order(&self, order: &Order) -> Result<Option<u64>, Outage> {
        if !self.is_spaced(&order.terms) {
            return Ok(None);
        }
        let inputs = self.parts.store.inputs(order.id).await?;
        Ok(inputs.and_then(|inputs| self.mark_of(&order.terms, &inputs)))
    }

    /// A permit with a new order of this cost, or the same attempt again, booked on it; given back if the
    /// supplier takes none now.
    pub(super) fn booked(&self, mut permit: Permit, supplier: &Supplier, cost: Option<Money>, recipient: Option<u64>) -> Option<Permit> {
        let is_booked = permit.book(Wanted {
            day: supplier.day(self.now_ms()),
            order: cost.map(|cost| cost.minor),
            recipient,
        });
        if is_booked {
            return Some(permit);
        }
        permit.give_back();
        None
    }

    /// What a change says is not to be paid, of what this process booked.
    pub(super) fn unpaid(&self, change: &Change) -> Vec<Unpaid> {
        let refused = change.events.iter().filter_map(|event| {
            let Event::AttemptRefused { seq, .. } = event else { return None };
            change.after.attempt(*seq)
        });
        let ours = refused.filter(|attempt| attempt.opened_at_ms >= self.bookings.began_ms);
        ours.map(|attempt| Unpaid {
            supplier: attempt.supplier.clone(),
            opened_at_ms: attempt.opened_at_ms,
            cost: attempt.cost,
        })
        .collect()
    }

    pub(super) fn not_paid(&self, unpaid: &Unpaid) {
        if let Some(supplier) = self.parts.suppliers.get(&unpaid.supplier) {
            supplier.lane.refused(supplier.day(unpaid.opened_at_ms), unpaid.cost.minor);
        }
    }

    /// Tells the lanes that need it, now or under this document, what the database holds: the orders of the day that
    /// were opened before this process began, and whom requests left for of late. To be called before the
    /// document is in force, so that no plan looks at a day that is not yet counted.
    pub(super) async fn count_again(&self, document: &Steering) -> Result<(), Outage> {
        for (id, supplier) in &self.parts.suppliers {
            let limits = supplier.limits_under(id, document);
            let will_count = limits.daily_orders.is_some() || limits.daily_cost_minor.is_some();
            if (will_count || supplier.lane.counts_days()) && !self.told().contains(id) {
                self.tell_day(id, supplier).await?;
                self.told().insert(id.clone());
            }
            let will_space = Duration::from_millis(u64::from(limits.recipient_spacing_ms));
            let spacing = supplier.lane.spacing().max(will_space);
            if !spacing.is_zero() {
                self.tell_recipients(id, supplier, spacing).await?;
            }
        }
        Ok(())
    }

    async fn tell_day(&self, id: &SupplierId, supplier: &Supplier) -> Result<(), Outage> {
        let (day, until_ms) = (supplier.day(self.now_ms()), self.bookings.began_ms);
        if day.began_ms >= until_ms {
            return Ok(());
        }
        let from = self.not_older_than(day.began_ms);
        let had = self.parts.store.had(id.clone(), from, day.began_ms, until_ms).await?;
        supplier.lane.had(day, had.orders, had.cost_minor);
        Ok(())
    }

    async fn tell_recipients(&self, id: &SupplierId, supplier: &Supplier, spacing: Duration) -> Result<(), Outage> {
        let store = &self.parts.store;
        let now_ms = self.now_ms();
        let spacing_ms = i64::try_from(spacing.as_millis()).unwrap_or(i64::MAX);
        let since_ms = now_ms.saturating_sub(spacing_ms).saturating_sub(STAMP_TO_EXIT_MS);
        // What is in doubt may be sent again for as long as its supplier remembers numbers.
        let remembered_ms = supplier.adapter.rules().promises.horizon_ms;
        let from = self.not_older_than(since_ms.saturating_sub(remembered_ms.max(0)));
        for sent in store.sent_since(id.clone(), from, since_ms).await? {
            let Some((order, inputs)) = store.order_with_inputs(sent.order).await? else {
                continue;
            };
            if let Some(mark) = self.mark_of(&order.terms, &inputs) {
                let ago_ms = now_ms.saturating_sub(sent.at_ms).saturating_sub(STAMP_TO_EXIT_MS);
                let ago_ms = u64::try_from(ago_ms).unwrap_or(0);
                supplier.lane.left_before(mark, Duration::from_millis(ago_ms));
            }
        }
        Ok(())
    }

    /// No attempt that was opened at this moment or later belongs to an older order than this.
    fn not_older_than(&self, opened_ms: i64) -> OrderId {
        let shelf = self.shelf();
        let longest = shelf.catalog().products.iter().map(|product| product.deadline_seconds).max();
        let longest_ms = i64::from(longest.unwrap_or(0)).saturating_mul(1_000);
        let first_ms = opened_ms.saturating_sub(longest_ms);
        OrderId::first_at(first_ms)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeSet<SupplierId>> {
        self.bookings.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supplier {
    /// The contract's limits, lowered as a document says.
    pub(super) fn limits_under(&self, id: &SupplierId, document: &Steering) -> Limits {
        let contract = self.adapter.limits();
        let steered = document.supplier.get(id);
        steered.map_or_else(|| contract.clone(), |steered| contract.lowered(&steered.limits))
    }

    /// The day on this supplier's clock.
    pub(super) fn day(&self, now_ms: i64) -> Day {
        Day::at(now_ms, self.adapter.zone_offset_s())
    }
}
