//! Turning answers and notifications into facts.
//!
//! A notification is bound to its supplier and to the attempt it names before it is believed (R15),
//! and acknowledged only after what it says is committed. One that nobody signed is a reason to
//! query, nothing more.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::journey::Step;
use super::{Dispatch, House, Supplier, gate};
use crate::adapters::{Adapter, Notice};
use crate::domain::attempt::Attempt;
use crate::domain::case::{CaseKind, NewCase};
use crate::domain::decide::Input;
use crate::domain::ids::{AttemptId, OrderId, Seq, SettingsDigest, SupplierId};
use crate::domain::order::Order;
use crate::domain::outcome::{Trust, Via, printable_code};
use crate::store::{Answer, Command, Evidence, Refused};

/// What became of a notification.
#[derive(Debug)]
pub enum Heard {
    /// Stored and committed: answer with exactly this, which the supplier takes as receipt.
    Acknowledge(http::Response<Bytes>),
    /// No supplier of this name.
    NoSuchSupplier,
    /// The signature is missing or wrong, or the sender may not speak for the supplier.
    NotAuthentic,
    /// Cannot be read as this dialect's notification.
    Unreadable,
    /// Too many that were not authentic.
    TooMany,
    /// Could not be stored: answer 5xx, so that it is repeated.
    Unavailable,
}

/// Not authentic notifications that one supplier's address may get within a minute before all of
/// them are turned away unread.
const FORGED_A_MINUTE: u32 = 120;

/// Counts notifications that were not authentic, per supplier and minute.
#[derive(Default)]
pub(super) struct Forged(Mutex<BTreeMap<SupplierId, (i64, u32)>>);

impl Forged {
    fn count(&self, supplier: &SupplierId, now_ms: i64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, count) = counts.entry(supplier.clone()).or_insert((0, 0));
        let this_minute = now_ms / 60_000;
        *count = if *minute == this_minute { count.saturating_add(1) } else { 1 };
        *minute = this_minute;
    }

    fn is_too_many(&self, supplier: &SupplierId, now_ms: i64) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .get(supplier)
            .is_some_and(|(minute, count)| *minute == now_ms / 60_000 && *count >= FORGED_A_MINUTE)
    }
}

/// Earlier versions of suppliers' settings, restored from the store when an attempt needs them.
#[derive(Default)]
pub(super) struct Restored(Mutex<BTreeMap<SettingsDigest, Arc<Adapter>>>);

impl Dispatch {
    /// Hears a supplier's notification, as it arrived; the sender's address is an extension of the request.
    pub async fn notification(&self, supplier: &str, request: http::Request<Bytes>) -> Heard {
        let house = &self.house;
        let Some(supplier) = house.parts.suppliers.get(&SupplierId::from(supplier)) else {
            return Heard::NoSuchSupplier;
        };
        let heard = house.hear(supplier, &request).await;
        metrics::counter!("recharge_notifications_total", "supplier" => supplier.adapter.id().to_string(), "result" => heard.word())
            .increment(1);
        heard
    }
}

impl Heard {
    fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge(_) => "acknowledged",
            Self::NoSuchSupplier => "no_such_supplier",
            Self::NotAuthentic => "not_authentic",
            Self::Unreadable => "unreadable",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What a notification names, found to be this supplier's.
struct Named {
    order: Order,
    seq: Seq,
}

impl House {
    async fn hear(&self, supplier: &Supplier, request: &http::Request<Bytes>) -> Heard {
        let adapter = &supplier.adapter;
        let now_ms = self.now_ms();
        if self.forged.is_too_many(adapter.id(), now_ms) {
            return Heard::TooMany;
        }
        let may_speak = request.extensions().get::<IpAddr>().is_none_or(|ip| adapter.may_notify_from(*ip));
        if !may_speak {
            self.forged.count(adapter.id(), now_ms);
            return Heard::NotAuthentic;
        }
        match adapter.read_notification(request) {
            Notice::About { number, trust, .. } => {
                let named = match self.named(&number, adapter.id()).await {
                    Ok(named) => named,
                    Err(_) => return Heard::Unavailable,
                };
                match (named, trust) {
                    (Some(named), Trust::Fact) => self.believe(supplier, request, named).await,
                    (Some(named), Trust::Trigger) => self.take_hint(adapter, request, named).await,
                    (None, Trust::Fact) => self.keep_orphan(adapter, request, &number).await,
                    (None, Trust::Trigger) => {
                        self.forged.count(adapter.id(), now_ms);
                        Heard::NotAuthentic
                    }
                }
            }
            Notice::Forged { why } => {
                self.forged.count(adapter.id(), now_ms);
                tracing::warn!(supplier = %adapter.id(), why, "a notification is not authentic");
                Heard::NotAuthentic
            }
            Notice::Unreadable { why } => {
                self.forged.count(adapter.id(), now_ms);
                tracing::warn!(supplier = %adapter.id(), why, "a notification cannot be read");
                Heard::Unreadable
            }
        }
    }

