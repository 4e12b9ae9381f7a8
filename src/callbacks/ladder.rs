//! When a callback is tried again, and when it is given up.

use crate::store::CallbackState;

use super::answer::Verdict;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Waits after the first, second, third … failed try, in milliseconds; about two days together.
const RUNGS_MS: [i64; 10] = [
    5_000,
    30_000,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    24 * HOUR_MS,
];

/// A shop that asks for a longer pause gets this one.
const LONGEST_PAUSE_MS: i64 = 24 * HOUR_MS;

/// Jitter goes from minus to plus this many thousandths of a wait.
pub(super) const JITTER_THOUSANDTHS: i64 = 100;

/// Where a callback stands after `tries` tries, of which the last ended at `now_ms` with `verdict`.
/// `jitter` is in thousandths of the wait, so that shops that failed together do not return together;
/// it never brings a try before the time a shop asked for.
pub(super) fn after(tries: u32, verdict: Verdict, now_ms: i64, jitter: i64) -> CallbackState {
    let asked_ms = match verdict {
        Verdict::Acknowledged => return CallbackState::Delivered,
        Verdict::Gone => return CallbackState::Parked,
        Verdict::Again { pause_ms } => pause_ms.unwrap_or(0).min(LONGEST_PAUSE_MS),
    };
    let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(wait_ms) = RUNGS_MS.get(step).copied() else {
        return CallbackState::Parked;
    };
    let jitter = jitter.clamp(-JITTER_THOUSANDTHS, JITTER_THOUSANDTHS);
    let jittered_ms = wait_ms.saturating_add((wait_ms / 1_000).saturating_mul(jitter));
    CallbackState::Due(now_ms.saturating_add(jittered_ms.max(asked_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;
    const AGAIN: Verdict = Verdict::Again { pause_ms: None };

    #[test]
    fn the_ladder_has_exactly_these_rungs_and_then_ends() {
        let waits_s = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];
        for (wait_s, tries) in waits_s.into_iter().zip(1..) {
            assert_eq!(
                after(tries, AGAIN, NOW_MS, 0),
                CallbackState::Due(NOW_MS + wait_s * 1_000),
                "try {tries}"
            );
        }
        assert_eq!(after(11, AGAIN, NOW_MS, 0), CallbackState::Parked);
        assert_eq!(after(u32::MAX, AGAIN, NOW_MS, 0), CallbackState::Parked);
    }

    #[test]
    fn jitter_moves_a_try_by_at_most_a_tenth() {
        assert_eq!(after(1, AGAIN, NOW_MS, -100), CallbackState::Due(NOW_MS + 4_500));
        assert_eq!(after(1, AGAIN, NOW_MS, 100), CallbackState::Due(NOW_MS + 5_500));
        assert_eq!(after(10, AGAIN, NOW_MS, 9_999), CallbackState::Due(NOW_MS + 95_040_000));
    }

    #[test]
    fn a_shop_that_asks_for_a_pause_is_never_tried_earlier() {
        let asks = |seconds: i64| Verdict::Again {
            pause_ms: Some(seconds * 1_000),
        };
        assert_eq!(after(1, asks(90), NOW_MS, -100), CallbackState::Due(NOW_MS + 90_000));
        assert_eq!(
            after(1, asks(1), NOW_MS, 0),
            CallbackState::Due(NOW_MS + 5_000),
            "a short pause does not shorten the ladder"
        );
        assert_eq!(
            after(1, asks(1_000_000), NOW_MS, 0),
            CallbackState::Due(NOW_MS + 86_400_000),
            "a day at most"
        );
        assert_eq!(after(11, asks(90), NOW_MS, 0), CallbackState::Parked, "a pause is no new rung");
    }

    #[test]
    fn what_is_acknowledged_or_gone_is_not_tried_again() {
        assert_eq!(after(1, Verdict::Acknowledged, NOW_MS, 0), CallbackState::Delivered);
        assert_eq!(after(1, Verdict::Gone, NOW_MS, 0), CallbackState::Parked);
    }
}
