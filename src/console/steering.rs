//! Steering documents at the desk: shown, checked, published, rolled back, and asked what they do.

use serde::{Deserialize, Serialize};

use super::admin::{AdminContext, away};
use super::asked::{DeskStanding, Signing, SupplierWord};
use super::calls::{AdminReply, Trouble};
use super::desk::{acted, reply, running};
use super::{chosen, drafts, operators, words};
use crate::dispatch::steering::{NotPublished, Question};
use crate::domain::desk::{Deed, DeedKind};
use crate::domain::ids::{ShopId, Sku, SupplierId};
use crate::domain::plan::{Candidate, Plan, Skip};
use crate::domain::steering::Flaw;

/// Versions in one answer, newest first.
const MAX_VERSIONS: u32 = 100;

/// A version of the steering document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteeringVersion {
    /// Its number, from 1.
    pub version: u32,
    /// When it came in force, UTC milliseconds.
    pub at_ms: i64,
    /// On whose word, and why.
    pub signed: String,
    /// The version whose text this is again, if one was rolled back to.
    pub back_to: Option<u32>,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlawLine {
    /// Where.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// Who would get an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// In words: what puts the candidates in order.
    pub strategy: String,
    /// The version of the document; 0 is a draft, or what is built in.
    pub version: u32,
    /// Best first.
    pub candidates: Vec<CandidateLine>,
    /// Everybody else.
    pub skipped: Vec<SkipLine>,
}

/// A supplier that would be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateLine {
    /// Who.
    pub supplier: SupplierId,
    /// Decimal, with its currency.
    pub cost: String,
    /// How it came to its place: the word in events.
    pub because: String,
    /// Its health in basis points; absent while nothing is known.
    pub score_bp: Option<u16>,
    /// In words.
    pub words: String,
}

/// A supplier that would not be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipLine {
    /// Who.
    pub supplier: SupplierId,
    /// Why.
    pub why: String,
}

/// What is asked of a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExplainAsked {
    /// Which product.
    pub sku: Sku,
    /// Which face value, decimal; absent: the only one.
    #[serde(default)]
    pub face: Option<String>,
    /// As this shop's order; absent: nobody's.
    #[serde(default)]
    pub shop: Option<ShopId>,
    /// The text of a draft; absent: the document in force.
    #[serde(default)]
    pub draft: Option<String>,
}

/// A document to be published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishAsked {
    /// The version it was written on; absent: the one in force.
    pub base: Option<u32>,
    /// All of it, TOML.
    pub text: String,
    /// Who says so, and why.
    pub signing: Signing,
}

/// A word about products at a supplier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PinWord {
    /// A sku, or the beginning of one and a star.
    pub products: String,
    /// At which supplier, on whose word.
    #[serde(flatten)]
    pub word: SupplierWord,
}

pub(super) async fn versions(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let deeds = published(context).await?;
    let versions = deeds.iter().filter_map(line).collect();
    Ok(AdminReply::SteeringVersions { versions })
}

pub(super) async fn show(context: &AdminContext, version: Option<u32>) -> Result<AdminReply, Trouble> {
    let (known, text) = find(context, version).await?;
    Ok(AdminReply::Steering { version: known, text })
}

pub(super) async fn check(context: &AdminContext, text: String) -> Result<AdminReply, Trouble> {
    let text = drafts::text(context, text).await?;
    let flaws = running(context)?.check_steering(&text);
    Ok(AdminReply::SteeringChecked { flaws: lines(flaws) })
}

pub(super) async fn publish(context: &AdminContext, asked: PublishAsked) -> Result<AdminReply, Trouble> {
    put_in_force(context, asked, None).await
}

pub(super) async fn roll_back(context: &AdminContext, version: u32, signing: Signing) -> Result<AdminReply, Trouble> {
    let (_, text) = find(context, Some(version)).await?;
    let asked = PublishAsked { base: None, text, signing };
    put_in_force(context, asked, Some(version)).await
}

async fn put_in_force(context: &AdminContext, asked: PublishAsked, back_to: Option<u32>) -> Result<AdminReply, Trouble> {
    let (_, signed) = operators::signature(context, &asked.signing).await?;
    let running = running(context)?;
    let base = asked.base.unwrap_or_else(|| running.steering_version());
    let text = drafts::text(context, asked.text).await?;
    match running.publish(base, text, back_to, signed).await {
        Ok(version) => Ok(reply(
            &format!("{}{version}", Deed::ABOUT_STEERING),
            DeskStanding::Done,
            format!("version {version} is in force"),
        )),
        Err(NotPublished::Overtaken { version }) => Err(Trouble::new(
            format!("version {version} has been published since version {base}, on which this was written"),
            "look at it with `route show`, bring both together, and publish that",
        )),
        Err(why) => not_published(why),
    }
}

/// Why a document was not tried or put in force.
pub(super) fn not_published(why: NotPublished) -> Result<AdminReply, Trouble> {
    match why {
        NotPublished::Flaws(flaws) => Ok(AdminReply::SteeringChecked { flaws: lines(flaws) }),
        NotPublished::Overtaken { version } => Err(Trouble::new(
            format!("version {version} has been published meanwhile"),
            "look at it with `route show`, and do this again on it",
        )),
        NotPublished::Unavailable => Err(Trouble::new(
            "the database is away; nothing has changed",
            "try again once it is back: `/readyz` says when",
        )),
        NotPublished::Unknown => Err(Trouble::new(
            "it is not known whether the document was written",
            "look with `route versions` before publishing again",
        )),
    }
}

