//! A whole gateway without sockets: handlers, dispatch, SQLite and callbacks on one thread.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, test};
use futures_util::future::LocalBoxFuture;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use recharge_gateway::adapters::Adapters;
use recharge_gateway::api::{self, ApiLimits, ApiState, sign};
use recharge_gateway::callbacks::{CallbackSettings, Callbacks};
use recharge_gateway::dispatch::{Dispatch, Parts, Supplier};
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::domain::segment::{self, Segments};
use recharge_gateway::net::address::AddressPolicy;
use recharge_gateway::ratelimit::Lane;
use recharge_gateway::seams::{BoxFuture, Clock, Random, Spawner, SystemClock, SystemRandom, Transport};
use recharge_gateway::store::sqlite::Surroundings;
use recharge_gateway::store::{SealKey, SqliteStore, Store};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::catalog::{AT_ONCE, SECRET, SIGNING_KEY, adapters_toml, key, stock};
use crate::wires::{ShopWire, SupplierWire, notification};

/// Spawns on this thread, and knows when everything that was started has ended.
#[derive(Clone, Default)]
struct Watched {
    at_work: Arc<AtomicUsize>,
    ended: Arc<Notify>,
}

impl Spawner for Watched {
    #[expect(clippy::disallowed_methods, reason = "this is a seam's other side")]
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let watched = self.clone();
        watched.at_work.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            task.await;
            watched.at_work.fetch_sub(1, Ordering::Relaxed);
            watched.ended.notify_one();
        });
    }
}

/// What the store has counted so far.
pub struct Counts {
    pub statements: u64,
    pub commits: u64,
}

type Call = dyn Fn(TestRequest) -> LocalBoxFuture<'static, u16>;

pub struct House {
    call: Box<Call>,
    supplier: Arc<SupplierWire>,
    shop: Arc<ShopWire>,
    dispatch: Dispatch,
    store: Arc<SqliteStore>,
    watched: Watched,
    /// Tasks that never end by themselves.
    standing: usize,
    metrics: PrometheusHandle,
    clock: SystemClock,
    _folder: TempDir,
}

