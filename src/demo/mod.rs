//! `recharge-gateway demo`: three suppliers that misbehave, the real gateway, a shop, sixty orders.
//!
//! Nothing here is special-cased in the gateway: it runs as `serve` does, on a fresh SQLite file,
//! over real HTTP on loopback. The suppliers' own books, not ours, judge the end. The same seed
//! gives the same orders, faults and end states.

mod judge;
mod receiver;
mod script;
mod shop;
mod show;
mod stage;

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::cli::DemoArgs;
use crate::demo::script::lines;
use crate::demo::show::Show;
use crate::demo::stage::Stage;

/// Orders after which the demo is complete.
const ORDERS: usize = 60;
/// Every order must have come to rest by then.
const PATIENCE: Duration = Duration::from_secs(75);

/// Runs the demo; `false` if anything was not as it must be.
///
/// # Errors
/// When the stage cannot be set up: no free port, no temporary folder.
pub async fn run(args: DemoArgs, metrics: PrometheusHandle) -> anyhow::Result<bool> {
    let mut show = Show::new();
    show.title(args.seed)?;
    let stage = Stage::set(&args, metrics).await?;
    show.stage(&stage)?;
    let lines = lines(args.seed, ORDERS);
    stage.script(&lines);
    let played = shop::play(&stage, &lines, &mut show, PATIENCE).await?;
    let verdict = judge::judge(&stage, &lines, &played).await?;
    show.summary(&verdict)?;
    let is_well = verdict.is_well();
    if !args.exit {
        show.what_next(&stage, &played)?;
        if args.json {
            show.json(&verdict.summary)?;
        }
        stage.until_interrupted().await;
        stage.strike().await;
        return Ok(is_well);
    }
    stage.strike().await;
    if args.json {
        show.json(&verdict.summary)?;
    }
    Ok(is_well)
}

/// One order as the shop lived it.
struct Played {
    /// Position in the script.
    line: usize,
    /// The gateway's id, if it was accepted.
    id: Option<String>,
    /// The last status seen.
    status: String,
    /// The last finality seen.
    finality: String,
    /// From sending the order to its callback or, without one, to its end; milliseconds.
    took_ms: Option<u64>,
}
