//! Building each part from the configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;

use super::descriptors::Outbound;
use super::{Seams, Site, sharing};
use crate::adapters::{Adapter, Adapters, SupplierState};
use crate::callbacks::{CallbackSettings, Callbacks};
use crate::config::Config;
use crate::console::{self, AdminContext, Links, SupplierLine};
use crate::dispatch::parts::SecretLookup;
use crate::dispatch::{Dispatch, Parts, Supplier};
use crate::domain::ids::SupplierId;
use crate::domain::segment::{self, Segments};
use crate::net::address::AddressPolicy;
use crate::net::{ShopClient, ShopProfile, SupplierClient, SupplierProfile};
use crate::ratelimit::shared::Seat;
use crate::store::sqlite::{SqliteStore, Surroundings};
use crate::store::{SealKey, Store};

/// Opens the database under its lock and key.
pub async fn open_store(config: &Config, seams: &Seams) -> anyhow::Result<Arc<SqliteStore>> {
    let key = config.seal_key(|bytes| seams.random.fill(bytes))?;
    let mut surroundings = Surroundings::new(Arc::clone(&seams.clock), Arc::clone(&seams.random), Arc::clone(&seams.spawner));
    surroundings.readers = config.store.read_connections;
    Ok(Arc::new(
        SqliteStore::open(&config.store.path, &SealKey::new(*key.expose()), surroundings).await?,
    ))
}

/// Reads adapters.toml and whatever dialects lie beside the built-in ones.
pub fn adapters(config: &Config, (name, text): &(String, String), secrets: &SecretLookup) -> anyhow::Result<Adapters> {
    let extra = match &config.suppliers.dialects_dir {
        Some(folder) => dialects(folder)?,
        None => Vec::new(),
    };
    Ok(Adapters::load(name, text, &|name| secrets(name), &extra)?)
}

/// Connections that this configuration may have open towards others.
pub(super) fn outbound(config: &Config, adapters: &Adapters) -> Outbound {
    let concurrency = |adapter: &Arc<Adapter>| usize::try_from(adapter.limits().concurrency).unwrap_or(usize::MAX);
    let in_flight = usize::try_from(config.callbacks.max_in_flight).unwrap_or(usize::MAX);
    Outbound {
        suppliers: adapters.iter().map(concurrency).fold(0, usize::saturating_add),
        callbacks: in_flight.saturating_add(ShopClient::MOST_IDLE),
    }
}

/// Keeps every supplier's settings by digest, and gives each its own limits and connections.
pub(super) async fn suppliers(
    adapters: &Adapters,
    store: &Arc<SqliteStore>,
    sharing: Option<&(Seat, Arc<Notify>)>,
    seams: &Seams,
) -> anyhow::Result<BTreeMap<SupplierId, Supplier>> {
    let mut suppliers = BTreeMap::new();
    for adapter in adapters.iter() {
        store
            .put_settings(adapter.digest().clone(), adapter.id().clone(), adapter.document())
            .await?;
        let profile = SupplierProfile {
            connect_timeout_ms: adapter.connect_timeout_ms(),
            concurrency: usize::try_from(adapter.limits().concurrency)?,
            keep_alive: false,
        };
        let supplier = Supplier {
            adapter: Arc::clone(adapter),
            lane: sharing::lane(adapter, sharing, &seams.clock)?,
            transport: Arc::new(SupplierClient::new(profile)?),
        };
        suppliers.insert(adapter.id().clone(), supplier);
    }
    Ok(suppliers)
}

/// What operators' calls work with, beside a running server or alone.
pub fn admin_context(
    config: &Config,
    store: &Arc<SqliteStore>,
    dispatch: Option<&Dispatch>,
    adapters: Option<&Adapters>,
    seams: &Seams,
) -> AdminContext {
    let lines: Vec<SupplierLine> = adapters.into_iter().flat_map(Adapters::iter).map(|adapter| line(adapter)).collect();
    let readers = adapters.into_iter().flat_map(Adapters::iter);
    let readers = readers.filter_map(|adapter| Some((adapter.id().clone(), adapter.statement_reader()?)));
    let statements = readers.collect();
    AdminContext {
        store: shared(store),
        running: dispatch.map(|dispatch| -> Arc<dyn console::Running> { Arc::new(dispatch.clone()) }),
        suppliers: Arc::new(move || lines.clone()),
        statements: Arc::new(statements),
        clock: Arc::clone(&seams.clock),
        random: Arc::clone(&seams.random),
        manning: config.admin.manning(),
        links: dispatch.map(|_| Links {
            signer: store.signer(),
            public_url: config.public_url(),
        }),
    }
}

