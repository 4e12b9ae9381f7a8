//! Replies in words and columns.

mod audit;
mod desk;
mod lists;
mod order;
mod replay;
mod steering;

pub(in crate::cli) use audit::audit;

use super::statement;
use crate::console::AdminReply;
use crate::domain::report::rfc3339;

/// The reply, ready for standard output.
pub(super) fn reply(reply: &AdminReply) -> String {
    match reply {
        AdminReply::ShopAdded(shop) => lists::new_shop(shop),
        AdminReply::ShopCredited { already_booked, shop } => lists::credited(*already_booked, shop),
        AdminReply::Shops { shops } => lists::shops(shops),
        AdminReply::Imported(report) => lists::imported(report),
        AdminReply::NotImported { problems } => format!("nothing was imported: {} to correct\n", problems.len()),
        AdminReply::Suppliers { suppliers } => lists::suppliers(suppliers),
        AdminReply::SupplierChecks { checks } => lists::checks(checks),
        AdminReply::Order(dossier) => order::dossier(dossier),
        AdminReply::Callbacks { callbacks } => lists::callbacks(callbacks),
        AdminReply::CallbackDue { id } => format!("callback {id} is due now; `order show` tells what becomes of it\n"),
        AdminReply::Cases { cases } => desk::cases(cases),
        AdminReply::Case(file) => desk::case(file),
        AdminReply::Desk(reply) => desk::reply(reply),
        AdminReply::OperatorAdded { name, pass } => desk::new_operator(name, &pass.0),
        AdminReply::Operators { operators } => desk::operators(operators),
        AdminReply::Scorecard(card) => steering::scorecard(card),
        AdminReply::SteeringVersions { versions } => steering::versions(versions),
        AdminReply::Steering { text, .. } => text.clone(),
        AdminReply::SteeringChecked { flaws } => steering::flaws(flaws),
        AdminReply::Link { url, until_ms } => format!("{url}\n  shows this supplier its scorecard until {}\n", rfc3339(*until_ms)),
        AdminReply::SteeringDrafts { drafts } => steering::drafts(drafts),
        AdminReply::Replayed(replayed) => replay::replayed(replayed),
        AdminReply::Statement(report) => statement::report(report),
        AdminReply::Explained(explained) => steering::explained(explained),
        AdminReply::Deeds { deeds } => desk::deeds(deeds),
        AdminReply::Failed(trouble) => format!("{}\n  {}\n", trouble.message, trouble.remedy),
    }
}

/// A time that may be absent.
fn time(at_ms: Option<i64>) -> String {
    at_ms.map(rfc3339).unwrap_or_default()
}
