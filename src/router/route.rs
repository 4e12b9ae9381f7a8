//! The plan for one order at one moment.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::attempt::Attempt;
use crate::domain::ids::SupplierId;
use crate::domain::offer::Offer;
use crate::domain::order::Terms;
use crate::domain::plan::{Plan, Skip, SkipReason};

use super::constraint::Asking;
use super::health::Standing;
use super::rank::{Fit, Place};
use super::snapshot::View;
use super::strategy;

/// Plans the next attempt of an order with these terms and the attempts it has had so far (none at
/// accept). Offers of other products or face values are not looked at.
///
/// An offer's cost is in the currency that the supplier bills in. If that is not the price's, the
/// two cannot be compared, and the supplier is left out as too dear unless the product may lose money.
#[must_use]
pub fn route(terms: &Terms, attempts: &[Attempt], offers: &[Offer], view: &View<'_>) -> Plan {
    let standing = |supplier: &SupplierId| view.health.standing(supplier, &terms.sku, view.steering, view.now_ms);
    route_by(terms, attempts, offers, view, standing)
}

/// `route`, with the suppliers' health from anywhere.
fn route_by(terms: &Terms, attempts: &[Attempt], offers: &[Offer], view: &View<'_>, standing: impl Fn(&SupplierId) -> Standing) -> Plan {
    let product = view.steering.of(&terms.sku);
    let asking = Asking {
        terms,
        attempts,
        view,
        product,
    };
    let offers = one_offer_each(terms, offers);
    let is_pinned = |offer: &Offer| view.suppliers.get(&offer.supplier).is_some_and(|seen| seen.is_pinned(&terms.sku));
    let has_pin = offers.values().any(|offer| is_pinned(offer));
    let mut fits = Vec::with_capacity(offers.len());
    let mut skipped: Vec<(Place<'_>, SkipReason)> = Vec::new();
    for offer in offers.into_values() {
        let place = Place::of(offer, &asking);
        match asking.judge(offer) {
            Ok(_) if has_pin && !is_pinned(offer) => skipped.push((place, SkipReason::NotPinned)),
            Ok((view, cost)) => fits.push(Fit {
                place,
                view,
                cost,
                standing: standing(&offer.supplier),
            }),
            Err(reason) => skipped.push((place, reason)),
        }
    }
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

/// The store keeps one offer for each (supplier, product, face); should there ever be more, the
/// enabled and cheapest one speaks for its supplier, whatever order they came in.
fn one_offer_each<'a>(terms: &Terms, offers: &'a [Offer]) -> BTreeMap<&'a SupplierId, &'a Offer> {
    let preference = |offer: &'a Offer| (Reverse(offer.enabled), offer.cost_minor, offer.priority, offer.code.as_str());
    let mut chosen: BTreeMap<&SupplierId, &Offer> = BTreeMap::new();
    for offer in offers.iter().filter(|o| o.sku == terms.sku && o.face_minor == terms.face.minor) {
        let known = chosen.entry(&offer.supplier).or_insert(offer);
        if preference(offer) < preference(known) {
            *known = offer;
        }
    }
    chosen
}

#[cfg(test)]
mod tests;
