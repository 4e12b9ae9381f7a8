//! The house put together: configuration in, a running gateway out.
//!
//! `serve`, the demo and the stories over HTTP all start it here, so what they see is what runs.
//! Order of starting: store, suppliers, dispatch (which reads its schedule), callbacks, admin
//! socket, and the HTTP door last. A stop goes the other way: nothing new comes in, what is in
//! flight ends or stays safely stamped, then the database is closed.

mod audit;
mod descriptors;
mod parts;
mod recovery;
mod sharing;

pub use audit::audit;
pub use parts::{adapters, admin_context, open_store};
pub use recovery::begin_recovery;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use futures_util::future::select;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpSocket;
use tokio::sync::watch;

use crate::api::{self, ApiLimits, ApiState};
use crate::config::Config;
use crate::console::{AdminContext, AdminSocket, serve_admin};
use crate::dispatch::Dispatch;
use crate::dispatch::parts::SecretLookup;
use crate::seams::{Clock, Random, Spawner, SystemClock, SystemRandom, TokioSpawner};
use crate::store::sqlite::SqliteStore;

/// What a gateway is started from.
pub struct Site {
    /// `gateway.toml` with its overrides.
    pub config: Config,
    /// `adapters.toml`: its name for messages, and its text.
    pub adapters: (String, String),
    /// Finds the secrets that adapters.toml names.
    pub secrets: SecretLookup,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

/// The seams as the machine offers them.
#[derive(Clone)]
pub struct Seams {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) spawner: Arc<dyn Spawner>,
}

impl Seams {
    /// Real time, real chance, the current runtime.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            spawner: Arc::new(TokioSpawner::new(tokio::runtime::Handle::current())),
        }
    }
}

/// A gateway at work.
pub struct Running {
    dispatch: Dispatch,
    store: Arc<SqliteStore>,
    address: SocketAddr,
    door: ServerHandle,
    desk: Option<(SocketAddr, ServerHandle)>,
    stopping: watch::Sender<bool>,
    told: tokio::sync::oneshot::Receiver<()>,
    grace: Duration,
}

/// Starts everything and returns once the door is open.
///
/// # Errors
/// Whatever is wrong with the configuration, the suppliers' file, the database or the address.
pub async fn start(site: Site) -> anyhow::Result<Running> {
    crate::net::install_crypto();
    let seams = Seams::of_this_machine();
    let config = &site.config;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let listener = listen(config.server.listen).with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let address = listener.local_addr()?;
    let store = parts::open_store(config, &seams).await?;
    let adapters = parts::adapters(&site.config, &site.adapters, &site.secrets)?;
    let inbound = descriptors::inbound(parts::outbound(config, &adapters))?;
    let shared = sharing::sharing(config);
    let suppliers = parts::suppliers(&adapters, &store, shared.as_ref(), &seams).await?;
    let peers = sharing::peers(config, &suppliers, shared, &seams)?;
    let dispatch = Dispatch::new(parts::dispatch(&site, suppliers, &store, &seams, address)?).await?;
    let open_orders = dispatch.recover().await?;
    tracing::info!(open_orders, %address, "the schedule is read");
    let (stopping, _) = watch::channel(false);
    if let Some(peers) = peers {
        let stop = stopped(stopping.subscribe());
        let gossip = Arc::new(sharing::Gossip(dispatch.clone()));
        seams.spawner.spawn(Box::pin(async move {
            drop(select(Box::pin(peers.run(gossip)), Box::pin(stop)).await);
        }));
    }
    keep_metrics(&site.metrics, &seams, stopping.subscribe());
    let told = run_callbacks(config, &store, &dispatch, &seams, stopping.subscribe())?;
    let at_work = dispatch.clone();
    seams.spawner.spawn(Box::pin(async move { at_work.run().await }));
    let socket = AdminSocket::bind(&config.socket_path()).await?;
    let context = Arc::new(parts::admin_context(config, &store, Some(&dispatch), Some(&adapters), &seams));
    let desk = open_desk(config.admin.listen, &context, &seams)?;
    let (spawner, stop) = (Arc::clone(&seams.spawner), stopped(stopping.subscribe()));
    seams
        .spawner
        .spawn(Box::pin(async move { socket.run(context, spawner, stop).await }));
    audit::keep_auditing(&store, &dispatch, &seams, stopping.subscribe());
    let door = open_door(&site, (listener, inbound), &store, &dispatch, &seams)?;
    Ok(Running {
        dispatch,
        store,
        address,
        door,
        desk,
        stopping,
        told,
        grace: Duration::from_secs(u64::from(config.server.stop_grace_seconds)),
    })
}

