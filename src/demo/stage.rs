//! The stage: three mock suppliers, a port that nobody listens on, the gateway, a shop, its receiver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use mock_suppliers::{Dedupe, MockConfig, MockSupplier, Wire};
use secrecy::{ExposeSecret, SecretString};

use super::receiver::Receiver;
use super::script::{First, Line};
use crate::app::{self, Running, Site};
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::domain::ids::{ShopId, Sku, SupplierId};
use crate::domain::ledger::Posting;
use crate::domain::money::{Currency, Money};
use crate::domain::offer::Offer;
use crate::domain::policy::Policy;
use crate::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use crate::domain::shop::Shop;
use crate::net::{SupplierClient, SupplierProfile};
use crate::seams::{Random, SystemRandom, Transport};
use crate::store::{Answer, Command, ShopRecord, Store};

const FACE_MINOR: i64 = 10_000;
const COST_MINOR: i64 = 9_800;
const PRICE_MINOR: i64 = 9_950;
const CREDIT_MINOR: i64 = 1_000_000;
/// The product that stone sells as a card.
const CARD_CODE: &str = "900";

/// Everything that runs during the demo.
pub(super) struct Stage {
    pub(super) mocks: Vec<MockSupplier>,
    pub(super) gateway: Running,
    pub(super) receiver: Receiver,
    pub(super) shop_key: String,
    pub(super) shop_secret: SecretString,
    pub(super) wire: Arc<dyn Transport>,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Starts everything, on free ports but for the gateway's own.
    pub(super) async fn set(args: &DemoArgs, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let mocks = vec![
            MockSupplier::start(mock("north", Wire::Dayuanren, args.seed))
                .await
                .context("supplier north")?,
            MockSupplier::start(mock("river", Wire::Ofpay, args.seed))
                .await
                .context("supplier river")?,
            MockSupplier::start(mock("stone", Wire::Kasushou, args.seed))
                .await
                .context("supplier stone")?,
        ];
        let folder = tempfile::Builder::new().prefix("recharge-gateway-demo-").tempdir()?;
        let adapters = adapters_toml(&mocks)?;
        let config = config(args, folder.path());
        let gateway = app::start(Site {
            config,
            adapters: ("demo adapters.toml".to_owned(), adapters),
            secrets: Arc::new(secret),
            metrics,
        })
        .await?;
        let shop_secret = random_secret();
        let callback_secret = random_secret();
        let receiver = Receiver::start(callback_secret.clone()).context("the demo shop's callback receiver")?;
        let shop_key = "demo-shop".to_owned();
        stock(&gateway, &shop_key, &shop_secret, &callback_secret).await?;
        let profile = SupplierProfile {
            connect_timeout_ms: 2_000,
            concurrency: 64,
            keep_alive: true,
        };
        let wire: Arc<dyn Transport> = Arc::new(SupplierClient::new(profile)?);
        Ok(Self {
            mocks,
            gateway,
            receiver,
            shop_key,
            shop_secret,
            wire,
            folder,
        })
    }

    /// Hands each supplier its part of the script.
    pub(super) fn script(&self, lines: &[Line]) {
        for line in lines.iter().filter(|line| !line.recipient.is_empty()) {
            self.direct(line.first, line, &line.faults);
            if let Some(then) = line.first.then() {
                self.direct(then, line, &line.then);
            }
        }
    }

    fn direct(&self, at: First, line: &Line, faults: &[mock_suppliers::Fault]) {
        let mock = match at {
            First::North => self.mocks.first(),
            First::River => self.mocks.get(1),
            First::Stone | First::Card => self.mocks.get(2),
            First::Closed => None,
        };
        if let Some(mock) = mock {
            mock.script(&line.recipient, faults.to_vec());
        }
    }

    /// Where the gateway listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Where everything of this run lies.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits for ctrl-c.
    pub(super) async fn until_interrupted(&self) {
        // Without a signal handler the process ends at once, which is what ctrl-c asks for.
        let _ = tokio::signal::ctrl_c().await;
    }

    /// Ends everything, the gateway first, and removes the folder.
    pub(super) async fn strike(self) {
        self.gateway.stop().await;
        self.receiver.stop().await;
        for mock in self.mocks {
            mock.stop().await;
        }
    }
}

fn mock(name: &str, wire: Wire, seed: u64) -> MockConfig {
    let mut config = MockConfig::new(name, wire);
    config.seed = seed;
    config.settle_after_ms = 400;
    config.card_products = vec![CARD_CODE.to_owned()];
    if wire == Wire::Kasushou {
        config.dedupe = Dedupe::Never;
    }
    config
}

