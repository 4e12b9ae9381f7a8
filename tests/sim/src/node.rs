//! A node: the gateway's own dispatch, callbacks and shop API, put together as `app` does, over this
//! world's seams.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use recharge_gateway::api::{ApiLimits, ApiState, routes};
use recharge_gateway::callbacks::{CallbackSettings, Callbacks};
use recharge_gateway::dispatch::{Dispatch, Parts, Supplier};
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::domain::segment::{self, Segments};
use recharge_gateway::net::address::AddressPolicy;
use recharge_gateway::ratelimit::Lane;
use recharge_gateway::store::{MemoryStore, Outage};
use secrecy::SecretString;

use crate::cast::{KEY, adapters};
use crate::desk;
use crate::disk::Disk;
use crate::shops::{CALLBACK_SECRET, Endpoints, Shops};
use crate::tasks::{NodeSpawner, Owner};
use crate::time::NodeClock;
use crate::wire::Wire;
use crate::world::{Knock, Reply, World};

/// Answers a request at a node's door.
pub type Door = Rc<dyn Fn(Knock) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The doors of all nodes; those that are down have none.
pub type Doors = Rc<RefCell<Vec<Option<Door>>>>;

/// What is needed to start a node.
#[derive(Clone)]
pub struct Site {
    /// The world.
    pub world: Arc<World>,
    /// The shops' books.
    pub shops: Shops,
    /// Its place.
    pub node: usize,
    /// Which of its lives.
    pub life: u32,
    /// Its clock.
    pub clock: NodeClock,
    /// This life's own view of the store.
    pub store: MemoryStore,
}

impl Site {
    fn owner(&self) -> Owner {
        Owner::Node {
            node: self.node,
            life: self.life,
        }
    }

    fn disk(&self) -> Arc<Disk> {
        Arc::new(Disk {
            world: Arc::clone(&self.world),
            owner: self.owner(),
            node: self.node,
            inner: self.store.clone(),
        })
    }

    fn spawner(&self) -> Arc<NodeSpawner> {
        Arc::new(NodeSpawner {
            inbox: self.world.inbox.clone(),
            owner: self.owner(),
        })
    }

    fn parts(&self) -> Parts {
        let mut suppliers = BTreeMap::new();
        for (place, supplier) in self.world.suppliers.iter().enumerate() {
            let adapter = adapters()
                .iter()
                .find(|adapter| adapter.id().as_str() == supplier.character.name)
                .unwrap();
            let wire = Wire {
                world: Arc::clone(&self.world),
                owner: self.owner(),
                place,
            };
            let supplier = Supplier {
                adapter: Arc::clone(adapter),
                lane: Lane::new(&self.world.scene.limits, Arc::new(self.clock.clone())),
                transport: Arc::new(wire),
            };
            suppliers.insert(adapter.id().clone(), supplier);
        }
        Parts {
            store: self.disk(),
            clock: Arc::new(self.clock.clone()),
            random: Arc::<crate::dice::Dice>::clone(&self.world.dice),
            spawner: self.spawner(),
            suppliers,
            secrets: Arc::new(|_| Some(SecretString::from(KEY))),
            policy: policy(self.world.scene.advance.map_or(0, |(_, total_minor)| total_minor)),
            callback_addresses: AddressPolicy { may_call_loopback: false },
            balance_every: None,
            segments: Arc::new(Segments::read(segment::BUILT_IN).unwrap()),
            public_url: "https://gateway.example".to_owned(),
            node: u16::try_from(self.node).unwrap(),
        }
    }

    async fn assemble(&self) -> Result<Dispatch, Outage> {
        let dispatch = Dispatch::new(self.parts()).await?;
        dispatch.recover().await?;
        Ok(dispatch)
    }

    /// Starts the node and opens its door; a database that is away only delays that.
    pub async fn start(self, doors: Doors) {
        self.world.record().wary.retain(|(node, _)| *node != self.node);
        let dispatch = loop {
            match self.assemble().await {
                Ok(dispatch) => break dispatch,
                Err(_) => self.world.sleep(1_000).await,
            }
        };
        let at_work = dispatch.clone();
        self.world.inbox.start(self.owner(), async move { at_work.run().await });
        if self.world.scene.moves_later > 0 {
            let attending = desk::attend(Arc::clone(&self.world), dispatch.clone(), self.node, self.life);
            self.world.inbox.start(self.owner(), attending);
        }
        let callbacks = Callbacks::new(
            self.disk(),
            Arc::new(Endpoints {
                world: Arc::clone(&self.world),
                shops: self.shops.clone(),
            }),
            Arc::new(self.clock.clone()),
            Arc::<crate::dice::Dice>::clone(&self.world.dice),
            self.spawner(),
            Arc::new(|_| vec![SecretString::from(CALLBACK_SECRET)]),
            CallbackSettings {
                poll_ms: 5_000,
                timeout_ms: 3_000,
                ..CallbackSettings::default()
            },
        );
        self.world.inbox.start(self.owner(), callbacks.run(std::future::pending()));
        let door = self.door(dispatch).await;
        doors.borrow_mut()[self.node] = Some(door);
        self.world.tell(None, || format!("node {} is up, in life {}", self.node, self.life));
    }

    async fn door(&self, dispatch: Dispatch) -> Door {
        let of_dispatch = dispatch.clone();
        let state = ApiState::new(
            Arc::new(dispatch),
            self.disk(),
            Arc::new(move || of_dispatch.shelf()),
            Arc::new(self.clock.clone()),
            metrics(),
            ApiLimits::default(),
        );
        let app = Rc::new(init_service(App::new().configure(routes(Arc::new(state)))).await);
        Rc::new(move |knock: Knock| {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let (parts, body) = knock.request.into_parts();
                let mut request = TestRequest::default().method(parts.method.as_str().parse().unwrap());
                request = request.uri(&parts.uri.to_string());
                for (name, value) in &parts.headers {
                    request = request.insert_header((name.as_str(), value.as_bytes()));
                }
                let response = call_service(&*app, request.set_payload(body).to_request()).await;
                let status = response.status().as_u16();
                let body = read_body(response).await.to_vec();
                // Whoever asked may have gone.
                let _ = knock.answer.send(Reply { status, body });
            })
        })
    }
}

/// Ladders as they ship at their foot, and shorter at their top, so that a history is over sooner.
fn policy(advance_total_minor: i64) -> Policy {
    Policy {
        advance_total_minor,
        doubt_query_ms: vec![1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000],
        accepted_query_ms: vec![3_000, 5_000, 10_000, 20_000, 30_000, 60_000],
        unreachable_pause_max_ms: 60_000,
        doubt_case_after_ms: 600_000,
        ..Policy::default()
    }
}

/// One handle for all: nobody looks at it.
fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().build_recorder().handle()).clone()
}
