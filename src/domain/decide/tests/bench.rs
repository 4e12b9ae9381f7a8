//! An order on the bench: every change is checked against the invariants before the next input.

use std::sync::Arc;

use crate::domain::attempt::{Attempt, AttemptState, NotSentReason};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Facts, Input, Refusal, accept, decide};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::{Event, Recorded};
use crate::domain::ids::{OrderId, ProcessId, Seq, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Order, Step, Terms};
use crate::domain::outcome::{Delivery, Doubt, Outcome, Reading, Refusal as SupplierRefusal, RefusalKind, Via};
use crate::domain::plan::{Candidate, Plan, Skip, SkipReason, Stands};
use crate::domain::policy::{Policy, Promises, RuleBook, Rules};
use crate::domain::product::ProductKind;
use crate::domain::recipient::Inputs;

pub const START_MS: i64 = 1_800_000_000_000;
pub const DEADLINE_MS: i64 = START_MS + 600_000;

/// Promises everything. Two of its kind.
pub const KEEPS: &str = "keeps";
pub const KEEPS_TOO: &str = "keeps_too";
/// Answers queries and promises nothing. Two of its kind.
pub const FORGETS: &str = "forgets";
pub const FORGETS_TOO: &str = "forgets_too";
/// Answers no queries and promises nothing.
pub const MUTE: &str = "mute";
pub const ALL: [&str; 5] = [KEEPS, KEEPS_TOO, FORGETS, FORGETS_TOO, MUTE];

const PROCESS: ProcessId = ProcessId(1);

pub fn rules() -> RuleBook {
    let everything = Promises {
        deduplicates: true,
        keeps_failed_ids: true,
        horizon_ms: 86_400_000,
        failed_is_final: true,
        recall_is_final: true,
        query_consistent: false,
    };
    let of = |name: &&str| {
        let promises = match *name {
            KEEPS | KEEPS_TOO => everything.clone(),
            _ => Promises::default(),
        };
        let rules = Rules {
            promises,
            submit_timeout_ms: 10_000,
            answers_queries: *name != MUTE,
            recall_after_ms: None,
        };
        (SupplierId::from(*name), rules)
    };
    RuleBook(ALL.iter().map(of).collect())
}

pub fn terms(kind: ProductKind) -> Terms {
    let sku = Sku::from("qb");
    let face = Money::new(1_000, Currency::Cny);
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n1"),
        fingerprint: Fingerprint::of(&Asked {
            sku: &sku,
            quantity: 2,
            face_value: None,
            max_price: None,
            inputs: &Inputs::default(),
            callback_url: None,
            deadline_seconds: Some(600),
        }),
        sku,
        kind,
        quantity: 2,
        face,
        price: Money::new(1_999, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms: DEADLINE_MS,
        callback_url: Some("https://shop.example/told".to_owned()),
        segment: None,
        advance_after_ms: None,
    }
}

pub fn plan(candidates: &[&str]) -> Plan {
    let candidate = |name: &&str| Candidate {
        supplier: SupplierId::from(*name),
        settings: SettingsDigest::from("s1"),
        code: "c".into(),
        cost: Money::new(1_900, Currency::Cny),
        stands: Stands::default(),
    };
    Plan {
        candidates: candidates.iter().map(candidate).collect(),
        skipped: Vec::new(),
        ..Plan::default()
    }
}

pub fn plan_waiting(until_ms: i64) -> Plan {
    plan_without(&[SkipReason::Unreachable { until_ms }])
}

/// Nobody to try, for these reasons.
pub fn plan_without(reasons: &[SkipReason]) -> Plan {
    let skip = |reason: &SkipReason| Skip {
        supplier: SupplierId::from(KEEPS),
        reason: reason.clone(),
    };
    Plan {
        skipped: reasons.iter().map(skip).collect(),
        ..Plan::default()
    }
}

pub fn reading(outcome: Outcome) -> Reading {
    Reading {
        outcome,
        supplier_ref: None,
        cost: None,
    }
}

pub fn succeeded() -> Outcome {
    Outcome::Succeeded { deliveries: Vec::new() }
}

pub fn cards(count: usize) -> Outcome {
    let card = |n: usize| Delivery::Card {
        number: None,
        secret: format!("s{n}"),
    };
    Outcome::Succeeded {
        deliveries: (0..count).map(card).collect(),
    }
}

pub fn partial(minor: i64) -> Outcome {
    Outcome::Partial {
        delivered: Money::new(minor, Currency::Cny),
        deliveries: Vec::new(),
    }
}

pub fn refused(kind: RefusalKind) -> Outcome {
    Outcome::Refused(SupplierRefusal {
        kind,
        code: "7".to_owned(),
    })
}

pub fn timeout() -> Outcome {
    Outcome::Unknown(Doubt::Timeout)
}

#[derive(Clone)]
pub struct Bench {
    pub order: Order,
    pub now_ms: i64,
    pub policy: Arc<Policy>,
    pub rules: Arc<RuleBook>,
    /// Who decides.
    pub process: ProcessId,
    pub history: Vec<Recorded>,
    pub effects: Vec<Effect>,
    /// Whether the history is kept and compared with the order.
    pub keeps_history: bool,
}