    /// The attempt of this number, if this supplier was ever given it.
    async fn named(&self, number: &str, supplier: &SupplierId) -> Result<Option<Named>, crate::store::Outage> {
        let Ok(AttemptId { order, seq }) = number.parse::<AttemptId>() else {
            return Ok(None);
        };
        let found = self.parts.store.order(order).await?;
        let is_theirs = |order: &Order| order.attempt(seq).is_some_and(|attempt| attempt.supplier == *supplier);
        Ok(found.filter(is_theirs).map(|order| Named { order, seq }))
    }

    /// Read again now that its order is known: the number and every amount it repeats must be ours (R15).
    async fn believe(&self, supplier: &Supplier, request: &http::Request<Bytes>, Named { order, seq }: Named) -> Heard {
        let (Ok(Some(inputs)), Some(attempt)) = (self.parts.store.inputs(order.id).await, order.attempt(seq)) else {
            return Heard::Unavailable;
        };
        let notify_url = self.parts.notify_url(&attempt.supplier);
        let call = gate::call(self, &order, attempt, &inputs, &notify_url);
        let (_, reading) = supplier.adapter.read_notification_of(&call, request);
        let evidence = self.notified(supplier.adapter.id(), request, Some((order.id, seq)));
        let input = Input::Fact {
            seq,
            via: Via::Notification,
            reading,
            evidence: Some(evidence.id.clone()),
        };
        self.answer(
            &supplier.adapter,
            request,
            self.step(order.id, Some(order), input, vec![evidence]).await,
        )
    }

    async fn take_hint(&self, adapter: &Adapter, request: &http::Request<Bytes>, named: Named) -> Heard {
        self.answer(
            adapter,
            request,
            self.step(named.order.id, None, Input::Hint { seq: named.seq }, Vec::new()).await,
        )
    }

    fn answer(&self, adapter: &Adapter, request: &http::Request<Bytes>, step: Step) -> Heard {
        match step {
            Step::Taken { .. } | Step::Refused(_) => Heard::Acknowledge(adapter.acknowledgement(request)),
            Step::Absent | Step::Overtaken | Step::Unavailable | Step::Unknown => Heard::Unavailable,
        }
    }

    /// Authentic, but about a number we never sent there: a person must look.
    async fn keep_orphan(&self, adapter: &Adapter, request: &http::Request<Bytes>, number: &str) -> Heard {
        let kind = CaseKind::OrphanNotification;
        let key = format!("{}:{}:{}", kind.word(), adapter.id(), printable_code(number));
        let case = NewCase {
            key,
            kind,
            order: None,
            at_risk: None,
            opened_at_ms: self.now_ms(),
        };
        let evidence = self.notified(adapter.id(), request, None);
        match self.parts.store.commit(Command::Orphan { case, evidence }).await {
            Answer::Done | Answer::Refused(Refused::Repeated) => Heard::Acknowledge(adapter.acknowledgement(request)),
            Answer::Refused(Refused::NoFunds { .. } | Refused::Exists { .. }) | Answer::Stale | Answer::Outage(_) | Answer::Unknown => {
                Heard::Unavailable
            }
        }
    }

    /// A notification as evidence: its query string, a line break, its body; capped.
    fn notified(&self, supplier: &SupplierId, request: &http::Request<Bytes>, about: Option<(OrderId, Seq)>) -> Evidence {
        let mut body = request.uri().query().unwrap_or_default().as_bytes().to_vec();
        body.push(b'\n');
        body.extend_from_slice(request.body());
        body.truncate(Evidence::MAX_BYTES);
        Evidence {
            id: self.evidence_id(),
            order: about.map(|(order, _)| order),
            seq: about.map(|(_, seq)| seq),
            supplier: supplier.clone(),
            via: Via::Notification,
            status: None,
            body,
            at_ms: self.now_ms(),
        }
    }

    /// The settings that wrote this attempt's first transmission, which a resubmit must repeat.
    pub(super) async fn writer_of(&self, attempt: &Attempt, supplier: &Supplier) -> Result<Arc<Adapter>, String> {
        if *supplier.adapter.digest() == attempt.settings {
            return Ok(Arc::clone(&supplier.adapter));
        }
        if let Some(known) = self
            .restored
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&attempt.settings)
        {
            return Ok(Arc::clone(known));
        }
        let stored = self
            .parts
            .store
            .settings(attempt.settings.clone())
            .await
            .map_err(|outage| outage.to_string())?;
        let document = stored.ok_or("the database holds no such version")?;
        let secrets = &self.parts.secrets;
        let adapter = Adapter::restore(&document, &|name| secrets(name)).map_err(|error| error.to_string())?;
        let adapter = Arc::new(adapter);
        self.restored
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(attempt.settings.clone(), Arc::clone(&adapter));
        Ok(adapter)
    }
}
