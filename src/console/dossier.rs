//! Everything about one order that may be shown, gathered into plain lines.
//!
//! Invariant: what leaves here is masked. Inputs lose their middle, an answer's body stays where it
//! is, deliveries are only counted, a callback's payload and its URL's query are left out.

use sha2::{Digest, Sha256};

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, OrderKey, Trouble};
use super::lines::{AttemptLine, CallbackLine, CaseLine, Dossier, EventLine, EvidenceLine, InputLine, TransmissionLine};
use super::{books, cases, words};
use crate::domain::attempt::Attempt;
use crate::domain::case::NewCase;
use crate::domain::ids::{AttemptId, OrderId};
use crate::domain::order::{Order, Verdict};
use crate::domain::recipient::mask;
use crate::store::{CallbackState, Evidence, StoredCallback};

pub(super) async fn show(context: &AdminContext, key: OrderKey) -> Result<AdminReply, Trouble> {
    let order = find(context, key).await?;
    let store = &context.store;
    let id = order.id;
    let inputs = store.inputs(id).await.map_err(away)?.unwrap_or_default();
    let history = store.history(id).await.map_err(away)?;
    let evidence = store.evidence(id).await.map_err(away)?;
    let deliveries = store.deliveries(id).await.map_err(away)?.len();
    let callbacks = store.callbacks_of(id).await.map_err(away)?;
    let catalog = store.catalog().await.map_err(away)?;
    let shop = catalog.shops.into_iter().find(|record| record.shop.id == order.terms.shop);
    let cases = cases_of(context, &order).await?;
    let terms = &order.terms;
    Ok(AdminReply::Order(Box::new(Dossier {
        id,
        version: order.version,
        shop: terms.shop,
        shop_name: shop.map(|record| record.shop.name),
        shop_order_no: terms.shop_order_no.clone(),
        sku: terms.sku.to_string(),
        quantity: terms.quantity,
        currency: terms.price.currency,
        face_value: terms.face.decimal(),
        price: terms.price.decimal(),
        inputs: inputs
            .0
            .iter()
            .map(|(key, value)| InputLine {
                key: key.clone(),
                masked: mask(value),
            })
            .collect(),
        accepted_at_ms: order.accepted_at_ms,
        deadline_ms: terms.deadline_ms,
        verdict: order.verdict.as_ref().map(words::verdict),
        ended_at_ms: order.verdict.as_ref().map(Verdict::at_ms),
        is_in_doubt: order.is_in_doubt(),
        is_overdue: order.is_overdue,
        next_action: order.next_action,
        attempts: order.attempts.iter().map(|attempt| attempt_line(&order, attempt)).collect(),
        events: history
            .iter()
            .map(|recorded| EventLine {
                number: recorded.number,
                at_ms: recorded.at_ms,
                kind: recorded.event.kind().to_owned(),
                words: words::event(&recorded.event),
                choice: recorded.event.choice().cloned(),
            })
            .collect(),
        ledger: books::postings(&order, &history),
        evidence: evidence.iter().map(evidence_line).collect(),
        deliveries,
        callbacks: callbacks.into_iter().map(callback_line).collect(),
        cases,
    })))
}

pub(super) async fn find(context: &AdminContext, key: OrderKey) -> Result<Order, Trouble> {
    let (found, named) = match key {
        OrderKey::Id { id } => match order_named(context, &id).await? {
            Some(order) => (Some(order), id),
            None => (None, id),
        },
        OrderKey::ShopNo { shop, number } => {
            let named = format!("{number} of shop {shop}");
            (context.store.order_by_shop_no(shop, number).await.map_err(away)?, named)
        }
    };
    found.ok_or_else(|| {
        Trouble::new(
            format!("there is no order {named}"),
            "give the gateway's order id, the number a supplier saw, or --shop and --no",
        )
    })
}

/// The order with this id, or the order of the attempt with this id.
async fn order_named(context: &AdminContext, text: &str) -> Result<Option<Order>, Trouble> {
    let by_id = text.parse::<OrderId>().ok();
    let by_attempt = text.parse::<AttemptId>().ok().map(|attempt| attempt.order);
    for id in by_id.into_iter().chain(by_attempt) {
        if let Some(order) = context.store.order(id).await.map_err(away)? {
            return Ok(Some(order));
        }
    }
    Ok(None)
}

fn attempt_line(order: &Order, attempt: &Attempt) -> AttemptLine {
    AttemptLine {
        id: order.attempt_id(attempt.seq).to_string(),
        seq: attempt.seq,
        supplier: attempt.supplier.clone(),
        state: attempt.word().to_owned(),
        meaning: words::attempt(&attempt.state),
        cost: attempt.cost.decimal(),
        code: attempt.code.to_string(),
        supplier_ref: attempt.supplier_ref.clone(),
        settings: attempt.settings.to_string(),
        queries: attempt.queries,
        opened_at_ms: attempt.opened_at_ms,
        transmissions: attempt
            .transmissions
            .iter()
            .map(|transmission| TransmissionLine {
                n: transmission.n,
                stamped_at_ms: transmission.stamped_at_ms,
                fate: words::fate(transmission.fate).to_owned(),
            })
            .collect(),
    }
}

pub(super) fn evidence_line(evidence: &Evidence) -> EvidenceLine {
    let digest = hex::encode(Sha256::digest(&evidence.body));
    EvidenceLine {
        id: evidence.id.0.to_string(),
        seq: evidence.seq,
        supplier: evidence.supplier.clone(),
        via: words::via(evidence.via).to_owned(),
        status: evidence.status,
        bytes: evidence.body.len(),
        digest: digest.chars().take(12).collect(),
        at_ms: evidence.at_ms,
    }
}

pub(super) fn callback_line(stored: StoredCallback) -> CallbackLine {
    let (state, due_at_ms) = match stored.state {
        CallbackState::Due(at_ms) => ("due", Some(at_ms)),
        CallbackState::Delivered => ("delivered", None),
        CallbackState::Parked => ("parked", None),
    };
    CallbackLine {
        id: stored.callback.id,
        url: without_secrets(&stored.callback.url),
        state: state.to_owned(),
        due_at_ms,
        tries: stored.tries,
        last_result: stored.last_result,
        created_at_ms: stored.callback.created_at_ms,
    }
}

/// Shops put tokens into the query and the user part of their URLs.
fn without_secrets(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) => format!(
            "{}://{}{}",
            url.scheme(),
            url.authority().rsplit('@').next().unwrap_or_default(),
            url.path()
        ),
        Err(_) => "(not a URL)".to_owned(),
    }
}

async fn cases_of(context: &AdminContext, order: &Order) -> Result<Vec<CaseLine>, Trouble> {
    let mut lines = Vec::with_capacity(order.cases.len());
    for (kind, seq) in &order.cases {
        let key = NewCase::key_of(*kind, order.id, *seq);
        let stored = context.store.case(key).await.map_err(away)?;
        lines.extend(stored.map(|stored| cases::line(stored, context.clock.now_ms())));
    }
    Ok(lines)
}
