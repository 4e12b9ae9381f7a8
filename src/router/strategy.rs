//! In which order those that may be tried are tried: health and circuits first, then the product's
//! strategy, then chance.
//!
//! What an operator pinned stands above all of it. At most the product's share of suppliers is
//! demoted or left out by its own health at once, the worst first; one that says itself that it is
//! out (maintenance, no balance, credentials) is left out besides.

use super::chance::{Draw, below};
use super::constraint::Asking;
use super::health::Circuit;
use super::rank::{Fit, Place, value_bp};
use crate::domain::plan::{Because, Candidate, CircuitCause, SkipReason};
use crate::domain::steering::{AllOut, Strategy};

/// Orders that may not probe look again at the next multiple of this, in milliseconds: each look that
/// finds another time is written into an order's history.
const PROBE_LOOK_MS: i64 = 5_000;

/// What a supplier's health makes of it for this order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Health {
    /// In its place.
    Well,
    /// In its place, as its share of the return.
    Returning,
    /// Before everybody: a bounded try.
    Probe,
    /// Behind the healthy ones.
    Ill,
    /// Behind the healthy ones, as the rest of its return.
    NotYetBack,
    /// Left out for what it did.
    Out(SkipReason),
    /// Left out for what it said.
    SaysOut(SkipReason),
}

/// The candidates among `fits`, which come by place, best first; the others go to `skipped` with their reasons.
pub(super) fn ordered<'a>(
    asking: &Asking<'_>,
    fits: Vec<Fit<'a>>,
    has_pin: bool,
    skipped: &mut Vec<(Place<'a>, SkipReason)>,
) -> Vec<Candidate> {
    let fits = in_time(asking, fits, skipped);
    if has_pin {
        return fits.iter().map(|fit| fit.candidate(Because::Pinned)).collect();
    }
    let with_health = |fit: Fit<'a>| {
        let health = health(asking, &fit);
        (fit, health)
    };
    let mut judged: Vec<(Fit<'a>, Health)> = fits.into_iter().map(with_health).collect();
    spare(asking, &mut judged);
    let (mut front, mut probes, mut behind, mut out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (fit, health) in judged {
        match health {
            Health::Well => front.push((fit, Because::Priority)),
            Health::Returning => front.push((fit, Because::Returning)),
            Health::Probe => probes.push((fit, Because::Probe)),
            Health::Ill | Health::NotYetBack => behind.push((fit, Because::Demoted)),
            Health::Out(reason) => out.push((fit, reason)),
            Health::SaysOut(reason) => skipped.push((fit.place, reason)),
        }
    }
    by_strategy(asking, &mut front);
    by_strategy(asking, &mut behind);
    if probes.is_empty() {
        explore(asking, &mut front);
    }
    let chosen = probes.into_iter().chain(front).chain(behind);
    let mut candidates: Vec<Candidate> = chosen.map(|(fit, because)| fit.candidate(because)).collect();
    if candidates.is_empty() && asking.product.when_all_out == AllOut::Best {
        candidates.extend(best_of_bad(&mut out));
    }
    skipped.extend(out.into_iter().map(|(fit, reason)| (fit.place, reason)));
    candidates
}

/// Leaves out those whose queue is longer than the order can wait. An order that nobody can take in time
/// stays with the shortest queue: an estimate fails no order.
fn in_time<'a>(asking: &Asking<'_>, fits: Vec<Fit<'a>>, skipped: &mut Vec<(Place<'a>, SkipReason)>) -> Vec<Fit<'a>> {
    if asking.view.waits_ms.is_empty() {
        return fits;
    }
    let left_ms = u64::try_from(asking.terms.deadline_ms.saturating_sub(asking.view.now_ms)).unwrap_or(0);
    let promised_ms = asking
        .product
        .max_delay_seconds
        .map_or(u64::MAX, |seconds| u64::from(seconds).saturating_mul(1_000));
    let bound_ms = left_ms.min(promised_ms);
    let shortest = fits.iter().map(|fit| fit.wait_ms(asking)).min().unwrap_or(0);
    let (kept, late): (Vec<_>, Vec<_>) = fits.into_iter().partition(|fit| {
        let wait_ms = fit.wait_ms(asking);
        wait_ms <= bound_ms || (shortest > bound_ms && wait_ms == shortest)
    });
    skipped.extend(late.into_iter().map(|fit| {
        let wait_ms = fit.wait_ms(asking);
        (fit.place, SkipReason::WaitTooLong { wait_ms })
    }));
    kept
}

fn health(asking: &Asking<'_>, fit: &Fit<'_>) -> Health {
    let now_ms = asking.view.now_ms;
    if !asking.product.uses_health {
        return Health::Well;
    }
    match fit.standing.circuit {
        Circuit::Open { until_ms, cause, .. } => {
            let reason = SkipReason::CircuitOpen { until_ms, cause };
            match cause {
                CircuitCause::FaultsInARow | CircuitCause::FaultRate | CircuitCause::UnknownRate => Health::Out(reason),
                CircuitCause::Maintenance | CircuitCause::SupplierBalance | CircuitCause::Credentials => Health::SaysOut(reason),
            }
        }
        Circuit::HalfOpen { in_flight, .. } => {
            let rules = &asking.view.steering.circuit;
            if in_flight < rules.probes && may_probe(asking, fit) {
                Health::Probe
            } else {
                let until_ms = now_ms
                    .saturating_sub(now_ms.rem_euclid(PROBE_LOOK_MS))
                    .saturating_add(PROBE_LOOK_MS);
                Health::Out(SkipReason::Probing { until_ms })
            }
        }
        Circuit::Returning { percent, .. } => {
            if below(100, asking.view.draw, Draw::Return) < u64::from(percent) {
                Health::Returning
            } else {
                Health::NotYetBack
            }
        }
        Circuit::Closed if fit.standing.is_ill && asking.product.strategy != Strategy::Priority => Health::Ill,
        Circuit::Closed => Health::Well,
    }
}

