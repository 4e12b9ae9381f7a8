//! The program: reads its arguments, and puts the house together for the command that needs it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use futures_util::future::LocalBoxFuture;
use recharge_gateway::app::{self, Seams, Site};
use recharge_gateway::audit::Tally;
use recharge_gateway::cli::{self, Cli, House};
use recharge_gateway::config::{Config, LogFormat, secret_from_env};
use recharge_gateway::console::AdminContext;
use recharge_gateway::dispatch::parts::SecretLookup;
use recharge_gateway::telemetry;
use tikv_jemallocator::Jemalloc;

/// An order's memory is taken on one thread and given back on another, which is where the system's
/// allocator is slow; and what is taken but never touched costs nothing here (docs/decisions/0081).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Requests and what they start run on the HTTP workers' own threads, one a core; these take the rest
    // (callbacks, the schedule, the store's queues). More of them would only take turns on the same cores.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.div_euclid(4).max(1))
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::run(cli, &Gateway)),
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("no threads can be started: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

/// The real gateway, behind the command line.
struct Gateway;

impl House for Gateway {
    fn serve(&self, config: Config, recover: bool) -> LocalBoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let format = match config.log.format {
                LogFormat::Json => telemetry::Format::Json,
                LogFormat::Text => telemetry::Format::Text,
            };
            let metrics = telemetry::install(format, &config.log.filter)?;
            let adapters = adapters_file(&config)?;
            if recover {
                app::begin_recovery(&config).await?;
            }
            let is_well = app::serve(Site {
                config,
                adapters,
                secrets: secrets(),
                metrics,
            })
            .await?;
            anyhow::ensure!(
                is_well,
                "the database has failed: look at its disk, then start again; the start recovers"
            );
            Ok(())
        })
    }

    fn open<'a>(&'a self, config: &'a Config, suppliers: bool) -> LocalBoxFuture<'a, anyhow::Result<AdminContext>> {
        Box::pin(async move {
            let seams = Seams::of_this_machine();
            let adapters = match adapters_file(config).and_then(|file| app::adapters(config, &file, &secrets())) {
                Err(refused) if suppliers => return Err(refused),
                adapters => adapters.ok(),
            };
            let store = app::open_store(config, &seams).await?;
            Ok(app::admin_context(config, &store, None, adapters.as_ref(), &seams))
        })
    }

    fn audit<'a>(&'a self, config: &'a Config) -> LocalBoxFuture<'a, anyhow::Result<Tally>> {
        Box::pin(app::audit(config))
    }

    #[cfg(feature = "demo")]
    fn demo(&self, args: recharge_gateway::cli::DemoArgs) -> LocalBoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let metrics = telemetry::install(telemetry::Format::Text, "error")?;
            let is_well = recharge_gateway::demo::run(args, metrics).await?;
            anyhow::ensure!(is_well, "the demo did not end as it must; the lines above say where");
            Ok(())
        })
    }
}

/// Secrets stand in the environment, under the names that adapters.toml gives.
fn secrets() -> SecretLookup {
    Arc::new(secret_from_env)
}

/// adapters.toml: its name for messages, and its text.
fn adapters_file(config: &Config) -> anyhow::Result<(String, String)> {
    let path = &config.suppliers.file;
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read the suppliers' file {}: set [suppliers] file in gateway.toml",
            path.display()
        )
    })?;
    Ok((path.display().to_string(), text))
}
