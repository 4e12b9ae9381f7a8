//! The one gate: permit, stamp, send, record. Nothing else sends to a supplier.
//!
//! A transmission is sent only by the one whose commit stamped it, once. Whatever comes back, or
//! does not, is recorded as a fact about exactly that attempt; a lost reply is never a reason to
//! send again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::hand::Hand;
use super::journey::Step;
use super::sent::{Sent, doubt, heard, never_encoded, not_sent, operation};
use super::{House, NoBalance, Supplier};
use crate::adapters::Call;
use crate::domain::attempt::{Attempt, AttemptState, NotSentReason};
use crate::domain::decide::Input;
use crate::domain::ids::{EvidenceId, OrderId, Seq};
use crate::domain::limits::Operation;
use crate::domain::order::Order;
use crate::domain::outcome::{BalanceReading, Doubt, Outcome, Reading, Trust, Via};
use crate::domain::recipient::Inputs;
use crate::ratelimit::{Heard, NoTurn, Permit};
use crate::seams::failpoint::{self, Point};
use crate::seams::{MaybeSent, Outbound, SendFailure};
use crate::store::Evidence;

/// Longer than this no request waits for its turn once it is written down: an order had better go to
/// the next supplier, a question be asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stamp older than this is not used. Whoever decided since (another process, after this one stood still) counts on
/// its bytes being with the supplier, or nowhere: a number may be forgotten by now, or assumed dead.
const STAMP_LASTS_MS: i64 = 60_000;

/// Sends the transmission that a committed change stamped, and records what became of it. The permit
/// is held until the answer is here, so that the supplier never sees more than it allows.
pub(super) async fn transmit(house: &Arc<House>, order: Arc<Order>, inputs: &Inputs, seq: Seq, n: u8, permit: Permit) {
    let Some(attempt) = order.attempt(seq) else { return };
    let sent = match house.parts.suppliers.get(&attempt.supplier) {
        // In a box each, so that what only recording needs takes no room while the supplier is waited for.
        Some(supplier) => Box::pin(send_submit(house, supplier, &permit, &order, (attempt, n), inputs)).await,
        None => Sent::Never(NotSentReason::Encoding),
    };
    match sent {
        Sent::Never(_) => permit.unsent(),
        Sent::Silent(_) | Sent::Answered(..) => drop(permit),
    }
    metrics::counter!("recharge_submits_total", "supplier" => attempt.supplier.to_string(), "result" => sent.word()).increment(1);
    Box::pin(record(house, order, inputs, (seq, n), sent)).await;
}

/// Learns what became of a transmission.
async fn record(house: &Arc<House>, order: Arc<Order>, inputs: &Inputs, (seq, n): (Seq, u8), sent: Sent) {
    let (input, evidence) = match sent {
        Sent::Never(why) => (Input::NotSent { seq, n, why }, Vec::new()),
        Sent::Silent(doubt) => {
            let reading = Reading::unknown(doubt);
            (
                Input::Fact {
                    seq,
                    via: Via::Submit,
                    reading,
                    evidence: None,
                },
                Vec::new(),
            )
        }
        Sent::Answered(reading, evidence) => {
            let id = Some(evidence.id.clone());
            (
                Input::Fact {
                    seq,
                    via: Via::Submit,
                    reading,
                    evidence: id,
                },
                vec![evidence],
            )
        }
    };
    let id = order.id;
    let step = house.learn(id, Some(order), &input, &evidence).await;
    failpoint::reach(Point::AfterFact);
    tracing::debug!(order = %id, seq, n, step = step.word(), "a transmission was recorded");
    if let Step::Taken { after, .. } = step
        && after.open_attempt().is_some_and(|open| open.state == AttemptState::Accepted)
    {
        house.recent.keep(after, inputs.clone());
    }
}

