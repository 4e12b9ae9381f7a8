//! What the auditor saw.

use serde_json::json;

use super::super::arguments::Output;
use super::super::explain::Failure;
use crate::audit::{Check, Tally};

/// The result as text; findings make the command fail.
pub(in crate::cli) fn audit(tally: &Tally, output: Output) -> Result<String, Failure> {
    let text = if output.json { as_json(tally)? } else { in_words(tally) };
    if tally.findings.is_empty() {
        Ok(text)
    } else {
        Err(Failure::Found(text))
    }
}

fn in_words(tally: &Tally) -> String {
    let (orders, laws) = (tally.orders, Check::ALL.len());
    if tally.findings.is_empty() {
        return format!("{orders} orders and the books were held against {laws} laws: nothing is wrong\n");
    }
    let mut text = format!(
        "{orders} orders and the books were held against {laws} laws: {} findings\n\n",
        tally.findings.len()
    );
    for finding in &tally.findings {
        text.push_str(&format!("  {finding}\n"));
    }
    text.push_str("\nNothing was changed. What each law means, and what to do: docs/runbook.md.\n");
    text
}

fn as_json(tally: &Tally) -> Result<String, Failure> {
    let findings: Vec<_> = tally
        .findings
        .iter()
        .map(|finding| json!({ "check": finding.check.word(), "order": finding.order.map(|order| order.to_string()), "saw": finding.saw }))
        .collect();
    let whole = json!({ "orders": tally.orders, "checks": Check::ALL.len(), "findings": findings });
    let text = serde_json::to_string_pretty(&whole).map_err(anyhow::Error::from)?;
    Ok(format!("{text}\n"))
}
