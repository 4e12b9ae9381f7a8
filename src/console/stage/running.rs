//! A running server that remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{NOW_MS, facts};
use crate::console::Running;
use crate::dispatch::replay::Replayed;
use crate::dispatch::steering::{self, NotPublished, Question};
use crate::dispatch::{Acted, NoBalance, Scorecard};
use crate::domain::decide::{Input, decide};
use crate::domain::desk::{Deed, Signature};
use crate::domain::ids::{OrderId, SettingsDigest, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::{BalanceReading, Doubt};
use crate::domain::plan::{Candidate, Plan, Skip, SkipReason, Stands};
use crate::domain::replay::{Move, Replay, Way};
use crate::domain::steering::{Flaw, Steering};
use crate::seams::BoxFuture;
use crate::store::{Answer, Command, Decision, Evidence, MemoryStore, Outage, Store};

#[derive(Default)]
pub(crate) struct Remembers {
    pub reloads: AtomicU32,
    pub paused: AtomicU32,
    pub store: MemoryStore,
}

impl Running for Remembers {
    fn reload_catalog(&self) -> BoxFuture<'_, Result<(), Outage>> {
        self.reloads.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }

    fn supplier_balance<'a>(&'a self, supplier: &'a SupplierId) -> BoxFuture<'a, Result<BalanceReading, NoBalance>> {
        let answer = match supplier.as_str() {
            "alpha" => Ok(BalanceReading::Balance(Money::new(123_456, Currency::Cny))),
            "beta" => Ok(BalanceReading::Unreadable(Doubt::EmptyReply)),
            _ => Err(NoBalance::NotOffered),
        };
        Box::pin(async { answer })
    }

    fn scorecard(&self, _: &SupplierId) -> Scorecard {
        Scorecard {
            score_bp: Some(8_700),
            circuit: "closed".to_owned(),
            ..Scorecard::default()
        }
    }

    fn steering_version(&self) -> u32 {
        3
    }

    fn check_steering(&self, text: &str) -> Vec<Flaw> {
        steering::read(text).err().into_iter().collect()
    }

    fn publish(&self, base: u32, text: String, _: Option<u32>, _: Signature) -> BoxFuture<'_, Result<u32, NotPublished>> {
        let answer = match (base, steering::read(&text)) {
            (3, Ok(_)) => Ok(4),
            (3, Err(flaw)) => Err(NotPublished::Flaws(vec![flaw])),
            _ => Err(NotPublished::Overtaken { version: 3 }),
        };
        Box::pin(async { answer })
    }

    fn replay(&self, draft: Option<String>, hours: u32) -> BoxFuture<'_, Result<Replayed, NotPublished>> {
        let answer = draft.as_deref().map_or_else(|| Ok(Steering::default()), steering::read);
        Box::pin(async move {
            answer.map_err(|flaw| NotPublished::Flaws(vec![flaw]))?;
            Ok(Replayed {
                replay: replayed(),
                from_ms: NOW_MS - i64::from(hours) * 3_600_000,
                orders: 1,
                is_cut: false,
            })
        })
    }

    fn explain(&self, _: &Question) -> Result<Plan, Vec<Flaw>> {
        Ok(plan())
    }

    fn act(&self, order: OrderId, input: Input, evidence: Vec<Evidence>) -> BoxFuture<'_, Acted> {
        Box::pin(async move {
            let Some(order) = self.store.order(order).await.unwrap() else {
                return Acted::Absent;
            };
            let change = match decide(&order, input, facts(), NOW_MS + 5_000) {
                Ok(change) => change,
                Err(refusal) => return Acted::Refused(refusal),
            };
            let decision = Decision {
                change,
                inputs: None,
                evidence,
            };
            assert_eq!(self.store.commit(Command::Decide(Box::new(decision))).await, Answer::Done);
            Acted::Done
        })
    }

    fn supplier_deed(&self, deed: Deed) -> BoxFuture<'_, Acted> {
        Box::pin(async move {
            self.paused.fetch_add(1, Ordering::SeqCst);
            assert_eq!(self.store.commit(Command::Deed(deed)).await, Answer::Done);
            Acted::Done
        })
    }
}

fn replayed() -> Replay {
    let order = OrderId::compose(NOW_MS, 1, 1).unwrap();
    let (alpha, beta) = (SupplierId::from("alpha"), SupplierId::from("beta"));
    let way = |attempts| Way {
        attempts,
        success_bp: 9_000 * u64::from(attempts),
        unknown_bp: 0,
        cost: BTreeMap::from([(Currency::Cny, 9_700)]),
    };
    Replay {
        decisions: 2,
        delivered: 1,
        nobody: 1,
        then: way(2),
        draft: way(1),
        shares: BTreeMap::from([(alpha.clone(), (1, 1)), (beta.clone(), (1, 0))]),
        moved: 1,
        moves: vec![Move {
            order,
            seq: 1,
            at_ms: NOW_MS,
            from: beta,
            left_out: Some(SkipReason::OfferDisabled),
            to: None,
        }],
    }
}

pub(super) fn plan() -> Plan {
    Plan {
        candidates: vec![Candidate {
            supplier: SupplierId::from("alpha"),
            settings: SettingsDigest::from("d1"),
            code: "c100".into(),
            cost: Money::new(9_700, Currency::Cny),
            stands: Stands::default(),
        }],
        skipped: vec![Skip {
            supplier: SupplierId::from("beta"),
            reason: SkipReason::OfferDisabled,
        }],
        ..Plan::default()
    }
}