async fn send_submit(
    house: &Arc<House>,
    supplier: &Supplier,
    permit: &Permit,
    order: &Order,
    (attempt, n): (&Attempt, u8),
    inputs: &Inputs,
) -> Sent {
    let notify_url = house.parts.notify_url(&attempt.supplier);
    let call = call(house, order, attempt, inputs, &notify_url);
    // A resubmit speaks with the settings and the time of the attempt's first transmission.
    let writer = match house.writer_of(attempt, supplier).await {
        Ok(writer) => writer,
        Err(reason) => {
            tracing::error!(order = %order.id, reason, "the settings this attempt was opened with cannot be used");
            return Sent::Never(NotSentReason::Encoding);
        }
    };
    let request = match writer.submit(&call) {
        Ok(request) => request,
        Err(error) => return never_encoded(order.id, &error),
    };
    // In a box until it is handed over: it takes more room than all else here.
    let outbound = Box::new(outbound(supplier, request, supplier.adapter.submit_timeout_ms()));
    let read = |reply: &http::Response<Bytes>| supplier.adapter.read_submit(&call, reply);
    failpoint::reach(Point::BeforeSend);
    // What was sent before may have been taken: no deadline calls a repeat off.
    let patience = if n == 1 { PATIENCE.min(house.time_left(order)) } else { PATIENCE };
    let turn = permit.leave(patience).await;
    let stamped = attempt.transmissions.iter().find(|transmission| transmission.n == n);
    if stamped.is_none_or(|stamped| house.now_ms().saturating_sub(stamped.stamped_at_ms) > STAMP_LASTS_MS) {
        tracing::warn!(order = %order.id, n, "a stamp was too old to be used: this process stood still, or its clock jumped");
        return Sent::Never(NotSentReason::StampOld);
    }
    let sent = exchange(house, supplier, turn, &call, Via::Submit, *outbound, read).await;
    failpoint::reach(Point::AfterReply);
    sent
}

/// What it takes to ask about an attempt, its turn under the supplier's limits among it. Nothing if this is not
/// the moment: there is news of the order, or something is missing and the order is looked at again.
async fn turn_to_ask<'a>(
    house: &'a Arc<House>,
    hand: &Hand,
    order: &Arc<Order>,
    attempt: &Attempt,
) -> Option<(&'a Supplier, Inputs, Permit)> {
    let Some(supplier) = house.parts.suppliers.get(&attempt.supplier) else {
        tracing::error!(order = %order.id, supplier = %attempt.supplier, "an open attempt's supplier is missing from adapters.toml");
        house.review(Arc::clone(order)).await;
        return None;
    };
    let Ok(Some(inputs)) = house.parts.store.inputs(order.id).await else {
        house.look_again(order.id, 1_000);
        return None;
    };
    let permit = tokio::select! {
        biased;
        () = hand.rung() => return None,
        permit = supplier.lane.query(attempt.is_in_doubt()) => permit,
    };
    if house.is_stopping() {
        permit.give_back();
        return None;
    }
    Some((supplier, inputs, permit))
}

/// Asks what became of an attempt, within the supplier's limits, and records the answer.
pub(super) async fn query(house: &Arc<House>, hand: &Hand, order: &Arc<Order>, seq: Seq) {
    let Some(attempt) = order.attempt(seq) else { return };
    let Some((supplier, inputs, permit)) = turn_to_ask(house, hand, order, attempt).await else {
        return;
    };
    let asked = send_query(house, supplier, &permit, order, attempt, &inputs).await;
    drop(permit);
    metrics::counter!("recharge_queries_total", "supplier" => supplier.adapter.id().to_string(), "result" => asked.word()).increment(1);
    let (reading, evidence) = match asked {
        Sent::Never(_) => (Reading::unknown(Doubt::QueryNotSent), None),
        Sent::Silent(doubt) => (Reading::unknown(doubt), None),
        // "Still working on it" is said many times and proves nothing: it is not kept.
        Sent::Answered(reading, _) if reading.outcome == Outcome::Accepted => (reading, None),
        Sent::Answered(reading, evidence) => (reading, Some(evidence)),
    };
    let id = evidence.as_ref().map(|evidence| evidence.id.clone());
    let input = Input::Fact {
        seq,
        via: Via::Query,
        reading,
        evidence: id,
    };
    let says_not_found = matches!(&input, Input::Fact { reading, .. } if reading.outcome == Outcome::NotFound);
    let step = house.learn(order.id, Some(Arc::clone(order)), &input, evidence.as_slice()).await;
    tracing::debug!(order = %order.id, seq, step = step.word(), "a query was recorded");
    if let Some(window) = supplier.adapter.quiet_window().filter(|_| says_not_found) {
        let witnessed_since_ms = house.schedule.witnessed_since_ms();
        let input = Input::Assume {
            seq,
            window,
            witnessed_since_ms,
        };
        if let Step::Taken { .. } = house.step(order.id, None, &input, &[]).await {
            tracing::warn!(order = %order.id, seq, "a quiet window is over: the attempt is assumed dead");
        }
    }
}

