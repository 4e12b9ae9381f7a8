//! The gateway under measurement: the release program on a database of its own, set up through the
//! library, with limits that the load does not reach.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use recharge_gateway::app::{Seams, open_store};
use recharge_gateway::config::Config;
use recharge_gateway::domain::ids::{ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::store::{Answer, ShopRecord, Store};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::preload;
use crate::process::{Process, free_port};
use crate::shop::{SECRET, key};
use crate::supplier::SIGNING_KEY;
use crate::wire::Connection;

/// The product whose supplier answers at once.
pub const AT_ONCE: &str = "mobile-100-river";
/// The product whose supplier takes the order and notifies later.
pub const LATER: &str = "mobile-100-north";
pub const SKUS: [&str; 2] = [AT_ONCE, LATER];
pub const FACE_MINOR: i64 = 10_000;
pub const PRICE_MINOR: i64 = 9_950;
pub const COST_MINOR: i64 = 9_800;
const CREDIT_MINOR: i64 = 1_000_000_000_000_000;

/// A gateway's folder, before it is started and between two starts.
pub struct Site {
    folder: PathBuf,
    port: u16,
}

impl Site {
    /// A new folder with settings and suppliers. `policy` is added to `[policy]`.
    pub fn new(folder: PathBuf, supplier: SocketAddr, policy: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let gateway = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\nmax_in_flight = 8192\nmax_in_flight_per_shop = 8192\n\n\
             [callbacks]\nallow_loopback = true\nmax_in_flight = 1024\nmax_in_flight_per_shop = 1024\n\n\
             [policy]\n{policy}\n\n[log]\nfilter = \"error\"\n"
        );
        std::fs::write(folder.join("gateway.toml"), gateway)?;
        let table = |name: &str, dialect: &str, more: &str| {
            format!(
                "[supplier.{name}]\ndialect = \"{dialect}\"\nbase_url = \"http://{supplier}\"\nconnect_timeout_ms = 1000\n\
                 submit_timeout_ms = 30000\nquery_timeout_ms = 30000\n{more}\n\
                 limits.submit = {{ per_minute = 60000000, burst = 100000 }}\n\
                 limits.query = {{ per_minute = 60000000, burst = 100000 }}\nlimits.concurrency = 10000\n\
                 promises = {{ deduplicates = true, keeps_failed_ids = true, horizon_ms = 86_400_000, failed_is_final = true }}\n\n"
            )
        };
        let river = table(
            "river",
            "ofpay",
            "cfg = { userid = \"A00001\" }\nsecrets = { key = \"BENCH_KEY\", password = \"BENCH_KEY\" }",
        );
        let north = table("north", "dayuanren", "cfg = { userid = \"10001\" }\nsecrets = { key = \"BENCH_KEY\" }");
        std::fs::write(folder.join("adapters.toml"), format!("{river}{north}"))?;
        Ok(Self { folder, port })
    }

    fn config(&self) -> anyhow::Result<Config> {
        let path = self.folder.join("gateway.toml");
        let text = std::fs::read_to_string(&path)?;
        let mut config = Config::read("gateway.toml", &text, &[])?;
        config.store.path = self.folder.join("recharge-gateway.db");
        Ok(config)
    }

    /// Shops with credit, the products, their offers, and so many orders of old.
    pub async fn stock(&self, shops: usize, old_orders: u32) -> anyhow::Result<()> {
        let store = open_store(&self.config()?, &Seams::of_this_machine()).await?;
        for number in 0..shops {
            let record = ShopRecord {
                shop: Shop {
                    id: ShopId(0),
                    name: key(number),
                    key: key(number),
                    currency: Currency::Cny,
                    credit_limit_minor: 0,
                    active: true,
                },
                request_secrets: vec![SecretString::from(SECRET)],
                callback_secrets: vec![SecretString::from(SECRET)],
            };
            let shop = store.put_shop(record).await?;
            let credit = Posting::credit(shop, Money::new(CREDIT_MINOR, Currency::Cny), "benchmark");
            let answer = store.commit(recharge_gateway::store::Command::Post(credit)).await;
            ensure!(answer == Answer::Done, "a shop got no credit: {answer:?}");
        }
        store.put_products(SKUS.map(product).to_vec()).await?;
        store.put_offers(SKUS.map(offer).to_vec()).await?;
        preload::orders(&*store, old_orders).await?;
        store.close().await;
        Ok(())
    }

    /// Starts the program and waits until it answers.
    pub async fn start(&self) -> anyhow::Result<Process> {
        let mut command = self.command();
        command.arg("serve");
        let process = Process::start(command, self.port, &self.folder.join("gateway.log")).await?;
        let mut connection = Connection::to(process.address).await?;
        let ready = connection.exchange(b"GET /readyz HTTP/1.1\r\nhost: gateway\r\n\r\n").await?;
        ensure!(ready.status() == 200, "it is up and not ready");
        Ok(process)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recharge-gateway"));
        command.current_dir(&self.folder).env("BENCH_KEY", SIGNING_KEY);
        command
    }

    /// What the program wrote to its log: nothing, if all went well.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("gateway.log")).unwrap_or_default()
    }

    /// One call over the admin socket, as the command line makes it.
    pub async fn admin(&self, call: &str) -> anyhow::Result<serde_json::Value> {
        let socket = self.folder.join("recharge-gateway.db.sock");
        let mut stream = UnixStream::connect(&socket).await.context("no admin socket")?;
        stream.write_all(format!("{call}\n").as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }
}

/// A counter of `/metrics`, summed over its labels.
pub async fn counter(process: &Process, name: &str) -> anyhow::Result<u64> {
    let mut connection = Connection::to(process.address).await?;
    let page = connection.exchange(b"GET /metrics HTTP/1.1\r\nhost: gateway\r\n\r\n").await?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let lines = page.lines().filter_map(|line| line.strip_prefix(name));
    let values = lines.filter(|rest| rest.starts_with([' ', '{'])).filter_map(|rest| rest.rsplit_once(' '));
    Ok(values.filter_map(|(_, value)| value.parse::<u64>().ok()).sum())
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
        deadline_seconds: 3_600,
        may_lose_money: false,
        on_sale: true,
    }
}

fn offer(sku: &str) -> Offer {
    let supplier = sku.rsplit('-').next().unwrap_or_default();
    Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from(sku),
        face_minor: FACE_MINOR,
        cost_minor: COST_MINOR,
        priority: Some(1),
        code: if supplier == "river" { "140101" } else { "12" }.to_owned(),
        enabled: true,
    }
}

/// What the shops' ledger accounts hold for open orders, by the operator's list of shops: all of it is
/// 0 when nothing is open.
pub async fn held(site: &Site) -> anyhow::Result<Vec<String>> {
    let shops = site.admin(r#"{"call":"shop_list"}"#).await?;
    let text = shops.to_string();
    let held = text.split(r#""held":""#).skip(1).filter_map(|rest| rest.split('"').next());
    Ok(held.filter(|amount| *amount != "0.00").map(str::to_owned).collect())
}

