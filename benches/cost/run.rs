//! A whole run: every case in turns, round by round, then the scenes that need a gateway of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{bail, ensure};
use serde_json::json;

use crate::book::Book;
use crate::catalog::{AT_ONCE, LATER};
use crate::gateway::{Site, held};
use crate::measure::{Figures, Times, round};
use crate::process::{Process, free_port};
use crate::report::{Report, Spread};
use crate::scenes;
use crate::shop::{Load, Pace, open_doors};
use crate::supplier::Supplier;

/// Shops of the main case.
pub const SHOPS: usize = 10;
/// How many orders the shops have under way at once.
const CLIENTS: usize = 256;
/// How often a quick look measures each.
const LOOKS: u32 = 3;

/// How much is measured.
pub struct Options {
    pub rounds: u32,
    pub times: Times,
    pub clients: usize,
    pub old_orders: u32,
    pub waiting: usize,
    pub held: usize,
    /// Where the report goes; a short run writes none.
    pub docs: Option<PathBuf>,
}

impl Options {
    pub fn read(words: &[&str]) -> anyhow::Result<Self> {
        let full = Self {
            rounds: 5,
            times: Times {
                warm_up: Duration::from_secs(1),
                measured: Duration::from_secs(4),
            },
            clients: CLIENTS,
            old_orders: 1_000_000,
            waiting: 100_000,
            held: 8_000,
            docs: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")),
        };
        match words {
            [] => Ok(full),
            // Not to be believed: it shows that the benchmark itself works.
            ["--short"] => Ok(Self {
                rounds: 1,
                times: Times {
                    warm_up: Duration::from_millis(300),
                    measured: Duration::from_secs(1),
                },
                old_orders: 2_000,
                waiting: 2_000,
                held: 200,
                docs: None,
                ..full
            }),
            other => bail!("not understood: {}; the only option is --short", other.join(" ")),
        }
    }
}

/// Everything outside the measured processes.
pub struct World {
    pub book: Arc<Book>,
    pub supplier: Arc<Supplier>,
    pub supplier_address: SocketAddr,
    pub door: u16,
    pub folder: PathBuf,
}

impl World {
    pub async fn open() -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
        let run = folder.join("run");
        if run.exists() {
            std::fs::remove_dir_all(&run)?;
        }
        std::fs::create_dir_all(&run)?;
        let book = Arc::new(Book::open());
        let (supplier, supplier_address) = Supplier::open(Arc::clone(&book)).await?;
        let door = open_doors(Arc::clone(&book)).await?;
        Ok(Self {
            book,
            supplier,
            supplier_address,
            door,
            folder,
        })
    }

    pub fn site(&self, name: &str, policy: &str) -> anyhow::Result<Site> {
        Site::new(self.folder.join("run").join(name), self.supplier_address, policy)
    }

    /// The gateway whose database is kept between runs, because filling it takes minutes.
    async fn full_site(&self, old_orders: u32) -> anyhow::Result<Site> {
        let folder = self.folder.join(format!("full-{old_orders}"));
        let mut migrations: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        migrations.sort();
        let made_of: String = migrations
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap_or_default())
            .collect();
        let mark = folder.join("made-of");
        let is_there = std::fs::read_to_string(&mark).is_ok_and(|found| found == made_of);
        if !is_there && folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let site = Site::new(folder, self.supplier_address, "")?;
        if !is_there {
            println!("writing {old_orders} orders of old (kept for the next run)");
            site.stock(SHOPS, old_orders).await?;
            std::fs::write(mark, made_of)?;
        }
        Ok(site)
    }

    async fn relay(&self, name: &str, connections: &str, database: Option<&Path>) -> anyhow::Result<Process> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("relay")
            .arg(port.to_string())
            .arg(format!("http://{}", self.supplier_address))
            .arg(self.door.to_string())
            .arg(connections)
            .args(database);
        Process::start(command, port, &self.folder.join("run").join(format!("{name}.log"))).await
    }

    pub fn load(&self, target: &Process, sku: &'static str, clients: usize) -> Load {
        Load {
            target: target.address,
            sku,
            clients,
            shops: SHOPS,
            door: self.door,
            pace: Pace::WhenTold,
        }
    }

    /// Every order that was taken is charged once and its shop was told.
    pub fn check(&self) -> anyhow::Result<()> {
        let (mut lost, mut twice) = (0_u64, 0_u64);
        for serial in 1..self.book.serials() {
            let Some(entry) = self.book.entry(serial) else { continue };
            let charges = entry.charges.load(Ordering::Relaxed);
            twice += u64::from(charges > 1);
            lost += u64::from(charges > 0 && !entry.is_told());
        }
        ensure!(
            lost == 0 && twice == 0,
            "{lost} orders were charged and never told of, {twice} were charged twice"
        );
        Ok(())
    }
}

