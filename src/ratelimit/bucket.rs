//! One operation's rate: governor's cell-rate algorithm over our clock, with tokens that can be
//! given back.
//!
//! governor keeps one number, the instant at which the bucket would be full again, in a store of
//! the caller's making; giving a token back moves that instant back by one step. That is sound
//! only while the bucket has not been full since the token was taken: a full bucket gains nothing
//! from a returned token, and crediting it would allow `burst + 1` requests at once. So a token
//! loses its claim as soon as a later one is taken while the bucket could not hold all claims.
//!
//! A bucket starts empty: the first token comes after one step, a full burst after `burst` steps.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::domain::limits::Rate;
use crate::seams::Clock;

const MINUTE_NS: u64 = 60_000_000_000;
/// A burst that takes longer than this to refill is cut: no contract means it, and governor's
/// arithmetic must not overflow.
const LONGEST_REFILL_NS: u64 = 24 * 60 * MINUTE_NS;
/// Later instants than this (146 years) would overflow governor's arithmetic.
const LATEST_NS: u64 = u64::MAX / 4;

/// The right to one request of one operation; which bucket it came from is the caller's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(u64);

impl Token {
    /// The token with this number.
    pub(super) fn numbered(number: u64) -> Self {
        Self(number)
    }
}

/// The tokens of one operation.
pub struct Bucket {
    limiter: RateLimiter<NotKeyed, FullAt, Ticks, NoOpMiddleware<Duration>>,
    full_at: FullAt,
    ticks: Ticks,
    clock: Arc<dyn Clock>,
    origin: Duration,
    step_ns: u64,
    burst: u64,
    /// Tokens taken that would still be worth something if they came back, oldest first.
    claims: BTreeSet<Token>,
    last: u64,
}

impl Bucket {
    /// An empty bucket, its tokens numbered after `after`.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>, after: u64) -> Self {
        // Rounded up: a step too short by a nanosecond would be a limit exceeded.
        let step_ns = MINUTE_NS.div_ceil(u64::from(rate.per_minute.max(1)));
        let longest = u32::try_from(LONGEST_REFILL_NS.checked_div(step_ns).unwrap_or(1)).unwrap_or(u32::MAX);
        let burst = NonZeroU32::new(rate.burst.min(longest)).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(Duration::from_nanos(step_ns))
            .unwrap_or(Quota::per_minute(NonZeroU32::MIN))
            .allow_burst(burst);
        let burst = u64::from(burst.get());
        let full_at = FullAt(Arc::new(AtomicU64::new(step_ns.saturating_mul(burst))));
        let ticks = Ticks(Arc::new(AtomicU64::new(0)));
        Self {
            limiter: RateLimiter::new(quota, full_at.clone(), ticks.clone()),
            full_at,
            ticks,
            origin: clock.monotonic(),
            clock,
            step_ns,
            burst,
            claims: BTreeSet::new(),
            last: after,
        }
    }

    /// A token, or how long until there may be one.
    pub fn take(&mut self) -> Result<Token, Duration> {
        let now_ns = self.tick();
        let fill_ns = self.full_at.get().saturating_sub(now_ns);
        self.limiter
            .check()
            .map_err(|not_until| not_until.wait_time_from(Duration::from_nanos(now_ns)))?;
        while self.claims_ns() > fill_ns {
            self.claims.pop_first();
        }
        self.last = self.last.saturating_add(1);
        let token = Token(self.last);
        self.claims.insert(token);
        Ok(token)
    }

    /// The token was used: its claim ends.
    pub fn used(&mut self, token: Token) {
        self.claims.remove(&token);
    }

    /// The token was not used: the next may come one step earlier, if that exceeds nothing.
    pub fn give_back(&mut self, token: Token) {
        if self.claims.remove(&token) {
            self.full_at.set(self.full_at.get().saturating_sub(self.step_ns));
        }
    }

    /// How long until a token may be had by somebody with `ahead` others before him.
    pub fn wait(&self, ahead: u64) -> Duration {
        let tokens_ns = self.step_ns.saturating_mul(ahead.saturating_add(1));
        let empty_for_ns = self.step_ns.saturating_mul(self.burst);
        // A bucket that has been full for a while is no fuller than full.
        let now_ns = self.tick();
        let full_at_ns = self.full_at.get().max(now_ns);
        let ready_ns = full_at_ns.saturating_add(tokens_ns).saturating_sub(empty_for_ns);
        Duration::from_nanos(ready_ns.saturating_sub(now_ns))
    }

    /// The number of the last token, for the bucket that replaces this one.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Shows governor the time and returns it: nanoseconds since the bucket was made.
    fn tick(&self) -> u64 {
        let since = self.clock.monotonic().saturating_sub(self.origin);
        let now_ns = u64::try_from(since.as_nanos()).unwrap_or(LATEST_NS).min(LATEST_NS);
        self.ticks.0.store(now_ns, Ordering::Relaxed);
        now_ns
    }

    fn claims_ns(&self) -> u64 {
        self.step_ns.saturating_mul(u64::try_from(self.claims.len()).unwrap_or(u64::MAX))
    }
}

/// When the bucket will be full again, in nanoseconds since it was made: governor's whole state.
/// Only touched behind the lane's lock; the atomic is what lets governor and us share it.
#[derive(Clone)]
struct FullAt(Arc<AtomicU64>);

impl FullAt {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, ns: u64) {
        self.0.store(ns, Ordering::Relaxed);
    }
}

impl StateStore for FullAt {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (value, next) = measure(Some(Nanos::new(self.get())))?;
        self.set(next.as_u64());
        Ok(value)
    }
}

