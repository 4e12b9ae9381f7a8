//! What is remembered of a supplier as a whole, or of one product, carrier or region of it, and what that
//! is worth at one moment.

use super::answers::{Answering, Answers, Question};
use super::blame::{self, Blame};
use super::circuit::{Breaker, End};
use super::sighting::Fact;
use super::tally::{Count, Tally};
use super::{Evidence, Standing};
use crate::domain::outcome::Via;
use crate::domain::steering::{HealthRules, Steering};

/// What is remembered of a supplier, or of one of its products.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    tally: Tally,
    breaker: Breaker,
    /// From opening to delivery, smoothed, in milliseconds.
    latency_ms: Option<u64>,
    /// Since when its score is too low, UTC milliseconds; absent while it is not.
    ill_since_ms: Option<i64>,
    manners: Box<Manners>,
}

/// How a supplier tells of its deliveries and answers questions: apart, for a plan reads hundreds of records, and not this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Manners {
    /// From opening to the notification of the delivery, where it notified, smoothed, in milliseconds.
    notified_ms: Option<u64>,
    /// Deliveries that the supplier told of by itself, and those that had to be asked for, as they count.
    told: Tally,
    /// Deliveries that a query had denied before, and the others.
    denied: Tally,
    answers: Answers,
}

impl Record {
    pub fn learn(&mut self, fact: &Fact, blame: Blame, evidence: &Evidence, salt: u64, steering: &Steering) {
        let (rules, at_ms) = (&steering.health, evidence.at_ms);
        if *fact == Fact::Opened {
            return self.breaker.opened((evidence.order, evidence.seq), at_ms);
        }
        let mut count = |count| self.tally.add(count, at_ms, half_life_ms(rules));
        let end = match blame {
            Blame::Nothing => return,
            Blame::Neutral => End::Neutral,
            Blame::Good => {
                let is_slow = matches!(fact, Fact::Delivered { took_ms, .. } if *took_ms > rules.slow_after_ms);
                count(if is_slow { Count::Fault } else { Count::Good });
                End::Good
            }
            Blame::Supplier | Blame::Product => {
                count(Count::Fault);
                End::Fault
            }
            Blame::Says(cause) => {
                count(Count::Fault);
                End::Out(cause)
            }
            Blame::Doubt => {
                count(Count::Unknown);
                End::Unknown
            }
            Blame::Complaint => return count(Count::Complaint),
        };
        if let Fact::Delivered { via, took_ms, denied } = fact {
            let smoothed = |known: u64| known.saturating_mul(7).saturating_add(*took_ms).div_euclid(8);
            self.latency_ms = Some(self.latency_ms.map_or(*took_ms, smoothed));
            let manners = &mut self.manners;
            if *via == Via::Notification {
                manners.notified_ms = Some(manners.notified_ms.map_or(*took_ms, smoothed));
            }
            let count = |is_so| if is_so { Count::Good } else { Count::Fault };
            manners.told.add(count(blame::was_told(*via)), at_ms, half_life_ms(rules));
            manners.denied.add(count(*denied), at_ms, half_life_ms(rules));
        }
        self.breaker.ended(end, evidence, salt, &steering.circuit);
        let score_bp = self.tally.lone_score_bp();
        let is_ill = score_bp < self.ill_below_bp(rules);
        self.ill_since_ms = is_ill.then(|| self.ill_since_ms.unwrap_or(at_ms));
    }

    pub fn learn_answer(&mut self, question: &Question, rules: &HealthRules) {
        self.manners.answers.learn(question, half_life_ms(rules));
    }

    /// How what is asked besides orders is answered.
    pub fn answers(&self, rules: &HealthRules, now_ms: i64) -> Vec<Answering> {
        self.manners.answers.at(now_ms, half_life_ms(rules))
    }

    /// What a part of this may be hoped to do, by what the rest of it does.
    pub fn prior_bp_without(&self, part: &Self, prior_bp: Option<u16>, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        let half_life_ms = half_life_ms(rules);
        let rest = self.tally.at(now_ms, half_life_ms).without(part.tally.at(now_ms, half_life_ms));
        prior_bp.map(|prior_bp| rest.score_bp(prior_bp, rules.thin_below))
    }

    /// A narrower standing of a supplier whose wider one is `whole`.
    pub fn standing_within(&self, whole: Standing, prior_bp: Option<u16>, steering: &Steering, now_ms: i64) -> Standing {
        let product = self.standing(prior_bp, steering, now_ms);
        let circuit = if whole.circuit.severity() >= product.circuit.severity() {
            whole.circuit
        } else {
            product.circuit
        };
        let is_thin = product.facts < steering.health.thin_below;
        let is_ill = product.is_ill || (is_thin && whole.is_ill);
        Standing {
            circuit,
            is_ill,
            ill_since_ms: product.ill_since_ms.or(whole.ill_since_ms).filter(|_| is_ill),
            latency_ms: product.latency_ms.or(whole.latency_ms),
            unknown_bp: if is_thin { whole.unknown_bp } else { product.unknown_bp },
            complaint_bp: whole.complaint_bp,
            ..product
        }
    }

    pub fn standing(&self, prior_bp: Option<u16>, steering: &Steering, now_ms: i64) -> Standing {
        let rules = &steering.health;
        let tally = self.tally.at(now_ms, half_life_ms(rules));
        let score_bp = match prior_bp {
            Some(prior_bp) => tally.score_bp(prior_bp, rules.thin_below),
            None => tally.lone_score_bp(),
        };
        // What is forgotten heals: an ill supplier that is left alone comes to be well again.
        let is_known = self.tally != Tally::default();
        let is_ill = is_known && score_bp < self.ill_below_bp(rules);
        Standing {
            score_bp: is_known.then_some(score_bp),
            facts: tally.facts(),
            unknown_bp: tally.unknown_bp(),
            complaint_bp: tally.complaint_bp(),
            latency_ms: self.latency_ms,
            circuit: self.breaker.at(now_ms, &steering.circuit),
            is_ill,
            ill_since_ms: self.ill_since_ms.filter(|_| is_ill),
        }
    }

    fn ill_below_bp(&self, rules: &HealthRules) -> u16 {
        if self.ill_since_ms.is_some() {
            rules.well_from_bp
        } else {
            rules.ill_below_bp
        }
    }

    /// Of the deliveries of late, how many the supplier told of by itself rather than being asked, in basis
    /// points; absent while there are none.
    pub fn told_bp(&self, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        let told = self.manners.told.at(now_ms, half_life_ms(rules));
        (told.facts() > 0).then(|| told.score_bp(0, 0))
    }

    /// Of the deliveries of late, how many a query had denied before, in basis points.
    pub fn denied_bp(&self, rules: &HealthRules, now_ms: i64) -> Option<u16> {
        let denied = self.manners.denied.at(now_ms, half_life_ms(rules));
        (denied.facts() > 0).then(|| denied.score_bp(0, 0))
    }

    /// From the opening of an attempt to the notification of its delivery, smoothed, in milliseconds.
    pub fn notified_ms(&self) -> Option<u64> {
        self.manners.notified_ms
    }

    /// What opened its circuit last.
    pub fn opened_by(&self) -> Option<&Evidence> {
        self.breaker.evidence()
    }
}

fn half_life_ms(rules: &HealthRules) -> i64 {
    i64::from(rules.half_life_seconds).saturating_mul(1_000)
}
