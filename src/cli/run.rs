//! From arguments to a call, and from the reply to text.

use std::io::Write;
use std::process::ExitCode;

use super::arguments::{Callback, Cli, Command, Import, Order, Output, Receipt, Settings, Shop, Supplier};
use super::explain::Failure;
use super::house::House;
use super::{desk, import, receipt, route, show, statement};
use crate::config::{Config, EXAMPLE};
use crate::console::{AdminCall, AdminReply, AskError, OrderKey, ask, perform};
use crate::domain::ids::{ShopId, ShopOrderNo};

/// Does what was typed, prints the result, and says how the process should end.
pub async fn run(cli: Cli, house: &dyn House) -> ExitCode {
    match done(cli, house).await {
        Ok(text) => {
            // A reader that has gone away (`| head`) is no failure of the command.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(Failure::Found(text)) => {
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::FAILURE
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr().lock(), "{}", failure.explained());
            ExitCode::FAILURE
        }
    }
}

/// The text for standard output.
pub(super) async fn done(cli: Cli, house: &dyn House) -> Result<String, Failure> {
    #[cfg(feature = "demo")]
    if let Command::Demo(args) = cli.command {
        house.demo(args).await?;
        return Ok(String::new());
    }
    if let Command::Config(Settings::Example) = cli.command {
        return Ok(EXAMPLE.to_owned());
    }
    if let Command::Receipt(Receipt::Verify { file, key, output }) = &cli.command {
        return receipt::checked(file, key.as_deref(), *output);
    }
    let config = Config::load(cli.config.as_deref())?;
    let (call, output) = match cli.command {
        Command::Serve { recover } => {
            house.serve(config, recover).await?;
            return Ok(String::new());
        }
        #[cfg(feature = "demo")]
        Command::Demo(_) => return Ok(String::new()),
        Command::Receipt(Receipt::Verify { file, key, output }) => return receipt::checked(&file, key.as_deref(), output),
        Command::Config(Settings::Check | Settings::Example) => return Ok(config.effective()),
        Command::Audit { output } => return show::audit(&house.audit(&config).await?, output),
        Command::Product(Import::Import { file, dry_run, output }) => {
            let asked = import::asked(&file, dry_run)?;
            let reply = reach(&config, house, AdminCall::ProductImport(asked.clone())).await?;
            return import::told(&file, &asked, reply, output);
        }
        Command::Offer(Import::Import { file, dry_run, output }) => {
            let asked = import::asked(&file, dry_run)?;
            let reply = reach(&config, house, AdminCall::OfferImport(asked.clone())).await?;
            return import::told(&file, &asked, reply, output);
        }
        Command::Shop(command) => shop(command),
        Command::Supplier(Supplier::List { output }) => (AdminCall::SupplierList, output),
        Command::Supplier(Supplier::Check { name, output }) => (AdminCall::SupplierCheck { name }, output),
        Command::Order(Order::Show { id, shop, number, output }) => (AdminCall::OrderShow(order_key(id, shop, number)), output),
        Command::Callback(Callback::List { output }) => (AdminCall::CallbackList, output),
        Command::Callback(Callback::Redeliver { id, output }) => (AdminCall::CallbackRedeliver { id }, output),
        Command::Order(Order::Refund(asked)) => desk::refund(asked),
        Command::Order(Order::Charge(asked)) => desk::charge(asked),
        Command::Supplier(Supplier::Pause(about)) => {
            let (word, output) = about.asked();
            (AdminCall::SupplierPause(word), output)
        }
        Command::Supplier(Supplier::Resume(about)) => {
            let (word, output) = about.asked();
            (AdminCall::SupplierResume(word), output)
        }
        Command::Supplier(Supplier::Drain(about)) => {
            let (word, output) = about.asked();
            (AdminCall::SupplierDrain(word), output)
        }
        Command::Supplier(Supplier::ForceOpen(about)) => {
            let (word, output) = about.asked();
            (AdminCall::SupplierForceOpen(word), output)
        }
        Command::Supplier(Supplier::Pin(pin)) => {
            let (asked, output) = pin.asked();
            (AdminCall::SupplierPin(asked), output)
        }
        Command::Supplier(Supplier::Unpin(pin)) => {
            let (asked, output) = pin.asked();
            (AdminCall::SupplierUnpin(asked), output)
        }
        Command::Supplier(Supplier::Link { name, days, output }) => (AdminCall::SupplierLink { name, days }, output),
        Command::Supplier(Supplier::Scorecard { name, output }) => (AdminCall::SupplierScorecard { name }, output),
        Command::Route(command) => route::asked(command)?,
        Command::Statement(command) => statement::asked(command)?,
        Command::Case(command) => desk::case(command),
        Command::Recovery(command) => desk::recovery(command),
        Command::Operator(command) => desk::operator(command),
        Command::Deeds(asked) => (AdminCall::Deeds { subject: asked.about }, asked.output),
    };
    let reply = reach(&config, house, call).await?;
    told(reply, output)
}

fn shop(command: Shop) -> (AdminCall, Output) {
    match command {
        Shop::Add {
            name,
            currency,
            credit_limit,
            output,
        } => (
            AdminCall::ShopAdd {
                name,
                currency,
                credit_limit,
            },
            output,
        ),
        Shop::Credit {
            shop,
            amount,
            reference,
            output,
        } => (
            AdminCall::ShopCredit {
                shop: ShopId(shop),
                amount,
                reference,
            },
            output,
        ),
        Shop::List { output } => (AdminCall::ShopList, output),
    }
}

/// The arguments exclude each other and one way is always given.
fn order_key(id: Option<String>, shop: Option<i64>, number: Option<String>) -> OrderKey {
    match (shop, number) {
        (Some(shop), Some(number)) => OrderKey::ShopNo {
            shop: ShopId(shop),
            number: ShopOrderNo::from(number.as_str()),
        },
        (Some(_) | None, _) => OrderKey::Id {
            id: id.unwrap_or_default(),
        },
    }
}

/// Through the running server if there is one, else on the database itself.
async fn reach(config: &Config, house: &dyn House, call: AdminCall) -> Result<AdminReply, Failure> {
    match ask(&config.socket_path(), &call).await {
        Ok(reply) => Ok(reply),
        Err(AskError::Nobody(_)) => {
            let is_about_suppliers = matches!(
                call,
                AdminCall::SupplierList
                    | AdminCall::SupplierCheck { .. }
                    | AdminCall::SupplierPause(_)
                    | AdminCall::SupplierResume(_)
                    | AdminCall::StatementCheck(_)
            );
            let context = house.open(config, is_about_suppliers).await?;
            Ok(perform(&context, call).await)
        }
        Err(error @ (AskError::Forbidden(_) | AskError::Broken(_) | AskError::Unreadable(_))) => Err(error.into()),
    }
}

/// The reply as text: words, or the reply itself as JSON.
pub(super) fn told(reply: AdminReply, output: Output) -> Result<String, Failure> {
    if let AdminReply::Failed(trouble) = reply {
        return Err(trouble.into());
    }
    if output.json {
        let json = serde_json::to_string_pretty(&reply).map_err(anyhow::Error::from)?;
        return Ok(format!("{json}\n"));
    }
    Ok(show::reply(&reply))
}