/// governor's clock: it stands still between two ticks, so that one decision sees one instant.
#[derive(Clone)]
struct Ticks(Arc<AtomicU64>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rig::{TestClock, too_many};
    use super::*;

    fn bucket(per_minute: u32, burst: u32) -> (Bucket, TestClock) {
        let clock = TestClock::default();
        (Bucket::new(Rate { per_minute, burst }, Arc::new(clock.clone()), 0), clock)
    }

    fn drain(bucket: &mut Bucket) -> Vec<Token> {
        std::iter::from_fn(|| bucket.take().ok()).collect()
    }

    #[test]
    fn a_bucket_starts_empty_so_that_restarts_cannot_add_up() {
        let (mut bucket, clock) = bucket(60, 5);
        assert_eq!(bucket.take(), Err(Duration::from_secs(1)));
        clock.pass(Duration::from_secs(1));
        assert!(bucket.take().is_ok());
        assert_eq!(bucket.take(), Err(Duration::from_secs(1)));
    }

    #[test]
    fn after_a_quiet_time_the_whole_burst_is_there_and_no_more() {
        let (mut bucket, clock) = bucket(60, 5);
        clock.pass(Duration::from_secs(3600));
        assert_eq!(drain(&mut bucket).len(), 5);
    }

    #[test]
    fn a_token_given_back_can_be_taken_again_at_once() {
        let (mut bucket, clock) = bucket(60, 5);
        clock.pass(Duration::from_secs(5));
        let tokens = drain(&mut bucket);
        bucket.give_back(tokens[2]);
        bucket.give_back(tokens[4]);
        assert_eq!(drain(&mut bucket).len(), 2);
    }

    #[test]
    fn a_token_given_back_to_a_full_bucket_adds_nothing() {
        let (mut bucket, clock) = bucket(60, 2);
        clock.pass(Duration::from_secs(60));
        let token = bucket.take().unwrap();
        clock.pass(Duration::from_secs(60));
        let later = drain(&mut bucket);
        assert_eq!(later.len(), 2);
        bucket.give_back(token);
        assert!(bucket.take().is_err());
    }

    #[test]
    fn a_token_comes_back_only_once() {
        let (mut bucket, clock) = bucket(60, 2);
        clock.pass(Duration::from_secs(2));
        let tokens = drain(&mut bucket);
        bucket.used(tokens[0]);
        bucket.give_back(tokens[0]);
        assert!(bucket.take().is_err());
    }

    #[test]
    fn the_wait_is_exact_for_whoever_stands_at_any_place() {
        let (mut bucket, clock) = bucket(60, 3);
        clock.pass(Duration::from_millis(1_500));
        assert_eq!(bucket.wait(0), Duration::ZERO);
        assert_eq!(bucket.wait(2), Duration::from_millis(1_500));
        assert!(bucket.take().is_ok());
        assert_eq!(bucket.wait(0), Duration::from_millis(500));
        clock.pass(Duration::from_secs(900));
        assert_eq!(bucket.wait(2), Duration::ZERO);
        assert_eq!(bucket.wait(3), Duration::from_secs(1));
    }

    #[test]
    fn rates_without_sense_neither_panic_nor_open_the_gate() {
        for (per_minute, burst) in [(0, 0), (0, u32::MAX), (u32::MAX, u32::MAX), (1, u32::MAX), (u32::MAX, 0)] {
            let (mut bucket, clock) = bucket(per_minute, burst);
            assert!(bucket.take().is_err());
            clock.pass(Duration::from_secs(60));
            assert!(bucket.take().is_ok(), "{per_minute} {burst}");
            clock.pass(Duration::from_secs(u64::MAX / 4));
            let _ = bucket.take();
            let _ = bucket.wait(u64::MAX);
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        Take,
        GiveBack(prop::sample::Index),
        Use(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0_u64..40).prop_map(Step::Pass),
            6 => Just(Step::Take),
            3 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
            1 => any::<prop::sample::Index>().prop_map(Step::Use),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_window_ever_holds_more_than_the_contract(
            per_minute in 1_u32..3_000,
            burst in 1_u32..6,
            steps in prop::collection::vec(step(), 1..120),
        ) {
            let (mut bucket, clock) = bucket(per_minute, burst);
            let period = 60_000_000_000_u64.div_ceil(u64::from(per_minute));
            let mut held: Vec<(Token, u64)> = Vec::new();
            let mut sent: Vec<u64> = Vec::new();
            for step in steps {
                let now = u64::try_from(clock.monotonic().as_nanos()).unwrap();
                match step {
                    // In tenths of a period, so that bursts, refills and odd moments all occur.
                    Step::Pass(tenths) => clock.pass(Duration::from_nanos(period * tenths / 10)),
                    Step::Take => held.extend(bucket.take().ok().map(|token| (token, now))),
                    Step::GiveBack(index) if !held.is_empty() => {
                        bucket.give_back(held.remove(index.index(held.len())).0);
                    }
                    Step::Use(index) if !held.is_empty() => {
                        let (token, at) = held.remove(index.index(held.len()));
                        bucket.used(token);
                        sent.push(at);
                    }
                    Step::GiveBack(_) | Step::Use(_) => {}
                }
            }
            sent.extend(held.iter().map(|(_, at)| *at));
            sent.sort_unstable();
            for (i, at) in sent.iter().enumerate() {
                // Empty at the start: nothing may have been saved up before it.
                prop_assert!(u64::try_from(i + 1).unwrap() <= at / period);
            }
            prop_assert_eq!(too_many(Rate { per_minute, burst }, &sent), None);
        }
    }
}
