//! What an order costs: the gateway measured against a bare relay and a naive gateway on the same
//! machine in the same run, in turns. `cargo xtask bench` and `cargo xtask profile` run it.
//!
//! This process is the world outside: shops, suppliers, the receiver of callbacks, and the book that
//! says whether every order was charged once and told. What is measured runs in processes of its own.
//! Deliberately absent: verdicts by exit code on speed (a shared machine is noisy); an order lost or
//! charged twice ends the run with an error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop where it stands"
)]
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program outside the gateway: it reckons in ratios, talks to a terminal, and has the machine's own clock and tasks"
)]

mod book;
mod catalog;
mod flame;
mod gateway;
mod measure;
mod naive;
mod preload;
mod process;
mod profile;
mod relay;
mod report;
mod run;
mod scenes;
mod shop;
mod supplier;
mod wire;

use tikv_jemallocator::Jemalloc;

/// The gateway's own allocator, so that the relay has it too.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["run", options @ ..] => world()?.block_on(run::run(&run::Options::read(options)?)),
        ["scenes", options @ ..] => world()?.block_on(run::scenes_only(&run::Options::read(options)?)),
        ["profile"] => world()?.block_on(profile::run()),
        ["load", seconds, sku] => world()?.block_on(run::load(seconds.parse()?, sku)),
        ["relay", port, supplier, door, is_pooled, database @ ..] => {
            let orders = relay::Orders {
                port: port.parse()?,
                supplier: (*supplier).to_owned(),
                door: door.parse()?,
                is_pooled: *is_pooled == "pooled",
                database: database.first().map(|path| (*path).to_owned()),
            };
            actix_web::rt::System::new().block_on(relay::run(orders))
        }
        [] => {
            println!("run by `cargo xtask bench` and `cargo xtask profile`");
            Ok(())
        }
        other => anyhow::bail!("not understood: {}", other.join(" ")),
    }
}

fn world() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