/// Asks a supplier to withdraw an attempt in doubt, within its limits for questions, and records what it says.
/// Nothing is written before: a wish to withdraw charges nobody, and is made again if this process ends.
pub(super) async fn recall(house: &Arc<House>, hand: &Hand, order: &Arc<Order>, seq: Seq) {
    let Some(attempt) = order.attempt(seq) else { return };
    let Some((supplier, inputs, permit)) = turn_to_ask(house, hand, order, attempt).await else {
        return;
    };
    let notify_url = house.parts.notify_url(&attempt.supplier);
    let call = call(house, order, attempt, &inputs, &notify_url);
    let said = match supplier.adapter.recall(&call) {
        Ok(request) => {
            let outbound = outbound(supplier, request, supplier.adapter.query_timeout_ms());
            let read = |reply: &http::Response<Bytes>| believed(supplier.adapter.read_recall(&call, reply));
            let turn = permit.leave(PATIENCE).await;
            exchange(house, supplier, turn, &call, Via::Recall, outbound, read).await
        }
        Err(error) => never_encoded(order.id, &error),
    };
    drop(permit);
    metrics::counter!("recharge_recalls_total", "supplier" => supplier.adapter.id().to_string(), "result" => said.word()).increment(1);
    let (reading, evidence) = match said {
        Sent::Never(_) => (Reading::unknown(Doubt::QueryNotSent), None),
        Sent::Silent(doubt) => (Reading::unknown(doubt), None),
        Sent::Answered(reading, evidence) => (reading, Some(evidence)),
    };
    let input = Input::Fact {
        seq,
        via: Via::Recall,
        reading,
        evidence: evidence.as_ref().map(|evidence| evidence.id.clone()),
    };
    let step = house.learn(order.id, Some(Arc::clone(order)), &input, evidence.as_slice()).await;
    tracing::info!(order = %order.id, seq, step = step.word(), "a supplier was asked to withdraw an attempt");
}

/// What anybody could have said is no answer to us.
fn believed((trust, reading): (Trust, Reading)) -> Reading {
    match trust {
        Trust::Fact => reading,
        Trust::Trigger => Reading::unknown(Doubt::BadSignature),
    }
}

/// Asks a supplier about a number that may never have been used, and reads the answer as for an attempt.
pub(super) async fn ask(
    house: &Arc<House>,
    supplier: &Supplier,
    permit: &Permit,
    order: &Order,
    attempt: &Attempt,
    inputs: &Inputs,
) -> Option<(Reading, Evidence)> {
    match send_query(house, supplier, permit, order, attempt, inputs).await {
        Sent::Never(_) | Sent::Silent(_) => None,
        Sent::Answered(reading, evidence) => Some((reading, evidence)),
    }
}

async fn send_query(house: &Arc<House>, supplier: &Supplier, permit: &Permit, order: &Order, attempt: &Attempt, inputs: &Inputs) -> Sent {
    let notify_url = house.parts.notify_url(&attempt.supplier);
    let call = call(house, order, attempt, inputs, &notify_url);
    let request = match supplier.adapter.query(&call) {
        Ok(request) => request,
        Err(error) => return never_encoded(order.id, &error),
    };
    let outbound = outbound(supplier, request, supplier.adapter.query_timeout_ms());
    let read = |reply: &http::Response<Bytes>| believed(supplier.adapter.read_query(&call, reply));
    let turn = permit.leave(PATIENCE).await;
    let asked = exchange(house, supplier, turn, &call, Via::Query, outbound, read).await;
    if let Some(is_answered) = asked.is_answered() {
        house.notice_answer(&attempt.supplier, Some(&order.terms.sku), Operation::Query, is_answered);
    }
    asked
}

