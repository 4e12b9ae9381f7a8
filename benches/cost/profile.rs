//! Where the microseconds of one order go: `perf` samples the gateway under load, each sample is
//! given to the room of the house whose code it ran for, and a flame graph is drawn.
//!
//! A sample belongs to the innermost frame of ours on its stack; one without any belongs to the
//! library whose task it was (the server's and the client's connections run on their own).
//! Built with frame pointers, by `cargo xtask profile`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::catalog::{AT_ONCE, LATER};
use crate::measure::{Times, round};
use crate::run::{SHOPS, World};
use crate::{flame, report};

/// Samples a second and core: not a divisor of anything periodic.
const FREQUENCY: &str = "997";
const SECONDS: u64 = 12;
const CLIENTS: usize = 256;

/// Rooms without code of ours on the stack, by what is found in a frame.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("SQLite's thread", &["sqlite3", "sqlx_sqlite"]),
    ("HTTP server (actix)", &["actix"]),
    ("HTTP client (reqwest, hyper)", &["hyper", "reqwest"]),
    ("runtime (tokio)", &["tokio"]),
];

/// What the allocator's calls are named by.
const OF_THE_ALLOCATOR: [&str; 6] = ["malloc", "free", "realloc", "calloc", "rallocx", "dallocx"];

/// One order's samples in one room.
#[derive(Default)]
struct Share {
    all: u64,
    kernel: u64,
    memory: u64,
}

/// Profiles both kinds of supplier; writes docs/profile-*.svg and the table in docs/benchmarks.md.
pub async fn run() -> anyhow::Result<()> {
    let perf = Command::new("perf").arg("--version").stdout(Stdio::null()).status();
    ensure!(
        perf.is_ok_and(|status| status.success()),
        "`perf` is absent: install it (Debian: apt-get install linux-perf)"
    );
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut table = String::new();
    for (sku, name, about) in [
        (AT_ONCE, "at-once", "a supplier that answers at once"),
        (LATER, "later", "a supplier that notifies later"),
    ] {
        let (stacks, cpu_us) = sample(sku).await?;
        std::fs::write(docs.join(format!("profile-{name}.svg")), flame::draw(&stacks, cpu_us))?;
        table.push_str(&shares(&stacks, cpu_us, about, name));
    }
    println!("{table}");
    report::put(&docs, "profile", &table)
}

/// Stacks, outermost frame first, with their number of samples; and the CPU an order cost.
async fn sample(sku: &'static str) -> anyhow::Result<(BTreeMap<Vec<String>, u64>, f64)> {
    let world = World::open().await?;
    let site = world.site("profile", "")?;
    site.stock(SHOPS, 0).await?;
    let gateway = site.start().await?;
    let data = world.folder.join("run/perf.data");
    let mut perf = Command::new("perf");
    perf.args([
        "record",
        "-e",
        "cpu-clock",
        "-F",
        FREQUENCY,
        "--call-graph",
        "fp",
        "--delay",
        "1500",
    ])
    .args(["--pid", &gateway.pid().to_string(), "--output"])
    .arg(&data)
    .args(["--", "sleep", &SECONDS.to_string()])
    .stdout(Stdio::null())
    .stderr(Stdio::null());
    let mut recording = perf.spawn().context("perf record")?;
    let times = Times {
        warm_up: Duration::from_millis(1_500),
        measured: Duration::from_secs(SECONDS - 2),
    };
    let figures = round(&gateway, &world.load(&gateway, sku, CLIENTS), &world.book, times, true).await?;
    ensure!(recording.wait()?.success(), "perf record failed");
    let script = Command::new("perf")
        .args(["script", "--fields", "comm,ip,sym,dso", "--no-inline", "--input"])
        .arg(&data)
        .stderr(Stdio::null())
        .output()
        .context("perf script")?;
    ensure!(script.status.success(), "perf script failed");
    Ok((fold(&String::from_utf8_lossy(&script.stdout)), figures.cpu_us))
}

/// Samples are separated by empty lines; the first line names the thread, each other one a frame,
/// innermost first: address, symbol, (object).
fn fold(script: &str) -> BTreeMap<Vec<String>, u64> {
    let mut stacks = BTreeMap::new();
    for sample in script.split("\n\n") {
        let mut lines = sample.lines().filter(|line| !line.trim().is_empty());
        let Some(thread) = lines.next() else { continue };
        let mut stack: Vec<String> = lines.filter_map(frame).collect();
        stack.push(thread.trim().to_owned());
        stack.reverse();
        *stacks.entry(stack).or_default() += 1;
    }
    stacks
}

fn frame(line: &str) -> Option<String> {
    let (_, rest) = line.trim().split_once(' ')?;
    let (symbol, object) = rest.rsplit_once(" (")?;
    // A legacy symbol ends in a hash of 17 characters; a newer one may name its crate's hash.
    let symbol = match symbol.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 => name,
        _ => symbol,
    };
    let is_kernel = object.starts_with("[kernel") || object.starts_with("[unknown");
    Some(if is_kernel { format!("{symbol}_[k]") } else { symbol.to_owned() })
}

/// The room that a stack's time belongs to.
fn room(stack: &[String]) -> String {
    for frame in stack.iter().rev() {
        if let Some((_, rest)) = frame.split_once("recharge_gateway::") {
            let room = rest
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default();
            return room.to_owned();
        }
    }
    let has = |marks: &[&str]| stack.iter().any(|frame| marks.iter().any(|mark| frame.contains(mark)));
    let library = LIBRARIES.iter().find(|(_, marks)| has(marks));
    library.map_or("other", |(name, _)| name).to_owned()
}

fn shares(stacks: &BTreeMap<Vec<String>, u64>, cpu_us: f64, about: &str, name: &str) -> String {
    let mut rooms: BTreeMap<String, Share> = BTreeMap::new();
    let mut total = 0;
    for (stack, count) in stacks {
        let share = rooms.entry(room(stack)).or_default();
        total += count;
        share.all += count;
        if stack.last().is_some_and(|leaf| leaf.ends_with("_[k]")) {
            share.kernel += count;
        }
        let is_memory = |frame: &String| OF_THE_ALLOCATOR.iter().any(|call| frame.contains(call));
        if stack.iter().rev().take(4).any(is_memory) {
            share.memory += count;
        }
    }
    let mut rows: Vec<(String, Share)> = rooms.into_iter().collect();
    rows.sort_by_key(|(_, share)| std::cmp::Reverse(share.all));
    let us = |count: u64| count as f64 / total as f64 * cpu_us;
    let mut text = format!(
        "### An order to {about}: {cpu_us:.0} us\n\n{total} samples; [flame graph](profile-{name}.svg).\n\n\
         | room | us an order | of them in the kernel | in the allocator |\n|---|---|---|---|\n"
    );
    for (room, share) in rows.iter().filter(|(_, share)| us(share.all) >= 0.5) {
        let _ = writeln!(
            text,
            "| {room} | {:.1} | {:.1} | {:.1} |",
            us(share.all),
            us(share.kernel),
            us(share.memory)
        );
    }
    text.push('\n');
    text
}
