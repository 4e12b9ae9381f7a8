//! The same random commands to both stores, in the same batches, with the same faults: every
//! answer and everything visible must be equal, and the books must balance.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use recharge_gateway::domain::attempt::NotSentReason;
use recharge_gateway::domain::case::{CaseKind, NewCase};
use recharge_gateway::domain::decide::{Input, decide};
use recharge_gateway::domain::ids::{OrderId, Seq, SupplierId};
use recharge_gateway::domain::ledger::{Account, Posting};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::outcome::{Doubt, Outcome, Via};
use recharge_gateway::domain::plan::{Plan, Skip, SkipReason};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::store::{Answer, CallbackState, CallbackTried, Command, Fault, Faults, MemoryStore, SealKey, SqliteStore, Store};
use sqlx::{Connection, Row};

use crate::visible::Visible;
use crate::world::{Book, SHOP, START_MS, Wish, card, cny, command, evidence, fact, id, plan, refused, succeeded, surroundings};

const NUMBERS: [&str; 6] = ["n0", "n1", "n2", "n3", "n4", "n5"];
const IDS: u16 = 8;

#[derive(Debug, Clone)]
enum Move {
    Accept {
        counter: u16,
        number: usize,
        price: i64,
        content: u8,
        card: bool,
        permitted: Option<&'static str>,
    },
    /// On an order as stored before the batch, or as an earlier command of the batch leaves it;
    /// about its latest attempt, or an earlier one.
    Decide {
        which: usize,
        what: What,
        back: u8,
        chained: bool,
    },
    Credit {
        reference: u8,
        minor: i64,
    },
    Orphan {
        number: u8,
    },
    Tried {
        counter: u16,
        state: u8,
        tries: u32,
    },
}

#[derive(Debug, Clone, Copy)]
enum What {
    Succeeded(Via),
    Card(Via),
    Refused(Via),
    Accepted(Via),
    NotFound,
    Doubted(Via),
    NotSent,
    Hint,
    Review,
    Recover,
    Resubmit,
    RouteTo(&'static str),
    RouteNowhere,
    RouteLater,
    Advance,
}

fn via() -> impl Strategy<Value = Via> {
    prop_oneof![Just(Via::Submit), Just(Via::Query), Just(Via::Notification)]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => via().prop_map(What::Succeeded),
        1 => via().prop_map(What::Card),
        3 => via().prop_map(What::Refused),
        2 => via().prop_map(What::Accepted),
        2 => Just(What::NotFound),
        2 => via().prop_map(What::Doubted),
        1 => Just(What::NotSent),
        1 => Just(What::Hint),
        1 => Just(What::Review),
        1 => Just(What::Recover),
        1 => Just(What::Resubmit),
        3 => prop_oneof![Just("a"), Just("b")].prop_map(What::RouteTo),
        2 => Just(What::RouteNowhere),
        1 => Just(What::RouteLater),
        2 => Just(What::Advance),
    ]
}

fn step() -> impl Strategy<Value = Move> {
    let permitted = prop_oneof![1 => Just(None), 3 => Just(Some("a")), 1 => Just(Some("b"))];
    let accept = (0..IDS, 0..NUMBERS.len(), 1..6_i64, 0..2_u8, any::<bool>(), permitted);
    let back = prop_oneof![4 => Just(0), 1 => Just(1)];
    prop_oneof![
        5 => accept.prop_map(|(counter, number, price, content, card, permitted)| Move::Accept {
            counter,
            number,
            price,
            content,
            card,
            permitted,
        }),
        14 => (any::<usize>(), what(), back, any::<bool>()).prop_map(|(which, what, back, chained)| Move::Decide {
            which,
            what,
            back,
            chained,
        }),
        2 => (0..40_u8, 1..7_i64).prop_map(|(reference, minor)| Move::Credit { reference, minor }),
        1 => (0..3_u8).prop_map(|number| Move::Orphan { number }),
        2 => (0..IDS, 0..3_u8, 1..4_u32).prop_map(|(counter, state, tries)| Move::Tried { counter, state, tries }),
    ]
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        12 => Just(None),
        1 => Just(Some(Fault::Outage)),
        1 => Just(Some(Fault::UnknownApplied)),
        1 => Just(Some(Fault::UnknownNotApplied)),
    ]
}

type Batch = (Vec<Move>, Option<Fault>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let batch = (proptest::collection::vec(step(), 1..9), fault());
    proptest::collection::vec(batch, 1..32)
}

