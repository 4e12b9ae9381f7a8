//! Suppliers with contracts, and gateways that share them through one Redis.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use http::Method;
use mock_suppliers::{MockConfig, MockSupplier, Operation, Wire};
use recharge_gateway::app::{Seams, open_store};
use recharge_gateway::config::Config;
use recharge_gateway::domain::ids::{ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop as Record;
use recharge_gateway::seams::{Clock, SystemClock};
use recharge_gateway::store::{Answer, Command as Write, ShopRecord, Store};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contract::Contract;
use crate::process::Process;
use crate::redis::Redis;
use crate::shop::{self, Shop};

/// Gateways that share.
pub const NODES: usize = 3;
const KEY: &str = "peers-shop";
const CREDIT_MINOR: i64 = 1_000_000_000_000;

/// A supplier and its limit for submits.
pub struct Supplier {
    pub mock: MockSupplier,
    pub contract: Contract,
}

/// A gateway's folder; its process may run or not.
pub struct Node {
    pub shop: Shop,
    address: SocketAddr,
    folder: TempDir,
    process: Option<Process>,
}

pub struct World {
    pub suppliers: Vec<Supplier>,
    pub nodes: Vec<Node>,
    pub redis: Redis,
    pub clock: SystemClock,
}

/// The name of a supplier, and of the product that only it has.
pub fn name(supplier: usize) -> String {
    format!("s{supplier}")
}

impl World {
    /// Redis, suppliers with these contracts, and running gateways.
    pub async fn open(contracts: &[Contract]) -> Self {
        Self::counting(contracts, [NODES; NODES]).await
    }

    /// The same, each gateway counting so many of them.
    pub async fn counting(contracts: &[Contract], counts: [usize; NODES]) -> Self {
        recharge_gateway::net::install_crypto();
        let mut suppliers = Vec::new();
        for (place, contract) in contracts.iter().enumerate() {
            let mut config = MockConfig::new(&name(place), Wire::Ofpay);
            (config.balance_minor, config.settle_after_ms) = (CREDIT_MINOR, 0);
            let mock = MockSupplier::start(config).await.unwrap();
            suppliers.push(Supplier { mock, contract: *contract });
        }
        let mut world = Self {
            suppliers,
            nodes: Vec::new(),
            redis: Redis::start(),
            clock: SystemClock::new(),
        };
        for (number, nodes) in counts.into_iter().enumerate() {
            let node = world.node(number, nodes).await;
            world.nodes.push(node);
        }
        for node in &world.nodes {
            world.until_ready(node).await;
        }
        world
    }

    async fn node(&self, number: usize, nodes: usize) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let gateway = format!(
            "[server]\nlisten = \"{address}\"\nnode = {number}\n[store]\npath = \"gateway.db\"\n\
             [peers]\nredis_url = \"{}\"\nnodes = {nodes}\n",
            self.redis.url(),
        );
        std::fs::write(folder.path().join("gateway.toml"), gateway).unwrap();
        std::fs::write(folder.path().join("adapters.toml"), self.adapters_toml()).unwrap();
        self.stock(folder.path()).await;
        let process = Process::start(command(folder.path()), &log_path(folder.path()));
        Node {
            shop: Shop::new(address, KEY),
            address,
            folder,
            process: Some(process),
        }
    }

    async fn stock(&self, folder: &Path) {
        let database = folder.join("gateway.db");
        let text = format!("[store]\npath = \"{}\"\n", database.display());
        let config = Config::read("gateway.toml", &text, &[]).unwrap();
        let store = open_store(&config, &Seams::of_this_machine()).await.unwrap();
        let record = ShopRecord {
            shop: Record {
                id: ShopId(0),
                name: KEY.to_owned(),
                key: KEY.to_owned(),
                currency: Currency::Cny,
                credit_limit_minor: 0,
                active: true,
            },
            request_secrets: vec![SecretString::from(shop::SECRET)],
            callback_secrets: vec![SecretString::from("not used")],
        };
        let shop = store.put_shop(record).await.unwrap();
        let credit = Posting::credit(shop, Money::new(CREDIT_MINOR, Currency::Cny), KEY);
        assert_eq!(store.commit(Write::Post(credit)).await, Answer::Done);
        let names: Vec<String> = (0..self.suppliers.len()).map(name).collect();
        store.put_products(names.iter().map(|sku| product(sku)).collect()).await.unwrap();
        store.put_offers(names.iter().map(|name| offer(name)).collect()).await.unwrap();
        store.close().await;
    }

    fn adapters_toml(&self) -> String {
        let table = |(place, supplier): (usize, &Supplier)| {
            let Contract { per_minute, burst } = supplier.contract;
            let (name, address): (String, SocketAddr) = (name(place), supplier.mock.addr());
            format!(
                "[supplier.{name}]\nlabel = \"{name}\"\nbase_url = \"http://{address}\"\ndialect = \"ofpay\"\n\
                 secrets = {{ key = \"OFPAY_KEY\", password = \"OFPAY_PASSWORD\" }}\ncfg = {{ userid = \"A00001\" }}\n\
                 [supplier.{name}.limits]\nsubmit = {{ per_minute = {per_minute}, burst = {burst} }}\nconcurrency = 48\n\
                 [supplier.{name}.promises]\ndeduplicates = true\nkeeps_failed_ids = true\nhorizon_ms = 86400000\n\n"
            )
        };
        self.suppliers.iter().enumerate().map(table).collect()
    }

    async fn until_ready(&self, node: &Node) {
        let begin = self.clock.monotonic();
        while node.shop.get("/readyz").await.is_none_or(|answer| answer.status != 200) {
            let waited = self.clock.monotonic().saturating_sub(begin);
            assert!(waited < Duration::from_secs(30), "not ready:\n{}", node.log());
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// When submits arrived at a supplier, by its own clock.
    pub fn arrivals_ms(&self, supplier: usize) -> Vec<u64> {
        let seen = self.suppliers[supplier].mock.requests();
        let submits = seen.iter().filter(|request| request.op == Operation::Submit);
        submits.map(|request| request.at_ms).collect()
    }

    /// An orderly stop of all gateways.
    pub async fn stop(&mut self) {
        for node in &mut self.nodes {
            node.process.take().unwrap().stop().await;
        }
    }
}

impl Node {
    /// Orders a top-up; whether it was taken.
    pub async fn order(&self, sku: &str, number: usize) -> bool {
        let body = json!({
            "shop_order_no": format!("P-{number:06}"),
            "sku": sku,
            "inputs": { "account": format!("139{number:08}") },
        });
        let answer = self.shop.call(&Method::POST, "/v1/orders", body.to_string()).await;
        answer.is_some_and(|answer| matches!(answer.status, 200 | 201))
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, metric: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n")
            .await
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(metric))?;
        Some(line.trim().to_owned())
    }

    /// The word for a supplier's circuit, as an operator sees it.
    pub fn circuit(&self, supplier: &str) -> Option<String> {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_recharge-gateway")));
        command
            .args(["supplier", "scorecard", supplier, "--json"])
            .current_dir(self.folder.path());
        let output = credentials(&mut command).output().unwrap();
        let card: Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(card["circuit"].as_str()?.to_owned())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.folder.path())).unwrap_or_default()
    }
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("gateway.log")
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_recharge-gateway")));
    credentials(&mut command)
        .arg("serve")
        .current_dir(folder)
        .env("RECHARGE_GATEWAY__LOG__FILTER", "info");
    command
}

fn credentials(command: &mut Command) -> &mut Command {
    let credentials = Wire::Ofpay.demo_credentials();
    command
        .env("OFPAY_KEY", credentials.key)
        .env("OFPAY_PASSWORD", credentials.password.unwrap())
}

fn product(sku: &str) -> Product {
    Product {
        sku: Sku::from(sku),
        sku_no: 0,
        name: sku.to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: 10_000,
            price_minor: 9_950,
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

fn offer(name: &str) -> Offer {
    Offer {
        supplier: SupplierId::from(name),
        sku: Sku::from(name),
        face_minor: 10_000,
        cost_minor: 9_800,
        priority: None,
        code: "140101".into(),
        enabled: true,
    }
}