/// A probe risks an order's time: only one that was not tried yet, has time to be tried elsewhere, and
/// is not too dear.
fn may_probe(asking: &Asking<'_>, fit: &Fit<'_>) -> bool {
    let rules = &asking.view.steering.circuit;
    let spare_ms = asking.terms.deadline_ms.saturating_sub(asking.view.now_ms);
    asking.attempts.is_empty() && spare_ms >= rules.probe_spare_ms && rules.probe_max_cost_minor.is_none_or(|most| fit.cost.minor <= most)
}

/// Takes back what goes beyond the share that may be demoted or out at once; the worst stay so. Where
/// nobody is left there is nothing to take back for: the product says what happens then.
fn spare(asking: &Asking<'_>, judged: &mut [(Fit<'_>, Health)]) {
    let is_out = |health: &Health| matches!(health, Health::Out(_) | Health::SaysOut(_));
    if judged.iter().all(|(_, health)| is_out(health)) {
        return;
    }
    let all = u64::try_from(judged.len()).unwrap_or(u64::MAX);
    let most = all
        .saturating_mul(u64::from(asking.product.most_demoted_percent))
        .div_euclid(100)
        .max(1);
    let is_bad = |health: &Health| matches!(health, Health::Out(_) | Health::Ill);
    let mut bad: Vec<&mut (Fit<'_>, Health)> = judged.iter_mut().filter(|(_, health)| is_bad(health)).collect();
    bad.sort_by_key(|(fit, health)| (*health == Health::Ill, fit.score_bp()));
    for (_, health) in bad.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
        if *health == Health::Ill {
            *health = Health::Well;
        } else if let Health::Out(SkipReason::CircuitOpen { .. }) = health {
            // Not out, but nobody's first choice while others are well.
            *health = Health::NotYetBack;
        }
    }
}

/// Puts those that stand alike in the order that the product's strategy wants. They come by place.
fn by_strategy(asking: &Asking<'_>, fits: &mut Vec<(Fit<'_>, Because)>) {
    let say = |fits: &mut Vec<(Fit<'_>, Because)>, word: Because| {
        for (_, because) in fits.iter_mut().filter(|(_, because)| *because == Because::Priority) {
            *because = word;
        }
    };
    match asking.product.strategy {
        Strategy::Priority | Strategy::Health => {}
        Strategy::Cheapest => {
            let currency = asking.terms.price.currency;
            // Stable: ties stay by place. What cannot be compared comes last.
            fits.sort_by_key(|(fit, _)| (fit.cost.currency != currency, fit.cost.minor));
            say(fits, Because::Cost);
        }
        Strategy::Value => {
            fits.sort_by_cached_key(|(fit, _)| std::cmp::Reverse(value_bp(fit, asking)));
            say(fits, Because::Value);
        }
        Strategy::Weighted => {
            let weight = |fit: &Fit<'_>| u64::from(fit.steered(asking).and_then(|steered| steered.weight).unwrap_or(1));
            let total = fits.iter().map(|(fit, _)| weight(fit)).fold(0, u64::saturating_add);
            let mut turn = below(total, asking.view.draw, Draw::Weight);
            let chosen = fits.iter().position(|(fit, _)| {
                let weight = weight(fit);
                let is_it = turn < weight;
                turn = turn.saturating_sub(weight);
                is_it
            });
            if let Some(chosen) = chosen {
                let (fit, because) = fits.remove(chosen);
                let because = if because == Because::Priority { Because::Weight } else { because };
                fits.insert(0, (fit, because));
            }
        }
    }
}

/// Now and then the one of which least is known comes first, so that its score stays alive.
fn explore(asking: &Asking<'_>, front: &mut Vec<(Fit<'_>, Because)>) {
    let is_its_turn = below(100, asking.view.draw, Draw::Explore) < u64::from(asking.product.explore_percent);
    if !is_its_turn || asking.product.strategy == Strategy::Priority || !asking.attempts.is_empty() {
        return;
    }
    let least = front.iter().enumerate().skip(1).min_by_key(|(_, (fit, _))| fit.standing.facts);
    if let Some((place, _)) = least {
        let (fit, _) = front.remove(place);
        front.insert(0, (fit, Because::Explored));
    }
}

/// The one to try although all are out: the best score, then the best place.
fn best_of_bad(out: &mut Vec<(Fit<'_>, SkipReason)>) -> Option<Candidate> {
    let is_open = |reason: &SkipReason| matches!(reason, SkipReason::CircuitOpen { .. });
    let open = out.iter().enumerate().filter(|(_, (_, reason))| is_open(reason));
    // Of equals the last one counts, so they are gone through from behind.
    let (place, _) = open.rev().max_by_key(|(_, (fit, _))| fit.score_bp())?;
    let (fit, _) = out.remove(place);
    Some(fit.candidate(Because::BestOfBad))
}
