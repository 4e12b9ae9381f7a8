//! A worker with everything around it faked: shops with manners, an outbox, and time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use secrecy::SecretString;

use super::fake_store::FakeStore;
use super::lock;
use super::virtual_time::VirtualClock;
use crate::callbacks::{CallbackSettings, Callbacks, Secrets};
use crate::domain::callback::Callback;
use crate::domain::ids::{OrderId, ShopId};
use crate::seams::{BoxFuture, Clock, MaybeSent, Outbound, Random, SendFailure, Spawner, TokioSpawner, Transport};
use crate::store::{CallbackState, StoredCallback};

pub(super) const NOW_MS: i64 = 1_800_000_000_000;

/// Draws the middle of every range: no jitter.
pub(super) struct NoJitter;

impl Random for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn below(&self, bound: u64) -> u64 {
        bound / 2
    }
}

/// How a shop behaves: its answers in order, the last one for ever, each after a while.
#[derive(Clone)]
pub(super) struct Manners {
    pub(super) answers: Vec<Result<(u16, Option<&'static str>), SendFailure>>,
    pub(super) after_ms: u64,
}

impl Manners {
    pub(super) fn always(status: u16) -> Self {
        Self::in_turn(&[status])
    }

    pub(super) fn in_turn(statuses: &[u16]) -> Self {
        Self {
            answers: statuses.iter().map(|status| Ok((*status, None))).collect(),
            after_ms: 10,
        }
    }

    pub(super) fn silent() -> Self {
        Self {
            answers: vec![Err(SendFailure::MaybeSent(MaybeSent::Timeout))],
            after_ms: 10_000,
        }
    }
}

/// One request as a shop saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at_ms: i64,
    pub(super) host: String,
    pub(super) id: String,
    pub(super) request: Request<Bytes>,
}

pub(super) struct Shops {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) manners: Mutex<BTreeMap<String, Manners>>,
    pub(super) seen: Mutex<Vec<Seen>>,
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
pub(super) struct Stage {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) store: Arc<FakeStore>,
    pub(super) shops: Arc<Shops>,
    pub(super) poll_ms: u64,
    pub(super) stop: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    pub(super) has_ended: Arc<AtomicBool>,
}

impl Stage {
    pub(super) fn set(rows: Vec<StoredCallback>) -> Self {
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

    pub(super) fn with(self, host: &str, manners: Manners) -> Self {
        self.teach(host, manners);
        self
    }

    /// Looks at the outbox seldom, so that days pass quickly.
    pub(super) fn dozing(self) -> Self {
        Self {
            poll_ms: 3_600_000,
            ..self
        }
    }

    pub(super) fn teach(&self, host: &str, manners: Manners) {
        lock(&self.shops.manners).insert(host.to_owned(), manners);
    }

    pub(super) fn start(&self) {
        let secrets: Secrets = Arc::new(|_| vec![SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
        let spawner = Arc::new(TokioSpawner::new(tokio::runtime::Handle::current()));
        let callbacks = Callbacks::new(
            self.store.clone(),
            self.shops.clone(),
            self.clock.clone(),
            Arc::new(NoJitter),
            spawner.clone(),
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
        spawner.spawn(Box::pin(async move {
            callbacks.run(async move { drop(stopped.await) }).await;
            has_ended.store(true, Ordering::SeqCst);
        }));
    }

    pub(super) fn ask_to_stop(&self) {
        let _ = lock(&self.stop).take().unwrap().send(());
    }

    pub(super) async fn pass(&self, ms: i64) {
        self.clock.pass(ms).await;
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.shops.seen).clone()
    }

    /// When each request came, in milliseconds since the start.
    pub(super) fn times(&self) -> Vec<i64> {
        self.seen().iter().map(|seen| seen.at_ms - NOW_MS).collect()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.id).collect()
    }

    pub(super) fn states(&self) -> Vec<CallbackState> {
        self.store.rows().iter().map(|row| row.state).collect()
    }
}

pub(super) fn row(shop: i64, order: i64, number: u32) -> StoredCallback {
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
