//! Statement checks (R20): a supplier's file held against our attempts, what differs told and made a case,
//! and what we did not know was delivered learnt from it, once two persons say that the file is genuine.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod report;

use super::admin::{AdminContext, away};
use super::asked::Signing;
use super::calls::{AdminReply, Trouble};
use super::desk::{self, Heard};
use super::operators;
use crate::adapters::StatementReader;
use crate::dispatch::Acted;
use crate::domain::case::NewCase;
use crate::domain::decide::Input;
use crate::domain::desk::{Deed, DeedKind, Finding, Signature};
use crate::domain::ids::{AttemptId, EvidenceId, OrderId, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::{Outcome, Reading, Via};
use crate::domain::statement::{Booked, Compared, Difference, Found, Line, compare};
use crate::store::statement::{Stated, Statement, Statements};
use crate::store::{Command, Evidence};
pub use report::{DifferenceLine, StatementReport};
use report::{at_risk, report};

/// No attempt belongs to an order that is older than this when it is opened: more than the longest deadline.
const OLDEST_MS: i64 = 8 * 86_400_000;

/// A statement to hold against our books.
#[derive(Clone, Serialize, Deserialize)]
pub struct StatementAsked {
    /// Whose.
    pub supplier: SupplierId,
    /// All of it.
    pub text: String,
    /// Where the stretch of time that it covers begins, by the supplier's clock: a date or a moment.
    pub from: String,
    /// Where it ends; a date is its end. Absent: the end of the date that `from` is.
    pub until: Option<String>,
    /// Who checks it, and why; absent: nothing is written, only compared.
    pub signing: Option<Signing>,
}

impl std::fmt::Debug for StatementAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatementAsked({}, {} bytes)", self.supplier, self.text.len())
    }
}

pub(super) async fn check(context: &AdminContext, asked: StatementAsked) -> Result<AdminReply, Trouble> {
    let reader = reader(context, &asked.supplier)?;
    let period = period(reader, &asked)?;
    let lines = reader.lines(&asked.text).map_err(|why| Trouble::new(why.message, why.remedy))?;
    let kept = context
        .store
        .statements()
        .ok_or_else(|| Trouble::new("this store keeps no statements", "use a database"))?;
    let booked = booked(kept, &asked.supplier, &lines, &period).await?;
    let compared = compare(&lines, &booked, &period);
    let is_any_ours = lines.is_empty() || lines.iter().any(|line| is_ours(&line.number, &booked).is_some());
    if !is_any_ours {
        return Err(Trouble::new(
            format!("none of its {} numbers was ever sent to {}", lines.len(), asked.supplier),
            "[supplier.NAME.statement] number names the column with the numbers that we gave the supplier",
        ));
    }
    let digest = hex::encode(Sha256::digest(asked.text.as_bytes()));
    let key = format!("{}:{}", asked.supplier, digest.get(..16).unwrap_or(&digest));
    let currency = reader.currency();
    let mut report = report(&asked, &key, &lines, &compared, currency);
    if let Some(signing) = &asked.signing {
        let statement = Statement {
            key,
            supplier: asked.supplier,
            period_ms: period,
            read_at_ms: context.clock.now_ms(),
            lines: stated(&lines, &booked, &compared),
        };
        let case = write_down(context, kept, statement.clone(), &report, &compared, signing, currency).await?;
        report.case = case;
        report.settling = learn(context, &statement, &report, &compared, signing, currency).await?;
    }
    Ok(AdminReply::Statement(Box::new(report)))
}

fn reader<'c>(context: &'c AdminContext, supplier: &SupplierId) -> Result<&'c StatementReader, Trouble> {
    let is_known = (context.suppliers)().iter().any(|line| line.id == *supplier);
    context.statements.get(supplier).ok_or_else(|| match is_known {
        true => Trouble::new(
            format!("adapters.toml does not say how the statements of {supplier} are written"),
            format!("add [supplier.{supplier}.statement]; docs/adding-a-supplier.md describes it"),
        ),
        false => Trouble::new(format!("adapters.toml names no supplier {supplier}"), "`supplier list` shows all"),
    })
}

fn period(reader: &StatementReader, asked: &StatementAsked) -> Result<Range<i64>, Trouble> {
    let moment = |name: &str, text: &str, is_end| {
        let remedy = "write a date, such as 2026-11-26, or a moment by the supplier's clock, such as 2026-11-26T14:30";
        let wrong = || Trouble::new(format!("{name} cannot be {text:?}"), remedy);
        reader.moment_ms(text, is_end).ok_or_else(wrong)
    };
    let from_ms = moment("--from", &asked.from, false)?;
    let until_ms = moment("--until", asked.until.as_deref().unwrap_or(&asked.from), true)?;
    if until_ms <= from_ms {
        return Err(Trouble::new(
            "--until is not after --from",
            "say which stretch of time the statement covers",
        ));
    }
    Ok(from_ms..until_ms)
}

/// Our attempts there: those of the period, and those that the lines name.
async fn booked(
    kept: &dyn Statements,
    supplier: &SupplierId,
    lines: &[Line],
    period: &Range<i64>,
) -> Result<BTreeMap<AttemptId, Booked>, Trouble> {
    let named: BTreeSet<OrderId> = lines
        .iter()
        .filter_map(|line| line.number.parse().ok())
        .map(|id: AttemptId| id.order)
        .collect();
    let first = OrderId::first_at(period.start.saturating_sub(OLDEST_MS));
    let mut booked = kept.booked_in(supplier.clone(), first, period.clone()).await.map_err(away)?;
    booked.extend(kept.booked_of(supplier.clone(), named.into_iter().collect()).await.map_err(away)?);
    Ok(booked.into_iter().map(|booked| (booked.id, booked)).collect())
}