/// A quick look between two builds: the relay and the gateway in turns, each under one load.
pub async fn load(seconds: u64, sku: &str) -> anyhow::Result<()> {
    let Some(sku) = [AT_ONCE, LATER].into_iter().find(|known| *known == sku) else {
        bail!("no such product: one of {}", [AT_ONCE, LATER].join(", "));
    };
    let world = World::open().await?;
    let site = world.site("load", "")?;
    site.stock(SHOPS, 0).await?;
    let gateway = site.start().await?;
    let relay = world.relay("relay", "fresh", None).await?;
    let times = Times {
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(seconds),
    };
    for _ in 0..LOOKS {
        for (name, process, is_gateway) in [("relay", &relay, false), ("gateway", &gateway, true)] {
            let seen = round(process, &world.load(process, sku, CLIENTS), &world.book, times, is_gateway).await?;
            println!(
                "{name:<8} us {:.1} orders_per_s {:.0} commits {:.4} statements {:.3} accept_p99_ms {:.2} refused {:.0}",
                seen.cpu_us, seen.orders_per_s, seen.commits, seen.statements, seen.accept_p99_ms, seen.refused
            );
        }
    }
    print!("{}", site.log());
    world.check()
}

/// Only the scenes.
pub async fn scenes_only(options: &Options) -> anyhow::Result<()> {
    let world = World::open().await?;
    let mut report = Report::default();
    scenes::all(&world, options, &mut report).await?;
    world.check()?;
    println!("{:#}", report.json());
    Ok(())
}

/// The whole benchmark.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::open().await?;
    let mut report = Report::default();
    describe(&mut report, options);
    let full_site = world.full_site(options.old_orders).await?;
    let site = world.site("gateway", "")?;
    site.stock(SHOPS, 0).await?;
    {
        let gateway = site.start().await?;
        let full = full_site.start().await?;
        let relay = world.relay("relay", "fresh", None).await?;
        let pooled = world.relay("pooled", "pooled", None).await?;
        let naive = world.relay("naive", "fresh", Some(&world.folder.join("run/naive.db"))).await?;
        let measured = |process, load, is_gateway| round_of(&world, process, load, options.times, is_gateway);
        for turn in 1..=options.rounds {
            println!("round {turn} of {}", options.rounds);
            let load = |process, sku| world.load(process, sku, options.clients);
            let one_shop = Load {
                shops: 1,
                ..load(&gateway, AT_ONCE)
            };
            report.add("relay", "relay, at once", measured(&relay, load(&relay, AT_ONCE), false).await?);
            report.add(
                "gateway",
                "gateway, at once",
                measured(&gateway, load(&gateway, AT_ONCE), true).await?,
            );
            report.add("naive", "naive, at once", measured(&naive, load(&naive, AT_ONCE), false).await?);
            report.add(
                "full",
                "gateway, at once, 1 million old orders",
                measured(&full, load(&full, AT_ONCE), true).await?,
            );
            report.add(
                "one_shop",
                "gateway, at once, one shop: every order moves one balance",
                measured(&gateway, one_shop, true).await?,
            );
            let (figures, calls) = futures_util::future::join(
                measured(&gateway, load(&gateway, AT_ONCE), true),
                scenes::operator(&site, &world.book, options.times),
            )
            .await;
            report.add("operator", "gateway, at once, while an operator lists and searches", figures?);
            *report.counts.entry("operator_calls").or_default() += calls?;
            report.add(
                "relay_pooled",
                "relay, at once, connections kept",
                measured(&pooled, load(&pooled, AT_ONCE), false).await?,
            );
            report.add("relay_async", "relay, later", measured(&relay, load(&relay, LATER), false).await?);
            report.add(
                "gateway_async",
                "gateway, later",
                measured(&gateway, load(&gateway, LATER), true).await?,
            );
            report.add("naive_async", "naive, later", measured(&naive, load(&naive, LATER), false).await?);
        }
        for (case, about, at_peak, sku) in [
            ("gateway_60", "gateway, at once, 60 % of peak", "gateway", AT_ONCE),
            ("gateway_async_60", "gateway, later, 60 % of peak", "gateway_async", LATER),
        ] {
            let peak = Spread::of(report.rounds(at_peak).iter().map(|round| round.orders_per_s)).median;
            println!("60 % of {peak:.0} orders/s");
            for _ in 0..options.rounds {
                let pace = Pace::Every(Duration::from_secs_f64(1.0 / (0.6 * peak)));
                let load = Load {
                    pace,
                    ..world.load(&gateway, sku, options.clients)
                };
                report.add(case, about, measured(&gateway, load, true).await?);
            }
        }
        for site in [&site, &full_site] {
            ensure!(held(site).await?.is_empty(), "money is still held though every order has ended");
        }
    }
    scenes::all(&world, options, &mut report).await?;
    world.check()?;
    derive(&mut report);
    report.counts.insert("orders", u64::try_from(world.book.serials())?);
    report.counts.insert("lost", 0);
    report.counts.insert("charged_twice", 0);
    for (name, site) in [("gateway", &site), ("full", &full_site)] {
        let log = site.log();
        ensure!(log.is_empty(), "the gateway `{name}` complained: {log}");
    }
    match &options.docs {
        Some(docs) => report.write(docs),
        None => {
            println!("{:#}", report.json());
            Ok(())
        }
    }
}

