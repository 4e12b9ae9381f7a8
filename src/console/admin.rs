//! Where a call becomes a reply.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calls::{AdminCall, AdminReply, Trouble};
use super::suppliers::SupplierLine;
use super::{callbacks, cases, desk, dossier, drafts, import, money, operators, recovery, replay, shops, statements, steering, suppliers};
use crate::adapters::StatementReader;
use crate::dispatch::replay::Replayed;
use crate::dispatch::steering::{NotPublished, Question};
use crate::dispatch::{Acted, Dispatch, NoBalance, Scorecard};
use crate::domain::decide::Input;
use crate::domain::desk::{Deed, Manning, Signature};
use crate::domain::ids::{OrderId, SupplierId};
use crate::domain::outcome::BalanceReading;
use crate::domain::plan::Plan;
use crate::domain::steering::Flaw;
use crate::seams::{BoxFuture, Clock, Random};
use crate::store::signer::Signer;
use crate::store::{Evidence, Outage, Store};

/// What only a running server can do.
pub trait Running: Send + Sync {
    /// Makes changed shops, products and offers count.
    fn reload_catalog(&self) -> BoxFuture<'_, Result<(), Outage>>;
    /// Asks a supplier for our balance there.
    fn supplier_balance<'a>(&'a self, supplier: &'a SupplierId) -> BoxFuture<'a, Result<BalanceReading, NoBalance>>;
    /// Moves an order by a person's word.
    fn act(&self, order: OrderId, input: Input, evidence: Vec<Evidence>) -> BoxFuture<'_, Acted>;
    /// Writes a deed about a supplier and makes it count at once.
    fn supplier_deed(&self, deed: Deed) -> BoxFuture<'_, Acted>;
    /// How a supplier is doing.
    fn scorecard(&self, supplier: &SupplierId) -> Scorecard;
    /// The version of the steering document in force; 0 is the one that is built in.
    fn steering_version(&self) -> u32;
    /// What is wrong with a steering document.
    fn check_steering(&self, text: &str) -> Vec<Flaw>;
    /// Puts a steering document in force that was written on version `base`.
    fn publish(&self, base: u32, text: String, back_to: Option<u32>, signed: Signature) -> BoxFuture<'_, Result<u32, NotPublished>>;
    /// Decides the attempts of the last hours again, under a draft or the document in force.
    fn replay(&self, draft: Option<String>, hours: u32) -> BoxFuture<'_, Result<Replayed, NotPublished>>;
    /// Who would get an order, under the document in force or a draft.
    fn explain(&self, question: &Question) -> Result<Plan, Vec<Flaw>>;
}

impl Running for Dispatch {
    fn reload_catalog(&self) -> BoxFuture<'_, Result<(), Outage>> {
        Box::pin(self.reload_catalog())
    }

    fn supplier_balance<'a>(&'a self, supplier: &'a SupplierId) -> BoxFuture<'a, Result<BalanceReading, NoBalance>> {
        Box::pin(self.supplier_balance(supplier))
    }

    fn act(&self, order: OrderId, input: Input, evidence: Vec<Evidence>) -> BoxFuture<'_, Acted> {
        Box::pin(self.act(order, input, evidence))
    }

    fn supplier_deed(&self, deed: Deed) -> BoxFuture<'_, Acted> {
        Box::pin(self.supplier_deed(deed))
    }

    fn scorecard(&self, supplier: &SupplierId) -> Scorecard {
        self.scorecard(supplier)
    }

    fn steering_version(&self) -> u32 {
        self.steering_version()
    }

    fn check_steering(&self, text: &str) -> Vec<Flaw> {
        self.check_steering(text).err().unwrap_or_default()
    }

    fn publish(&self, base: u32, text: String, back_to: Option<u32>, signed: Signature) -> BoxFuture<'_, Result<u32, NotPublished>> {
        Box::pin(self.publish(base, text, back_to, signed))
    }

    fn replay(&self, draft: Option<String>, hours: u32) -> BoxFuture<'_, Result<Replayed, NotPublished>> {
        Box::pin(async move { self.replay(draft.as_deref(), hours).await })
    }

    fn explain(&self, question: &Question) -> Result<Plan, Vec<Flaw>> {
        self.explain(question)
    }
}

/// What links for suppliers are made with.
#[derive(Clone)]
pub struct Links {
    /// Whose signature they carry.
    pub signer: Arc<Signer>,
    /// The address under which shops and suppliers reach the gateway, without a trailing slash.
    pub public_url: String,
}