fn outbound(supplier: &Supplier, request: http::Request<Bytes>, timeout_ms: u64) -> Outbound {
    Outbound {
        request,
        timeout_ms,
        max_reply_bytes: supplier.adapter.max_reply_bytes(),
    }
}

/// One request about an attempt, sent once if its turn came, and its reply read and kept. What is sent is handed
/// over at the call: nothing of it is kept while the reply is waited for.
fn exchange<'a>(
    house: &'a Arc<House>,
    supplier: &'a Supplier,
    turn: Result<(), NoTurn>,
    call: &'a Call<'_>,
    via: Via,
    outbound: Outbound,
    read: impl FnOnce(&http::Response<Bytes>) -> Reading + Send + 'a,
) -> impl Future<Output = Sent> + Send + 'a {
    let sent_at = house.parts.clock.monotonic();
    let reply = turn.map(|()| supplier.transport.send(outbound));
    async move {
        let Ok(reply) = reply else {
            return Sent::Never(NotSentReason::NoTurn);
        };
        match reply.await {
            Ok(reply) => {
                let reading = read(&reply);
                supplier
                    .lane
                    .hear(operation(via), heard(&reply, Some(&reading.outcome), house.now_ms()), sent_at);
                Sent::Answered(reading, house.evidence(call.attempt_id.order, call.attempt, via, &reply))
            }
            Err(SendFailure::NotSent(why)) => Sent::Never(not_sent(why)),
            Err(SendFailure::MaybeSent(why)) => {
                if why == MaybeSent::Timeout {
                    supplier.lane.hear(operation(via), Heard::Late, sent_at);
                }
                Sent::Silent(doubt(why))
            }
        }
    }
}

/// Asks for our balance at a supplier.
pub(super) async fn balance(house: &Arc<House>, supplier: &Supplier) -> Result<BalanceReading, NoBalance> {
    let request = supplier
        .adapter
        .balance(house.now_ms())
        .ok()
        .flatten()
        .ok_or(NoBalance::NotOffered)?;
    let permit = supplier.lane.balance().await;
    let outbound = outbound(supplier, request, supplier.adapter.query_timeout_ms());
    let Ok(()) = permit.leave(PATIENCE).await else {
        return Err(NoBalance::NoTurn);
    };
    let sent_at = house.parts.clock.monotonic();
    let answer = supplier.transport.send(outbound).await;
    let read = answer.as_ref().map(|reply| supplier.adapter.read_balance(reply));
    let is_answered = matches!(read, Ok(BalanceReading::Balance(_)));
    house.notice_answer(supplier.adapter.id(), None, Operation::Balance, is_answered);
    let reply = answer.map_err(NoBalance::Send)?;
    supplier.lane.hear(Operation::Balance, heard(&reply, None, house.now_ms()), sent_at);
    Ok(supplier.adapter.read_balance(&reply))
}

pub(super) fn call<'a>(house: &House, order: &'a Order, attempt: &'a Attempt, inputs: &'a Inputs, notify_url: &'a str) -> Call<'a> {
    Call {
        attempt,
        attempt_id: order.attempt_id(attempt.seq),
        terms: &order.terms,
        inputs,
        now_ms: house.now_ms(),
        notify_url,
    }
}

impl House {
    /// From now until an order's deadline.
    fn time_left(&self, order: &Order) -> Duration {
        let left_ms = order.terms.deadline_ms.saturating_sub(self.now_ms());
        Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))
    }

    /// The raw answer as evidence, capped.
    fn evidence(&self, order: OrderId, attempt: &Attempt, via: Via, reply: &http::Response<Bytes>) -> Evidence {
        let body = reply.body();
        Evidence {
            id: self.evidence_id(),
            order: Some(order),
            seq: Some(attempt.seq),
            supplier: attempt.supplier.clone(),
            via,
            status: Some(reply.status().as_u16()),
            body: body.get(..Evidence::MAX_BYTES).unwrap_or(body).to_vec(),
            at_ms: self.now_ms(),
        }
    }

    /// A new, unguessable evidence id.
    pub(super) fn evidence_id(&self) -> EvidenceId {
        let mut bytes = [0_u8; 12];
        self.parts.random.fill(&mut bytes);
        EvidenceId(Arc::from(format!("ev_{}", hex::encode(bytes)).as_str()))
    }
}
