//! Listing suppliers and asking them for our balance.

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, SupplierCheck, SupplierLine, Trouble};
use super::words;
use crate::dispatch::NoBalance;
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::money::Money;
use crate::domain::outcome::BalanceReading;
use crate::seams::SendFailure;

/// Deeds about one supplier that are looked through; the newest one counts.
const MAX_DEEDS: u32 = 100;

pub(super) async fn list(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let mut suppliers = all(context);
    for supplier in &mut suppliers {
        let subject = Deed::about_supplier(&supplier.id);
        let about = context.store.deeds(subject.clone(), MAX_DEEDS).await.map_err(away)?;
        if let Some(deed) = about.iter().find(|deed| deed.subject == subject)
            && let DeedKind::SupplierPaused { .. } = deed.kind
        {
            supplier.state = "paused".to_owned();
            supplier.paused = Some(words::signed(&deed.signed));
        }
    }
    Ok(AdminReply::Suppliers { suppliers })
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
        NoBalance::Send(SendFailure::NotSent(reason)) => format!("it could not be reached: {}", words::not_sent(reason)),
        NoBalance::Send(SendFailure::MaybeSent(reason)) => format!("no usable answer came: {}", words::maybe_sent(reason)),
    }
}

fn all(context: &AdminContext) -> Vec<SupplierLine> {
    let mut suppliers = (context.suppliers)();
    suppliers.sort_by(|a, b| a.id.cmp(&b.id));
    suppliers
}
