use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use secrecy::SecretString;

use super::*;
use crate::callbacks::{CallbackSettings, Callbacks};
use crate::domain::callback::Callback;
use crate::domain::ids::{OrderId, ShopId};
use crate::seams::{BoxFuture, Clock, MaybeSent, Outbound, Random, SendFailure, Transport};
use crate::store::{CallbackState, StoredCallback};

use fake_store::FakeStore;
use virtual_time::VirtualClock;

mod fake_store;
mod virtual_time;

const NOW_MS: i64 = 1_800_000_000_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws the middle of every range: no jitter.
struct NoJitter;

impl Random for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn below(&self, bound: u64) -> u64 {
        bound / 2
    }
}

struct OnThisThread;

impl crate::seams::Spawner for OnThisThread {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }
}

/// How a shop behaves: its answers in order, the last one for ever, each after a while.
#[derive(Clone)]
struct Manners {
    answers: Vec<Result<(u16, Option<&'static str>), SendFailure>>,
    after_ms: u64,
}

impl Manners {
    fn always(status: u16) -> Self {
        Self::in_turn(&[status])
    }

    fn in_turn(statuses: &[u16]) -> Self {
        Self {
            answers: statuses.iter().map(|status| Ok((*status, None))).collect(),
            after_ms: 10,
        }
    }

    fn silent() -> Self {
        Self {
            answers: vec![Err(SendFailure::MaybeSent(MaybeSent::Timeout))],
            after_ms: 10_000,
        }
    }
}

/// One request as a shop saw it.
#[derive(Debug, Clone)]
struct Seen {
    at_ms: i64,
    host: String,
    id: String,
    request: Request<Bytes>,
}

struct Shops {
    clock: Arc<VirtualClock>,
    manners: Mutex<BTreeMap<String, Manners>>,
    seen: Mutex<Vec<Seen>>,
}

impl Transport for Shops {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<Response<Bytes>, SendFailure>> {
        let host = outbound.request.uri().host().unwrap().to_owned();
        let id = outbound.request.headers()["webhook-id"].to_str().unwrap().to_owned();
        let manners = lock(&self.manners).get(&host).cloned().unwrap_or_else(|| Manners::always(200));
        let mut seen = lock(&self.seen);
        let before = seen.iter().filter(|s| s.host == host).count();
        seen.push(Seen {
            at_ms: self.clock.now_ms(),
            host,
            id,
            request: outbound.request,
        });
        Box::pin(async move {
            self.clock.sleep(Duration::from_millis(manners.after_ms)).await;
            let (status, retry_after) = manners.answers.get(before).or(manners.answers.last()).copied().unwrap()?;
            let mut response = Response::builder().status(status);
            if let Some(text) = retry_after {
                response = response.header("Retry-After", text);
            }
            Ok(response.body(Bytes::new()).unwrap())
        })
    }
}

/// A worker with everything around it faked, in virtual time.
struct Stage {
    clock: Arc<VirtualClock>,
    store: Arc<FakeStore>,
    shops: Arc<Shops>,
    poll_ms: u64,
    stop: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    has_ended: Arc<AtomicBool>,
}

impl Stage {
    fn set(rows: Vec<StoredCallback>) -> Self {
        let clock = Arc::new(VirtualClock::starting_at(NOW_MS));
        Self {
            store: Arc::new(FakeStore::holding(rows)),
            shops: Arc::new(Shops {
                clock: Arc::clone(&clock),
                manners: Mutex::default(),
                seen: Mutex::default(),
            }),
            clock,
            poll_ms: 1_000,
            stop: Mutex::default(),
            has_ended: Arc::default(),
        }
    }

    fn with(self, host: &str, manners: Manners) -> Self {
        self.teach(host, manners);
        self
    }

    /// Looks at the outbox seldom, so that days pass quickly.
    fn dozing(self) -> Self {
        Self {
            poll_ms: 3_600_000,
            ..self
        }
    }

