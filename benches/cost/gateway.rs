//! The gateway under measurement: the release program on a database of its own, set up through the
//! library, with limits that the load does not reach.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use recharge_gateway::app::{Seams, open_store};
use recharge_gateway::config::Config;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::catalog::{self, SIGNING_KEY, SIGNING_KEY_NAME};
use crate::preload;
use crate::process::{Process, free_port};
use crate::wire::Connection;

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
        std::fs::write(folder.join("adapters.toml"), catalog::adapters_toml(&format!("http://{supplier}")))?;
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
        catalog::stock(&*store, shops).await?;
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
        command.current_dir(&self.folder).env(SIGNING_KEY_NAME, SIGNING_KEY);
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
    let values = lines
        .filter(|rest| rest.starts_with([' ', '{']))
        .filter_map(|rest| rest.rsplit_once(' '));
    Ok(values.filter_map(|(_, value)| value.parse::<u64>().ok()).sum())
}

/// What the shops' ledger accounts hold for open orders, by the operator's list of shops: all of it is
/// 0 when nothing is open.
pub async fn held(site: &Site) -> anyhow::Result<Vec<String>> {
    let shops = site.admin(r#"{"call":"shop_list"}"#).await?;
    let text = shops.to_string();
    let held = text.split(r#""held":""#).skip(1).filter_map(|rest| rest.split('"').next());
    Ok(held.filter(|amount| *amount != "0.00").map(str::to_owned).collect())
}
