//! Which orders try a supplier whose circuit is half-open.
//!
//! Orders come one by one, so the smallest and the most patient cannot be picked out of them. What is
//! asked of a probe falls with time instead: when the circuit becomes half-open only an order
//! will do that costs no more there than one piece of the cheapest face value, and has twice the time
//! that is asked at least; evenly from there to any order within the operator's bounds, in `step_ms`.

use super::constraint::Asking;
use super::rank::Fit;

/// Whether small and patient orders are preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choosy {
    Yes,
    No,
}

/// A probe risks an order's time: only one that was not tried yet, has time to be tried elsewhere, and
/// is not too dear. Where it cannot be tried elsewhere it has nothing to lose by that, and may be the only
/// one that ever comes: then only its cost counts.
pub(super) fn may(asking: &Asking<'_>, fit: &Fit<'_>, since_ms: i64, choosy: Choosy) -> bool {
    let rules = &asking.view.steering.circuit;
    let is_cheap = rules.probe_max_cost_minor.is_none_or(|most| fit.cost.minor <= most);
    let has_time = spare_ms(asking) >= rules.probe_spare_ms;
    let is_fresh = asking.attempts.is_empty();
    is_cheap && (choosy == Choosy::No || (is_fresh && has_time && is_preferred(asking, fit, since_ms)))
}

fn is_preferred(asking: &Asking<'_>, fit: &Fit<'_>, since_ms: i64) -> bool {
    let rules = &asking.view.steering.circuit;
    let fall_ms = i64::try_from(rules.step_ms).unwrap_or(i64::MAX);
    // A clock that went back asks as much as at the beginning.
    let passed_ms = asking.view.now_ms.saturating_sub(since_ms).max(0);
    if passed_ms >= fall_ms {
        return true;
    }
    let fallen = |whole: i64| -> i64 {
        let part = i128::from(whole)
            .saturating_mul(i128::from(passed_ms))
            .checked_div(i128::from(fall_ms));
        part.and_then(|part| i64::try_from(part).ok()).unwrap_or(whole)
    };
    let there = || {
        let offers = asking.offers.iter();
        let theirs = offers.filter(|offer| offer.enabled && offer.sku == asking.terms.sku && offer.supplier == fit.place.offer.supplier);
        theirs.map(|offer| offer.cost_minor)
    };
    let (Some(least), Some(most)) = (there().min(), there().max()) else {
        return true;
    };
    let bound_minor = least.saturating_add(fallen(most.saturating_sub(least)));
    let bound_ms = rules.probe_spare_ms.saturating_mul(2).saturating_sub(fallen(rules.probe_spare_ms));
    fit.cost.minor <= bound_minor && spare_ms(asking) >= bound_ms
}

fn spare_ms(asking: &Asking<'_>) -> i64 {
    asking.terms.deadline_ms.saturating_sub(asking.view.now_ms)
}
