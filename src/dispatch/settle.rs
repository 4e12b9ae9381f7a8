//! Turning answers and notifications into facts.
//!
//! A notification is bound to its supplier and to the attempt it names before it is believed (R15),
//! and acknowledged only after what it says is committed. One that nobody signed is a reason to
//! query, nothing more.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::journey::Step;
use super::{Dispatch, House, Supplier, gate};
use crate::adapters::{Adapter, Notice, Opened};
use crate::domain::attempt::Attempt;
use crate::domain::case::{CaseKind, NewCase};
use crate::domain::decide::Input;
use crate::domain::ids::{AttemptId, OrderId, Seq, SettingsDigest, SupplierId};
use crate::domain::order::Order;
use crate::domain::outcome::{Trust, Via, printable_code};
use crate::domain::recipient::Inputs;
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

/// Not authentic notifications that one sender may bring for one supplier within a minute before
/// all of its are turned away unread.
const FORGED_A_MINUTE: u32 = 120;
/// Senders that are told apart within a minute; more are turned away unread.
const FORGERS: usize = 10_000;

/// Counts notifications that were not authentic, per supplier, sender and minute: who forges must
/// not silence the supplier.
#[derive(Default)]
pub(super) struct Forged(Mutex<ThisMinute>);

#[derive(Default)]
struct ThisMinute {
    minute: i64,
    counts: BTreeMap<(SupplierId, Option<IpAddr>), u32>,
}

impl Forged {
    fn count(&self, supplier: &SupplierId, sender: Option<IpAddr>, now_ms: i64) {
        let mut current = self.current(now_ms);
        let count = current.counts.entry((supplier.clone(), sender)).or_insert(0);
        *count = count.saturating_add(1);
    }

    fn is_too_many(&self, supplier: &SupplierId, sender: Option<IpAddr>, now_ms: i64) -> bool {
        let current = self.current(now_ms);
        let known = current.counts.get(&(supplier.clone(), sender));
        known.map_or(current.counts.len() >= FORGERS, |count| *count >= FORGED_A_MINUTE)
    }

    fn current(&self, now_ms: i64) -> MutexGuard<'_, ThisMinute> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now_ms.div_euclid(60_000);
        if current.minute != minute {
            *current = ThisMinute {
                minute,
                counts: BTreeMap::new(),
            };
        }
        current
    }
}

/// Earlier versions of suppliers' settings, restored from the store when an attempt needs them.
#[derive(Default)]
pub(super) struct Restored(Mutex<BTreeMap<SettingsDigest, Arc<Adapter>>>);

