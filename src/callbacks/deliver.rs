//! One try: make sure it is this callback's turn, sign, send, say what came of it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use tokio::sync::mpsc;

use crate::domain::callback::Callback;
use crate::domain::ids::{OrderId, ShopId};
use crate::seams::failpoint::{self, Point};
use crate::seams::{Clock, NotSent, Outbound, Random, SendFailure, Transport};
use crate::store::{CallbackState, CallbackTried, Fresh, Store, StoredCallback};

use super::answer::{Heard, Verdict};
use super::ladder::{self, JITTER_THOUSANDTHS};
use super::scribe::Tried;
use super::{CallbackSettings, Secrets, sign};

/// What a try needs, shared by all of them.
pub(super) struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) secrets: Secrets,
    pub(super) settings: CallbackSettings,
}

/// What the worker is told. Every try sends the first and then one of the next two; the scribe sends the last
/// two.
#[derive(Debug)]
pub(super) enum Report {
    /// The shop's slot is free.
    Answered {
        shop: ShopId,
        /// Absent if nothing was sent.
        succeeded: Option<bool>,
    },
    /// The result is to be written down.
    Tried(Tried),
    /// The result is written down, or there is none.
    Settled {
        id: String,
        order: OrderId,
        /// When to look at it again, UTC milliseconds.
        not_before_ms: Option<i64>,
    },
    /// The scribe has written what it was given, or will write it by and by: others may be given to it.
    Written,
}

/// Whether it is a callback's turn.
enum Turn {
    Now,
    /// It ended meanwhile.
    Over,
    /// An earlier callback of its order is not through.
    NotBefore(i64),
}

impl Desk {
    /// Runs one try from beginning to end. Losing it at any point only repeats a callback.
    pub(super) async fn deliver(&self, fresh: Fresh, reports: mpsc::UnboundedSender<Report>) {
        let Fresh { mut row, is_first } = fresh;
        let shop = row.callback.shop;
        let report = |report| drop(reports.send(report));
        // The first callback of its order, straight from its commit, waits for no other.
        let turn = if is_first { Turn::Now } else { self.turn(&row).await };
        let not_before_ms = match turn {
            Turn::Now => {
                // Nothing but the wire needs it.
                let payload = std::mem::take(&mut row.callback.payload);
                let heard = self.send(&row.callback, payload).await;
                failpoint::reach(Point::AfterOutboxSend);
                let succeeded = Some(is_settled(heard.verdict));
                report(Report::Answered { shop, succeeded });
                return report(Report::Tried(self.judge(row, heard)));
            }
            Turn::Over => None,
            Turn::NotBefore(until_ms) => Some(until_ms),
        };
        report(Report::Answered { shop, succeeded: None });
        let StoredCallback { callback, .. } = row;
        report(Report::Settled {
            id: callback.id,
            order: callback.order,
            not_before_ms,
        });
    }

    /// Reads the order's callbacks afresh: an earlier one that is still to be delivered goes first.
    async fn turn(&self, row: &StoredCallback) -> Turn {
        let now_ms = self.clock.now_ms();
        let soon_ms = now_ms.saturating_add(i64::try_from(self.settings.poll_ms).unwrap_or(i64::MAX).max(1));
        let Ok(of_order) = self.store.callbacks_of(row.callback.order).await else {
            return Turn::NotBefore(soon_ms);
        };
        for stored in of_order {
            let is_this = stored.callback.id == row.callback.id;
            match stored.state {
                CallbackState::Due(at_ms) if is_this && at_ms <= now_ms => return Turn::Now,
                CallbackState::Due(at_ms) if is_this => return Turn::NotBefore(at_ms),
                CallbackState::Due(at_ms) => return Turn::NotBefore(at_ms.max(soon_ms)),
                CallbackState::Delivered | CallbackState::Parked if is_this => return Turn::Over,
                CallbackState::Delivered | CallbackState::Parked => {}
            }
        }
        Turn::Over
    }

    async fn send(&self, callback: &Callback, payload: String) -> Heard {
        let now_s = self.clock.now_ms().div_euclid(1_000);
        let secrets = (self.secrets)(callback.shop);
        let Some(signature) = sign::signatures(&secrets, &callback.id, now_s, &payload) else {
            return Heard::without_secret();
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(&callback.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, &self.settings.user_agent)
            .header("webhook-id", &callback.id)
            .header("webhook-timestamp", now_s)
            .header("webhook-signature", signature)
            .body(Bytes::from(payload));
        let reply = match request {
            Ok(request) => {
                let outbound = Outbound {
                    request,
                    timeout_ms: self.settings.timeout_ms,
                    max_reply_bytes: self.settings.max_reply_bytes,
                };
                self.transport.send(outbound).await
            }
            Err(_) => Err(SendFailure::NotSent(NotSent::Request)),
        };
        Heard::of(&reply, self.clock.now_ms())
    }

    /// Where the callback stands now, by what the shop answered.
    fn judge(&self, row: StoredCallback, heard: Heard) -> Tried {
        let now_ms = self.clock.now_ms();
        let tries = row.tries.saturating_add(1);
        let state = ladder::after(tries, heard.verdict, now_ms, self.jitter());
        self.tell(&row, tries, state, &heard.result);
        Tried {
            order: row.callback.order,
            result: CallbackTried {
                id: row.callback.id,
                state,
                tries,
                at_ms: now_ms,
                result: heard.result,
            },
        }
    }

    fn jitter(&self) -> i64 {
        let span = u64::try_from(2 * JITTER_THOUSANDTHS + 1).unwrap_or(1);
        let drawn = i64::try_from(self.random.below(span)).unwrap_or(JITTER_THOUSANDTHS);
        drawn - JITTER_THOUSANDTHS
    }

    fn tell(&self, row: &StoredCallback, tries: u32, state: CallbackState, result: &str) {
        let callback = &row.callback;
        let word = match state {
            CallbackState::Delivered => {
                tracing::debug!(callback = %callback.id, host = host(&callback.url), tries, result, "callback delivered");
                "delivered"
            }
            CallbackState::Due(at_ms) => {
                tracing::info!(callback = %callback.id, host = host(&callback.url), tries, result, at_ms, "callback failed, will be tried again");
                "again"
            }
            CallbackState::Parked => {
                tracing::warn!(callback = %callback.id, host = host(&callback.url), tries, result, "callback parked: redeliver it by hand once the shop answers");
                "parked"
            }
        };
        metrics::counter!("callbacks_tried_total", "result" => word).increment(1);
    }
}

/// Whom a URL calls, for logs.
fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "unreadable".to_owned())
}

/// Whether the shop is well: it took the callback, or said that it wants no more.
fn is_settled(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Acknowledged | Verdict::Gone => true,
        Verdict::Again { .. } => false,
    }
}
