//! What a supplier has shown that it bears, below its contract: how many requests at once, and until
//! when it wants to be left alone.
//!
//! Additive increase, multiplicative decrease: every answer in time adds a little to the requests that
//! may be in flight, one that does not come in time takes a quarter, "too many" takes half. What was
//! sent before the last cut cuts no more, for it was sent under the old bound. "Too many" besides keeps
//! the operation from being asked for as long as the supplier wishes, else for a second that doubles
//! each time in a row. The contract stays the upper bound of everything.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::limits::Operation;

/// One request in flight, in the unit of the bound.
const ONE: u64 = 256;
/// How long a supplier rests that says "too many" and not for how long.
const REST: Duration = Duration::from_secs(1);
/// Nobody is left alone for longer than this at a word, whatever it wishes.
const MOST_REST: Duration = Duration::from_secs(600);
/// So often the rest doubles.
const MOST_DOUBLINGS: u32 = 6;

/// What came of one request, as far as it tells what the supplier bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer, whatever it said.
    Fine,
    /// None in time.
    Late,
    /// The supplier says that it was asked too often.
    TooMany {
        /// For how long it wishes to be left alone, if it says so.
        rest: Option<Duration>,
    },
}

/// What was learnt, as it counts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learnt {
    /// Requests that the supplier bears at once.
    pub at_once: usize,
    /// How many its contract allows.
    pub at_once_most: usize,
    /// How much longer it wants no submits.
    pub rest: Duration,
}

/// What is being learnt of one supplier.
#[derive(Debug)]
pub struct Pace {
    most: u64,
    bears: u64,
    cut_at: Duration,
    in_a_row: u32,
    rests_until: BTreeMap<Operation, Duration>,
}

impl Pace {
    /// Nothing is known yet: it is taken to bear what its contract says.
    pub fn new(most: usize) -> Self {
        let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_mul(ONE).max(ONE);
        Self {
            most,
            bears: most,
            cut_at: Duration::ZERO,
            in_a_row: 0,
            rests_until: BTreeMap::new(),
        }
    }

    /// Another contract; what was learnt stays, as far as it is below.
    pub fn set_most(&mut self, most: usize) {
        let was_full = self.bears == self.most;
        let new = Self::new(most);
        self.most = new.most;
        self.bears = if was_full { new.most } else { self.bears.min(new.most) };
    }

    /// Takes in what came of a request that was sent at `sent`.
    pub fn hear(&mut self, operation: Operation, heard: Heard, sent: Duration, now: Duration) {
        let is_new = sent >= self.cut_at;
        match heard {
            Heard::Fine => {
                self.in_a_row = 0;
                let step = (ONE * ONE).checked_div(self.bears).unwrap_or(ONE).max(1);
                self.bears = self.bears.saturating_add(step).min(self.most);
            }
            Heard::Late if is_new => self.cut(self.bears.saturating_mul(3).div_euclid(4), now),
            Heard::TooMany { rest } => {
                if is_new {
                    self.cut(self.bears.div_euclid(2), now);
                    self.in_a_row = self.in_a_row.saturating_add(1);
                }
                let doublings = self.in_a_row.saturating_sub(1).min(MOST_DOUBLINGS);
                let rest = rest.unwrap_or(REST.saturating_mul(1 << doublings)).min(MOST_REST);
                let until = self.rests_until.entry(operation).or_default();
                *until = now.saturating_add(rest).max(*until);
            }
            Heard::Late => {}
        }
    }

    fn cut(&mut self, to: u64, now: Duration) {
        self.bears = to.max(ONE);
        self.cut_at = now;
    }

    /// How many requests it bears at once.
    pub fn bears(&self) -> usize {
        usize::try_from(self.bears.div_euclid(ONE)).unwrap_or(usize::MAX)
    }

    /// How much longer it wants to be left alone.
    pub fn rest(&self, operation: Operation, now: Duration) -> Duration {
        let until = self.rests_until.get(&operation).copied().unwrap_or_default();
        until.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn submit(pace: &mut Pace, heard: Heard, at: Duration) {
        pace.hear(Operation::Submit, heard, at, at);
    }

    #[test]
    fn it_bears_its_contract_until_it_shows_otherwise() {
        assert_eq!(Pace::new(32).bears(), 32);
        assert_eq!(Pace::new(0).bears(), 1);
    }

    #[test]
    fn too_many_halves_once_for_all_that_was_in_flight_and_answers_bring_it_back() {
        let mut pace = Pace::new(32);
        for _ in 0..10 {
            pace.hear(Operation::Submit, Heard::TooMany { rest: None }, S, S * 2);
        }
        assert_eq!(pace.bears(), 16);
        submit(&mut pace, Heard::Late, S * 3);
        assert_eq!(pace.bears(), 12);
        let answers = (0..)
            .take_while(|_| {
                submit(&mut pace, Heard::Fine, S * 4);
                pace.bears() < 32
            })
            .count();
        assert!((300..500).contains(&answers), "{answers}");
    }

    #[test]
    fn it_rests_as_long_as_it_wishes_and_doubles_where_it_does_not_say() {
        let mut pace = Pace::new(8);
        submit(&mut pace, Heard::TooMany { rest: Some(S * 30) }, S);
        assert_eq!(pace.rest(Operation::Submit, S * 11), S * 20);
        assert_eq!(pace.rest(Operation::Query, S * 11), Duration::ZERO);
        let mut pace = Pace::new(8);
        for (at, rest) in [(10, 1), (20, 2), (30, 4), (40, 8)] {
            submit(&mut pace, Heard::TooMany { rest: None }, S * at);
            assert_eq!(pace.rest(Operation::Submit, S * at), S * rest);
        }
        submit(&mut pace, Heard::Fine, S * 50);
        submit(&mut pace, Heard::TooMany { rest: None }, S * 60);
        assert_eq!(pace.rest(Operation::Submit, S * 60), S);
        submit(&mut pace, Heard::TooMany { rest: Some(S * 99_999) }, S * 70);
        assert_eq!(pace.rest(Operation::Submit, S * 70), MOST_REST);
    }

    #[test]
    fn another_contract_keeps_what_was_learnt() {
        let mut pace = Pace::new(8);
        pace.set_most(16);
        assert_eq!(pace.bears(), 16);
        submit(&mut pace, Heard::TooMany { rest: None }, S);
        pace.set_most(32);
        assert_eq!(pace.bears(), 8);
        pace.set_most(4);
        assert_eq!(pace.bears(), 4);
    }

    proptest! {
        /// A supplier that bears so many and says "too many" to every one above.
        #[test]
        fn it_settles_near_what_the_supplier_bears(truth in 2_usize..60, most in 60_usize..200) {
            let mut pace = Pace::new(most);
            let (mut sent, mut refused) = (0, 0);
            for round in 1_u32..400 {
                let at = S * round;
                let in_flight = pace.bears();
                for n in 0..in_flight {
                    let heard = if n < truth { Heard::Fine } else { Heard::TooMany { rest: None } };
                    submit(&mut pace, heard, at);
                }
                if round > 200 {
                    sent += in_flight;
                    refused += in_flight.saturating_sub(truth);
                }
                prop_assert!((1..=most).contains(&pace.bears()));
            }
            prop_assert!(refused * 5 <= sent, "{} of {} refused", refused, sent);
            prop_assert!(sent * 2 >= truth * 199, "{} sent where {} were borne", sent, truth * 199);
        }
    }
}
