//! Steering documents: read, checked against the contract and the catalog, published, and asked what
//! they would do.
//!
//! A published document is a deed: its text, version, author and reason are kept for ever, and the
//! newest one is in force. Who publishes names the version that the new one was written on; if
//! another has been published meanwhile, nothing happens.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::steer::Published;
use super::{Dispatch, House};
use crate::domain::desk::{Deed, DeedKind, Signature};
use crate::domain::ids::{OrderId, ShopId, ShopOrderNo, Sku};
use crate::domain::limits::Limits;
use crate::domain::money::Money;
use crate::domain::order::{Asked, Fingerprint, Terms};
use crate::domain::plan::Plan;
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;
use crate::domain::steering::{Flaw, Ground, Steering};
use crate::store::{Answer, Command, Outage, Store};

/// Longest document, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// Why nothing was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPublished {
    /// The document is wrong.
    Flaws(Vec<Flaw>),
    /// Another version is in force than the one that this was written on.
    Overtaken {
        /// The version in force.
        version: u32,
    },
    /// The database is away; nothing has changed.
    Unavailable,
    /// It may or may not be written: look at the versions.
    Unknown,
}

/// What is asked of a document before it is in force.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which product.
    pub sku: Sku,
    /// Which face value, decimal; absent: the only one.
    pub face: Option<String>,
    /// As whose order; absent: nobody's.
    pub shop: Option<Shop>,
    /// The document's text; absent: the one in force.
    pub draft: Option<String>,
}

/// Reads a document; what is wrong is named with its place.
pub fn read(text: &str) -> Result<Steering, Flaw> {
    if text.len() > MAX_BYTES {
        return Err(Flaw::new(
            "document",
            format!("it is longer than {MAX_BYTES} bytes: leave out what has its default"),
        ));
    }
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| before.matches('\n').count().saturating_add(1));
        let place = line.map_or_else(|| "document".to_owned(), |line| format!("line {line}"));
        Flaw::new(&place, error.message().to_owned())
    })
}

/// The document in force, as the store tells.
pub(super) async fn latest(store: &dyn Store) -> Result<Published, Outage> {
    let deeds = store.deeds(Deed::ABOUT_STEERING.to_owned(), 1).await?;
    let Some(Deed {
        kind: DeedKind::SteeringPublished { version, text, .. },
        ..
    }) = deeds.into_iter().next()
    else {
        return Ok(Published::default());
    };
    let document = read(&text).map_err(|flaw| {
        let (field, problem) = (flaw.field, flaw.problem);
        Outage(format!(
            "steering version {version} cannot be read by this program ({field}: {problem}): upgrade it"
        ))
    })?;
    Ok(Published { version, document })
}

impl Dispatch {
    /// The version of the document in force; 0 is the one that is built in.
    #[must_use]
    pub fn steering_version(&self) -> u32 {
        self.house.published().version
    }