async fn round_of(world: &World, process: &Process, load: Load, times: Times, is_gateway: bool) -> anyhow::Result<Figures> {
    round(process, &load, &world.book, times, is_gateway).await
}

fn describe(report: &mut Report, options: &Options) {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (name, value) in [
        ("processor", json!(format!("{cores} x {}", model.unwrap_or_default()))),
        ("rounds", json!(options.rounds)),
        ("measured seconds a round", json!(options.times.measured.as_secs_f64())),
        ("clients", json!(options.clients)),
        ("shops", json!(SHOPS)),
        (
            "measured at, Unix seconds",
            json!(std::time::UNIX_EPOCH.elapsed().map(|since| since.as_secs()).unwrap_or_default()),
        ),
    ] {
        report.machine.insert(name.to_owned(), value);
    }
}

/// The ratios that the goals are about.
fn derive(report: &mut Report) {
    let cpu = |round: &Figures| round.cpu_us;
    let orders = |round: &Figures| round.orders_per_s;
    report.pair("cpu_vs_relay", "gateway", "relay", cpu);
    report.pair("cpu_vs_relay_async", "gateway_async", "relay_async", cpu);
    report.pair("cpu_vs_pooled_relay", "gateway", "relay_pooled", cpu);
    report.pair("orders_vs_relay", "gateway", "relay", orders);
    report.pair("orders_vs_relay_async", "gateway_async", "relay_async", orders);
    report.pair("naive_vs_gateway_cpu", "naive", "gateway", cpu);
    report.pair("naive_vs_gateway_cpu_async", "naive_async", "gateway_async", cpu);
    report.pair("full_vs_empty_db", "full", "gateway", orders);
    report.pair("full_vs_empty_db_cpu", "full", "gateway", cpu);
    report.pair("one_shop_vs_ten", "one_shop", "gateway", orders);
    report.pair("operator_vs_none", "operator", "gateway", orders);
    report.single("commits_per_order", "gateway", |round| round.commits);
    report.single("commits_per_order_async", "gateway_async", |round| round.commits);
    report.single("accept_p99_ms_at_60", "gateway_60", |round| round.accept_p99_ms);
    report.single("word_to_callback_p50_ms_at_60", "gateway_async_60", |round| round.word_p50_ms);
    report.single("word_to_callback_p99_ms_at_60", "gateway_async_60", |round| round.word_p99_ms);
}