pub(super) async fn explain(context: &AdminContext, asked: ExplainAsked) -> Result<AdminReply, Trouble> {
    let catalog = context.store.catalog().await.map_err(away)?;
    let shop = match asked.shop {
        None => None,
        Some(id) => {
            let found = catalog.shops.into_iter().find(|record| record.shop.id == id);
            let unknown = || Trouble::new(format!("there is no shop {id}"), "`shop list` shows all");
            Some(found.ok_or_else(unknown)?.shop)
        }
    };
    let draft = match asked.draft {
        Some(text) => Some(drafts::text(context, text).await?),
        None => None,
    };
    let question = Question {
        sku: asked.sku,
        face: asked.face,
        shop,
        draft,
    };
    Ok(match running(context)?.explain(&question) {
        Ok(plan) => AdminReply::Explained(explained(&plan)),
        Err(flaws) => AdminReply::SteeringChecked { flaws: lines(flaws) },
    })
}

pub(super) async fn drain(context: &AdminContext, word: SupplierWord) -> Result<AdminReply, Trouble> {
    let text = format!(
        "{} gets nothing new until `supplier resume`; what is open there is settled",
        word.supplier
    );
    let kind = DeedKind::SupplierDrained {
        supplier: word.supplier.clone(),
    };
    about_supplier(context, word, kind, text).await
}

pub(super) async fn force_open(context: &AdminContext, word: SupplierWord) -> Result<AdminReply, Trouble> {
    let text = format!("{}'s circuit is held open until `supplier resume`", word.supplier);
    let kind = DeedKind::SupplierForcedOpen {
        supplier: word.supplier.clone(),
    };
    about_supplier(context, word, kind, text).await
}

pub(super) async fn pin(context: &AdminContext, asked: PinWord, pins: bool) -> Result<AdminReply, Trouble> {
    let (supplier, products) = (asked.word.supplier.clone(), asked.products);
    let catalog = context.store.catalog().await.map_err(away)?;
    let is_any = catalog
        .products
        .iter()
        .any(|product| crate::domain::steering::Steering::fits(&products, &product.sku));
    if pins && !is_any {
        return Err(Trouble::new(
            format!("no product has the sku {products}, or begins so"),
            "give a sku, or its beginning and a star",
        ));
    }
    let (kind, text) = if pins {
        let text = format!("{products} goes to {supplier} and nowhere else until `supplier unpin`");
        (DeedKind::ProductPinned { supplier, products }, text)
    } else {
        let text = format!("{products} is steered like others again");
        (DeedKind::ProductUnpinned { supplier, products }, text)
    };
    about_supplier(context, asked.word, kind, text).await
}

async fn about_supplier(context: &AdminContext, word: SupplierWord, kind: DeedKind, text: String) -> Result<AdminReply, Trouble> {
    let is_known = (context.suppliers)().iter().any(|line| line.id == word.supplier);
    if !is_known {
        return Err(Trouble::new(
            format!("adapters.toml names no supplier {}", word.supplier),
            "`supplier list` shows all",
        ));
    }
    let (_, signed) = operators::signature(context, &word.signing).await?;
    let subject = Deed::about_supplier(&word.supplier);
    let deed = Deed {
        subject: subject.clone(),
        kind,
        signed,
        at_ms: context.clock.now_ms(),
    };
    acted(running(context)?.supplier_deed(deed).await, &subject, text)
}

async fn published(context: &AdminContext) -> Result<Vec<Deed>, Trouble> {
    let deeds = context.store.deeds(Deed::ABOUT_STEERING.to_owned(), MAX_VERSIONS).await;
    deeds.map_err(away)
}

/// A version and its text: this one, or the newest.
async fn find(context: &AdminContext, version: Option<u32>) -> Result<(u32, String), Trouble> {
    for deed in published(context).await? {
        if let DeedKind::SteeringPublished { version: known, text, .. } = deed.kind
            && version.is_none_or(|wanted| wanted == known)
        {
            return Ok((known, text));
        }
    }
    match version {
        Some(version) => Err(Trouble::new(
            format!("there is no version {version} of the steering document"),
            format!("`route versions` shows the latest {MAX_VERSIONS}"),
        )),
        None => Ok((
            0,
            "# Nothing has been published: priorities alone decide; scores and circuits are only shown.\n".to_owned(),
        )),
    }
}

fn line(deed: &Deed) -> Option<SteeringVersion> {
    if let DeedKind::SteeringPublished { version, back_to, .. } = &deed.kind {
        Some(SteeringVersion {
            version: *version,
            at_ms: deed.at_ms,
            signed: words::signed(&deed.signed),
            back_to: *back_to,
        })
    } else {
        None
    }
}

fn lines(flaws: Vec<Flaw>) -> Vec<FlawLine> {
    let line = |flaw: Flaw| FlawLine {
        field: flaw.field,
        problem: flaw.problem,
    };
    flaws.into_iter().map(line).collect()
}

fn explained(plan: &Plan) -> Explained {
    let candidate = |candidate: &Candidate| CandidateLine {
        supplier: candidate.supplier.clone(),
        cost: candidate.cost.to_string(),
        because: candidate.stands.because.word().to_owned(),
        score_bp: candidate.stands.score_bp,
        words: chosen::stands(&candidate.stands).trim().to_owned(),
    };
    let skip = |skip: &Skip| SkipLine {
        supplier: skip.supplier.clone(),
        why: chosen::skip_reason(&skip.reason),
    };
    Explained {
        strategy: chosen::strategy(plan.strategy).to_owned(),
        version: plan.steering,
        candidates: plan.candidates.iter().map(candidate).collect(),
        skipped: plan.skipped.iter().map(skip).collect(),
    }
}