    /// Reads a document and holds it against contract and catalog.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check_steering(&self, text: &str) -> Result<Steering, Vec<Flaw>> {
        let document = read(text).map_err(|flaw| vec![flaw])?;
        let contracts: BTreeMap<_, &Limits> = self
            .house
            .parts
            .suppliers
            .iter()
            .map(|(id, supplier)| (id, supplier.adapter.limits()))
            .collect();
        let shelf = self.shelf();
        let catalog = shelf.catalog();
        let ground = Ground {
            contracts,
            skus: catalog.products.iter().map(|product| &product.sku).collect(),
            shop_keys: catalog.shops.iter().map(|record| record.shop.key.as_str()).collect(),
            carriers: self.house.parts.segments.carriers(),
            regions: self.house.parts.segments.regions(),
        };
        let flaws = document.flaws(&ground);
        if flaws.is_empty() { Ok(document) } else { Err(flaws) }
    }

    /// Publishes a document that was written on version `base`: it is in force when this returns, and its
    /// version is returned.
    ///
    /// # Errors
    /// Why it is not in force.
    pub async fn publish(&self, base: u32, text: String, back_to: Option<u32>, signed: Signature) -> Result<u32, NotPublished> {
        let document = self.check_steering(&text).map_err(NotPublished::Flaws)?;
        // One process writes a database, and in it one publishes at a time.
        let _turn = self.house.steer.publishing.lock().await;
        let in_force = self.steering_version();
        if in_force != base {
            return Err(NotPublished::Overtaken { version: in_force });
        }
        self.house.count_again(&document).await.map_err(|_| NotPublished::Unavailable)?;
        let version = base.saturating_add(1);
        let deed = Deed {
            subject: format!("{}{version}", Deed::ABOUT_STEERING),
            kind: DeedKind::SteeringPublished { version, text, back_to },
            signed,
            at_ms: self.house.now_ms(),
        };
        match self.house.parts.store.commit(Command::Deed(deed)).await {
            Answer::Done => {
                self.house.steer_by(Published { version, document });
                Ok(version)
            }
            Answer::Unknown => {
                // What stands in the database decides, as soon as it can be read.
                self.house.certain().await;
                if let Ok(latest) = latest(&*self.house.parts.store).await {
                    self.house.steer_by(latest);
                }
                Err(NotPublished::Unknown)
            }
            Answer::Stale | Answer::Refused(_) | Answer::Outage(_) => Err(NotPublished::Unavailable),
        }
    }

    /// Who would get an order now that explores nothing, in which order, and why the others would not.
    /// Nothing is written.
    ///
    /// # Errors
    /// What is wrong with the question or its draft.
    pub fn explain(&self, question: &Question) -> Result<Plan, Vec<Flaw>> {
        let published = self.house.published();
        let draft = question.draft.as_deref().map(|text| self.check_steering(text)).transpose()?;
        let terms = self.terms_of(question).map_err(|flaw| vec![flaw])?;
        let mut document = draft.clone().unwrap_or_else(|| published.document.clone());
        // The answer is the rule, not the exception.
        document.product.values_mut().for_each(|product| product.explore_percent = 0);
        let version = if draft.is_some() { 0 } else { published.version };
        let (shelf, standing) = (self.house.shelf(), self.house.standing());
        let key = question.shop.as_ref().map_or("", |shop| shop.key.as_str());
        let now_ms = self.house.now_ms();
        let draw = OrderId::compose(now_ms, self.house.parts.node, 0).map_or(0, |id| id.get().unsigned_abs());
        let loads = self.house.loads(&terms, None, &shelf);
        Ok(self
            .house
            .planned(&document, version, &terms, &[], key, draw, &loads, &standing, &shelf))
    }

    fn terms_of(&self, question: &Question) -> Result<Terms, Flaw> {
        let shelf = self.house.shelf();
        let product = shelf
            .product(&question.sku)
            .ok_or_else(|| Flaw::new("sku", "there is no such product; `product import` adds it".to_owned()))?;
        let face = question
            .face
            .as_deref()
            .map(|text| Money::parse(text, product.currency))
            .transpose();
        let face = face.map_err(|_| Flaw::new("face", "write a decimal amount, such as 100.00".to_owned()))?;
        let denomination = product.denomination(face).ok_or_else(|| {
            let choices: Vec<String> = product
                .denominations
                .iter()
                .map(|known| Money::new(known.face_minor, product.currency).decimal())
                .collect();
            Flaw::new("face", format!("choose one of {}", choices.join(", ")))
        })?;
        let now_ms = self.house.now_ms();
        let asked = Asked {
            sku: &question.sku,
            quantity: 1,
            face_value: question.face.as_deref(),
            max_price: None,
            inputs: &Inputs::default(),
            callback_url: None,
            deadline_seconds: None,
        };
        Ok(Terms {
            shop: question.shop.as_ref().map_or(ShopId(0), |shop| shop.id),
            shop_order_no: ShopOrderNo::from("asked"),
            sku: question.sku.clone(),
            kind: product.kind,
            quantity: 1,
            face: Money::new(denomination.face_minor, product.currency),
            price: Money::new(denomination.price_minor, product.currency),
            may_lose_money: product.may_lose_money,
            floor_minor: 0,
            fingerprint: Fingerprint::of(&asked),
            deadline_ms: now_ms.saturating_add(i64::from(product.deadline_seconds).saturating_mul(1_000)),
            callback_url: None,
            segment: None,
            advance_after_ms: None,
        })
    }
}

impl House {
    /// Puts a document in force: plans follow it from now on, and limits are those of the contract,
    /// lowered as it says. Those that do not change keep their buckets.
    pub(super) fn steer_by(&self, published: Published) {
        let before = self.published();
        for (id, supplier) in &self.parts.suppliers {
            let limits = supplier.limits_under(id, &published.document);
            if limits != supplier.limits_under(id, &before.document) {
                supplier.lane.set_limits(&limits);
            }
        }
        tracing::info!(version = published.version, "a steering document is in force");
        *self.steer.published.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
    }
}