    fn teach(&self, host: &str, manners: Manners) {
        lock(&self.shops.manners).insert(host.to_owned(), manners);
    }

    fn start(&self) {
        let secrets: crate::callbacks::Secrets = Arc::new(|_| vec![SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
        let callbacks = Callbacks::new(
            Arc::clone(&self.store) as Arc<dyn crate::store::Store>,
            Arc::clone(&self.shops) as Arc<dyn Transport>,
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            Arc::new(NoJitter),
            Arc::new(OnThisThread),
            secrets,
            CallbackSettings {
                poll_ms: self.poll_ms,
                ..CallbackSettings::default()
            },
        );
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        *lock(&self.stop) = Some(stop);
        let has_ended = Arc::clone(&self.has_ended);
        has_ended.store(false, Ordering::SeqCst);
        tokio::spawn(async move {
            callbacks
                .run(async move {
                    let _ = stopped.await;
                })
                .await;
            has_ended.store(true, Ordering::SeqCst);
        });
    }

    fn ask_to_stop(&self) {
        let _ = lock(&self.stop).take().unwrap().send(());
    }

    async fn pass(&self, ms: i64) {
        self.clock.pass(ms).await;
    }

    fn seen(&self) -> Vec<Seen> {
        lock(&self.shops.seen).clone()
    }

    /// When each request came, in milliseconds since the start.
    fn times(&self) -> Vec<i64> {
        self.seen().iter().map(|seen| seen.at_ms - NOW_MS).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.id).collect()
    }

    fn states(&self) -> Vec<CallbackState> {
        self.store.rows().iter().map(|row| row.state).collect()
    }
}

fn row(shop: i64, order: i64, number: u32) -> StoredCallback {
    let order = OrderId::from_stored(order).unwrap();
    StoredCallback {
        callback: Callback {
            id: format!("evt_{order}_{number}"),
            order,
            shop: ShopId(shop),
            url: format!("https://shop{shop}.example/told?n=1"),
            payload: format!(r#"{{"type":"order.succeeded","n":{number}}}"#),
            created_at_ms: NOW_MS,
        },
        state: CallbackState::Due(NOW_MS),
        tries: 0,
        last_result: None,
    }
}

#[tokio::test]
async fn a_callback_carries_its_id_its_time_and_a_signature_over_its_bytes() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    stage.pass(1_000).await;
    let seen = stage.seen();
    assert_eq!(seen.len(), 1);
    let headers = seen[0].request.headers();
    assert_eq!(headers["webhook-id"], "evt_7_3");
    assert_eq!(headers["webhook-timestamp"], "1800000000");
    assert_eq!(headers["content-type"], "application/json");
    let secrets = [SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let body = std::str::from_utf8(seen[0].request.body()).unwrap();
    let signature = crate::callbacks::sign::signatures(&secrets, "evt_7_3", 1_800_000_000, body).unwrap();
    assert_eq!(headers["webhook-signature"], signature.as_str());
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_refusing_shop_is_tried_eleven_times_on_exactly_the_ladder_and_then_left_in_peace() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::always(500)).dozing();
    stage.start();
    stage.pass(300_000_000).await;
    let mut expected = vec![0];
    for wait_s in [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400] {
        // Each answer takes 10 ms, and the wait counts from it.
        expected.push(expected.last().unwrap() + 10 + wait_s * 1_000);
    }
    assert_eq!(stage.times(), expected);
    assert_eq!(stage.states(), [CallbackState::Parked]);
    assert_eq!(stage.store.rows()[0].tries, 11);
    assert_eq!(stage.store.rows()[0].last_result.as_deref(), Some("http_500"));
}

#[tokio::test]
async fn id_and_bytes_are_the_same_on_every_try_and_only_the_time_is_new() {
    let stage = Stage::set(vec![row(1, 7, 3)])
        .with("shop1.example", Manners::in_turn(&[500, 302, 404, 204]))
        .dozing();
    stage.start();
    stage.pass(1_000_000).await;
    let seen = stage.seen();
    assert_eq!(seen.len(), 4);
    for again in &seen {
        assert_eq!(again.id, seen[0].id);
        assert_eq!(again.request.body(), seen[0].request.body());
        assert_eq!(again.request.uri(), seen[0].request.uri());
        let stamp = again.request.headers()["webhook-timestamp"].to_str().unwrap();
        assert_eq!(stamp, (again.at_ms / 1_000).to_string());
    }
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_shop_that_says_gone_is_parked_at_once() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::always(410)).dozing();
    stage.start();
    stage.pass(100_000_000).await;
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(stage.states(), [CallbackState::Parked]);
}

#[tokio::test]
async fn a_pause_that_a_shop_asks_for_is_granted() {
    let busy = Manners {
        answers: vec![Ok((429, Some("90"))), Ok((200, None))],
        after_ms: 10,
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", busy);
    stage.start();
    stage.pass(1_000_000).await;
    assert_eq!(stage.times(), [0, 90_010]);
}

#[tokio::test]
async fn a_later_callback_of_an_order_waits_until_the_earlier_one_is_through() {
    let stage = Stage::set(vec![row(1, 7, 3), row(1, 7, 5), row(2, 8, 2)]).with("shop1.example", Manners::in_turn(&[500, 200]));
    stage.start();
    stage.pass(20_000).await;
    let of_order: Vec<(String, i64)> = stage
        .seen()
        .into_iter()
        .filter(|seen| seen.host == "shop1.example")
        .map(|seen| (seen.id, seen.at_ms - NOW_MS))
        .collect();
    let told = |id: &str, at_ms| (id.to_owned(), at_ms);
    assert_eq!(of_order[..2], [told("evt_7_3", 0), told("evt_7_3", 5_010)]);
    assert_eq!(of_order[2].0, "evt_7_5");
    assert_eq!(stage.states(), [CallbackState::Delivered; 3]);
}

#[tokio::test]
async fn an_earlier_callback_that_is_not_due_yet_holds_the_later_one_back() {
    let mut earlier = row(1, 7, 3);
    earlier.state = CallbackState::Due(NOW_MS + 30_000);
    earlier.tries = 2;
    let stage = Stage::set(vec![earlier, row(1, 7, 5)]);
    stage.start();
    stage.pass(29_000).await;
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.pass(3_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_5"]);
}

#[tokio::test]
async fn a_parked_callback_holds_nobody_back() {
    let mut earlier = row(1, 7, 3);
    earlier.state = CallbackState::Parked;
    let stage = Stage::set(vec![earlier, row(1, 7, 5)]);
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.ids(), ["evt_7_5"]);
}

#[tokio::test]
async fn a_dead_shop_with_a_long_queue_delays_no_other_shop() {
    let mut rows: Vec<StoredCallback> = (0..3_000).map(|order| row(1, order, 1)).collect();
    rows.extend((5_000..5_040).map(|order| row(2, order, 1)));
    let stage = Stage::set(rows).with("shop1.example", Manners::silent());
    stage.start();
    stage.pass(3_000).await;
    let told_others = stage.seen().iter().filter(|seen| seen.host == "shop2.example").count();
    let told_dead = stage.seen().iter().filter(|seen| seen.host == "shop1.example").count();
    assert_eq!(told_others, 40);
    assert!(told_dead <= 16, "{told_dead} requests hang at the dead shop");

    // New callbacks of the living shop still go out soon.
    stage.store.queue(row(2, 9_000, 1));
    stage.pass(600).await;
    assert_eq!(stage.ids().last().map(String::as_str), Some("evt_9000_1"));
}

#[tokio::test]
async fn a_failing_shop_gets_one_slot_until_it_answers_again() {
    let rows = (0..100).map(|order| row(1, order, 1)).collect();
    let stage = Stage::set(rows).with("shop1.example", Manners::silent());
    stage.start();
    stage.pass(9_999).await;
    assert_eq!(stage.seen().len(), 16, "nobody knew yet");
    stage.pass(10_000).await;
    assert_eq!(stage.seen().len(), 17, "one probe at a time");
    stage.teach("shop1.example", Manners::always(200));
    stage.pass(30_000).await;
    let fresh = stage.states().iter().filter(|state| **state == CallbackState::Delivered).count();
    assert_eq!(fresh, 100, "all of them, the failed ones included");
}

#[tokio::test]
async fn two_thousand_callbacks_reach_a_well_shop_without_waiting_for_polls() {
    let rows = (0..2_000).map(|order| row(1, order, 1)).collect();
    let stage = Stage::set(rows);
    stage.start();
    stage.pass(3_000).await;
    assert_eq!(stage.seen().len(), 2_000, "16 at a time, 10 ms each");
    assert!(stage.states().iter().all(|state| *state == CallbackState::Delivered));
}

#[tokio::test]
async fn a_queued_callback_leaves_at_once() {
    let stage = Stage::set(Vec::new());
    stage.start();
    stage.pass(1_234).await;
    stage.store.queue(row(1, 7, 3));
    stage.pass(1).await;
    assert_eq!(stage.times(), [1_234]);
}

#[tokio::test]
async fn a_restart_resumes_what_was_due_under_the_same_id() {
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", Manners::in_turn(&[503, 200]));
    stage.start();
    stage.pass(1_000).await;
    stage.ask_to_stop();
    stage.pass(0).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 1, "nobody works after the stop");
    stage.start();
    stage.pass(1_000).await;
    assert_eq!(stage.ids(), ["evt_7_3", "evt_7_3"]);
    assert_eq!(stage.states(), [CallbackState::Delivered]);
    assert_eq!(stage.store.rows()[0].tries, 2);
}

#[tokio::test]
async fn a_stop_waits_for_the_try_in_flight_and_writes_its_result_down() {
    let slow = Manners {
        after_ms: 4_000,
        ..Manners::always(200)
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", slow);
    stage.start();
    stage.pass(100).await;
    stage.ask_to_stop();
    stage.pass(3_000).await;
    assert!(!stage.has_ended.load(Ordering::SeqCst));
    stage.pass(1_000).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    assert_eq!(stage.states(), [CallbackState::Delivered]);
}

#[tokio::test]
async fn a_stop_is_bounded_even_if_a_shop_never_lets_go() {
    let endless = Manners {
        after_ms: 10_000_000,
        ..Manners::always(200)
    };
    let stage = Stage::set(vec![row(1, 7, 3)]).with("shop1.example", endless);
    stage.start();
    stage.pass(100).await;
    stage.ask_to_stop();
    stage.pass(12_500).await;
    assert!(stage.has_ended.load(Ordering::SeqCst));
    assert_eq!(stage.states(), [CallbackState::Due(NOW_MS)]);
}

#[tokio::test]
async fn a_database_that_is_away_loses_no_result_and_repeats_no_callback() {
    let stage = Stage::set(vec![row(1, 7, 3)]);
    stage.start();
    stage.store.is_away.store(true, Ordering::SeqCst);
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 0, "what cannot be read is not sent");
    stage.store.is_away.store(false, Ordering::SeqCst);
    stage.store.takes_no_results.store(true, Ordering::SeqCst);
    stage.pass(60_000).await;
    assert_eq!(stage.seen().len(), 1, "the result is held until it can be written");
    stage.store.takes_no_results.store(false, Ordering::SeqCst);
    stage.pass(6_000).await;
    assert_eq!(stage.states(), [CallbackState::Delivered]);
    assert_eq!(stage.seen().len(), 1);
}
