//! A database with one order of every end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use recharge_gateway::audit::{Finding, Tally, whole};
use recharge_gateway::domain::decide::{Attested, Input, decide};
use recharge_gateway::domain::desk::{self, Signature};
use recharge_gateway::domain::effect::Effect;
use recharge_gateway::domain::ids::{AttemptId, OrderId, Seq, SupplierId};
use recharge_gateway::domain::outcome::{Doubt, Outcome, Reading, Via};
use recharge_gateway::domain::statement::{Found, Line, Said};
use recharge_gateway::seams::SystemRandom;
use recharge_gateway::store::sqlite::Archive;
use recharge_gateway::store::statement::{Stated, Statement, Statements};
use recharge_gateway::store::{Answer, CallbackState, CallbackTried, Command, SealKey, SqliteStore, Store};

use crate::world::{Book, START_MS, Wish, cny, command, credit, evidence, id, open, plan, refused, succeeded};

pub const KEY: u8 = 3;

/// The orders, by their numbers in the world.
pub const WON: u16 = 1;
pub const FAILED_OVER: u16 = 2;
pub const FAILED: u16 = 3;
pub const LATE: u16 = 4;
pub const EXCESS: u16 = 5;
pub const SENT: u16 = 6;
pub const WAITING: u16 = 7;
pub const PARTIAL: u16 = 8;
/// Given up on the word of two persons, then failed.
pub const ATTESTED: u16 = 9;
/// Won, and a part of it refunded.
pub const REFUNDED: u16 = 10;
/// Delivered late, and its cost recovered.
pub const RECOVERED: u16 = 11;
/// In doubt, and its shop has its money back.
pub const ADVANCED: u16 = 12;
/// The same, then won.
pub const REPAID: u16 = 13;
/// The same, then failed.
pub const CARRIED: u16 = 14;
const NUMBERS: [&str; 14] = [
    "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10", "n11", "n12", "n13", "n14",
];

pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    /// Plays every order's life through the store's own door.
    pub async fn play() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let store = open(&scene.path(), KEY).await.unwrap();
        let mut book = Book::new();
        book.policy.advance_total_minor = 10_000;
        credit(&store, 100_000).await;
        for (counter, number) in (1..).zip(NUMBERS) {
            let wish = Wish {
                permitted: (counter != WAITING).then_some("a"),
                ..Wish::new(counter, number, 1_000)
            };
            assert_eq!(store.commit(wish.command(&book, START_MS)).await, Answer::Done, "{number}");
        }
        let mut player = Player {
            store,
            book,
            at_ms: START_MS,
        };
        player.fact(WON, 1, succeeded()).await;
        for counter in [FAILED_OVER, EXCESS] {
            player.fact(counter, 1, refused()).await;
            player.route(counter, Some("b")).await;
            player.fact(counter, 2, succeeded()).await;
        }
        for counter in [FAILED, LATE, RECOVERED] {
            player.fact(counter, 1, refused()).await;
            player.route(counter, None).await;
        }
        player.fact(LATE, 1, succeeded()).await;
        player.fact(RECOVERED, 1, succeeded()).await;
        player.fact(EXCESS, 1, succeeded()).await;
        let partial = Outcome::Partial {
            delivered: cny(4_000),
            deliveries: Vec::new(),
        };
        player.fact(PARTIAL, 1, partial).await;
        player.desk().await;
        player.advances().await;
        player.statement().await;
        player.store.close().await;
        scene
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("gateway.db")
    }

    /// A copy of its own for one kind of damage.
    pub fn copy(&self, name: &str) -> PathBuf {
        let copy = self.folder.path().join(format!("{name}.db"));
        std::fs::copy(self.path(), &copy).unwrap();
        copy
    }
}

pub async fn archive(path: &Path) -> Archive {
    Archive::open(path, &SealKey::new([KEY; 32]), Arc::new(SystemRandom)).await.unwrap()
}

pub async fn audit(path: &Path) -> Tally {
    whole(&mut archive(path).await, 2).await.unwrap()
}