fn input(what: What, seq: Seq, now_ms: i64, evidence: &str) -> Input {
    let said = |via, outcome| fact(seq, via, outcome, Some(recharge_gateway::domain::ids::EvidenceId(evidence.into())));
    match what {
        What::Succeeded(via) => said(via, succeeded()),
        What::Card(via) => said(via, card("CARD-SECRET")),
        What::Refused(via) => said(via, refused()),
        What::Accepted(via) => said(via, Outcome::Accepted),
        What::NotFound => said(Via::Query, Outcome::NotFound),
        What::Doubted(via) => said(via, Outcome::Unknown(Doubt::Timeout)),
        What::NotSent => Input::NotSent {
            seq,
            n: 1,
            why: NotSentReason::Connect,
        },
        What::Hint => Input::Hint { seq },
        What::Review => Input::Review,
        What::Advance => Input::Advance,
        What::Recover => Input::Recover,
        What::Resubmit => Input::Resubmit { seq },
        What::RouteTo(name) => Input::Route {
            plan: plan(),
            permitted: Some(SupplierId::from(name)),
        },
        What::RouteNowhere => Input::Route {
            plan: Plan::default(),
            permitted: None,
        },
        What::RouteLater => Input::Route {
            plan: Plan {
                candidates: Vec::new(),
                skipped: vec![Skip {
                    supplier: SupplierId::from("a"),
                    reason: SkipReason::Unreachable { until_ms: now_ms + 5_000 },
                }],
                ..Plan::default()
            },
            permitted: None,
        },
    }
}

/// Turns moves into commands on top of what the reference store shows before the batch.
async fn commands(store: &dyn Store, book: &Book, moves: &[Move], batch: usize, now_ms: i64) -> Vec<Command> {
    let mut stored: BTreeMap<u16, Order> = BTreeMap::new();
    let mut callbacks: BTreeMap<u16, String> = BTreeMap::new();
    for counter in 0..IDS {
        if let Some(order) = store.order(id(counter)).await.unwrap() {
            stored.insert(counter, order);
        }
        if let Some(first) = store.callbacks_of(id(counter)).await.unwrap().first() {
            callbacks.insert(counter, first.callback.id.clone());
        }
    }
    let mut planned = stored.clone();
    let mut commands = Vec::new();
    for (place, one) in moves.iter().enumerate() {
        match one {
            Move::Accept {
                counter,
                number,
                price,
                content,
                card,
                permitted,
            } => {
                let wish = Wish {
                    content: *content,
                    kind: if *card { ProductKind::Card } else { ProductKind::TopUp },
                    permitted: *permitted,
                    ..Wish::new(*counter, NUMBERS[*number], *price)
                };
                planned
                    .entry(*counter)
                    .or_insert_with(|| (*wish.change(book, now_ms).after).clone());
                commands.push(wish.command(book, now_ms));
            }
            Move::Decide {
                which,
                what,
                back,
                chained,
            } => {
                let known = if *chained { &planned } else { &stored };
                let Some((counter, order)) = known.iter().nth(which.checked_rem(known.len()).unwrap_or(0)) else {
                    continue;
                };
                let (counter, latest) = (*counter, Seq::try_from(order.attempts.len()).unwrap());
                let piece = evidence(&format!("e{batch}-{place}"), Some(order.id), Via::Query, "SUPPLIER-WORDS", now_ms);
                let input = input(*what, latest.saturating_sub(*back).max(1), now_ms, &piece.id.0);
                let Ok(change) = decide(order, input, book.facts(), now_ms) else {
                    continue;
                };
                planned.insert(counter, (*change.after).clone());
                commands.push(command(change, vec![piece]));
            }
            Move::Credit { reference, minor } => {
                commands.push(Command::Post(Posting::credit(SHOP, cny(*minor), &format!("r{reference}"))));
            }
            Move::Orphan { number } => commands.push(Command::Orphan {
                case: NewCase {
                    key: format!("orphan_notification:a:{number}"),
                    kind: CaseKind::OrphanNotification,
                    order: None,
                    at_risk: None,
                    opened_at_ms: now_ms,
                },
                evidence: evidence(&format!("o{batch}-{place}"), None, Via::Notification, "who", now_ms),
            }),
            Move::Tried { counter, state, tries } => commands.push(Command::CallbackTried(CallbackTried {
                id: callbacks.get(counter).cloned().unwrap_or_else(|| format!("evt_{}_2", id(*counter))),
                state: match state {
                    0 => CallbackState::Due(now_ms + 1_000),
                    1 => CallbackState::Delivered,
                    _ => CallbackState::Parked,
                },
                tries: *tries,
                at_ms: now_ms,
                result: format!("HTTP 50{state}"),
            })),
        }
    }
    commands
}

async fn open(path: &Path, faults: &std::sync::Arc<Faults>) -> SqliteStore {
    let mut around = surroundings();
    around.faults = std::sync::Arc::clone(faults);
    SqliteStore::open(path, &SealKey::new([9; 32]), around).await.unwrap()
}