/// The store behind its seam.
pub(super) fn shared(store: &Arc<SqliteStore>) -> Arc<dyn Store> {
    Arc::<SqliteStore>::clone(store)
}

fn line(adapter: &Adapter) -> SupplierLine {
    let state = match adapter.state() {
        SupplierState::Active => "active",
        SupplierState::Paused => "paused",
        SupplierState::Draining => "draining",
    };
    SupplierLine {
        health: None,
        id: adapter.id().clone(),
        label: adapter.label().to_owned(),
        dialect: adapter.dialect().to_owned(),
        state: state.to_owned(),
        paused: None,
        default_priority: adapter.default_priority(),
        limits: adapter.limits().clone(),
        promises: adapter.rules().promises,
        digest: adapter.digest().to_string(),
    }
}

fn dialects(folder: &std::path::Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read the dialects in {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            found.push((path.display().to_string(), text));
        }
    }
    found.sort();
    Ok(found)
}

fn balance_every(config: &Config) -> Option<Duration> {
    let minutes = u64::from(config.suppliers.balance_minutes);
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

fn segments(config: &Config) -> anyhow::Result<Segments> {
    let read = |name: &str, text: &str| Segments::read(text).map_err(|problem| anyhow::anyhow!("{name}: {problem}"));
    match &config.suppliers.segments_file {
        None => read("the built-in number segments", segment::BUILT_IN),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read [suppliers] segments_file {name}"))?;
            read(&name, &text)
        }
    }
}

pub(super) fn dispatch(
    site: &Site,
    suppliers: BTreeMap<SupplierId, Supplier>,
    store: &Arc<SqliteStore>,
    seams: &Seams,
    address: SocketAddr,
) -> anyhow::Result<Parts> {
    let config = &site.config;
    let segments = segments(config)?;
    Ok(Parts {
        store: shared(store),
        clock: Arc::clone(&seams.clock),
        random: Arc::clone(&seams.random),
        spawner: Arc::clone(&seams.spawner),
        suppliers,
        secrets: Arc::clone(&site.secrets),
        policy: config.policy.clone(),
        callback_addresses: addresses(config),
        balance_every: balance_every(config),
        segments: Arc::new(segments),
        public_url: config
            .server
            .public_url
            .as_ref()
            .map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned()),
        node: config.server.node,
    })
}

fn addresses(config: &Config) -> AddressPolicy {
    AddressPolicy {
        may_call_loopback: config.callbacks.allow_loopback,
    }
}

pub(super) fn callbacks(config: &Config, store: &Arc<SqliteStore>, dispatch: &Dispatch, seams: &Seams) -> anyhow::Result<Callbacks> {
    let profile = ShopProfile {
        may_call_loopback: config.callbacks.allow_loopback,
        connect_timeout_ms: config.callbacks.timeout_ms,
    };
    let of_dispatch = dispatch.clone();
    let secrets = move |shop| {
        let shelf = of_dispatch.shelf();
        shelf.shop(shop).map(|record| record.callback_secrets.clone()).unwrap_or_default()
    };
    let asked = &config.callbacks;
    let settings = CallbackSettings {
        per_shop: usize::try_from(asked.max_in_flight_per_shop)?,
        total: usize::try_from(asked.max_in_flight)?,
        timeout_ms: asked.timeout_ms,
        max_reply_bytes: usize::try_from(asked.max_reply_bytes)?,
        ..CallbackSettings::default()
    };
    Ok(Callbacks::new(
        shared(store),
        Arc::new(ShopClient::new(profile)?),
        Arc::clone(&seams.clock),
        Arc::clone(&seams.random),
        Arc::clone(&seams.spawner),
        Arc::new(secrets),
        settings,
    ))
}