impl Bench {
    /// A top-up order that waits for its first attempt.
    pub fn new() -> Self {
        Self::of(ProductKind::TopUp)
    }

    pub fn of(kind: ProductKind) -> Self {
        Self::on(terms(kind), Policy::default())
    }

    /// An order on these terms that waits for its first attempt.
    pub fn on(terms: Terms, policy: Policy) -> Self {
        let rules = rules();
        let facts = Facts {
            policy: &policy,
            rules: &rules,
            process: PROCESS,
        };
        let id = OrderId::compose(START_MS, 1, 1).unwrap();
        let change = accept(id, terms, plan(&ALL), None, facts, START_MS).unwrap();
        let mut bench = Self {
            order: (*change.after).clone(),
            now_ms: START_MS,
            policy: Arc::new(policy),
            rules: Arc::new(rules),
            process: PROCESS,
            history: Vec::new(),
            effects: Vec::new(),
            keeps_history: true,
        };
        bench.take(change);
        bench
    }

    /// A top-up order with its first attempt in flight.
    pub fn sent_to(supplier: &str) -> Self {
        let mut bench = Self::new();
        bench.open(supplier);
        bench
    }

    /// From now on the supplier promises that queries find what it has taken.
    pub fn promises_consistency(&mut self, supplier: &str) {
        let mut rules = (*self.rules).clone();
        if let Some(rules) = rules.0.get_mut(&SupplierId::from(supplier)) {
            rules.promises.query_consistent = true;
        }
        self.rules = Arc::new(rules);
    }

    pub fn decide(&self, input: Input) -> Result<Change, Refusal> {
        let facts = Facts {
            policy: &self.policy,
            rules: &self.rules,
            process: self.process,
        };
        decide(&self.order, input, facts, self.now_ms)
    }

    /// Decides, checks, and makes the change the order's state.
    pub fn feed(&mut self, input: Input) -> Result<Vec<Event>, Refusal> {
        let change = self.decide(input)?;
        assert_eq!(change.expected_version, self.order.version);
        assert!(!change.events.is_empty());
        let before = self.order.clone();
        let events = change.events.clone();
        self.take(change);
        self.check_step(&before, &events);
        Ok(events)
    }

    fn take(&mut self, change: Change) {
        for event in change.events.into_iter().filter(|_| self.keeps_history) {
            let number = u32::try_from(self.history.len() + 1).unwrap();
            self.history.push(Recorded {
                number,
                at_ms: change.at_ms,
                event,
            });
        }
        self.order = Arc::unwrap_or_clone(change.after);
        self.effects.extend(change.effects);
        self.check();
    }

    pub fn open(&mut self, supplier: &str) -> Seq {
        let input = Input::Route {
            plan: plan(&[supplier]),
            permitted: Some(SupplierId::from(supplier)),
        };
        self.feed(input).unwrap();
        self.last().seq
    }

    pub fn route(&mut self, plan: Plan) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Route { plan, permitted: None })
    }

    pub fn tell(&mut self, seq: Seq, via: Via, outcome: Outcome) -> Result<Vec<Event>, Refusal> {
        self.feed(Input::Fact {
            seq,
            via,
            reading: reading(outcome),
            evidence: None,
        })
    }

    pub fn not_sent(&mut self, seq: Seq, n: u8) -> Result<Vec<Event>, Refusal> {
        let why = NotSentReason::Connect;
        self.feed(Input::NotSent { seq, n, why })
    }

    /// Until the supplier's "not found" has been heard often enough to send again.
    pub fn miss(&mut self, seq: Seq) {
        for _ in 0..self.policy.not_found_before_resubmit {
            self.tell(seq, Via::Query, Outcome::NotFound).unwrap();
        }
    }

    pub fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
    }

    pub fn last(&self) -> &Attempt {
        self.order.attempts.last().unwrap()
    }

    pub fn state(&self, seq: Seq) -> &AttemptState {
        &self.order.attempt(seq).unwrap().state
    }

    pub fn is_dead(&self, seq: Seq) -> bool {
        matches!(self.state(seq), AttemptState::Dead { .. })
    }

    pub fn next(&self) -> (i64, Step) {
        let next = self.order.next_action.unwrap();
        (next.at_ms - self.now_ms, next.step)
    }

    pub fn cases(&self, kind: CaseKind) -> usize {
        let is_it = |effect: &&Effect| matches!(effect, Effect::OpenCase(case) if case.kind == kind);
        self.effects.iter().filter(is_it).count()
    }

    pub fn postings(&self, kind: &str) -> Vec<&Posting> {
        let mut found = Vec::new();
        for effect in &self.effects {
            if let Effect::Post(posting) = effect
                && posting.key.starts_with(kind)
            {
                found.push(posting);
            }
        }
        found
    }

    pub fn callbacks(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Tell(_))).count()
    }

    pub fn captured(&self) -> i64 {
        let settlements = self.postings("settle:");
        let entries = settlements.iter().flat_map(|posting| &posting.entries);
        entries.filter(|e| e.account == Account::Revenue).map(|e| e.minor).sum()
    }
}
