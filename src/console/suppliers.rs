//! Listing suppliers and asking them for our balance.

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, Trouble};
use super::words;
use serde::{Deserialize, Serialize};

use crate::dispatch::{NamedCard, NoBalance, Scorecard, scorecard_link};
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::ids::SupplierId;
use crate::domain::limits::Limits;
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::BalanceReading;
use crate::domain::policy::Promises;
use crate::seams::SendFailure;

/// Deeds about one supplier that are looked through; the newest one counts.
const MAX_DEEDS: u32 = 100;

pub(super) async fn list(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let mut suppliers = all(context);
    for supplier in &mut suppliers {
        let subject = Deed::about_supplier(&supplier.id);
        let about = context.store.deeds(subject.clone(), MAX_DEEDS).await.map_err(away)?;
        let since_resumed = about
            .iter()
            .filter(|deed| deed.subject == subject)
            .take_while(|deed| !matches!(deed.kind, DeedKind::SupplierResumed { .. }));
        for deed in since_resumed {
            if let DeedKind::SupplierPaused { .. } = deed.kind {
                supplier.state = "paused".to_owned();
                supplier.paused = Some(words::signed(&deed.signed));
            } else if let Some(state) = switched(&deed.kind)
                && supplier.paused.is_none()
            {
                supplier.state = state.to_owned();
                supplier.paused = Some(words::signed(&deed.signed));
            }
        }
        supplier.health = context.running.as_ref().map(|running| Box::new(running.scorecard(&supplier.id)));
    }
    Ok(AdminReply::Suppliers { suppliers })
}

/// What a deed makes of a supplier that is not paused.
fn switched(kind: &DeedKind) -> Option<&'static str> {
    if let DeedKind::SupplierDrained { .. } = kind {
        Some("draining")
    } else if let DeedKind::SupplierForcedOpen { .. } = kind {
        Some("forced open")
    } else {
        None
    }
}

pub(super) fn scorecard(context: &AdminContext, name: &str) -> Result<AdminReply, Trouble> {
    let supplier = all(context).into_iter().find(|supplier| supplier.id.as_str() == name);
    let unknown = || Trouble::new(format!("adapters.toml names no supplier {name}"), "`supplier list` shows all");
    let supplier = supplier.ok_or_else(unknown)?;
    let running = super::desk::running(context)?;
    let card = running.scorecard(&supplier.id);
    let supplier = supplier.id;
    Ok(AdminReply::Scorecard(Box::new(NamedCard { supplier, card })))
}

/// Longest time for which a link is given out, in days.
const MOST_DAYS: u32 = 90;

pub(super) fn link(context: &AdminContext, name: &str, days: u32) -> Result<AdminReply, Trouble> {
    let supplier = all(context).into_iter().find(|supplier| supplier.id.as_str() == name);
    let unknown = || Trouble::new(format!("adapters.toml names no supplier {name}"), "`supplier list` shows all");
    let supplier = supplier.ok_or_else(unknown)?;
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("days: {days} is out of range");
        return Err(Trouble::new(message, format!("give 1 to {MOST_DAYS} days")));
    }
    let without = || {
        Trouble::new(
            "links are made where a server runs",
            "start the server and give the same command again",
        )
    };
    let links = context.links.as_ref().ok_or_else(without)?;
    if links.public_url.is_empty() {
        return Err(Trouble::new(
            "[server] public_url is not set: nobody outside could follow a link",
            "set it in gateway.toml and start the server again",
        ));
    }
    let until_ms = context.clock.now_ms().saturating_add(i64::from(days).saturating_mul(86_400_000));
    let token = scorecard_link::issue(&links.signer, &supplier.id, until_ms);
    let url = format!("{}/scorecards/{token}", links.public_url);
    Ok(AdminReply::Link { url, until_ms })
}

/// A supplier in a list: what adapters.toml says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierLine {
    /// Its name.
    pub id: SupplierId,
    /// Shown to people.
    pub label: String,
    /// Which dialect it speaks.
    pub dialect: String,
    /// Whether it is tried, paused or drained.
    pub state: String,
    /// Why it is paused, if that was done at the desk and not in adapters.toml.
    pub paused: Option<String>,
    /// Where its offers stand that name no priority; lower is tried first.
    pub default_priority: u16,
    /// What may be sent.
    pub limits: Limits,
    /// What it guarantees.
    pub promises: Promises,
    /// Digest of this version of its settings and dialect.
    pub digest: String,
    /// How it is doing; only where a server runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Box<Scorecard>>,
}

/// What a check of a supplier found. It was loaded, so its dialect's samples read as they should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierCheck {
    /// The supplier.
    pub supplier: SupplierLine,
    /// Decimal: our balance there, where it could be asked.
    pub balance: Option<String>,
    /// Of the balance.
    pub currency: Option<Currency>,
    /// Why there is no balance.
    pub trouble: Option<String>,
}

pub(super) async fn check(context: &AdminContext, name: Option<&str>) -> Result<AdminReply, Trouble> {
    let mut suppliers = all(context);
    if let Some(name) = name {
        suppliers.retain(|supplier| supplier.id.as_str() == name);
        if suppliers.is_empty() {
            return Err(Trouble::new(
                format!("adapters.toml names no supplier {name}"),
                "`supplier list` shows all",
            ));
        }
    }
    let mut checks = Vec::with_capacity(suppliers.len());
    for supplier in suppliers {
        checks.push(checked(context, supplier).await);
    }
    Ok(AdminReply::SupplierChecks { checks })
}

async fn checked(context: &AdminContext, supplier: SupplierLine) -> SupplierCheck {
    let asked = match &context.running {
        Some(running) => running.supplier_balance(&supplier.id).await.map_err(why),
        None => Err("not asked: this needs a running server, which keeps the supplier's limits".to_owned()),
    };
    let balance: Result<Money, String> = match asked {
        Ok(BalanceReading::Balance(money)) => Ok(money),
        Ok(BalanceReading::Unreadable(doubt)) => Err(format!("the answer could not be read: {}", words::doubt(&doubt))),
        Err(trouble) => Err(trouble),
    };
    SupplierCheck {
        supplier,
        currency: balance.as_ref().ok().map(|money| money.currency),
        trouble: balance.as_ref().err().cloned(),
        balance: balance.ok().map(Money::decimal),
    }
}

fn why(trouble: NoBalance) -> String {
    match trouble {
        NoBalance::NoSuchSupplier => "the running server does not know it: adapters.toml has changed since".to_owned(),
        NoBalance::NotOffered => "its dialect has no balance question".to_owned(),
        NoBalance::NoTurn => "its turn under the limits of adapters.toml did not come in time: ask again later".to_owned(),
        NoBalance::Send(SendFailure::NotSent(reason)) => format!("it could not be reached: {}", words::not_sent(reason)),
        NoBalance::Send(SendFailure::MaybeSent(reason)) => format!("no usable answer came: {}", words::maybe_sent(reason)),
    }
}

fn all(context: &AdminContext) -> Vec<SupplierLine> {
    let mut suppliers = (context.suppliers)();
    suppliers.sort_by(|a, b| a.id.cmp(&b.id));
    suppliers
}
