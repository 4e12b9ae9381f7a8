//! Lists, one line each.

use super::super::table::Table;
use super::{steering, time};
use crate::console::{CallbackLine, ImportReport, NewShop, ShopLine, SupplierCheck, SupplierLine};
use crate::domain::limits::Rate;

pub(super) fn new_shop(shop: &NewShop) -> String {
    format!(
        "shop {} ({}) was added. Hand these to the shop now; they are not shown again.\n\n  \
         X-Shop-Key       {}\n  request secret   {}\n  callback secret  {}\n\n\
         The request secret is used as the text it is; the callback secret follows Standard Webhooks.\n",
        shop.shop, shop.name, shop.key, shop.request_secret.0, shop.callback_secret.0
    )
}

pub(super) fn credited(already_booked: bool, shop: &ShopLine) -> String {
    let what = if already_booked {
        "already booked earlier under this reference, nothing was booked now"
    } else {
        "booked"
    };
    format!(
        "{what}; shop {} ({}) has {} {} available, {} held\n",
        shop.shop, shop.name, shop.available, shop.currency, shop.held
    )
}

pub(super) fn shops(shops: &[ShopLine]) -> String {
    if shops.is_empty() {
        return "there are no shops yet; `shop add` makes one\n".to_owned();
    }
    let heading = ["shop", "name", "key", "available", "held", "credit limit", "", "state"];
    let mut table = Table::new(&heading, &[0, 3, 4, 5]);
    for shop in shops {
        table.row([
            shop.shop.to_string(),
            shop.name.clone(),
            shop.key.clone(),
            shop.available.clone(),
            shop.held.clone(),
            shop.credit_limit.clone(),
            shop.currency.to_string(),
            if shop.active { "active" } else { "inactive" }.to_owned(),
        ]);
    }
    table.text(0)
}

pub(super) fn imported(report: &ImportReport) -> String {
    let (what, is_dry) = (&report.what, report.is_dry_run);
    let verb = if is_dry { "would be" } else { "were" };
    let mut out = format!(
        "{what}: {} {verb} added, {} {verb} changed, {} as they were\n",
        report.added.len(),
        report.changed.len(),
        report.unchanged
    );
    for (mark, names) in [("added", &report.added), ("changed", &report.changed)] {
        for name in names.iter().take(20) {
            out.push_str(&format!("  {mark:<8} {name}\n"));
        }
        if names.len() > 20 {
            out.push_str(&format!("  {mark:<8} and {} more\n", names.len().saturating_sub(20)));
        }
    }
    for warning in &report.warnings {
        out.push_str(&format!("warning: {warning}\n"));
    }
    if is_dry {
        out.push_str("nothing was written (--dry-run)\n");
    }
    out
}

pub(super) fn suppliers(suppliers: &[SupplierLine]) -> String {
    if suppliers.is_empty() {
        return "adapters.toml names no suppliers\n".to_owned();
    }
    let heading = [
        "supplier", "label", "dialect", "state", "score", "circuit", "priority", "submit", "query", "at once", "promises",
    ];
    let mut table = Table::new(&heading, &[4, 6, 7, 8, 9]);
    for supplier in suppliers {
        let [score, circuit] = steering::cells(supplier.health.as_deref());
        table.row([
            supplier.id.to_string(),
            supplier.label.clone(),
            supplier.dialect.clone(),
            supplier.state.clone(),
            score,
            circuit,
            supplier.default_priority.to_string(),
            rate(supplier.limits.submit),
            rate(supplier.limits.query),
            supplier.limits.concurrency.to_string(),
            promises(supplier),
        ]);
    }
    let mut text = table.text(0);
    for supplier in suppliers {
        if let Some(why) = &supplier.paused {
            text.push_str(&format!("{} is {}: {why}\n", supplier.id, supplier.state));
        }
    }
    text
}

fn rate(rate: Rate) -> String {
    format!("{}/min", rate.per_minute)
}

fn promises(supplier: &SupplierLine) -> String {
    let promises = &supplier.promises;
    let made = [
        (promises.deduplicates, "deduplicates"),
        (promises.keeps_failed_ids, "keeps failed ids"),
        (promises.failed_is_final, "failed is final"),
    ];
    let made: Vec<&str> = made.into_iter().filter_map(|(is_made, words)| is_made.then_some(words)).collect();
    if made.is_empty() { "none".to_owned() } else { made.join(", ") }
}

pub(super) fn checks(checks: &[SupplierCheck]) -> String {
    if checks.is_empty() {
        return "adapters.toml names no suppliers\n".to_owned();
    }
    let mut table = Table::new(&["supplier", "dialect", "samples", "balance"], &[]);
    for check in checks {
        let balance = match (&check.balance, check.currency, &check.trouble) {
            (Some(balance), Some(currency), _) => format!("{balance} {currency}"),
            (Some(_) | None, _, trouble) => trouble.clone().unwrap_or_default(),
        };
        table.row([
            check.supplier.id.to_string(),
            check.supplier.dialect.clone(),
            "good".to_owned(),
            balance,
        ]);
    }
    table.text(0)
}

pub(super) fn callbacks(callbacks: &[CallbackLine]) -> String {
    if callbacks.is_empty() {
        return "no callback is parked\n".to_owned();
    }
    let mut table = Table::new(&["since", "tries", "latest result", "to", "callback"], &[1]);
    for callback in callbacks {
        table.row([
            time(Some(callback.created_at_ms)),
            callback.tries.to_string(),
            callback.last_result.clone().unwrap_or_default(),
            callback.url.clone(),
            callback.id.clone(),
        ]);
    }
    table.text(0)
}