fn is_ours(number: &str, booked: &BTreeMap<AttemptId, Booked>) -> Option<AttemptId> {
    number.parse().ok().filter(|id| booked.contains_key(id))
}

fn stated(lines: &[Line], booked: &BTreeMap<AttemptId, Booked>, compared: &Compared) -> Vec<Stated> {
    let ours = lines.iter().filter_map(|line| {
        let id = is_ours(&line.number, booked)?;
        Some(Stated::of(line, id, *compared.found.get(&id)?))
    });
    ours.collect()
}

/// The case and the deed come first: a statement that is kept has been told.
async fn write_down(
    context: &AdminContext,
    kept: &dyn Statements,
    statement: Statement,
    report: &StatementReport,
    compared: &Compared,
    signing: &Signing,
    currency: Currency,
) -> Result<Option<String>, Trouble> {
    let (_, signed) = operators::signature(context, signing).await?;
    let at_risk = at_risk(compared, currency);
    let case = (!compared.differences.is_empty()).then(|| NewCase::of_statement(&statement.key, at_risk, statement.read_at_ms));
    let case_key = case.as_ref().map(|case| case.key.clone());
    if let Some(case) = case {
        // Told before, or now.
        desk::written(context.store.commit(Command::OpenCase(case)).await)?;
    }
    if !kept.has_statement(statement.key.clone()).await.map_err(away)? {
        record(context, &statement, report, compared, 0, signed).await?;
    }
    kept.keep_statement(statement).await.map_err(|outage| {
        Trouble::new(
            format!("it is not known whether the statement was kept whole: {outage}"),
            "check the same file again: twice is the same as once",
        )
    })?;
    Ok(case_key)
}

async fn record(
    context: &AdminContext,
    statement: &Statement,
    report: &StatementReport,
    compared: &Compared,
    settled: u32,
    signed: Signature,
) -> Result<(), Trouble> {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let deed = Deed {
        subject: Deed::about_statement(&statement.key),
        kind: DeedKind::StatementChecked {
            supplier: statement.supplier.clone(),
            lines: count(report.lines),
            differences: count(compared.differences.len()),
            settled,
        },
        signed,
        at_ms: context.clock.now_ms(),
    };
    desk::written(context.store.commit(Command::Deed(deed)).await).map(|_| ())
}

/// What the supplier delivered and we do not know of becomes a fact (R11), once a second person says that the
/// file is the supplier's own.
async fn learn(
    context: &AdminContext,
    statement: &Statement,
    report: &StatementReport,
    compared: &Compared,
    signing: &Signing,
    currency: Currency,
) -> Result<Option<String>, Trouble> {
    let is_news = |difference: &&Difference| difference.found == Found::Charged;
    let news: Vec<&Difference> = compared.differences.iter().filter(is_news).collect();
    if news.is_empty() {
        return Ok(None);
    }
    let count = news.len();
    let running = match desk::running(context) {
        Ok(running) => running,
        Err(trouble) => {
            return Ok(Some(format!(
                "{count} deliveries are news to us: {}; {}",
                trouble.message, trouble.remedy
            )));
        }
    };
    let subject = Deed::about_statement(&statement.key);
    let signed = match desk::hear(context, &subject, &Finding::Genuine, signing).await {
        Ok(Heard::Act(signed)) => signed,
        Ok(Heard::Proposed(_)) => {
            return Ok(Some(format!(
                "{count} deliveries are news to us; they count once a second operator checks the same file within a day"
            )));
        }
        Err(trouble) => {
            return Ok(Some(format!(
                "{count} deliveries are news to us: {}; {}",
                trouble.message, trouble.remedy
            )));
        }
    };
    let mut settled: u32 = 0;
    for difference in news {
        let Some((input, evidence)) = fact(context, statement, difference, currency) else {
            continue;
        };
        match running.act(input.0, input.1, vec![evidence]).await {
            Acted::Done => settled = settled.saturating_add(1),
            // Learnt in another way meanwhile.
            Acted::Refused(_) | Acted::Repeated | Acted::Absent => {}
            Acted::Unavailable | Acted::Unknown => {
                return Err(Trouble::new(
                    format!("{settled} of {count} deliveries were learnt, then the database did not answer"),
                    "check the same file again: what was learnt is learnt once",
                ));
            }
        }
    }
    record(context, statement, report, compared, settled, signed).await?;
    Ok(Some(format!(
        "{settled} of {count} deliveries that were news to us are learnt; `order show` tells what each came to"
    )))
}

/// The line as a fact about its attempt, and as the evidence for it.
fn fact(
    context: &AdminContext,
    statement: &Statement,
    difference: &Difference,
    currency: Currency,
) -> Option<((OrderId, Input), Evidence)> {
    let (line, ours) = (difference.line.as_ref()?, difference.ours?);
    let body = serde_json::json!({ "statement": statement.key, "line": line.place, "text": line.text });
    let evidence = Evidence {
        id: EvidenceId(format!("st_{}_{}", statement.key, line.place).as_str().into()),
        order: Some(ours.id.order),
        seq: Some(ours.id.seq),
        supplier: statement.supplier.clone(),
        via: Via::Statement,
        status: None,
        body: body.to_string().into_bytes(),
        at_ms: context.clock.now_ms(),
    };
    let input = Input::Fact {
        seq: ours.id.seq,
        via: Via::Statement,
        reading: Reading {
            outcome: Outcome::Succeeded { deliveries: Vec::new() },
            supplier_ref: None,
            cost: line.cost_minor.map(|minor| Money::new(minor, currency)),
        },
        evidence: Some(evidence.id.clone()),
    };
    Some(((ours.id.order, input), evidence))
}
