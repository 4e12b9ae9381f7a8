//! A gateway's folder with everything around it: three suppliers, each behind a proxy, a shop and its door.
//!
//! North and river deduplicate and promise so; stone deduplicates nothing.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mock_suppliers::{Charge, Dedupe, Fault, MockConfig, MockSupplier, Wire};
use recharge_gateway::app::{Seams, open_store};
use recharge_gateway::config::Config;
use recharge_gateway::domain::desk::{Deed, DeedKind, Signature};
use recharge_gateway::domain::ids::{ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop as Record;
use recharge_gateway::seams::{Clock, SystemClock};
use recharge_gateway::store::sqlite::SqliteStore;
use recharge_gateway::store::{Answer, Command as Write, ShopRecord, Store};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::door::{self, Door};
use crate::process::Process;
use crate::proxy::{Proxy, Trap};
use crate::shop::{self, Shop};

/// What is ordered, and who is tried, in order.
pub const SKUS: [(&str, [&str; 2]); 3] = [
    ("mobile-100-north", ["north", "river"]),
    ("mobile-100-river", ["river", "north"]),
    ("mobile-100-stone", ["stone", "north"]),
];
/// What all three sell, and whom is tried, in order: for drills that ask who gets an order.
pub const ANY: (&str, [&str; 3]) = ("mobile-100-any", ["north", "river", "stone"]);
/// The supplier that takes every request as a new one.
pub const FORGETFUL: &str = "stone";
const NAMES: [(&str, Wire); 3] = [("north", Wire::Dayuanren), ("river", Wire::Ofpay), (FORGETFUL, Wire::Kasushou)];
const FACE_MINOR: i64 = 10_000;
const PRICE_MINOR: i64 = 9_950;
pub const CREDIT_MINOR: i64 = 1_000_000_000_000;

/// What a drill may choose before anything is started.
pub struct Plan {
    /// Where the database lives; absent: in the world's own folder.
    pub data: Option<PathBuf>,
    /// How often what goes wrong, by supplier.
    pub faults: [Vec<(Fault, u32)>; 3],
    /// Lines for `gateway.toml`, by section.
    pub server: &'static str,
    pub callbacks: &'static str,
    pub policy: &'static str,
    pub settle_after_ms: u64,
    /// What each supplier takes for one, in minor units.
    pub costs_minor: [i64; 3],
    /// The steering document in force; empty: none is.
    pub steering: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            data: None,
            faults: [Vec::new(), Vec::new(), Vec::new()],
            server: "",
            callbacks: "",
            policy: "doubt_query_ms = [100, 200, 400, 800]\naccepted_query_ms = [300, 600, 1000]\nreply_margin_ms = 200\n\
                     unreachable_pause_ms = 300\nunreachable_pause_max_ms = 1000\nmax_transmissions = 50\ndoubt_case_after_ms = 2000",
            settle_after_ms: 30,
            costs_minor: [9_800; 3],
            steering: String::new(),
        }
    }
}

/// One supplier: the mock with its book, and the wire to it.
pub struct Supplier {
    pub mock: MockSupplier,
    pub proxy: Proxy,
}

/// Everything but the gateway itself.
pub struct World {
    pub suppliers: Vec<Supplier>,
    pub shop: Shop,
    /// Another shop, as rich.
    pub neighbour: Shop,
    pub door: Door,
    pub trap: Arc<Trap>,
    pub address: SocketAddr,
    pub clock: SystemClock,
    pub database: PathBuf,
    folder: TempDir,
}

