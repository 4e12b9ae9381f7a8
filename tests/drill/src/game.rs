//! One rule through one world: every order from its accept to its end, settled by the shipped decisions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use recharge_gateway::domain::attempt::{NotSentReason, Proof};
use recharge_gateway::domain::decide::{Facts, Input, accept, decide};
use recharge_gateway::domain::effect::Change;
use recharge_gateway::domain::ids::{EvidenceId, OrderId, ProcessId, Seq, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Order, Terms, Verdict};
use recharge_gateway::domain::outcome::{Doubt, Outcome, Reading, Refusal, RefusalKind, Via};
use recharge_gateway::domain::policy::{Policy, Promises, RuleBook, Rules};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::router::{Circuit, sightings};

use crate::contestants::{Contestant, Rule, place_of};
use crate::figures::Figures;
use crate::world::{DEADLINE_MS, Fate, PRICE, Recent, SUPPLIERS, TIMEOUT_MS, World};

/// When every world begins, UTC milliseconds.
pub const START_MS: i64 = 1_800_000_000_000;
const PROCESS: ProcessId = ProcessId(1);

/// What is sold.
#[must_use]
pub fn sku() -> Sku {
    Sku::from("top-up")
}

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrives,
    /// Routed anew.
    Look,
    /// The reply of an attempt, or the end of waiting for it.
    Reply(Seq),
    /// A query tells the truth about an attempt.
    Truth(Seq),
}

struct Game<'w> {
    world: &'w World,
    contestant: Contestant,
    rules: RuleBook,
    policy: Policy,
    orders: BTreeMap<u64, Order>,
    fates: BTreeMap<(u64, Seq), Fate>,
    recent: Vec<Recent>,
    due: BinaryHeap<Reverse<(i64, u64, Step)>>,
    figures: Figures,
    watch: Vec<Watch>,
}

/// A supplier watched for how long its trouble goes unnoticed.
#[derive(Clone, Default)]
struct Watch {
    faults: u32,
    is_open: bool,
    away_since_ms: Option<i64>,
}

/// Plays a world by a rule.
#[must_use]
pub fn play(rule: Rule, world: &World) -> Figures {
    let promises = Promises {
        deduplicates: true,
        keeps_failed_ids: true,
        horizon_ms: 86_400_000,
        failed_is_final: true,
        recall_is_final: false,
        query_consistent: false,
    };
    let rules = |supplier: &crate::world::Supplier| {
        let rules = Rules {
            promises: promises.clone(),
            submit_timeout_ms: TIMEOUT_MS,
            answers_queries: true,
            recall_after_ms: None,
        };
        (SupplierId::from(supplier.name.as_str()), rules)
    };
    let mut game = Game {
        world,
        contestant: Contestant::new(rule, world),
        rules: RuleBook(world.suppliers.iter().map(rules).collect()),
        policy: Policy::default(),
        orders: BTreeMap::new(),
        fates: BTreeMap::new(),
        recent: vec![Recent::default(); SUPPLIERS],
        due: BinaryHeap::new(),
        figures: Figures::default(),
        watch: vec![Watch::default(); SUPPLIERS],
    };
    for k in 0..world.orders() {
        game.due.push(Reverse((world.arrives_ms(k), k, Step::Arrives)));
    }
    while let Some(Reverse((at_ms, k, step))) = game.due.pop() {
        game.take(START_MS + at_ms, k, step);
    }
    game.end()
}

