//! A supplier that may be tried, and where it stands before health and chance have their say.

use std::cmp::Ordering;
use std::sync::Arc;

use super::constraint::Asking;
use super::health::Standing;
use super::snapshot::SupplierView;
use super::strategy::{Health, Rank};
use crate::domain::money::Money;
use crate::domain::offer::Offer;
use crate::domain::plan::{Because, Candidate, Stands};
use crate::domain::steering::{OfferSteering, ProductSteering};

/// Where an offer stands by itself: lower priority first, ties go to the lower cost, then to the name.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub priority: u16,
    pub offer: &'a Offer,
}

impl<'a> Place<'a> {
    pub fn of(offer: &'a Offer, view: Option<&SupplierView>, product: &ProductSteering) -> Self {
        let steered = product.supplier.get(&offer.supplier).and_then(|steered| steered.priority);
        let default = || view.map_or(u16::MAX, |view| view.default_priority);
        Self {
            priority: steered.or(offer.priority).unwrap_or_else(default),
            offer,
        }
    }
}

impl Ord for Place<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |place: &Self| (place.priority, place.offer.cost_minor);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.offer.supplier.cmp(&other.offer.supplier))
    }
}

impl PartialOrd for Place<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place<'_> {}

/// A supplier that nothing lasting bars.
pub(super) struct Fit<'a> {
    pub place: Place<'a>,
    pub view: &'a SupplierView,
    pub cost: Money,
    pub standing: Standing,
    pub health: Health,
    pub rank: Rank,
    pub because: Because,
}

impl<'a> Fit<'a> {
    /// One in its place, before health has its say.
    pub fn new(place: Place<'a>, view: &'a SupplierView, cost: Money, standing: Standing) -> Self {
        Self {
            place,
            view,
            cost,
            standing,
            health: Health::Well,
            rank: Rank::Front,
            because: Because::Priority,
        }
    }

    /// What steering says of this supplier within the product.
    pub fn steered<'s>(&self, asking: &Asking<'s>) -> Option<&'s OfferSteering> {
        asking.product.supplier.get(&self.place.offer.supplier)
    }

    /// How long its queue is estimated to take, in milliseconds.
    pub fn wait_ms(&self, asking: &Asking<'_>) -> u64 {
        let load = asking.view.loads.get(&self.place.offer.supplier);
        load.map_or(0, |load| load.wait_ms)
    }

    /// Its score, where one that nothing is known of counts as well as can be.
    pub fn score_bp(&self) -> u16 {
        self.standing.score_bp.unwrap_or(10_000)
    }

    pub fn candidate(&self) -> Candidate {
        Candidate {
            supplier: self.place.offer.supplier.clone(),
            settings: self.view.settings.clone(),
            code: Arc::clone(&self.place.offer.code),
            cost: self.cost,
            stands: Stands {
                because: self.because,
                score_bp: self.standing.score_bp,
            },
        }
    }
}

/// What an attempt there is expected to bring, in hundredths of a percent of the price: the margin when
/// it delivers, less what doubt and waiting cost. One that nothing is known of is taken to deliver.
pub(super) fn value_bp(fit: &Fit<'_>, asking: &Asking<'_>) -> i64 {
    let price = asking.terms.price;
    // A cost in another currency cannot be compared: it brings nothing and loses nothing.
    let margin = if fit.cost.currency == price.currency {
        i128::from(price.minor).saturating_sub(i128::from(fit.cost.minor))
    } else {
        0
    };
    let margin_bp = margin.saturating_mul(10_000).checked_div(i128::from(price.minor)).unwrap_or(0);
    let of = |bp: i128, part_bp: u16| bp.saturating_mul(i128::from(part_bp)).div_euclid(10_000);
    let delivered = of(margin_bp, fit.score_bp());
    let doubted = of(i128::from(asking.product.doubt_cost_bp), fit.standing.unknown_bp);
    let delay_ms = fit.standing.latency_ms.unwrap_or(0).saturating_add(fit.wait_ms(asking));
    let delayed = i128::from(asking.product.minute_cost_bp)
        .saturating_mul(i128::from(delay_ms))
        .div_euclid(60_000);
    let value = delivered.saturating_sub(doubted).saturating_sub(delayed);
    i64::try_from(value).unwrap_or(i64::MIN)
}
