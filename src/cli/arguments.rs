//! The commands and their arguments. The words here are what `--help` says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::desk::{About, Case, Charge, Deeds, Operator, Pin, Recovery, Refund};

/// Takes recharge orders from shops and has suppliers carry them out, each at most once.
#[derive(Debug, Parser)]
#[command(name = "recharge-gateway", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Settings; absent: gateway.toml if it is there, else the defaults.
    #[arg(long, global = true, value_name = "FILE", env = "RECHARGE_GATEWAY_CONFIG")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve shops until told to stop (SIGTERM or Ctrl-C).
    Serve {
        /// The database is a restored backup: take no orders in and submit nothing until `recovery end`.
        #[arg(long)]
        recover: bool,
    },
    /// Show the gateway at work with suppliers that misbehave; needs no settings and keeps nothing.
    #[cfg(feature = "demo")]
    Demo(super::DemoArgs),
    /// Shops and their money.
    #[command(subcommand)]
    Shop(Shop),
    /// What shops buy.
    #[command(subcommand)]
    Product(Import),
    /// Who delivers what, at which cost.
    #[command(subcommand)]
    Offer(Import),
    /// The suppliers that adapters.toml describes.
    #[command(subcommand)]
    Supplier(Supplier),
    /// Which supplier gets the next order.
    #[command(subcommand)]
    Route(super::route::Route),
    /// Orders.
    #[command(subcommand)]
    Order(Order),
    /// What shops are told.
    #[command(subcommand)]
    Callback(Callback),
    /// What needs a person.
    #[command(subcommand)]
    Case(Case),
    /// Who may sign what moves money.
    #[command(subcommand)]
    Operator(Operator),
    /// What suppliers say they delivered.
    #[command(subcommand)]
    Statement(super::statement::Statements),
    /// After a restored backup.
    #[command(subcommand)]
    Recovery(Recovery),
    /// Show what was done at the desk and by the gateway in its place, newest first.
    Deeds(Deeds),
    /// Check every order, every posting and every balance against the history; changes nothing.
    Audit {
        #[command(flatten)]
        output: Output,
    },
    /// Signed receipts of orders.
    #[command(subcommand)]
    Receipt(Receipt),
    /// The settings themselves.
    #[command(subcommand)]
    Config(Settings),
}

/// Who signs.
#[derive(Debug, Args)]
pub(super) struct Pass {
    /// Your name:token, as `operator add` printed it. Set it in the environment: others see arguments.
    #[arg(
        long = "operator",
        env = "RECHARGE_GATEWAY_OPERATOR",
        hide_env_values = true,
        value_name = "NAME:TOKEN",
        default_value = "",
        hide_default_value = true
    )]
    pub pass: String,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Output {
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Shop {
    /// Add a shop; its secrets are printed once and never again.
    Add {
        /// Shown to operators; no two shops share one.
        #[arg(long)]
        name: String,
        /// Of its balance: CNY, USD, HKD or JPY.
        #[arg(long, value_parser = currency)]
        currency: crate::domain::money::Currency,
        /// How far below zero its balance may go, such as 100.00; absent is prepaid only.
        #[arg(long, value_name = "AMOUNT")]
        credit_limit: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Book money a shop brought in; a negative amount is money paid back to it.
    Credit {
        /// The shop's number.
        shop: i64,
        /// Decimal, in the shop's currency, such as 5000.00.
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// The bank's or your own reference; the same one twice is booked once.
        #[arg(long)]
        reference: String,
        #[command(flatten)]
        output: Output,
    },
    /// List all shops with their balances.
    List {
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Add or replace what a file says: all of it, or nothing and every reason.
    Import {
        /// A .csv or .toml file; docs/operator-guide.md describes both.
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Supplier {
    /// List all suppliers.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Check that suppliers' dialects read their samples, and ask for our balance there.
    Check {
        /// Only this one.
        name: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Open no new attempts there; those that are open are settled.
    Pause(About),
    /// Open new attempts there again, and let its promises count again.
    Resume(About),
    /// Let it go: what is open there is settled, nothing new comes until it is resumed.
    Drain(About),
    /// Hold its circuit open: no new attempts there until it is resumed.
    ForceOpen(About),
    /// Send products there and nowhere else.
    Pin(Pin),
    /// Steer products like others again.
    Unpin(Pin),
    /// Make a link under which the supplier sees its own scorecard for a while.
    Link {
        /// Its name in adapters.toml.
        name: String,
        /// For how many days, 1 to 90.
        #[arg(long, default_value_t = 7)]
        days: u32,
        #[command(flatten)]
        output: Output,
    },
    /// Show how it is doing: its score, what cost it, and the way back.
    Scorecard {
        /// Its name in adapters.toml.
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Order {
    /// Show everything about an order; recipients are masked, card secrets are never shown.
    Show {
        /// The gateway's order id, or the number a supplier saw.
        #[arg(required_unless_present = "number")]
        id: Option<String>,
        /// The shop whose number --no is.
        #[arg(long, requires = "number", conflicts_with = "id")]
        shop: Option<i64>,
        /// The shop's own number for the order.
        #[arg(long = "no", value_name = "NUMBER", requires = "shop")]
        number: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Give back to the shop a part or all of what a delivered order cost it. Needs two operators.
    Refund(Refund),
    /// Charge the shop, by its consent, for what was delivered after its order had ended. Needs two operators.
    Charge(Charge),
}

#[derive(Debug, Subcommand)]
pub(super) enum Callback {
    /// List the callbacks that were given up after their last try.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Send a parked or delivered callback once more: the same bytes under the same id.
    Redeliver {
        /// Its id, as `order show` lists it: evt_…
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Receipt {
    /// Check a receipt offline and print what it says.
    Verify {
        /// The file as the gateway sent it; - for standard input.
        file: PathBuf,
        /// The key it must be signed with: the "x" of the gateway's /.well-known/jwks.json.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Read the settings and print what is in force; it holds no secret.
    Check,
    /// Print a gateway.toml with every key explained.
    Example,
}

fn currency(code: &str) -> Result<crate::domain::money::Currency, String> {
    crate::domain::money::Currency::from_code(code).ok_or_else(|| "write CNY, USD, HKD or JPY".to_owned())
}
