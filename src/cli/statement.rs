//! Statement checks on the command line: reading the file, telling what differs.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use encoding_rs::GBK;

use super::arguments::{Output, Pass};
use super::explain::Failure;
use super::file;
use super::table::Table;
use crate::console::{AdminCall, Once, Signing, StatementAsked, StatementReport, Trouble};
use crate::domain::ids::SupplierId;

/// Differences printed in words; `--json` has more.
const MAX_PRINTED: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Statements {
    /// Hold a supplier's file against our attempts, dead ones too; what differs becomes one case. Deliveries
    /// that are news to us count once a second operator checks the same file.
    Check {
        /// The supplier's CSV, UTF-8 or GBK; adapters.toml says which of its columns count.
        file: PathBuf,
        /// Its name in adapters.toml.
        #[arg(long)]
        supplier: String,
        /// Where the time it covers begins, by the supplier's clock: 2026-11-26 or 2026-11-26T14:30.
        #[arg(long)]
        from: String,
        /// Where it ends; a date is its end. Absent: the end of --from.
        #[arg(long)]
        until: Option<String>,
        /// Only say what differs.
        #[arg(long)]
        dry_run: bool,
        /// Where the file came from; kept for ever. No recipients, please.
        #[arg(long, required_unless_present = "dry_run")]
        reason: Option<String>,
        #[command(flatten)]
        operator: Pass,
        #[command(flatten)]
        output: Output,
    },
}

pub(super) fn asked(command: Statements) -> Result<(AdminCall, Output), Failure> {
    let Statements::Check {
        file,
        supplier,
        from,
        until,
        dry_run,
        reason,
        operator,
        output,
    } = command;
    let signing = reason.filter(|_| !dry_run).map(|reason| Signing {
        pass: Once(operator.pass),
        reason,
    });
    let asked = StatementAsked {
        supplier: SupplierId::from(supplier.as_str()),
        text: text(&file)?,
        from,
        until,
        signing,
    };
    Ok((AdminCall::StatementCheck(asked), output))
}

/// UTF-8, or else GBK; neither is read loosely.
fn text(file: &Path) -> Result<String, Failure> {
    let bytes = file::read(file, "split it by time, and say --from and --until of each part")?;
    let decoded = match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => GBK
            .decode_without_bom_handling_and_without_replacement(error.as_bytes())
            .map(std::borrow::Cow::into_owned),
    };
    let neither = || {
        Trouble::new(
            format!("{} is neither UTF-8 nor GBK text", file.display()),
            "save it as a CSV in one of them",
        )
    };
    decoded.ok_or_else(|| neither().into())
}

/// The report in words.
pub(super) fn report(report: &StatementReport) -> String {
    let StatementReport {
        supplier,
        lines,
        agreed,
        differences,
        untold,
        at_risk,
        ..
    } = report;
    let differing = differences.len().saturating_add(*untold);
    let mut text = format!("statement of {supplier}: {lines} lines, {agreed} numbers agree, {differing} differ ({at_risk} at risk)\n");
    let mut table = Table::new(&["line", "number", "ours", "theirs", "what"], &[0, 2, 3]);
    for told in differences.iter().take(MAX_PRINTED) {
        table.row([
            told.line.map(|line| line.to_string()).unwrap_or_default(),
            told.number.clone(),
            told.ours.clone().unwrap_or_default(),
            told.theirs.clone().unwrap_or_default(),
            told.words.clone(),
        ]);
    }
    if differing > 0 {
        text.push_str(&table.text(2));
    }
    if differing > MAX_PRINTED {
        text.push_str(&format!("  and {} more; --json has them\n", differing.saturating_sub(MAX_PRINTED)));
    }
    if let Some(settling) = &report.settling {
        text.push_str(&format!("{settling}\n"));
    }
    if let Some(case) = &report.case {
        text.push_str(&format!("case {case}\n"));
    }
    if report.is_dry_run {
        text.push_str("nothing was written\n");
    }
    text
}
