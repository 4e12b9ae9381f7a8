//! `cargo run -p mock-suppliers`: mock suppliers as a process of their own.
//!
//! Without `--wire` all three start on 127.0.0.1:9101 (dayuanren), 9102 (ofpay) and 9103 (kasushou) with their demo
//! credentials; options that name one supplier's address, account or book then make no sense and are refused.
//! Runs until ctrl-c.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it tells a terminal where it listens")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use mock_suppliers::{Dedupe, Fault, MockConfig, MockSupplier, Wire};

#[derive(Clone, Copy, ValueEnum)]
enum WireName {
    Dayuanren,
    Ofpay,
    Kasushou,
}

#[derive(Clone, Copy, ValueEnum)]
enum DedupeName {
    KeepsFailed,
    ForgetsFailed,
    Never,
}

/// Mock suppliers: scriptable, and with a book of what was really charged.
#[derive(Parser)]
#[command(name = "mock-suppliers", version)]
struct Options {
    /// The wire format; all three when left out.
    #[arg(long)]
    wire: Option<WireName>,
    /// The supplier's name in the book; the wire's name when left out.
    #[arg(long, requires = "wire")]
    name: Option<String>,
    /// Where to listen.
    #[arg(long, requires = "wire")]
    listen: Option<SocketAddr>,
    /// The account to serve.
    #[arg(long, requires = "wire")]
    user: Option<String>,
    /// The signing key.
    #[arg(long, requires = "wire")]
    key: Option<String>,
    /// Only ofpay: the password.
    #[arg(long, requires = "wire")]
    password: Option<String>,
    /// The book as JSON lines; continued when it exists.
    #[arg(long, requires = "wire")]
    book_file: Option<PathBuf>,
    /// What happens to a repeated id.
    #[arg(long, value_enum, default_value = "keeps-failed")]
    dedupe: DedupeName,
    /// Milliseconds from acceptance to the final state.
    #[arg(long, default_value_t = 200)]
    settle_after_ms: u64,
    /// Money in the account, in yuan.
    #[arg(long, default_value = "100000.00", value_parser = yuan)]
    balance: i64,
    /// Never push notifications.
    #[arg(long)]
    no_notify: bool,
    /// Kasushou: a product id that delivers card secrets; may be repeated.
    #[arg(long)]
    card_product: Vec<String>,
    /// `fault=rate` or `fault:argument=rate`, the rate in 10 000; may be repeated.
    #[arg(long, num_args = 1.., value_parser = fault_rate)]
    fault_rate: Vec<(Fault, u32)>,
    /// Makes the rated faults repeatable.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn yuan(text: &str) -> Result<i64, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let is_plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if decimals.len() != 2 || !is_plain(whole) || !is_plain(decimals) {
        return Err("yuan with two decimals, as 100000.00".to_owned());
    }
    format!("{whole}{decimals}").parse().map_err(|_| "too much money".to_owned())
}

fn fault_rate(text: &str) -> Result<(Fault, u32), String> {
    let (fault, rate) = text.split_once('=').ok_or("fault=rate")?;
    let rate = rate.parse().map_err(|_| "the rate is a number")?;
    if rate > 10_000 {
        return Err("the rate is in 10 000".to_owned());
    }
    Ok((fault.parse()?, rate))
}

fn config(options: &Options, wire: Wire) -> MockConfig {
    let name = options.name.as_deref().unwrap_or(wire.name());
    let mut config = MockConfig::new(name, wire);
    let default_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, wire.default_port()));
    config.listen = options.listen.unwrap_or(default_listen);
    if let Some(user) = &options.user {
        config.credentials.user.clone_from(user);
    }
    if let Some(key) = &options.key {
        config.credentials.key.clone_from(key);
    }
    if options.password.is_some() {
        config.credentials.password.clone_from(&options.password);
    }
    config.book_file.clone_from(&options.book_file);
    config.dedupe = match options.dedupe {
        DedupeName::KeepsFailed => Dedupe::ById { keeps_failed: true },
        DedupeName::ForgetsFailed => Dedupe::ById { keeps_failed: false },
        DedupeName::Never => Dedupe::Never,
    };
    config.settle_after_ms = options.settle_after_ms;
    config.balance_minor = options.balance;
    config.notify = !options.no_notify;
    config.card_products.clone_from(&options.card_product);
    config.fault_rate.clone_from(&options.fault_rate);
    config.seed = options.seed;
    config
}

async fn run(options: &Options) -> io::Result<()> {
    let wires = match options.wire {
        None => Wire::ALL.to_vec(),
        Some(WireName::Dayuanren) => vec![Wire::Dayuanren],
        Some(WireName::Ofpay) => vec![Wire::Ofpay],
        Some(WireName::Kasushou) => vec![Wire::Kasushou],
    };
    let mut running = Vec::new();
    for wire in wires {
        let mock = MockSupplier::start(config(options, wire)).await?;
        println!("{} {}", wire.name(), mock.base_url());
        running.push(mock);
    }
    tokio::signal::ctrl_c().await?;
    for mock in running {
        mock.stop().await;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock-suppliers: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_consistent() {
        use clap::CommandFactory;
        Options::command().debug_assert();
        assert_eq!(yuan("100000.00"), Ok(10_000_000));
        assert!(yuan("1.5").is_err());
        assert_eq!(fault_rate("arrive_late:2000=50"), Ok((Fault::ArriveLate { after_ms: 2000 }, 50)));
        assert!(fault_rate("refuse=10001").is_err());
    }
}
