//! An order on the bench: every change is checked against the invariants before the next input.

use std::sync::Arc;

use crate::domain::attempt::{Attempt, AttemptState, NotSentReason};
use crate::domain::case::CaseKind;
use crate::domain::decide::{Facts, Input, Refusal, accept, decide};
use crate::domain::effect::{Change, Effect};
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::replay;
use crate::domain::ids::{OrderId, ProcessId, Seq, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{Asked, Fingerprint, Order, Step, Terms, Verdict};
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
        let (policy, rules) = (Policy::default(), rules());
        let facts = Facts {
            policy: &policy,
            rules: &rules,
            process: PROCESS,
        };
        let id = OrderId::compose(START_MS, 1, 1).unwrap();
        let change = accept(id, terms(kind), plan(&ALL), None, facts, START_MS).unwrap();
        let mut bench = Self {
            order: change.after.clone(),
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
        self.order = change.after;
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

    /// What must hold between two states.
    fn check_step(&self, before: &Order, events: &[Event]) {
        if before.verdict.is_some() {
            assert_eq!(before.verdict, self.order.verdict, "I10: a verdict is written once");
        }
        if events.iter().any(|event| matches!(event, Event::AttemptOpened { .. })) {
            assert!(before.open_attempt().is_none() && before.verdict.is_none(), "R5, R9");
        }
        if events.iter().any(|event| matches!(event, Event::OrderFailed { .. })) {
            assert!(self.order.open_attempt().is_none(), "R10");
        }
        let stamps = |order: &Order| order.attempts.iter().map(|a| a.transmissions.len()).sum::<usize>();
        if stamps(&self.order) > stamps(before) {
            assert!(before.verdict.is_none(), "nothing new is sent for an order that has ended");
        }
    }

    /// What must hold in every state.
    fn check(&self) {
        let order = &self.order;
        let open = order.attempts.iter().filter(|a| a.is_open()).count();
        assert!(open <= 1, "I7: {open} open attempts");
        assert!(order.attempts.iter().filter(|a| a.is_won()).count() <= 1);
        for (attempt, seq) in order.attempts.iter().zip(1_u8..) {
            assert_eq!(attempt.seq, seq, "I7: dense");
            for (transmission, n) in attempt.transmissions.iter().zip(1_u8..) {
                assert_eq!(transmission.n, n);
            }
        }
        let transmits = self.effects.iter().filter(|e| matches!(e, Effect::Transmit { .. })).count();
        let stamps: usize = order.attempts.iter().map(|a| a.transmissions.len()).sum();
        assert_eq!(transmits, stamps, "R2: one stamp for each sending");

        if self.keeps_history {
            let mut replayed = replay(&self.history).unwrap();
            replayed.next_action = order.next_action;
            assert_eq!(&replayed, order, "the history makes the order");
            assert_eq!(usize::try_from(order.version).unwrap(), self.history.len());
        }

        if order.verdict.is_none() || order.open_attempt().is_some() {
            assert!(order.next_action.is_some(), "I17: {order:?}");
        }
        self.check_money();
    }

    fn check_money(&self) {
        let all = self.postings("");
        let mut keys: Vec<&str> = all.iter().map(|posting| posting.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all.len(), "no posting is made twice");
        for posting in &all {
            assert!(posting.balances() && posting.entries.len() >= 2, "I5: {posting:?}");
        }
        let is_over = self.order.verdict.is_some();
        assert_eq!(self.postings("hold:").len(), 1);
        assert_eq!(self.postings("settle:").len(), usize::from(is_over), "I4");
        let told = usize::from(is_over) + self.order.refunds.len() + self.order.charges.len();
        assert_eq!(self.callbacks(), told, "I11");
        assert!(self.order.refunded_minor() <= self.captured(), "I15");
        let is_late = |attempt: &Attempt| matches!(attempt.state, AttemptState::Late { .. });
        let most = if self.order.attempts.iter().any(is_late) { 1_999 } else { 0 };
        assert!(self.order.charged_later_minor() <= most, "R12");
        let held: i64 = all
            .iter()
            .flat_map(|posting| &posting.entries)
            .filter(|entry| entry.account == Account::ShopHeld(ShopId(1)))
            .map(|entry| entry.minor)
            .sum();
        assert_eq!(held, if is_over { 0 } else { 1_999 }, "I4: captured and released make the hold");
        let is_paid = matches!(
            self.order.verdict,
            Some(Verdict::Succeeded { .. } | Verdict::PartiallySucceeded { .. })
        );
        assert_eq!(self.captured() > 0, is_paid, "I3");
        assert_eq!(is_paid, self.order.won_attempt().is_some(), "I3");
        let lost = |a: &&Attempt| matches!(a.state, AttemptState::Late { .. } | AttemptState::Excess { .. });
        let lost = self.order.attempts.iter().filter(lost).count();
        assert_eq!(self.postings("loss:").len(), lost, "I14");
        assert_eq!(
            self.cases(CaseKind::LateSuccess) + self.cases(CaseKind::DoubleDelivery),
            lost,
            "I14"
        );
    }
}