/// Histograms grow until somebody scrapes them, or this tidies them.
fn keep_metrics(metrics: &PrometheusHandle, seams: &Seams, stopping: watch::Receiver<bool>) {
    let (metrics, clock) = (metrics.clone(), Arc::clone(&seams.clock));
    seams.spawner.spawn(Box::pin(async move {
        while !*stopping.borrow() {
            metrics.run_upkeep();
            clock.sleep(Duration::from_secs(5)).await;
        }
    }));
}

fn run_callbacks(
    config: &Config,
    store: &Arc<SqliteStore>,
    dispatch: &Dispatch,
    seams: &Seams,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<tokio::sync::oneshot::Receiver<()>> {
    let callbacks = parts::callbacks(config, store, dispatch, seams)?;
    let (sender, told) = tokio::sync::oneshot::channel();
    seams.spawner.spawn(Box::pin(async move {
        callbacks.run(stopped(stopping)).await;
        // Nobody may be waiting for this any more.
        let _ = sender.send(());
    }));
    Ok(told)
}

/// Connections that may wait to be accepted. The standard library's 128 are overrun when a few
/// hundred clients come at once, and each of those then waits a second to knock again.
const BACKLOG: u32 = 4_096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

fn open_door(
    site: &Site,
    (listener, inbound): (TcpListener, usize),
    store: &Arc<SqliteStore>,
    dispatch: &Dispatch,
    seams: &Seams,
) -> anyhow::Result<ServerHandle> {
    let server = &site.config.server;
    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => usize::from(workers),
    };
    let limits = ApiLimits {
        max_connections: inbound.div_euclid(workers.max(1)).max(1),
        max_submitting: usize::try_from(server.max_in_flight)?,
        max_per_shop: usize::try_from(server.max_in_flight_per_shop)?,
        ..ApiLimits::default()
    };
    let of_dispatch = dispatch.clone();
    let state = ApiState::new(
        Arc::new(dispatch.clone()),
        parts::shared(store),
        Arc::new(move || of_dispatch.shelf()),
        Arc::clone(&seams.clock),
        site.metrics.clone(),
        limits,
    )
    .signing(store.signer());
    let door = api::serve(listener, workers, Arc::new(state), |_| {})?;
    let handle = door.handle();
    seams.spawner.spawn(Box::pin(async move {
        if let Err(error) = door.await {
            tracing::error!(%error, "the HTTP server ended by itself");
        }
    }));
    Ok(handle)
}

/// `/admin/v1`, where the configuration wants it.
fn open_desk(
    address: Option<SocketAddr>,
    context: &Arc<AdminContext>,
    seams: &Seams,
) -> anyhow::Result<Option<(SocketAddr, ServerHandle)>> {
    let Some(address) = address else { return Ok(None) };
    let listener = listen(address).with_context(|| format!("cannot listen on {address} for /admin/v1"))?;
    let address = listener.local_addr()?;
    let desk = serve_admin(listener, Arc::clone(context))?;
    let handle = desk.handle();
    seams.spawner.spawn(Box::pin(async move {
        if let Err(error) = desk.await {
            tracing::error!(%error, "/admin/v1 ended by itself");
        }
    }));
    tracing::info!(%address, "/admin/v1 is open");
    Ok(Some((address, handle)))
}

/// Completes once a stop has begun.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone has stopped too.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

impl Running {
    /// The working heart.
    #[must_use]
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Where everything is kept.
    #[must_use]
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Where shops and suppliers reach it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators reach `/admin/v1`, if anywhere.
    #[must_use]
    pub fn desk_address(&self) -> Option<SocketAddr> {
        self.desk.as_ref().map(|(address, _)| *address)
    }

    /// Completes when the database has failed in a way that only a new start can mend.
    pub async fn failed(&self) -> String {
        self.store.fatal().await
    }

    /// Finishes or safely leaves what is in flight, then closes the database.
    pub async fn stop(self) {
        // What a request has started lives on the thread of its HTTP worker, which ends with the door: so
        // that closes only when all is done. Meanwhile nothing new is taken, and whoever waits for a
        // verdict hears "processing" at once.
        let is_idle = self.dispatch.stop(self.grace).await;
        if !is_idle {
            tracing::warn!("the stop's grace time is over; what is in flight is stamped and will be asked about");
        }
        self.door.stop(true).await;
        if let Some((_, desk)) = self.desk {
            desk.stop(true).await;
        }
        let _ = self.stopping.send(true);
        // Each try is bounded by its own time-out.
        let _ = self.told.await;
        self.store.close().await;
    }
}

/// Runs a gateway until it is told to stop; `false` if the database failed.
///
/// # Errors
/// When it cannot start.
pub async fn serve(site: Site) -> anyhow::Result<bool> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let running = start(site).await?;
    tracing::info!(address = %running.address(), "the gateway is open");
    tokio::select! {
        biased;
        reason = running.failed() => {
            tracing::error!(reason, "the database has failed; this process ends so that the next one recovers");
            return Ok(false);
        }
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    tracing::info!("stopped");
    Ok(true)
}
