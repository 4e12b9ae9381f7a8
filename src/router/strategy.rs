//! In which order those that may be tried are tried: health and circuits first, then the product's
//! strategy, then chance.
//!
//! What an operator pinned stands above all of it. At most the product's share of suppliers is
//! demoted or left out by its own health at once, the worst first; one that says itself that it is
//! out (maintenance, no balance, credentials) is left out besides.

use super::chance::{Draw, below};
use super::constraint::Asking;
use super::health::Circuit;
use super::probe::{self, Choosy};
use super::rank::{Fit, Place, value_bp};
use crate::domain::plan::{Because, Candidate, CircuitCause, SkipReason};
use crate::domain::steering::{AllOut, Strategy};

/// Orders that may not probe look again at the next multiple of this, in milliseconds: each look that
/// finds another time is written into an order's history.
const PROBE_LOOK_MS: i64 = 5_000;

/// What a supplier's health makes of it for this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// A bounded try, before everybody.
    Probe,
    /// In its place.
    Well,
    /// In its place, as its share of the return.
    Returning,
    /// In the place of all that are out.
    BestOfBad,
    /// Behind the healthy ones.
    Ill,
    /// Behind the healthy ones, as the rest of its return.
    NotYetBack,
    /// Left out: its circuit is open.
    Open { until_ms: i64, cause: CircuitCause },
    /// Left out: others are probing it.
    Probing { until_ms: i64 },
}

impl Health {
    /// Where it stands, and why there; or why it is left out.
    fn stands(self) -> Result<(Rank, Because), SkipReason> {
        match self {
            Self::Probe => Ok((Rank::Probe, Because::Probe)),
            Self::Well => Ok((Rank::Front, Because::Priority)),
            Self::Returning => Ok((Rank::Front, Because::Returning)),
            Self::BestOfBad => Ok((Rank::Front, Because::BestOfBad)),
            Self::Ill | Self::NotYetBack => Ok((Rank::Behind, Because::Demoted)),
            Self::Open { until_ms, cause } => Err(SkipReason::CircuitOpen { until_ms, cause }),
            Self::Probing { until_ms } => Err(SkipReason::Probing { until_ms }),
        }
    }

    /// Out for what it did, or said.
    fn is_out(self) -> bool {
        matches!(self, Self::Open { .. } | Self::Probing { .. })
    }

    /// Demoted or out for what it did; what it says itself is nobody's judgement.
    fn is_bad(self) -> bool {
        match self {
            Self::Ill | Self::Probing { .. } => true,
            Self::Open { cause, .. } => !cause.is_its_word(),
            Self::Probe | Self::Well | Self::Returning | Self::BestOfBad | Self::NotYetBack => false,
        }
    }
}

/// Those of a rank stand before all of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Probe,
    Front,
    Behind,
}

/// The candidates among `fits`, which come by place, best first; the others go to `skipped` with their reasons.
pub(super) fn ordered<'a>(
    asking: &Asking<'_>,
    mut fits: Vec<Fit<'a>>,
    has_pin: bool,
    skipped: &mut Vec<(Place<'a>, SkipReason)>,
) -> Vec<Candidate> {
    leave_the_late(asking, &mut fits, skipped);
    if has_pin {
        fits.iter_mut().for_each(|fit| fit.because = Because::Pinned);
    } else {
        by_health(asking, &mut fits, skipped);
        let probes = fits.partition_point(|fit| fit.rank < Rank::Front);
        let healthy = fits.partition_point(|fit| fit.rank < Rank::Behind);
        let (before, behind) = fits.split_at_mut(healthy);
        let front = before.get_mut(probes..).unwrap_or_default();
        by_strategy(asking, front);
        by_strategy(asking, behind);
        if probes == 0 {
            explore(asking, front);
        }
    }
    fits.iter().map(Fit::candidate).collect()
}

/// Leaves out those whose queue is longer than the order can wait. An order that nobody can take in time
/// stays with the shortest queue: an estimate fails no order.
fn leave_the_late<'a>(asking: &Asking<'_>, fits: &mut Vec<Fit<'a>>, skipped: &mut Vec<(Place<'a>, SkipReason)>) {
    if asking.view.loads.is_empty() {
        return;
    }
    let left_ms = u64::try_from(asking.terms.deadline_ms.saturating_sub(asking.view.now_ms)).unwrap_or(0);
    let promised_ms = asking
        .product
        .max_delay_seconds
        .map_or(u64::MAX, |seconds| u64::from(seconds).saturating_mul(1_000));
    let bound_ms = left_ms.min(promised_ms);
    let shortest = fits.iter().map(|fit| fit.wait_ms(asking)).min().unwrap_or(0);
    let is_late = |fit: &mut Fit<'a>| {
        let wait_ms = fit.wait_ms(asking);
        wait_ms > bound_ms && (shortest <= bound_ms || wait_ms != shortest)
    };
    let late = fits.extract_if(.., is_late);
    skipped.extend(late.map(|fit| {
        let wait_ms = fit.wait_ms(asking);
        (fit.place, SkipReason::WaitTooLong { wait_ms })
    }));
}

/// Puts the healthy before the others, and leaves out those whose circuits are open.
fn by_health<'a>(asking: &Asking<'_>, fits: &mut Vec<Fit<'a>>, skipped: &mut Vec<(Place<'a>, SkipReason)>) {
    if !asking.product.uses_health {
        return;
    }
    fits.iter_mut().for_each(|fit| fit.health = health(asking, fit, Choosy::Yes));
    if fits.iter().all(|fit| fit.health.is_out()) {
        // Nobody else could take the order: then any that may probe does.
        fits.iter_mut().for_each(|fit| fit.health = health(asking, fit, Choosy::No));
    }
    if fits.iter().all(|fit| fit.health.is_out()) {
        if asking.product.when_all_out == AllOut::Best {
            best_of_bad(fits);
        }
    } else {
        spare(asking, fits);
    }
    let place = |fit: &mut Fit<'a>| match fit.health.stands() {
        Ok((rank, because)) => {
            (fit.rank, fit.because) = (rank, because);
            true
        }
        Err(reason) => {
            skipped.push((fit.place, reason));
            false
        }
    };
    fits.retain_mut(place);
    if !fits.is_sorted_by_key(turn) {
        // Stable: those of a rank stay by place.
        fits.sort_by_key(turn);
    }
}