/// What calls work with.
#[derive(Clone)]
pub struct AdminContext {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The server, when one runs in this process.
    pub running: Option<Arc<dyn Running>>,
    /// The suppliers as they are described now.
    pub suppliers: Arc<dyn Fn() -> Vec<SupplierLine> + Send + Sync>,
    /// How the statements of each supplier are read.
    pub statements: Arc<BTreeMap<SupplierId, StatementReader>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Keys and secrets of new shops.
    pub random: Arc<dyn Random>,
    /// How many persons run the gateway.
    pub manning: Manning,
    /// What links for suppliers are made with; absent where none are.
    pub links: Option<Links>,
}

impl AdminContext {
    /// Tells a running server that the catalog changed.
    pub(super) async fn catalog_changed(&self) -> Result<(), Trouble> {
        let Some(running) = &self.running else { return Ok(()) };
        running.reload_catalog().await.map_err(|outage| {
            Trouble::new(
                format!("the change is written, but the running server could not read it: {outage}"),
                "it counts after the next import or restart; do one of them once the database is back",
            )
        })
    }
}

/// Does what is asked.
pub async fn perform(context: &AdminContext, call: AdminCall) -> AdminReply {
    let done = match call {
        AdminCall::ShopAdd {
            name,
            currency,
            credit_limit,
        } => shops::add(context, &name, currency, credit_limit.as_deref()).await,
        AdminCall::ShopCredit { shop, amount, reference } => shops::credit(context, shop, &amount, &reference).await,
        AdminCall::ShopList => shops::list(context).await,
        AdminCall::ProductImport(file) => import::products(context, &file).await,
        AdminCall::OfferImport(file) => import::offers(context, &file).await,
        AdminCall::SupplierList => suppliers::list(context).await,
        AdminCall::SupplierCheck { name } => suppliers::check(context, name.as_deref()).await,
        AdminCall::OrderShow(key) => dossier::show(context, key).await,
        AdminCall::CallbackList => callbacks::parked(context).await,
        AdminCall::CallbackRedeliver { id } => callbacks::redeliver(context, &id).await,
        AdminCall::CaseList => cases::open(context).await,
        AdminCall::CaseShow { key } => cases::show(context, &key).await,
        AdminCall::CaseResolve(asked) => cases::resolve(context, asked).await,
        AdminCall::OrderRefund(asked) => money::refund(context, asked).await,
        AdminCall::OrderCharge(asked) => money::charge(context, asked).await,
        AdminCall::SupplierPause(word) => desk::supplier(context, word, true).await,
        AdminCall::SupplierResume(word) => desk::supplier(context, word, false).await,
        AdminCall::SupplierLink { name, days } => suppliers::link(context, &name, days),
        AdminCall::SupplierDrain(word) => steering::drain(context, word).await,
        AdminCall::SupplierForceOpen(word) => steering::force_open(context, word).await,
        AdminCall::SupplierPin(asked) => steering::pin(context, asked, true).await,
        AdminCall::SupplierUnpin(asked) => steering::pin(context, asked, false).await,
        AdminCall::SupplierScorecard { name } => suppliers::scorecard(context, &name),
        AdminCall::RouteVersions => steering::versions(context).await,
        AdminCall::RouteShow { version } => steering::show(context, version).await,
        AdminCall::RouteCheck { text } => steering::check(context, text).await,
        AdminCall::RouteDraft(asked) => drafts::keep(context, asked).await,
        AdminCall::RouteDrafts => drafts::list(context).await,
        AdminCall::RouteReplay(asked) => replay::replay(context, asked).await,
        AdminCall::RoutePublish(asked) => steering::publish(context, asked).await,
        AdminCall::RouteRollBack { version, signing } => steering::roll_back(context, version, signing).await,
        AdminCall::RouteExplain(asked) => steering::explain(context, asked).await,
        AdminCall::StatementCheck(asked) => statements::check(context, asked).await,
        AdminCall::RecoveryBegin => recovery::begin(context).await,
        AdminCall::RecoveryEnd { signing } => recovery::end(context, &signing).await,
        AdminCall::OperatorAdd { name, signing } => operators::add(context, &name, signing.as_ref()).await,
        AdminCall::OperatorRemove { name, signing } => operators::remove(context, &name, &signing).await,
        AdminCall::OperatorList => operators::list(context).await,
        AdminCall::Deeds { subject } => desk::deeds(context, subject).await,
    };
    done.unwrap_or_else(AdminReply::Failed)
}

/// A database that does not answer, told to an operator.
pub(super) fn away(outage: Outage) -> Trouble {
    Trouble::new(outage.to_string(), "nothing was changed; try again once the database is back")
}