impl House {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let metrics = metrics();
        let (clock, watched) = (SystemClock::new(), Watched::default());
        let (seam, random, spawner): (Arc<dyn Clock>, Arc<dyn Random>, Arc<dyn Spawner>) =
            (Arc::new(clock.clone()), Arc::new(SystemRandom), Arc::new(watched.clone()));
        let surroundings = Surroundings::new(Arc::clone(&seam), Arc::clone(&random), Arc::clone(&spawner));
        let path = folder.path().join("gateway.db");
        let store = Arc::new(SqliteStore::open(&path, &SealKey::new([7; 32]), surroundings).await.unwrap());
        stock(&*store, 1).await.unwrap();
        let (supplier, shop) = (Arc::<SupplierWire>::default(), Arc::<ShopWire>::default());
        let dyn_store: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
        let dispatch = Dispatch::new(Parts {
            store: Arc::clone(&dyn_store),
            clock: Arc::clone(&seam),
            random: Arc::clone(&random),
            spawner: Arc::clone(&spawner),
            suppliers: suppliers(&store, &seam, &supplier).await,
            secrets: Arc::new(|_| Some(SecretString::from(SIGNING_KEY))),
            policy: Policy::default(),
            callback_addresses: AddressPolicy { may_call_loopback: true },
            balance_every: None,
            segments: Arc::new(Segments::read(segment::BUILT_IN).unwrap()),
            public_url: "http://127.0.0.1:9".to_owned(),
            node: 0,
        })
        .await
        .unwrap();
        let at_work = dispatch.clone();
        spawner.spawn(Box::pin(async move { at_work.run().await }));
        let callbacks = Callbacks::new(
            Arc::clone(&dyn_store),
            Arc::<ShopWire>::clone(&shop),
            Arc::clone(&seam),
            random,
            Arc::clone(&spawner),
            Arc::new(|_| vec![SecretString::from(SECRET)]),
            CallbackSettings::default(),
        );
        spawner.spawn(Box::pin(callbacks.run(std::future::pending())));
        let of_dispatch = dispatch.clone();
        let state = ApiState::new(
            Arc::new(dispatch.clone()),
            dyn_store,
            Arc::new(move || of_dispatch.shelf()),
            seam,
            metrics.clone(),
            ApiLimits::default(),
        );
        let service = Rc::new(init_service(App::new().configure(api::routes(Arc::new(state)))).await);
        let call = Box::new(move |request: TestRequest| -> LocalBoxFuture<'static, u16> {
            let service = Rc::clone(&service);
            Box::pin(async move { call_service(&*service, request.to_request()).await.status().as_u16() })
        });
        // Everything that runs for ever has been started by the time the tasks have had a turn.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let standing = watched.at_work.load(Ordering::Relaxed);
        Self {
            call,
            supplier,
            shop,
            dispatch,
            store,
            watched,
            standing,
            metrics,
            clock,
            _folder: folder,
        }
    }

    /// One order from its request to its callback written down, with nothing else at work.
    pub async fn order(&self, sku: &str, number: u32) {
        let body = format!(
            r#"{{"shop_order_no":"n{number:08}","sku":"{sku}","inputs":{{"account":"13800138000"}},"callback_url":"http://127.0.0.1:8099/told"}}"#
        );
        let now_s = self.clock.now_ms().div_euclid(1_000).to_string();
        let nonce = format!("nonce-{number:08}");
        let signature = sign(&SecretString::from(SECRET), "POST", "/v1/orders", &now_s, &nonce, body.as_bytes());
        let request = test::TestRequest::post()
            .uri("/v1/orders")
            .insert_header(("content-type", "application/json"))
            .insert_header(("x-shop-key", key(0)))
            .insert_header(("x-timestamp", now_s))
            .insert_header(("x-nonce", nonce))
            .insert_header(("x-signature", signature))
            .set_payload(body);
        assert_eq!((self.call)(request).await, 201);
        self.rest().await;
        if sku != AT_ONCE {
            let number = self.supplier.accepted.lock().unwrap().clone();
            let request = test::TestRequest::post()
                .uri("/notify/north")
                .insert_header(("content-type", "application/x-www-form-urlencoded"))
                .set_payload(notification(&number));
            assert_eq!((self.call)(request).await, 200);
        }
        while self.shop.told.load(Ordering::Relaxed) < number {
            tokio::task::yield_now().await;
        }
        self.rest().await;
    }

    /// Waits until every task that was started has ended.
    async fn rest(&self) {
        while self.watched.at_work.load(Ordering::Relaxed) > self.standing {
            self.watched.ended.notified().await;
        }
    }

    pub fn counts(&self) -> Counts {
        let page = self.metrics.render();
        let of = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name}: {page}")).parse().unwrap()
        };
        Counts {
            statements: of("recharge_store_statements_total"),
            commits: of("recharge_store_commits_total"),
        }
    }

    pub async fn close(self) {
        let sum: i64 = self.store.balances().await.unwrap().iter().map(|balance| balance.minor).sum();
        assert_eq!(sum, 0, "the ledger does not sum to zero");
        assert_eq!(self.store.census().await.unwrap().open_orders, 0);
        self.dispatch.stop(std::time::Duration::ZERO).await;
        self.store.close().await;
    }
}

/// One recorder for the whole program, as in the gateway.
fn metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).unwrap();
    handle
}

async fn suppliers(
    store: &SqliteStore,
    clock: &Arc<dyn Clock>,
    wire: &Arc<SupplierWire>,
) -> BTreeMap<recharge_gateway::domain::ids::SupplierId, Supplier> {
    let transport: Arc<dyn Transport> = Arc::<SupplierWire>::clone(wire);
    let secrets = |_: &str| Some(SecretString::from(SIGNING_KEY));
    let adapters = Adapters::load("adapters.toml", &adapters_toml("http://127.0.0.1:9"), &secrets, &[]).unwrap();
    let mut suppliers = BTreeMap::new();
    for adapter in adapters.iter() {
        let (id, digest) = (adapter.id().clone(), adapter.digest().clone());
        store.put_settings(digest, id.clone(), adapter.document()).await.unwrap();
        let supplier = Supplier {
            adapter: Arc::clone(adapter),
            lane: Lane::new(adapter.limits(), Arc::clone(clock)),
            transport: Arc::clone(&transport),
        };
        suppliers.insert(id, supplier);
    }
    suppliers
}