/// By rank; among probes those first whose doubt could be settled.
fn turn(fit: &Fit<'_>) -> (Rank, bool) {
    (fit.rank, fit.rank == Rank::Probe && !fit.view.settles_doubt())
}

fn health(asking: &Asking<'_>, fit: &Fit<'_>, choosy: Choosy) -> Health {
    let now_ms = asking.view.now_ms;
    match fit.standing.circuit {
        Circuit::Open { until_ms, cause, .. } => Health::Open { until_ms, cause },
        Circuit::HalfOpen { since_ms, in_flight, .. } => {
            if in_flight < asking.view.steering.circuit.probes && probe::may(asking, fit, since_ms, choosy) {
                Health::Probe
            } else {
                let until_ms = now_ms
                    .saturating_sub(now_ms.rem_euclid(PROBE_LOOK_MS))
                    .saturating_add(PROBE_LOOK_MS);
                Health::Probing { until_ms }
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

/// Takes back what goes beyond the share that may be demoted or out at once; the worst stay so. Where
/// nobody is left there is nothing to take back for: the product says what happens then.
fn spare(asking: &Asking<'_>, fits: &mut [Fit<'_>]) {
    let most = fits
        .len()
        .saturating_mul(usize::from(asking.product.most_demoted_percent))
        .div_euclid(100)
        .max(1);
    if fits.iter().filter(|fit| fit.health.is_bad()).count() <= most {
        return;
    }
    let mut bad: Vec<&mut Fit<'_>> = fits.iter_mut().filter(|fit| fit.health.is_bad()).collect();
    bad.sort_by_key(|fit| (fit.health == Health::Ill, fit.score_bp()));
    for fit in bad.into_iter().skip(most) {
        fit.health = match fit.health {
            Health::Ill => Health::Well,
            // Not out, but nobody's first choice while others are well.
            Health::Open { .. } => Health::NotYetBack,
            Health::Probe | Health::Well | Health::Returning | Health::BestOfBad | Health::NotYetBack | Health::Probing { .. } => {
                fit.health
            }
        };
    }
}

/// The one to try although all are out: the best score, then the best place.
fn best_of_bad(fits: &mut [Fit<'_>]) {
    let open = fits.iter_mut().filter(|fit| match fit.health {
        Health::Open { cause, .. } => !cause.is_its_word(),
        Health::Probing { .. } => true,
        Health::Probe | Health::Well | Health::Returning | Health::BestOfBad | Health::Ill | Health::NotYetBack => false,
    });
    // Of equals the last one counts, so they are gone through from behind.
    if let Some(best) = open.rev().max_by_key(|fit| fit.score_bp()) {
        best.health = Health::BestOfBad;
    }
}

/// Puts those that stand alike in the order that the product's strategy wants. They come by place.
fn by_strategy(asking: &Asking<'_>, fits: &mut [Fit<'_>]) {
    let say = |fits: &mut [Fit<'_>], word: Because| {
        for fit in fits.iter_mut().filter(|fit| fit.because == Because::Priority) {
            fit.because = word;
        }
    };
    match asking.product.strategy {
        Strategy::Priority | Strategy::Health => {}
        Strategy::Cheapest => {
            let currency = asking.terms.price.currency;
            // Stable: ties stay by place. What cannot be compared comes last.
            fits.sort_by_key(|fit| (fit.cost.currency != currency, fit.cost.minor));
            say(fits, Because::Cost);
        }
        Strategy::Value => {
            fits.sort_by_cached_key(|fit| std::cmp::Reverse(value_bp(fit, asking)));
            say(fits, Because::Value);
        }
        Strategy::Weighted => {
            let weight = |fit: &Fit<'_>| u64::from(fit.steered(asking).and_then(|steered| steered.weight).unwrap_or(1));
            let total = fits.iter().map(weight).fold(0, u64::saturating_add);
            let mut turn = below(total, asking.view.draw, Draw::Weight);
            let chosen = fits.iter().position(|fit| {
                let weight = weight(fit);
                let is_it = turn < weight;
                turn = turn.saturating_sub(weight);
                is_it
            });
            if let Some(chosen) = chosen {
                say(fits.get_mut(chosen..=chosen).unwrap_or_default(), Because::Weight);
                to_the_front(fits, chosen);
            }
        }
    }
}

/// Now and then the one of which least is known comes first, so that its score stays alive.
fn explore(asking: &Asking<'_>, front: &mut [Fit<'_>]) {
    let is_its_turn = below(100, asking.view.draw, Draw::Explore) < u64::from(asking.product.explore_percent);
    if !is_its_turn || asking.product.strategy == Strategy::Priority || !asking.attempts.is_empty() {
        return;
    }
    let least = front.iter_mut().enumerate().skip(1).min_by_key(|(_, fit)| fit.standing.facts);
    if let Some((place, fit)) = least {
        fit.because = Because::Explored;
        to_the_front(front, place);
    }
}

/// Moves one before all; the others keep their order.
fn to_the_front(fits: &mut [Fit<'_>], place: usize) {
    if let Some(up_to_it) = fits.get_mut(..=place) {
        up_to_it.rotate_right(1);
    }
}