pub fn words(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

struct Player {
    store: SqliteStore,
    book: Book,
    at_ms: i64,
}

impl Player {
    async fn decide(&mut self, id: OrderId, input: Input, with: Vec<recharge_gateway::store::Evidence>) {
        let order = self.store.order(id).await.unwrap().unwrap();
        let change = decide(&order, input, self.book.facts(), self.at_ms).unwrap();
        let told = change.effects.iter().find_map(|effect| {
            if let Effect::Tell(callback) = effect {
                Some(callback.id.clone())
            } else {
                None
            }
        });
        assert_eq!(self.store.commit(command(change, with)).await, Answer::Done);
        if let Some(id) = told {
            let tried = CallbackTried {
                id,
                state: CallbackState::Delivered,
                tries: 1,
                at_ms: self.at_ms,
                result: "HTTP 204".to_owned(),
            };
            assert_eq!(self.store.commit(Command::CallbackTried(tried)).await, Answer::Done);
        }
    }

    async fn fact(&mut self, counter: u16, seq: Seq, outcome: Outcome) {
        self.at_ms += 1;
        let id = id(counter);
        let heard = evidence(
            &format!("ev_{}", self.at_ms),
            Some(id),
            Via::Query,
            "what the supplier said",
            self.at_ms,
        );
        let input = Input::Fact {
            seq,
            via: Via::Query,
            reading: Reading {
                outcome,
                supplier_ref: Some("ref-1".to_owned()),
                cost: None,
            },
            evidence: Some(heard.id.clone()),
        };
        self.decide(id, input, vec![heard]).await;
    }

    /// What persons do: attest, refund, recover.
    async fn desk(&mut self) {
        self.fact(ATTESTED, 1, Outcome::Unknown(Doubt::Timeout)).await;
        self.decide(id(ATTESTED), Input::Recover, Vec::new()).await;
        self.attest(ATTESTED, desk::Finding::NotDelivered).await;
        self.route(ATTESTED, None).await;
        self.fact(REFUNDED, 1, succeeded()).await;
        let refund = Input::Refund {
            key: "r1".to_owned(),
            amount: cny(250),
            signed: Signature::of("li", "agreed"),
        };
        self.decide(id(REFUNDED), refund, Vec::new()).await;
        self.attest(RECOVERED, desk::Finding::Recovered { amount: cny(2) }).await;
    }

    async fn attest(&mut self, counter: u16, found: desk::Finding) {
        self.at_ms += 1;
        let id = id(counter);
        let kept = evidence(&format!("ev_{}", self.at_ms), Some(id), Via::Attestation, "two persons", self.at_ms);
        let attested = Attested {
            case: "late_success:0:1".to_owned(),
            seq: 1,
            found,
            signed: Signature::of("li", "their ledger says so"),
            evidence: kept.id.clone(),
        };
        self.decide(id, Input::Attest(Box::new(attested)), vec![kept]).await;
    }

    /// The risk account stands in for three in doubt, and the truth settles two of them.
    async fn advances(&mut self) {
        for counter in [ADVANCED, REPAID, CARRIED] {
            self.fact(counter, 1, Outcome::Unknown(Doubt::Timeout)).await;
            self.decide(id(counter), Input::Advance, Vec::new()).await;
        }
        self.fact(REPAID, 1, succeeded()).await;
        self.fact(CARRIED, 1, refused()).await;
        self.route(CARRIED, None).await;
    }

    /// Supplier a says what we know.
    async fn statement(&mut self) {
        let says = [
            (WON, Said::Delivered),
            (FAILED_OVER, Said::NotDelivered),
            (FAILED, Said::Unlisted("?".to_owned())),
            (LATE, Said::Delivered),
            (EXCESS, Said::Delivered),
            (SENT, Said::Delivered),
        ];
        let lines = (2..).zip(says).map(|(place, (counter, said))| {
            let line = Line {
                place,
                number: String::new(),
                said,
                cost_minor: None,
                text: String::new(),
            };
            let about = AttemptId {
                order: id(counter),
                seq: 1,
            };
            Stated::of(&line, about, Found::Agrees)
        });
        let statement = Statement {
            key: "a:1".to_owned(),
            supplier: SupplierId::from("a"),
            period_ms: START_MS..self.at_ms,
            read_at_ms: self.at_ms,
            lines: lines.collect(),
        };
        self.store.keep_statement(statement).await.unwrap();
    }

    async fn route(&mut self, counter: u16, to: Option<&str>) {
        self.at_ms += 1;
        let input = Input::Route {
            plan: to.map(|_| plan()).unwrap_or_default(),
            permitted: to.map(SupplierId::from),
        };
        self.decide(id(counter), input, Vec::new()).await;
    }
}