impl Game<'_> {
    fn take(&mut self, now_ms: i64, k: u64, step: Step) {
        match step {
            Step::Arrives => self.arrives(now_ms, k),
            Step::Look => self.look(now_ms, k),
            Step::Reply(seq) => self.reply(now_ms, k, seq),
            Step::Truth(seq) => {
                let Some(Fate::Silence { is_delivered, .. }) = self.fates.get(&(k, seq)).copied() else {
                    return;
                };
                let outcome = if is_delivered { delivered() } else { refused(RefusalKind::Failed) };
                self.fact(now_ms, k, seq, Via::Query, outcome);
            }
        }
    }

    fn arrives(&mut self, now_ms: i64, k: u64) {
        let terms = terms(now_ms);
        let id = OrderId::compose(now_ms, 1, (k % 1_000) as u16).unwrap();
        let plan = self.contestant.plan(k, &terms, &[], now_ms, self.world, &mut self.recent);
        let permitted = plan.candidates.first().map(|candidate| candidate.supplier.clone());
        let facts = facts(&self.policy, &self.rules);
        let change = accept(id, terms, plan, permitted.as_ref(), facts, now_ms).unwrap();
        self.follow(now_ms, k, change);
    }

    fn look(&mut self, now_ms: i64, k: u64) {
        let order = &self.orders[&k];
        if order.verdict.is_some() || order.open_attempt().is_some() {
            return;
        }
        let (terms, attempts) = (order.terms.clone(), order.attempts.clone());
        let plan = self.contestant.plan(k, &terms, &attempts, now_ms, self.world, &mut self.recent);
        let permitted = plan.candidates.first().map(|candidate| candidate.supplier.clone());
        self.decide(now_ms, k, Input::Route { plan, permitted });
    }

    fn reply(&mut self, now_ms: i64, k: u64, seq: Seq) {
        let outcome = match self.fates[&(k, seq)] {
            Fate::Delivered => delivered(),
            Fate::Failed => refused(RefusalKind::Failed),
            Fate::WrongRecipient => refused(RefusalKind::Recipient),
            Fate::NoMoney => refused(RefusalKind::SupplierBalance),
            Fate::TooMany => refused(RefusalKind::Limit),
            Fate::Silence { .. } => Outcome::Unknown(Doubt::Timeout),
            Fate::Unreachable => {
                let why = NotSentReason::Connect;
                return self.decide(now_ms, k, Input::NotSent { seq, n: 1, why });
            }
        };
        self.fact(now_ms, k, seq, Via::Submit, outcome);
    }

    fn fact(&mut self, now_ms: i64, k: u64, seq: Seq, via: Via, outcome: Outcome) {
        let reading = Reading {
            outcome,
            supplier_ref: None,
            cost: None,
        };
        let evidence = Some(EvidenceId("e".into()));
        let input = Input::Fact {
            seq,
            via,
            reading,
            evidence,
        };
        self.decide(now_ms, k, input);
    }

    fn decide(&mut self, now_ms: i64, k: u64, input: Input) {
        let change = decide(&self.orders[&k], input, facts(&self.policy, &self.rules), now_ms);
        if let Ok(change) = change {
            self.follow(now_ms, k, change);
        }
    }

    /// What a change brings: sightings, the fate of what was sent, and the next look.
    fn follow(&mut self, now_ms: i64, k: u64, change: Change) {
        for sighting in sightings(&change) {
            self.contestant.see(&sighting);
            self.noticed(place_of(sighting.supplier.as_str()), &sighting.fact, now_ms);
        }
        let order = (*change.after).clone();
        if let Some((seq, _)) = change.transmission() {
            self.sent(now_ms, k, seq, place_of(order.attempt(seq).unwrap().supplier.as_str()));
        } else if order.verdict.is_none() && order.open_attempt().is_none() {
            let deadline_ms = order.terms.deadline_ms;
            let next_ms = order
                .next_action
                .map_or(now_ms, |next| next.at_ms)
                .max(now_ms)
                .min(deadline_ms.max(now_ms));
            self.due.push(Reverse((next_ms - START_MS, k, Step::Look)));
        }
        self.orders.insert(k, order);
    }

    fn sent(&mut self, now_ms: i64, k: u64, seq: Seq, s: usize) {
        let at_ms = now_ms - START_MS;
        let recent = self.recent[s].count(at_ms);
        let (fate, takes_ms) = self.world.fate(s, k, u64::from(seq) - 1, at_ms, recent);
        if fate != Fate::TooMany {
            self.recent[s].add(at_ms);
        }
        self.figures.attempts += 1;
        self.figures.met_bad += u64::from(seq == 1 && self.world.is_bad(s, at_ms));
        self.fates.insert((k, seq), fate);
        self.due.push(Reverse((at_ms + takes_ms, k, Step::Reply(seq))));
        if let Fate::Silence { known_after_ms, .. } = fate {
            self.figures.unknown += 1;
            self.due.push(Reverse((at_ms + known_after_ms, k, Step::Truth(seq))));
        }
        let watch = &mut self.watch[s];
        if let Some(since_ms) = watch.away_since_ms
            && !self.world.is_bad(s, at_ms)
            && self.contestant.circuit(s, now_ms) == Circuit::Closed
        {
            watch.away_since_ms = None;
            self.figures.returns_ms.push(at_ms - since_ms);
        }
    }

    /// Counts the faults that a dead supplier's circuit needed to open.
    fn noticed(&mut self, s: usize, fact: &recharge_gateway::router::Fact, now_ms: i64) {
        use recharge_gateway::router::Fact;
        let at_ms = now_ms - START_MS;
        let total = self.world.suppliers[s].episodes.iter().find(|episode| {
            let is_its_time = (episode.from_ms..episode.until_ms).contains(&at_ms);
            is_its_time && episode.trouble.is_total()
        });
        let Some(total) = total else {
            self.watch[s].faults = 0;
            self.watch[s].is_open = false;
            return;
        };
        let is_open = matches!(self.contestant.circuit(s, now_ms), Circuit::Open { .. });
        let watch = &mut self.watch[s];
        match fact {
            // The buyer's.
            Fact::Refused {
                kind: RefusalKind::Recipient,
                ..
            } => {}
            Fact::Refused { .. } | Fact::NotSent { .. } if !watch.is_open => {
                watch.faults += 1;
                if is_open {
                    watch.is_open = true;
                    watch.away_since_ms = Some(total.until_ms);
                    self.figures.faults_to_open.push(watch.faults);
                }
            }
            // In a row: what was still in flight when the trouble began may yet be delivered.
            Fact::Delivered { .. } => watch.faults = 0,
            Fact::Refused { .. }
            | Fact::NotSent { .. }
            | Fact::Opened
            | Fact::Accepted
            | Fact::Doubted { .. }
            | Fact::Complained
            | Fact::PromiseBroken => {}
        }
    }

    fn end(mut self) -> Figures {
        for order in self.orders.values() {
            self.figures.orders += 1;
            match &order.verdict {
                Some(Verdict::Succeeded { seq, at_ms }) => {
                    let is_in_time = at_ms - order.accepted_at_ms <= DEADLINE_MS;
                    self.figures.in_time += u64::from(is_in_time);
                    self.figures.late += u64::from(!is_in_time);
                    self.figures.cost += order.attempt(*seq).unwrap().cost.minor;
                }
                Some(Verdict::Failed { .. } | Verdict::Cancelled { .. } | Verdict::PartiallySucceeded { .. }) => self.figures.failed += 1,
                None => self.figures.open += 1,
            }
            let charged = order.attempts.iter().filter(|attempt| {
                use recharge_gateway::domain::attempt::AttemptState;
                match &attempt.state {
                    AttemptState::Won { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. } => true,
                    AttemptState::Dead { proof, .. } => matches!(proof, Proof::Assumed { .. }),
                    AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown { .. } => false,
                }
            });
            self.figures.twice += u64::from(charged.count() > 1);
        }
        self.figures
    }
}

fn facts<'a>(policy: &'a Policy, rules: &'a RuleBook) -> Facts<'a> {
    Facts {
        policy,
        rules,
        process: PROCESS,
    }
}

fn delivered() -> Outcome {
    Outcome::Succeeded { deliveries: Vec::new() }
}

fn refused(kind: RefusalKind) -> Outcome {
    let code = "1".to_owned();
    Outcome::Refused(Refusal { kind, code })
}

fn terms(now_ms: i64) -> Terms {
    let sku = sku();
    let asked = Asked {
        sku: &sku,
        quantity: 1,
        face_value: None,
        max_price: None,
        inputs: &Inputs::default(),
        callback_url: None,
        deadline_seconds: None,
    };
    Terms {
        shop: ShopId(1),
        shop_order_no: ShopOrderNo::from("n"),
        fingerprint: Fingerprint::of(&asked),
        sku: sku.clone(),
        kind: ProductKind::TopUp,
        quantity: 1,
        face: Money::new(PRICE, Currency::Cny),
        price: Money::new(PRICE, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        deadline_ms: now_ms + DEADLINE_MS,
        callback_url: None,
        segment: None,
        advance_after_ms: None,
    }
}