impl Dispatch {
    /// Hears a supplier's notification, as it arrived; the sender's address is an extension of the request.
    /// Dropping the future cancels only the waiting.
    pub async fn notification(&self, supplier: &str, request: http::Request<Bytes>) -> Heard {
        let id = SupplierId::from(supplier);
        if !self.house.parts.suppliers.contains_key(&id) {
            return Heard::NoSuchSupplier;
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let house = Arc::clone(&self.house);
        self.house.work(async move {
            let Some(supplier) = house.parts.suppliers.get(&id) else { return };
            let heard = house.hear(supplier, &request).await;
            metrics::counter!("recharge_notifications_total", "supplier" => id.to_string(), "result" => heard.word()).increment(1);
            // A supplier that hung up will tell it again.
            let _ = sender.send(heard);
        });
        receiver.await.unwrap_or(Heard::Unavailable)
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
    order: Arc<Order>,
    inputs: Inputs,
    seq: Seq,
    /// Whether the order is one just committed here instead of one just read.
    is_recent: bool,
}

impl House {
    async fn hear(&self, supplier: &Supplier, request: &http::Request<Bytes>) -> Heard {
        let adapter = &supplier.adapter;
        let now_ms = self.now_ms();
        let sender = request.extensions().get::<IpAddr>().copied();
        if self.forged.is_too_many(adapter.id(), sender, now_ms) {
            return Heard::TooMany;
        }
        if !sender.is_none_or(|ip| adapter.may_notify_from(ip)) {
            self.forged.count(adapter.id(), sender, now_ms);
            return Heard::NotAuthentic;
        }
        match adapter.read_notification(request) {
            Notice::About { number, trust, message } => {
                let named = match self.named(&number, adapter.id()).await {
                    Ok(named) => named,
                    Err(_) => return Heard::Unavailable,
                };
                match (named, trust) {
                    (Some(named), Trust::Fact) => self.believe(supplier, request, &message, named).await,
                    (Some(named), Trust::Trigger) => self.take_hint(adapter, &message, named).await,
                    (None, Trust::Fact) => self.keep_orphan(adapter, request, &message, &number).await,
                    (None, Trust::Trigger) => {
                        self.forged.count(adapter.id(), sender, now_ms);
                        Heard::NotAuthentic
                    }
                }
            }
            Notice::Forged { why } => {
                self.forged.count(adapter.id(), sender, now_ms);
                tracing::warn!(supplier = %adapter.id(), why, "a notification is not authentic");
                Heard::NotAuthentic
            }
            Notice::Unreadable { why } => {
                self.forged.count(adapter.id(), sender, now_ms);
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
        let is_theirs = |order: &Order| order.attempt(seq).is_some_and(|attempt| attempt.supplier == *supplier);
        let named = |is_recent| {
            move |(order, inputs)| Named {
                order,
                inputs,
                seq,
                is_recent,
            }
        };
        let recent = self.recent.take(order).filter(|(order, _)| is_theirs(order));
        if let Some(recent) = recent {
            return Ok(Some(named(true)(recent)));
        }
        let found = self.parts.store.order_with_inputs(order).await?;
        let found = found.filter(|(order, _)| is_theirs(order));
        Ok(found.map(|(order, inputs)| (Arc::new(order), inputs)).map(named(false)))
    }

    /// Moves the order that was named by `input`; what is refused only because of what was known here is
    /// asked of the store.
    async fn step_named(&self, order: Arc<Order>, is_recent: bool, input: &Input, evidence: &[Evidence]) -> Step {
        let id = order.id;
        let step = self.step(id, Some(order), input, evidence).await;
        if is_recent && matches!(step, Step::Refused(_)) {
            return self.step(id, None, input, evidence).await;
        }
        step
    }

    /// Read again now that its order is known: the number and every amount it repeats must be ours (R15).
    async fn believe(&self, supplier: &Supplier, request: &http::Request<Bytes>, message: &Opened, named: Named) -> Heard {
        let Named {
            order,
            inputs,
            seq,
            is_recent,
        } = named;
        let Some(attempt) = order.attempt(seq) else {
            return Heard::Unavailable;
        };
        let notify_url = self.parts.notify_url(&attempt.supplier);
        let call = gate::call(self, &order, attempt, &inputs, &notify_url);
        let (_, reading) = supplier.adapter.read_notification_of(&call, message);
        let evidence = self.notified(supplier.adapter.id(), request, Some((order.id, seq)));
        let input = Input::Fact {
            seq,
            via: Via::Notification,
            reading,
            evidence: Some(evidence.id.clone()),
        };
        let id = order.id;
        let step = self.step_named(order, is_recent, &input, &[evidence]).await;
        self.answer(&supplier.adapter, message, id, step)
    }

    async fn take_hint(&self, adapter: &Adapter, message: &Opened, named: Named) -> Heard {
        let (id, seq) = (named.order.id, named.seq);
        let step = self.step_named(named.order, named.is_recent, &Input::Hint { seq }, &[]).await;
        self.answer(adapter, message, id, step)
    }

    fn answer(&self, adapter: &Adapter, message: &Opened, order: OrderId, step: Step) -> Heard {
        match step {
            Step::Taken { .. } => {
                self.hands.ring(order);
                Heard::Acknowledge(adapter.acknowledgement(message))
            }
            Step::Refused(_) => Heard::Acknowledge(adapter.acknowledgement(message)),
            // It may stand, and nobody has followed it up.
            Step::Unknown => {
                self.look_again(order, 1_000);
                Heard::Unavailable
            }
            Step::Absent | Step::Overtaken | Step::Unavailable => Heard::Unavailable,
        }
    }

    /// Authentic, but about a number we never sent there: a person must look.
    async fn keep_orphan(&self, adapter: &Adapter, request: &http::Request<Bytes>, message: &Opened, number: &str) -> Heard {
        let kind = CaseKind::OrphanNotification;
        let key = format!("{}:{}:{}", kind.word(), adapter.id(), printable_code(number));
        let evidence = self.notified(adapter.id(), request, None);
        let case = NewCase {
            key,
            kind,
            order: None,
            at_risk: None,
            // The time that leads from the case to what arrived.
            opened_at_ms: evidence.at_ms,
        };
        match self.parts.store.commit(Command::Orphan { case, evidence }).await {
            Answer::Done | Answer::Refused(Refused::Repeated) => Heard::Acknowledge(adapter.acknowledgement(message)),
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