fn secret(name: &str) -> Option<SecretString> {
    let credentials = match name {
        "DEMO_NORTH_KEY" => Wire::Dayuanren.demo_credentials().key,
        "DEMO_RIVER_KEY" => Wire::Ofpay.demo_credentials().key,
        "DEMO_RIVER_PASSWORD" => Wire::Ofpay.demo_credentials().password?,
        "DEMO_STONE_KEY" => Wire::Kasushou.demo_credentials().key,
        _ => return None,
    };
    Some(SecretString::from(credentials))
}

fn adapters_toml(mocks: &[MockSupplier]) -> anyhow::Result<String> {
    // Bound once and let go: nobody listens there now.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut text = include_str!("adapters.toml").replace("{closed}", &format!("http://{closed}"));
    for (name, mock) in ["north", "river", "stone"].into_iter().zip(mocks) {
        text = text.replace(&format!("{{{name}}}"), &mock.base_url());
    }
    Ok(text)
}

fn config(args: &DemoArgs, folder: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = args.listen;
    config.store.path = folder.join("gateway.db");
    config.callbacks.allow_loopback = true;
    config.policy = Policy {
        doubt_query_ms: vec![300, 600, 1_200, 2_400, 5_000],
        accepted_query_ms: vec![1_500, 3_000, 5_000],
        unreachable_pause_ms: 2_000,
        ..Policy::default()
    };
    config
}

fn random_secret() -> SecretString {
    let mut bytes = [0_u8; 24];
    SystemRandom.fill(&mut bytes);
    SecretString::from(hex::encode(bytes))
}

/// Adds the shop, its credit, the products and who can deliver them.
async fn stock(gateway: &Running, key: &str, request: &SecretString, callback: &SecretString) -> anyhow::Result<()> {
    let store = gateway.store();
    let record = ShopRecord {
        shop: Shop {
            id: ShopId(0),
            name: "Demo shop".to_owned(),
            key: key.to_owned(),
            currency: Currency::Cny,
            credit_limit_minor: 0,
            active: true,
        },
        request_secrets: vec![SecretString::from(request.expose_secret())],
        callback_secrets: vec![SecretString::from(callback.expose_secret())],
    };
    let shop = store.put_shop(record).await?;
    let credit = Posting::credit(shop, Money::new(CREDIT_MINOR, Currency::Cny), "demo");
    let booked = store.commit(Command::Post(credit)).await;
    anyhow::ensure!(booked == Answer::Done, "the demo shop's credit was not booked: {booked:?}");
    let firsts = [First::North, First::River, First::Stone, First::Closed, First::Card];
    store.put_products(firsts.into_iter().map(product).collect()).await?;
    store.put_offers(firsts.into_iter().flat_map(offers).collect()).await?;
    gateway.dispatch().reload_catalog().await?;
    Ok(())
}

fn product(first: First) -> Product {
    let account = InputField {
        key: "account".to_owned(),
        required: true,
        charset: Charset::Digits,
        min_len: 11,
        max_len: 11,
        is_recipient: true,
    };
    let is_card = first == First::Card;
    Product {
        sku: Sku::from(first.sku()),
        sku_no: 0,
        name: if is_card { "Gift card 100" } else { "Mobile top-up 100" }.to_owned(),
        kind: if is_card { ProductKind::Card } else { ProductKind::TopUp },
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: FACE_MINOR,
            price_minor: PRICE_MINOR,
        }],
        inputs: if is_card { Vec::new() } else { vec![account] },
        max_quantity: if is_card { 5 } else { 1 },
        deadline_seconds: 60,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    }
}

fn offers(first: First) -> Vec<Offer> {
    let by = |supplier: &str, priority: u16, code: &str| Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from(first.sku()),
        face_minor: FACE_MINOR,
        cost_minor: COST_MINOR,
        priority: Some(priority),
        code: code.into(),
        enabled: true,
    };
    let own = |at: First, priority: u16| match at {
        First::North => by("north", priority, "12"),
        First::River => by("river", priority, "140101"),
        First::Stone => by("stone", priority, "77"),
        First::Closed => by("closed", priority, "12"),
        First::Card => by("stone", priority, CARD_CODE),
    };
    let mut offers = vec![own(first, 1)];
    offers.extend(first.then().map(|then| own(then, 2)));
    offers
}

/// Charges by order, from every supplier's book.
pub(super) fn charges(mocks: &[MockSupplier]) -> BTreeMap<String, Vec<mock_suppliers::Charge>> {
    let mut by_order: BTreeMap<String, Vec<mock_suppliers::Charge>> = BTreeMap::new();
    for charge in mocks.iter().flat_map(MockSupplier::book) {
        let order = charge.id.get(..charge.id.len().saturating_sub(2)).unwrap_or_default().to_owned();
        by_order.entry(order).or_default().push(charge);
    }
    by_order
}
