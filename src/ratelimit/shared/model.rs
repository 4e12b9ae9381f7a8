//! `pool.lua` in Rust, for tests in virtual time.

use std::collections::BTreeMap;

use super::{HORIZON_US, LIVE_US, Terms};

#[derive(Default)]
pub struct Model {
    seen: BTreeMap<u16, u64>,
    tat: Option<(u64, Vec<u16>)>,
}

impl Model {
    /// Slots for a process, in microseconds after `now`.
    pub fn ask(&mut self, now: u64, node: u16, terms: &Terms, wanted: u64) -> Vec<u64> {
        if self.seen.insert(node, now).is_none_or(|last| now - last > LIVE_US) {
            self.tat = None;
        }
        let places = u64::from(terms.places);
        let seen = self.seen.iter().filter(|(_, at)| now - **at <= LIVE_US);
        let sign: Vec<u16> = seen.map(|(node, _)| *node).filter(|node| u64::from(*node) < places).collect();
        let here = u64::try_from(sign.len()).unwrap();
        if here == 0 {
            return Vec::new();
        }
        let (mut step, mut burst) = (terms.step_us, u64::from(terms.rate.burst));
        if here < places {
            step = (step * places).div_ceil(here);
            burst = burst / places * here;
        }
        let spare = (burst - 1) * step;
        if terms.slack_us > spare {
            step += (terms.slack_us - spare).div_ceil(burst);
            burst = 1;
        } else {
            burst -= terms.slack_us.div_ceil(step);
        }
        let empty = now + HORIZON_US + burst * step;
        let mut tat = match self.tat.take() {
            Some((tat, old)) if old == sign && tat <= empty => tat,
            Some(_) | None => empty,
        };
        let mut given = Vec::new();
        while u64::try_from(given.len()).unwrap() < wanted {
            let due = now.max(tat.saturating_sub((burst - 1) * step));
            if due > now + HORIZON_US {
                break;
            }
            tat = tat.max(due) + step;
            given.push(due - now);
        }
        self.tat = Some((tat, sign));
        given
    }
}
