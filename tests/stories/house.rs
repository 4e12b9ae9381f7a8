//! A whole gateway with its world around it, for one story.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mock_suppliers::{Charge, Dedupe, Fault, MockConfig, MockSupplier, Operation, Wire};
use recharge_gateway::app::{self, Running, Site};
use recharge_gateway::audit::whole;
use recharge_gateway::config::Config;
use recharge_gateway::console::{AdminCall, AdminReply, ask};
use recharge_gateway::domain::ids::{AttemptId, ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::{Account, Posting};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::domain::product::{AdvanceTerms, Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::seams::{Clock, SystemClock};
use recharge_gateway::store::sqlite::Archive;
use recharge_gateway::store::{Answer, Command, ShopRecord, Store, StoredCase};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::shop::{Agent, Mailbox};

pub const FACE_MINOR: i64 = 10_000;
pub const COST_MINOR: i64 = 9_800;
pub const PRICE_MINOR: i64 = 9_950;
pub const SHOP_SECRET: &str = "story-shop-secret";
/// A code whose offer costs more than the shop pays.
const DEAR: &str = "13";
const CALLBACK_SECRET: &str = "story-callback-secret";

/// How long a story waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// A limit that no story reaches.
const WIDE: &str = "{ per_minute = 60000, burst = 100 }";

/// North deduplicates and promises so; stone deduplicates nothing and promises nothing but final
/// failures; river is between, without signatures on its notifications.
pub struct House {
    pub north: MockSupplier,
    pub river: MockSupplier,
    pub stone: MockSupplier,
    pub gateway: Running,
    pub shop: Agent,
    /// Another shop, as rich, whose callbacks are signed with the same secret.
    pub neighbour: Agent,
    pub mail: Mailbox,
    pub clock: SystemClock,
    folder: Arc<TempDir>,
    site: Settings,
    may_charge_twice: bool,
    callbacks_an_order: usize,
}

/// What a story may change before the doors open.
#[derive(Clone)]
pub struct Settings {
    pub policy: Policy,
    pub credit_minor: i64,
    pub credit_limit_minor: i64,
    /// Lines added to each supplier's table in adapters.toml.
    pub more: BTreeMap<&'static str, String>,
    /// What stands instead of the wide submit limit, by supplier.
    pub submit_limits: BTreeMap<&'static str, &'static str>,
    pub failed_is_final: bool,
    pub settle_after_ms: u64,
    pub submit_timeout_ms: u64,
    pub stop_grace_seconds: u32,
    /// When the risk account stands in for a top-up in doubt.
    pub advance: Option<AdvanceTerms>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy {
                doubt_query_ms: vec![100, 200, 400, 800],
                accepted_query_ms: vec![300, 600, 1_000],
                reply_margin_ms: 300,
                unreachable_pause_ms: 300,
                ..Policy::default()
            },
            credit_minor: 1_000_000,
            credit_limit_minor: 0,
            more: BTreeMap::new(),
            submit_limits: BTreeMap::new(),
            failed_is_final: true,
            settle_after_ms: 50,
            submit_timeout_ms: 600,
            stop_grace_seconds: 5,
            advance: None,
        }
    }
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(Settings::default()).await
    }

    pub async fn open_with(settings: Settings) -> Self {
        let mock = |name: &str, wire, dedupe| {
            let mut config = MockConfig::new(name, wire);
            config.dedupe = dedupe;
            config.settle_after_ms = settings.settle_after_ms;
            config.card_products = vec!["900".to_owned()];
            MockSupplier::start(config)
        };
        let keeps = Dedupe::ById { keeps_failed: true };
        let north = mock("north", Wire::Dayuanren, keeps).await.unwrap();
        let river = mock("river", Wire::Ofpay, keeps).await.unwrap();
        let stone = mock("stone", Wire::Kasushou, Dedupe::Never).await.unwrap();
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let adapters = adapters_toml(&settings, [&north, &river, &stone]);
        let gateway = start(&folder, &settings, adapters).await;
        let mail = Mailbox::open(CALLBACK_SECRET).await;
        stock(&gateway, &settings).await;
        let (shop, neighbour) = agents(&gateway);
        let clock = SystemClock::new();
        Self {
            north,
            river,
            stone,
            gateway,
            shop,
            neighbour,
            mail,
            clock,
            folder,
            site: settings,
            may_charge_twice: false,
            callbacks_an_order: 1,
        }
    }

    /// Stops the gateway and starts it again on the same file, at another port.
    pub async fn restart(self) -> Self {
        let adapters = adapters_toml(&self.site, [&self.north, &self.river, &self.stone]);
        self.gateway.stop().await;
        let gateway = start(&self.folder, &self.site, adapters).await;
        let (shop, neighbour) = agents(&gateway);
        Self {
            gateway,
            shop,
            neighbour,
            ..self
        }
    }

    /// The story breaks a supplier's promise on purpose: its books may show two charges.
    pub fn expect_double_charges(&mut self) {
        self.may_charge_twice = true;
    }

    /// Every order of the story is told about this many times: its verdict, then what went back.
    pub fn expect_callbacks(&mut self, count: usize) {
        self.callbacks_an_order = count;
    }

    /// What an operator's command says to the running gateway.
    pub async fn desk(&self, call: AdminCall) -> AdminReply {
        ask(&self.folder.path().join("gateway.db.sock"), &call).await.unwrap()
    }

    /// An order body for `recipient`, first at `first` ("north", "river", "stone" or "closed"), with callbacks on.
    pub fn body(&self, number: &str, first: &str, recipient: &str) -> serde_json::Value {
        serde_json::json!({
            "shop_order_no": number,
            "sku": format!("mobile-100-{first}"),
            "inputs": { "account": recipient },
            "callback_url": self.mail.url(),
        })
    }

    /// Orders once and does not wait for the verdict; the order's id.
    pub async fn place(&self, number: &str, first: &str, recipient: &str) -> String {
        let (status, told) = self.shop.post("/v1/orders", &self.body(number, first, recipient)).await;
        assert_eq!(status, 201, "{told}");
        told["id"].as_str().unwrap().to_owned()
    }

    /// Orders once and waits for the verdict, at most ten seconds.
    pub async fn order(&self, number: &str, first: &str, recipient: &str) -> serde_json::Value {
        let id = self.place(number, first, recipient).await;
        self.until_final(&id).await
    }

    /// Waits for the verdict.
    pub async fn until_final(&self, id: &str) -> serde_json::Value {
        self.until(id, |order| order["finality"] == "final").await
    }

    /// Waits until the order satisfies `is_so`, at most `PATIENCE`; the order as last seen.
    pub async fn until(&self, id: &str, is_so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let started = self.clock.monotonic();
        loop {
            let (status, order) = self.shop.get(&format!("/v1/orders/{id}")).await;
            assert_eq!(status, 200, "{order}");
            if is_so(&order) {
                return order;
            }
            let waited = self.clock.monotonic().saturating_sub(started);
            assert!(waited < PATIENCE, "waited {waited:?} in vain: {order}");
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until `is_so`, at most `PATIENCE`; `what` is said if it never is.
    pub async fn until_so(&self, what: &str, is_so: impl Fn() -> bool) {
        let started = self.clock.monotonic();
        while !is_so() {
            let waited = self.clock.monotonic().saturating_sub(started);
            assert!(waited < PATIENCE, "waited {waited:?} in vain: {what}");
            self.clock.sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the verdict of an order has reached its shop.
    pub async fn until_told(&self, id: &str) {
        self.until_so("the callback of an order", || !self.mail.about(id).is_empty()).await;
    }

    /// The cases still open.
    pub async fn cases(&self) -> Vec<StoredCase> {
        self.gateway.store().open_cases(100).await.unwrap()
    }

    /// Waits until there are `count` open cases.
    pub async fn until_cases(&self, count: usize) -> Vec<StoredCase> {
        let started = self.clock.monotonic();
        loop {
            let cases = self.cases().await;
            if cases.len() >= count {
                assert_eq!(cases.len(), count, "{cases:?}");
                return cases;
            }
            let waited = self.clock.monotonic().saturating_sub(started);
            assert!(waited < PATIENCE, "waited {waited:?} in vain for {count} cases: {cases:?}");
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the shop sees of its money: (available, held).
    pub async fn money(&self) -> (String, String) {
        let (_, balance) = self.shop.get("/v1/balance").await;
        let word = |name: &str| balance[name].as_str().unwrap().to_owned();
        (word("available"), word("held"))
    }

    /// The balance of an account as the ledger has it, in minor units.
    pub async fn account(&self, is_it: impl Fn(&Account) -> bool) -> i64 {
        let balances = self.gateway.store().balances().await.unwrap();
        balances
            .iter()
            .filter(|balance| is_it(&balance.account))
            .map(|balance| balance.minor)
            .sum()
    }

    pub fn mock(&self, name: &str) -> &MockSupplier {
        match name {
            "north" => &self.north,
            "river" => &self.river,
            "stone" => &self.stone,
            other => panic!("no supplier {other}"),
        }
    }

    /// How many requests of one kind a supplier has seen for an order.
    pub fn seen(&self, name: &str, op: Operation, order: &str) -> usize {
        let requests = self.mock(name).requests();
        requests.iter().filter(|seen| seen.op == op && seen.id.starts_with(order)).count()
    }

    /// Every charge of an order, over all suppliers.
    pub fn charges(&self, order: &str) -> Vec<Charge> {
        let books = [&self.north, &self.river, &self.stone].into_iter().flat_map(MockSupplier::book);
        books.filter(|charge| order_of(charge) == order).collect()
    }

    /// Deliveries of an order, now or later, by the suppliers' books.
    pub fn delivered(&self, order: &str) -> usize {
        self.charges(order).iter().filter(|charge| charge.ends_delivered()).count()
    }

    /// The database as it stands now.
    pub async fn archive(&self) -> Archive {
        self.gateway.store().archive().await.unwrap()
    }

    /// Ends the story: books, ledger and schedule are as they must be, and the auditor has no finding.
    pub async fn close(self) {
        let store = self.gateway.store();
        let sum: i64 = store.balances().await.unwrap().iter().map(|balance| balance.minor).sum();
        assert_eq!(sum, 0, "the ledger does not sum to zero");
        let census = store.census().await.unwrap();
        assert_eq!(census.lost_orders, 0, "an order is lost");
        let mut by_order: BTreeMap<String, usize> = BTreeMap::new();
        for charge in [&self.north, &self.river, &self.stone].into_iter().flat_map(MockSupplier::book) {
            if charge.ends_delivered() {
                *by_order.entry(order_of(&charge)).or_default() += 1;
            }
        }
        let twice: Vec<_> = by_order.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty() || self.may_charge_twice, "recharged twice: {twice:?}");
        assert_eq!(self.mail.forged(), 0, "a callback had a wrong signature");
        for (order, ids) in self.mail.events() {
            let count = ids.len();
            assert_eq!(count, self.callbacks_an_order, "the shop was told {count} times about {order}");
        }
        let findings = whole(&mut self.archive().await, 1).await.unwrap().findings;
        assert_eq!(findings, Vec::new(), "the auditor found a law broken");
        self.gateway.stop().await;
    }
}

/// The order that a charge was made for.
pub fn order_of(charge: &Charge) -> String {
    let attempt: AttemptId = charge.id.parse().unwrap();
    attempt.order.to_string()
}

/// Faults for one recipient at one supplier.
pub fn script(mock: &MockSupplier, recipient: &str, faults: &[Fault]) {
    mock.script(recipient, faults.to_vec());
}

async fn start(folder: &TempDir, settings: &Settings, adapters: String) -> Running {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.server.stop_grace_seconds = settings.stop_grace_seconds;
    config.store.path = folder.path().join("gateway.db");
    config.callbacks.allow_loopback = true;
    config.policy = settings.policy.clone();
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let secrets = |name: &str| {
        let wire = match name {
            "NORTH_KEY" => Wire::Dayuanren,
            "RIVER_KEY" | "RIVER_PASSWORD" => Wire::Ofpay,
            "STONE_KEY" => Wire::Kasushou,
            _ => return None,
        };
        let credentials = wire.demo_credentials();
        let secret = if name.ends_with("PASSWORD") {
            credentials.password?
        } else {
            credentials.key
        };
        Some(SecretString::from(secret))
    };
    let adapters = ("adapters.toml".to_owned(), adapters);
    app::start(Site {
        config,
        adapters,
        secrets: Arc::new(secrets),
        metrics,
    })
    .await
    .unwrap()
}

fn adapters_toml(settings: &Settings, [north, river, stone]: [&MockSupplier; 3]) -> String {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let table = |name: &str, dialect: &str, url: &str, cfg: &str, secrets: &str, dedupes: bool| {
        let more = settings.more.get(name).cloned().unwrap_or_default();
        let promises = if dedupes {
            "deduplicates = true\nkeeps_failed_ids = true\nhorizon_ms = 86400000"
        } else {
            ""
        };
        let is_final = settings.failed_is_final;
        let submit = settings.submit_limits.get(name).copied().unwrap_or(WIDE);
        let submit_timeout_ms = settings.submit_timeout_ms;
        format!(
            "[supplier.{name}]\ndialect = \"{dialect}\"\nlabel = \"{name}\"\nbase_url = \"{url}\"\nconnect_timeout_ms = 500\n\
             submit_timeout_ms = {submit_timeout_ms}\nquery_timeout_ms = 600\nsecrets = {secrets}\ncfg = {{ userid = \"{cfg}\" }}\n\
             {more}\n[supplier.{name}.limits]\nsubmit = {submit}\nquery = {WIDE}\n\
             [supplier.{name}.promises]\n{promises}\nfailed_is_final = {is_final}\n\n"
        )
    };
    let refused = "status.submit = { \"4\" = \"refused:supplier_balance\", \"5\" = \"refused:recipient\" }";
    let north_table = table("north", "dayuanren", &north.base_url(), "10001", "{ key = \"NORTH_KEY\" }", true).replace(
        "cfg = { userid = \"10001\" }",
        &format!("cfg = {{ userid = \"10001\" }}\n{refused}"),
    );
    let river_table = table(
        "river",
        "ofpay",
        &river.base_url(),
        "A00001",
        "{ key = \"RIVER_KEY\", password = \"RIVER_PASSWORD\" }",
        true,
    );
    let refused = "status.submit = { \"4001\" = \"refused:recipient\", \"4002\" = \"refused:supplier_balance\" }";
    let stone_table = table("stone", "kasushou", &stone.base_url(), "20002", "{ key = \"STONE_KEY\" }", false).replace(
        "cfg = { userid = \"20002\" }",
        &format!("cfg = {{ userid = \"20002\" }}\n{refused}"),
    );
    let closed_table = table(
        "closed",
        "dayuanren",
        &format!("http://{closed}"),
        "10001",
        "{ key = \"NORTH_KEY\" }",
        true,
    );
    format!("{north_table}{river_table}{stone_table}{closed_table}")
}

fn agents(gateway: &Running) -> (Agent, Agent) {
    let agent = |key| Agent::new(gateway.address(), key, SHOP_SECRET);
    (agent("story-shop"), agent("neighbour-shop"))
}

/// Two shops with credit, top-ups that start at each supplier, and a card.
async fn stock(gateway: &Running, settings: &Settings) {
    let store = gateway.store();
    for key in ["story-shop", "neighbour-shop"] {
        let record = ShopRecord {
            shop: Shop {
                id: ShopId(0),
                name: key.to_owned(),
                key: key.to_owned(),
                currency: Currency::Cny,
                credit_limit_minor: settings.credit_limit_minor,
                active: true,
            },
            request_secrets: vec![SecretString::from(SHOP_SECRET)],
            callback_secrets: vec![SecretString::from(CALLBACK_SECRET)],
        };
        let shop = store.put_shop(record).await.unwrap();
        if settings.credit_minor != 0 {
            let credit = Posting::credit(shop, Money::new(settings.credit_minor, Currency::Cny), key);
            assert_eq!(store.commit(Command::Post(credit)).await, Answer::Done);
        }
    }
    let routes = [
        ("mobile-100-north", vec![("north", "12"), ("river", "140101")]),
        ("mobile-100-river", vec![("river", "140101"), ("north", "12")]),
        ("mobile-100-stone", vec![("stone", "77"), ("north", "12")]),
        ("mobile-100-closed", vec![("closed", "12"), ("north", "12")]),
        ("mobile-100-dear", vec![("north", DEAR), ("river", "140101")]),
        ("card-100", vec![("stone", "900")]),
    ];
    let products = routes.iter().map(|(sku, _)| product(sku, settings.advance)).collect();
    store.put_products(products).await.unwrap();
    let offers = routes.iter().flat_map(|(sku, suppliers)| {
        suppliers.iter().zip(1_u16..).map(|((supplier, code), priority)| Offer {
            supplier: SupplierId::from(*supplier),
            sku: Sku::from(*sku),
            face_minor: FACE_MINOR,
            cost_minor: if *code == DEAR { PRICE_MINOR + 1 } else { COST_MINOR },
            priority: Some(priority),
            code: (*code).into(),
            enabled: true,
        })
    });
    store.put_offers(offers.collect()).await.unwrap();
    gateway.dispatch().reload_catalog().await.unwrap();
}

fn product(sku: &str, advance: Option<AdvanceTerms>) -> Product {
    let is_card = sku.starts_with("card");
    let account = InputField {
        key: "account".to_owned(),
        required: true,
        charset: Charset::Digits,
        min_len: 11,
        max_len: 11,
        is_recipient: true,
    };
    Product {
        sku: Sku::from(sku),
        sku_no: 0,
        name: sku.to_owned(),
        kind: if is_card { ProductKind::Card } else { ProductKind::TopUp },
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: FACE_MINOR,
            price_minor: PRICE_MINOR,
        }],
        inputs: if is_card { Vec::new() } else { vec![account] },
        max_quantity: if is_card { 5 } else { 1 },
        deadline_seconds: 30,
        advance,
        may_lose_money: false,
        on_sale: true,
    }
}