async fn tell_apart(batches: Vec<Batch>) {
    let book = Book::new();
    let ids: Vec<OrderId> = (0..IDS).map(id).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let memory = MemoryStore::new();
    let faults = std::sync::Arc::new(Faults::default());
    let sqlite = open(&path, &faults).await;

    for (number, (moves, fault)) in batches.iter().enumerate() {
        let now_ms = START_MS + i64::try_from(number).unwrap() * 700;
        let commands = commands(&memory, &book, moves, number, now_ms).await;
        if commands.is_empty() {
            continue;
        }
        memory.faults().plan(*fault);
        faults.plan(*fault);
        let expected = memory.commit_all(commands.clone()).await;
        let answers = sqlite.commit_all(commands).await;
        assert_eq!(answers, expected, "batch {number}");
        let is_whole = |wanted: fn(&Answer) -> bool| expected.iter().all(wanted);
        match fault {
            Some(Fault::Outage) => assert!(is_whole(|answer| matches!(answer, Answer::Outage(_)))),
            Some(Fault::UnknownApplied | Fault::UnknownNotApplied) => {
                assert!(is_whole(|answer| *answer == Answer::Unknown) || is_whole(|answer| *answer != Answer::Done));
            }
            None => assert!(is_whole(|answer| !matches!(answer, Answer::Outage(_) | Answer::Unknown))),
        }
    }

    let expected = Visible::of(&memory, &ids, &NUMBERS).await;
    expected.check();
    assert_eq!(Visible::of(&sqlite, &ids, &NUMBERS).await, expected);
    assert_eq!(
        replayed(&memory),
        balances(&expected),
        "a balance is the replay of its entries (I5)"
    );
    sqlite.close().await;

    let reopened = open(&path, &faults).await;
    assert_eq!(Visible::of(&reopened, &ids, &NUMBERS).await, expected, "after a restart");
    assert_eq!(
        entries(&path).await,
        balances(&expected),
        "a balance is the replay of its entries (I5)"
    );
    assert_eq!(tables(&path, &expected).await, "", "rows that do not follow from the orders");
    reopened.close().await;
}

fn balances(visible: &Visible) -> BTreeMap<String, i64> {
    visible.balances.iter().map(|b| (b.account.to_string(), b.minor)).collect()
}

fn replayed(memory: &MemoryStore) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
    for posting in memory.postings() {
        assert_eq!(posting.currency, Currency::Cny);
        for entry in posting.entries {
            *sums.entry(entry.account).or_default() += entry.minor;
        }
    }
    sums.into_iter().map(|(account, minor)| (account.to_string(), minor)).collect()
}

async fn entries(path: &Path) -> BTreeMap<String, i64> {
    let mut raw = raw(path).await;
    let rows = sqlx::query("SELECT account, sum(amount_minor) AS minor FROM entries GROUP BY account")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    rows.iter().map(|row| (row.get("account"), row.get("minor"))).collect()
}

/// What the tables beside the orders say differently from the orders themselves.
async fn tables(path: &Path, visible: &Visible) -> String {
    let mut raw = raw(path).await;
    let mut wrong = String::new();
    for one in &visible.orders {
        let order = &one.order;
        let rows = sqlx::query(
            "SELECT a.seq, a.state, a.attempt_id, a.cost_minor, a.supplier_ref, \
             (SELECT group_concat(n || ':' || t.stamped_at_ms) FROM transmissions AS t WHERE t.order_id = a.order_id AND t.seq = a.seq) AS sent \
             FROM attempt_list AS a WHERE order_id = ? ORDER BY seq",
        );
        let found: Vec<String> = rows
            .bind(order.id.get())
            .fetch_all(&mut raw)
            .await
            .unwrap()
            .iter()
            .map(attempt_row)
            .collect();
        let expected: Vec<String> = order
            .attempts
            .iter()
            .map(|attempt| {
                let sent: Vec<String> = attempt
                    .transmissions
                    .iter()
                    .map(|sent| format!("{}:{}", sent.n, sent.stamped_at_ms))
                    .collect();
                let word = attempt.word();
                let (seq, cost) = (attempt.seq, attempt.cost.minor);
                let (on_wire, named) = (order.attempt_id(seq), attempt.supplier_ref.as_deref().unwrap_or("-"));
                format!("{seq} {word} {on_wire} {cost} {named} {}", sent.join(","))
            })
            .collect();
        if found != expected {
            wrong.push_str(&format!("{found:?} is not {expected:?}\n"));
        }
        let row = sqlx::query(
            "SELECT version, finished_at_ms IS NULL AS is_open, status = 'processing', held_minor FROM order_list WHERE id = ?",
        );
        let row = row.bind(order.id.get()).fetch_one(&mut raw).await.unwrap();
        let found: (u32, bool, bool, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        let expected = (
            order.version,
            order.verdict.is_none(),
            order.verdict.is_none(),
            order.terms.price.minor,
        );
        if found != expected {
            wrong.push_str(&format!("{}: {found:?} is not {expected:?}\n", order.id));
        }
    }
    wrong
}

fn attempt_row(row: &sqlx::sqlite::SqliteRow) -> String {
    let named: Option<&str> = row.get("supplier_ref");
    let (seq, cost): (i64, i64) = (row.get("seq"), row.get("cost_minor"));
    let (state, on_wire, sent): (&str, &str, &str) = (row.get("state"), row.get("attempt_id"), row.get("sent"));
    format!("{seq} {state} {on_wire} {cost} {} {sent}", named.unwrap_or("-"))
}

pub async fn raw(path: &Path) -> sqlx::SqliteConnection {
    sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
}

/// Enough for every commit; `PROPTEST_CASES` asks for more.
#[expect(clippy::disallowed_methods, reason = "the runner asks for more cases by the environment")]
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(40),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn both_stores_answer_and_remember_the_same(batches in batches()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tell_apart(batches));
    }
}