impl World {
    /// Everything is stocked; no gateway runs yet.
    pub async fn open(plan: Plan) -> Self {
        recharge_gateway::net::install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let database = plan.data.as_deref().unwrap_or(folder.path()).join("gateway.db");
        let trap = Arc::<Trap>::default();
        let mut suppliers = Vec::new();
        for (((name, wire), faults), cost_minor) in NAMES.into_iter().zip(plan.faults).zip(plan.costs_minor) {
            let mut config = MockConfig::new(name, wire);
            config.balance_minor = CREDIT_MINOR;
            config.settle_after_ms = plan.settle_after_ms;
            config.fault_rate = faults;
            config.costs.rule_bp = u32::try_from(cost_minor * 10_000 / FACE_MINOR).unwrap();
            config.dedupe = if name == FORGETFUL {
                Dedupe::Never
            } else {
                Dedupe::ById { keeps_failed: true }
            };
            let mock = MockSupplier::start(config).await.unwrap();
            let proxy = Proxy::open(mock.addr(), database.clone(), Arc::clone(&trap)).await;
            suppliers.push(Supplier { mock, proxy });
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let gateway = format!(
            "[server]\nlisten = \"{address}\"\n{}\n[store]\npath = \"{}\"\n[callbacks]\nallow_loopback = true\n{}\n[policy]\n{}\n",
            plan.server,
            database.display(),
            plan.callbacks,
            plan.policy
        );
        std::fs::write(folder.path().join("gateway.toml"), &gateway).unwrap();
        std::fs::write(folder.path().join("adapters.toml"), adapters_toml(&suppliers)).unwrap();
        let world = Self {
            suppliers,
            shop: Shop::new(address, "chaos-shop"),
            neighbour: Shop::new(address, "neighbour"),
            door: Door::open().await,
            trap,
            address,
            clock: SystemClock::new(),
            database,
            folder,
        };
        world.stock(&plan.steering, plan.costs_minor).await;
        world
    }

    /// The database, opened by this process; to be closed before a gateway is started.
    pub async fn store(&self) -> Arc<SqliteStore> {
        let gateway = std::fs::read_to_string(self.folder.path().join("gateway.toml")).unwrap();
        let config = Config::read("gateway.toml", &gateway, &[]).unwrap();
        open_store(&config, &Seams::of_this_machine()).await.unwrap()
    }

    async fn stock(&self, steering: &str, costs_minor: [i64; 3]) {
        let store = self.store().await;
        for key in ["chaos-shop", "neighbour"] {
            let record = ShopRecord {
                shop: Record {
                    id: ShopId(0),
                    name: key.to_owned(),
                    key: key.to_owned(),
                    currency: Currency::Cny,
                    credit_limit_minor: 0,
                    active: true,
                },
                request_secrets: vec![SecretString::from(shop::SECRET)],
                callback_secrets: vec![SecretString::from(door::SECRET)],
            };
            let shop = store.put_shop(record).await.unwrap();
            let credit = Posting::credit(shop, Money::new(CREDIT_MINOR, Currency::Cny), key);
            assert_eq!(store.commit(Write::Post(credit)).await, Answer::Done);
        }
        store
            .put_products(SKUS.iter().map(|(sku, _)| *sku).chain([ANY.0]).map(product).collect())
            .await
            .unwrap();
        let sold = SKUS.iter().map(|(sku, suppliers)| (*sku, suppliers.as_slice()));
        let offers = sold.chain([(ANY.0, ANY.1.as_slice())]).flat_map(|(sku, suppliers)| {
            let ranked = suppliers.iter().zip(1_u16..);
            ranked.map(move |(supplier, priority)| offer(sku, supplier, priority, costs_minor[place(supplier)]))
        });
        store.put_offers(offers.collect()).await.unwrap();
        if !steering.is_empty() {
            let deed = Deed {
                subject: format!("{}1", Deed::ABOUT_STEERING),
                kind: DeedKind::SteeringPublished {
                    version: 1,
                    text: steering.to_owned(),
                    back_to: None,
                },
                signed: Signature::of("li", "before the first order"),
                at_ms: self.clock.now_ms(),
            };
            assert_eq!(store.commit(Write::Deed(deed)).await, Answer::Done);
        }
        store.close().await;
    }

    /// The program, for `serve`; `failpoint` is where it dies.
    pub fn command(&self, failpoint: Option<&str>) -> Command {
        let mut command = self.program();
        let river = Wire::Ofpay.demo_credentials();
        command
            .arg("serve")
            .env("NORTH_KEY", Wire::Dayuanren.demo_credentials().key)
            .env("RIVER_KEY", river.key)
            .env("RIVER_PASSWORD", river.password.unwrap())
            .env("STONE_KEY", Wire::Kasushou.demo_credentials().key)
            .env("RECHARGE_GATEWAY__LOG__FILTER", "debug");
        if let Some(failpoint) = failpoint {
            command.env("RECHARGE_FAILPOINT", failpoint);
        }
        command
    }

    /// The program, where its settings are.
    pub fn program(&self) -> Command {
        let mut program = Command::new(Path::new(env!("CARGO_BIN_EXE_recharge-gateway")));
        program.current_dir(self.folder.path());
        program
    }

    /// Starts a gateway and does not wait for it.
    pub fn spawn(&self, failpoint: Option<&str>) -> Process {
        Process::start(self.command(failpoint), &self.log_path())
    }

    /// Starts a gateway and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let mut process = self.spawn(None);
        self.until_ready(&mut process, Duration::from_secs(20)).await;
        process
    }

