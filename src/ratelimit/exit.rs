//! Where requests leave: the contract counted once more, at the last moment before the bytes go.
//!
//! A permit is counted when it is given. Between it and its request lies the commit of the stamp,
//! which takes now longer, now shorter: requests whose permits lay apart come together again, and
//! after a quiet time the whole burst went just before them. So the exit counts what leaves. Requests
//! that kept the distance of their permits pass it at once; the others wait here until they have
//! their distance again, stamped and with their permit in hand.
//!
//! This is the exit of a process that has a contract, or a part of one, for itself. Where processes draw
//! from one pool each slot has its time, and whoever comes late draws another (`shared::Tap::pass`).

use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use crate::domain::limits::Rate;
use crate::seams::Clock;

/// One operation's exit.
pub struct Exit(Bucket);

impl Exit {
    /// An exit through which nothing has gone. It starts empty, as the permits do.
    pub fn new(rate: Rate, clock: &Arc<dyn Clock>) -> Self {
        Self(Bucket::new(rate, Arc::clone(clock), 0))
    }

    /// Lets one request out, or says how long until one may go.
    pub fn pass(&mut self) -> Result<(), Duration> {
        let token = self.0.take()?;
        self.0.used(token);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::super::Lane;
    use super::super::rig::{Rig, too_many};
    use super::*;
    use crate::domain::limits::Limits;

    const QUIET: Duration = Duration::from_secs(60);

    /// When they left, in order.
    fn left(sent: &[(u64, u64)]) -> Vec<u64> {
        let mut left: Vec<u64> = sent.iter().map(|(_, left)| *left).collect();
        left.sort_unstable();
        left
    }

    /// A lane that has been quiet, and then all at once those who want to send: each gets its permit, is
    /// stamped in its own time, and leaves. When each had its permit, and when it left, in nanoseconds.
    fn sent(rate: Rate, stamps: &[Duration]) -> Vec<(u64, u64)> {
        let mut rig = Rig::default();
        let limits = Limits {
            submit: rate,
            concurrency: 1_000,
            reserved_for_doubt: 0,
            ..Limits::default()
        };
        let lane = Lane::new(&limits, Arc::new(rig.clock.clone()));
        rig.pass(QUIET);
        let log: Arc<Mutex<Vec<(usize, u64, u64)>>> = Arc::default();
        for (place, stamp) in stamps.iter().copied().enumerate() {
            let (lane, clock, log) = (lane.clone(), rig.clock.clone(), Arc::clone(&log));
            rig.start(async move {
                let permit = lane.resubmit().await;
                let permitted = clock.monotonic();
                clock.sleep(stamp).await;
                permit.leave(Duration::MAX).await.unwrap();
                let ns = |at: Duration| u64::try_from(at.as_nanos()).unwrap();
                log.lock().unwrap().push((place, ns(permitted), ns(clock.monotonic())));
                drop(permit);
            });
        }
        rig.pass(Duration::from_secs(3_600));
        let mut log = log.lock().unwrap().clone();
        log.sort_unstable();
        log.into_iter().map(|(_, permitted, left)| (permitted, left)).collect()
    }

    #[test]
    fn a_slow_commit_does_not_bring_requests_closer_than_the_contract() {
        let rate = Rate { per_minute: 600, burst: 4 };
        // The burst is stamped slowly, what comes after it at once.
        let slow = std::iter::repeat_n(Duration::from_millis(700), 4);
        let stamps: Vec<Duration> = slow.chain(std::iter::repeat_n(Duration::ZERO, 12)).collect();
        let sent = sent(rate, &stamps);
        assert_eq!(sent.len(), 16);
        assert_eq!(too_many(rate, &left(&sent)), None);
        let stamped = sent.iter().map(|(permitted, _)| *permitted).zip(&stamps);
        let mut stamped: Vec<u64> = stamped.map(|(at, stamp)| at + u64::try_from(stamp.as_nanos()).unwrap()).collect();
        stamped.sort_unstable();
        assert!(too_many(rate, &stamped).is_some(), "nothing would have come too close");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn however_long_stamps_take_no_window_holds_more_than_the_contract(
            per_minute in 60_u32..3_000,
            burst in 1_u32..8,
            stamps_ms in prop::collection::vec(0_u64..900, 1..40),
        ) {
            let rate = Rate { per_minute, burst };
            let stamps: Vec<Duration> = stamps_ms.iter().map(|ms| Duration::from_millis(*ms)).collect();
            let sent = sent(rate, &stamps);
            prop_assert_eq!(sent.len(), stamps.len(), "a request never left");
            prop_assert_eq!(too_many(rate, &left(&sent)), None);
        }

        #[test]
        fn requests_that_kept_their_distance_leave_at_once(
            per_minute in 60_u32..3_000,
            burst in 1_u32..8,
            stamp_ms in 0_u64..900,
            count in 1_usize..40,
        ) {
            let stamp = Duration::from_millis(stamp_ms);
            for (permitted, left) in sent(Rate { per_minute, burst }, &vec![stamp; count]) {
                prop_assert_eq!(u128::from(left - permitted), stamp.as_nanos());
            }
        }
    }
}
