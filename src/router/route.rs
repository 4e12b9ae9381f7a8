//! The plan for one order at one moment.

use std::cmp::Reverse;

use crate::domain::attempt::Attempt;
use crate::domain::ids::{Sku, SupplierId};
use crate::domain::offer::Offer;
use crate::domain::order::Terms;
use crate::domain::plan::{Plan, Skip, SkipReason};

use super::constraint::Asking;
use super::health::Standing;
use super::rank::{Fit, Place};
use super::snapshot::{SupplierView, View};
use super::strategy;

/// Plans the next attempt of an order with these terms and the attempts it has had so far (none at
/// accept). Offers of other products or face values are not looked at.
///
/// An offer's cost is in the currency that the supplier bills in. If that is not the price's, the
/// two cannot be compared, and the supplier is left out as too dear unless the product may lose money.
#[must_use]
pub fn route(terms: &Terms, attempts: &[Attempt], offers: &[Offer], view: &View<'_>) -> Plan {
    let group = view.steering.group(&terms.sku);
    let standings = view.health.standings(group, terms.segment.as_ref(), view.steering, view.now_ms);
    route_by(terms, attempts, offers, view, standings)
}

/// `route`, with the suppliers' health from anywhere.
fn route_by(
    terms: &Terms,
    attempts: &[Attempt],
    offers: &[Offer],
    view: &View<'_>,
    mut standing: impl FnMut(&SupplierId) -> Standing,
) -> Plan {
    let product = view.steering.of(&terms.sku);
    let asking = Asking {
        terms,
        attempts,
        offers,
        view,
        product,
    };
    let rows = one_row_each(offers, &asking);
    let has_pin = rows.iter().any(|row| row.is_pinned(&terms.sku));
    let mut fits = Vec::with_capacity(rows.len());
    let mut skipped: Vec<(Place<'_>, SkipReason)> = Vec::new();
    for row in rows {
        match asking.judge(row.place.offer, row.view) {
            Ok(_) if has_pin && !row.is_pinned(&terms.sku) => skipped.push((row.place, SkipReason::NotPinned)),
            Ok((view, cost)) => {
                let standing = standing(&row.place.offer.supplier);
                fits.push(Fit::new(row.place, view, cost, standing));
            }
            Err(reason) => skipped.push((row.place, reason)),
        }
    }
    fits.sort_unstable_by(|a, b| a.place.cmp(&b.place));
    let candidates = strategy::ordered(&asking, fits, has_pin, &mut skipped);
    skipped.sort_by(|a, b| a.0.cmp(&b.0));
    let skip = |(place, reason): (Place<'_>, SkipReason)| Skip {
        supplier: place.offer.supplier.clone(),
        reason,
    };
    Plan {
        candidates,
        skipped: skipped.into_iter().map(skip).collect(),
        strategy: product.strategy,
        steering: view.version,
    }
}

/// An offer with its supplier, looked up once.
struct Row<'a> {
    place: Place<'a>,
    view: Option<&'a SupplierView>,
}

impl<'a> Row<'a> {
    fn of(offer: &'a Offer, asking: &Asking<'a>) -> Self {
        let view = asking.view.suppliers.get(&offer.supplier);
        Self {
            place: Place::of(offer, view, asking.product),
            view,
        }
    }

    fn is_pinned(&self, sku: &Sku) -> bool {
        self.view.is_some_and(|view| view.is_pinned(sku))
    }
}

/// The store keeps one offer for each (supplier, product, face); should there ever be more, the
/// enabled and cheapest one speaks for its supplier, whatever order they came in.
fn one_row_each<'a>(offers: &'a [Offer], asking: &Asking<'a>) -> Vec<Row<'a>> {
    let terms = asking.terms;
    let is_asked = |offer: &&Offer| offer.face_minor == terms.face.minor && offer.sku == terms.sku;
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(offers.len());
    rows.extend(offers.iter().filter(is_asked).map(|offer| Row::of(offer, asking)));
    // As the catalog keeps them, they come by supplier.
    if !rows.is_sorted_by(|a, b| a.place.offer.supplier < b.place.offer.supplier) {
        rows.sort_by(|a, b| {
            let (a, b) = (a.place.offer, b.place.offer);
            let preference = |offer: &Offer| (Reverse(offer.enabled), offer.cost_minor, offer.priority);
            let by_preference = || preference(a).cmp(&preference(b)).then_with(|| a.code.cmp(&b.code));
            a.supplier.cmp(&b.supplier).then_with(by_preference)
        });
        rows.dedup_by(|a, b| a.place.offer.supplier == b.place.offer.supplier);
    }
    rows
}

#[cfg(test)]
mod tests;
