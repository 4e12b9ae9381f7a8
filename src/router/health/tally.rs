//! Counts that forget: every fact counts half after one half-life, a quarter after two.
//!
//! All is whole numbers, so that the same facts give the same score on every machine. Between two
//! halvings the weight falls in a straight line, which is at most 6 % above the true curve.

/// What one fact counts when it is fresh.
pub(super) const ONE: u64 = 1 << 16;
/// What counts as much as this many faults: a delivery after a failure, a success taken back.
const COMPLAINT_WEIGHS: u64 = 5;
/// Before anything is known, a supplier is taken to deliver in this many of 10,000.
const HOPED_BP: u64 = 9_500;
/// As how many facts that hope counts.
const HOPE_WEIGHS: u64 = 10;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Good,
    Fault,
    Unknown,
    Complaint,
}

/// Facts as they count at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    at_ms: i64,
    good: u64,
    fault: u64,
    unknown: u64,
    complaint: u64,
}

impl Tally {
    pub fn add(&mut self, count: Count, at_ms: i64, half_life_ms: i64) {
        *self = self.at(at_ms, half_life_ms);
        let place = match count {
            Count::Good => &mut self.good,
            Count::Fault => &mut self.fault,
            Count::Unknown => &mut self.unknown,
            Count::Complaint => &mut self.complaint,
        };
        *place = place.saturating_add(ONE);
    }

    /// As it counts at a later moment; an earlier one changes nothing.
    pub fn at(self, now_ms: i64, half_life_ms: i64) -> Self {
        let age_ms = now_ms.saturating_sub(self.at_ms).max(0);
        if age_ms == 0 {
            return self;
        }
        let half_life_ms = half_life_ms.max(1);
        // Most are asked about within a half-life, and a plan asks about hundreds.
        let (halvings, rest_ms) = if age_ms < half_life_ms {
            (0, age_ms)
        } else {
            (age_ms.div_euclid(half_life_ms), age_ms.rem_euclid(half_life_ms))
        };
        let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
        let rest_ms = u64::try_from(rest_ms).unwrap_or(0);
        // What is left of one, in parts of 2^16.
        let whole = u64::try_from(half_life_ms).unwrap_or(1).saturating_mul(2);
        let lost = rest_ms.saturating_mul(ONE).checked_div(whole).unwrap_or(0);
        let left = ONE.saturating_sub(lost);
        let weigh = |value: u64| value.checked_shr(halvings).unwrap_or(0).saturating_mul(left) >> 16;
        Self {
            at_ms: self.at_ms.max(now_ms),
            good: weigh(self.good),
            fault: weigh(self.fault),
            unknown: weigh(self.unknown),
            complaint: weigh(self.complaint),
        }
    }

    /// What is left of it without `part`, as both count at one moment.
    pub fn without(self, part: Self) -> Self {
        Self {
            at_ms: self.at_ms,
            good: self.good.saturating_sub(part.good),
            fault: self.fault.saturating_sub(part.fault),
            unknown: self.unknown.saturating_sub(part.unknown),
            complaint: self.complaint.saturating_sub(part.complaint),
        }
    }

    /// How many facts this is, rounded.
    pub fn facts(&self) -> u32 {
        let rounded = self.ended().saturating_add(ONE.div_euclid(2)).div_euclid(ONE);
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }

    /// Unknown outcomes of all, in basis points.
    pub fn unknown_bp(&self) -> u16 {
        share_bp(self.unknown, self.ended().max(ONE))
    }

    /// Complaints of all deliveries and failures, in basis points.
    pub fn complaint_bp(&self) -> u16 {
        share_bp(self.complaint, self.ended().max(ONE))
    }

    /// The expected share of successes, in basis points: the mean of a Beta distribution whose prior says
    /// `prior_bp` and weighs as much as `prior_facts` facts.
    pub fn score_bp(&self, prior_bp: u16, prior_facts: u32) -> u16 {
        let prior = u64::from(prior_facts).saturating_mul(ONE);
        let hoped = prior.saturating_mul(u64::from(prior_bp)).div_euclid(10_000);
        let bad = self.complaint.saturating_mul(COMPLAINT_WEIGHS);
        share_bp(
            hoped.saturating_add(self.good),
            prior.saturating_add(self.ended()).saturating_add(bad),
        )
    }

    /// The same, with nothing but hope to go on.
    pub fn lone_score_bp(&self) -> u16 {
        let hoped = u16::try_from(HOPED_BP).unwrap_or(u16::MAX);
        self.score_bp(hoped, u32::try_from(HOPE_WEIGHS).unwrap_or(0))
    }

    fn ended(&self) -> u64 {
        self.good.saturating_add(self.fault).saturating_add(self.unknown)
    }
}

fn share_bp(part: u64, whole: u64) -> u16 {
    if part == 0 {
        return 0;
    }
    let rounded = part.saturating_mul(10_000).saturating_add(whole.div_euclid(2));
    let bp = rounded.checked_div(whole).unwrap_or(0).min(10_000);
    u16::try_from(bp).unwrap_or(10_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF_LIFE_MS: i64 = 1_000;

    fn tally(counts: &[Count]) -> Tally {
        let mut tally = Tally::default();
        counts.iter().for_each(|count| tally.add(*count, 0, HALF_LIFE_MS));
        tally
    }

    #[test]
    fn a_fact_counts_half_after_a_half_life() {
        let four = tally(&[Count::Good; 4]);
        assert_eq!(four.at(1_000, HALF_LIFE_MS).facts(), 2);
        assert_eq!(four.at(2_000, HALF_LIFE_MS).facts(), 1);
        assert_eq!(four.at(500, HALF_LIFE_MS).facts(), 3);
        assert_eq!(four.at(-500, HALF_LIFE_MS), four, "a clock put back forgets nothing");
        assert_eq!(four.at(i64::MAX, HALF_LIFE_MS).facts(), 0);
    }

    #[test]
    fn doubt_and_complaints_cost_more_than_they_count() {
        let base = [Count::Good; 19];
        let with = |count| {
            let mut tally = tally(&base);
            tally.add(count, 0, HALF_LIFE_MS);
            tally.lone_score_bp()
        };
        assert!(with(Count::Good) > with(Count::Fault));
        assert_eq!(with(Count::Fault), with(Count::Unknown));
        assert!(with(Count::Fault) > with(Count::Complaint));
        assert_eq!(tally(&[]).lone_score_bp(), 9_500);
    }

    proptest! {
        #[test]
        fn a_score_lies_between_prior_and_share_and_more_facts_bring_it_closer(
            good in 0_usize..200, fault in 0_usize..200, prior in 0_u16..=10_000,
        ) {
            let counts = |n: usize| [vec![Count::Good; good * n], vec![Count::Fault; fault * n]].concat();
            let (few, many) = (tally(&counts(1)), tally(&counts(4)));
            if let Some(share) = (good * 10_000).checked_div(good + fault) {
                let share = i64::try_from(share).unwrap();
                let away = |tally: &Tally| (i64::from(tally.score_bp(prior, 20)) - share).abs();
                prop_assert!(away(&many) <= away(&few) + 1);
            }
            let score = few.score_bp(prior, 20);
            prop_assert!(score <= 10_000);
        }
    }
}