    /// Waits until the gateway says that it is ready.
    pub async fn until_ready(&self, process: &mut Process, patience: Duration) {
        let begin = self.clock.monotonic();
        while !self.is_ready().await {
            let waited = self.clock.monotonic().saturating_sub(begin);
            let ended = process.ended();
            assert!(
                ended.is_none() && waited < patience,
                "not ready after {waited:?} ({ended:?}):\n{}",
                self.log()
            );
            self.clock.sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn is_ready(&self) -> bool {
        self.shop.get("/readyz").await.is_some_and(|answer| answer.status == 200)
    }

    /// Every charge in the suppliers' books.
    pub fn charges(&self) -> Vec<Charge> {
        self.suppliers.iter().flat_map(|supplier| supplier.mock.book()).collect()
    }

    pub fn supplier(&self, name: &str) -> &Supplier {
        &self.suppliers[place(name)]
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("gateway.log")
    }

    /// Everything that all gateways of this world have logged.
    pub fn whole_log(&self) -> String {
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// What they warned of, but for what is known to every one of them.
    pub fn log(&self) -> String {
        let is_small = |line: &str| [" INFO ", " DEBUG ", "allow_loopback is on"].iter().any(|word| line.contains(word));
        let log = self.whole_log();
        let lines = log.lines().filter(|line| !is_small(line));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// What no log line may contain, besides recipients.
    pub fn secrets() -> Vec<String> {
        let of_wires = NAMES.map(|(_, wire)| wire.demo_credentials());
        let of_wires = of_wires.into_iter().flat_map(|known| [Some(known.key), known.password]).flatten();
        of_wires.chain([shop::SECRET, door::SECRET].map(str::to_owned)).collect()
    }
}

fn place(name: &str) -> usize {
    NAMES.iter().position(|(known, _)| *known == name).unwrap()
}

fn adapters_toml(suppliers: &[Supplier]) -> String {
    let cfg = [
        "dialect = \"dayuanren\"\nsecrets = { key = \"NORTH_KEY\" }\ncfg = { userid = \"10001\" }\n\
         status.submit = { \"4\" = \"refused:supplier_balance\", \"5\" = \"refused:recipient\" }",
        "dialect = \"ofpay\"\nsecrets = { key = \"RIVER_KEY\", password = \"RIVER_PASSWORD\" }\ncfg = { userid = \"A00001\" }",
        "dialect = \"kasushou\"\nsecrets = { key = \"STONE_KEY\" }\ncfg = { userid = \"20002\" }\n\
         status.submit = { \"4001\" = \"refused:recipient\", \"4002\" = \"refused:supplier_balance\" }",
    ];
    let tables = suppliers.iter().zip(NAMES).zip(cfg).map(|((supplier, (name, _)), cfg)| {
        let promises = if name == FORGETFUL {
            ""
        } else {
            "deduplicates = true\nkeeps_failed_ids = true\nhorizon_ms = 86400000\n"
        };
        format!(
            "[supplier.{name}]\nlabel = \"{name}\"\nbase_url = \"http://{}\"\nconnect_timeout_ms = 500\n\
             submit_timeout_ms = 800\nquery_timeout_ms = 800\n{cfg}\n[supplier.{name}.limits]\n\
             submit = {{ per_minute = 600000, burst = 1000 }}\nquery = {{ per_minute = 600000, burst = 1000 }}\nconcurrency = 64\n\
             [supplier.{name}.promises]\n{promises}failed_is_final = true\n\n",
            supplier.proxy.address
        )
    });
    tables.collect()
}

fn product(sku: &str) -> Product {
    Product {
        sku: Sku::from(sku),
        sku_no: 0,
        name: sku.to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: FACE_MINOR,
            price_minor: PRICE_MINOR,
        }],
        inputs: vec![InputField {
            key: "account".to_owned(),
            required: true,
            charset: Charset::Digits,
            min_len: 11,
            max_len: 11,
            is_recipient: true,
        }],
        max_quantity: 1,
        deadline_seconds: 36_000,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    }
}

fn offer(sku: &str, supplier: &str, priority: u16, cost_minor: i64) -> Offer {
    let code = match supplier {
        "north" => "12",
        "river" => "140101",
        _ => "77",
    };
    Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from(sku),
        face_minor: FACE_MINOR,
        cost_minor,
        priority: Some(priority),
        code: code.into(),
        enabled: true,
    }
}
