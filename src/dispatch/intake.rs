//! From a shop's request to a durable order, in one commit: with its first attempt stamped where a
//! permit is free, else waiting in its supplier's fair queue.
//!
//! Once begun, an intake runs to its end: a shop that hangs up cancels only its waiting (R1).

use std::sync::Arc;
use std::time::Duration;

use super::checks;
use super::hand::Hand;
use super::journey::withdraw;
use super::shelf::Shelf;
use super::{Dispatch, House, Supplier, gate};
use crate::domain::decide;
use crate::domain::ids::{OrderId, Seq, ShopOrderNo, Sku};
use crate::domain::money::Money;
use crate::domain::order::{Fingerprint, Order, Terms};
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;
use crate::ratelimit::Permit;
use crate::seams::failpoint::{self, Point};
use crate::store::{Answer, Command, Decision, Refused};

/// What a shop asks for, as it wrote it; nothing is checked yet but its form.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The authenticated shop.
    pub shop: Shop,
    /// Its own number for the order: 1-64 printable ASCII characters.
    pub shop_order_no: ShopOrderNo,
    /// What.
    pub sku: Sku,
    /// What the buyer entered.
    pub inputs: Inputs,
    /// Pieces; absent is 1.
    pub quantity: Option<u32>,
    /// Decimal, in the product's currency; absent where the product has only one.
    pub face_value: Option<String>,
    /// Decimal, in the product's currency: the order is refused if its price is above.
    pub max_price: Option<String>,
    /// Where the verdict is sent.
    pub callback_url: Option<String>,
    /// How long the order may wait for a supplier; absent, and at most, the product's own.
    pub deadline_seconds: Option<u32>,
}

/// An order that stands.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// Accepted now.
    New(Arc<Order>),
    /// Accepted earlier under the same number with the same content.
    Same(Arc<Order>),
}

/// Why a request was turned away, and so whether an order may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// Fields are wrong; no order exists, and the number is still free.
    Fields(Vec<FieldError>),
    /// The number was used for other content; that order exists.
    Conflict {
        /// The order under this number.
        order: OrderId,
    },
    /// Not enough balance; no order exists, and the number is still free.
    NoFunds {
        /// What is available.
        available: Money,
        /// What the order costs.
        price: Money,
    },
    /// Too much is waiting; no order exists.
    Overloaded,
    /// Stopping, or the database is away; no order exists from this request.
    Unavailable,
    /// The commit's outcome is unknown: the same request again will tell.
    OutcomeUnknown,
}

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its name in the request, such as `inputs.account`.
    pub field: String,
    /// What is wrong; the face words it and names the remedy.
    pub problem: FieldProblem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldProblem {
    /// Required and absent.
    Missing,
    /// Not one of the keys this product asks for.
    NotAsked,
    /// No such product, or not on sale.
    NoSuchProduct,
    /// Shorter or longer than allowed, in characters.
    Length {
        /// Shortest.
        min: u16,
        /// Longest.
        max: u16,
    },
    /// Contains characters that are not allowed.
    Characters,
    /// Not a decimal amount of the product's currency.
    NotMoney,
    /// Not among the face values on sale (given here, decimal).
    NotOnSale {
        /// What is on sale.
        choices: Vec<String>,
    },
    /// Outside the allowed numbers.
    OutOfRange {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// The price is above `max_price`.
    PriceAbove {
        /// The price now, decimal.
        price: String,
    },
    /// Not an absolute http(s) URL that may be called: public addresses only.
    NotCallable,
}

impl Dispatch {
    /// Takes an order in: checks it, plans it, holds the price and, where a permit is free, stamps
    /// its first attempt, all in one commit. Dropping the future cancels only the waiting.
    ///
    /// # Errors
    /// Why there is no order, or why it is not known whether there is one.
    pub async fn submit(&self, order: NewOrder) -> Result<Submitted, Turned> {
        if !self.is_accepting() {
            return Err(Turned::Unavailable);
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let house = Arc::clone(&self.house);
        // In a box of its own: nothing of it is left while a supplier holds the connection.
        let taking_in = Box::pin({
            let house = Arc::clone(&house);
            async move { house.take_in(order).await }
        });
        self.house.work(async move {
            let taken = taking_in.await;
            let (answer, sending) = match taken {
                Ok((submitted, sending)) => (Ok(submitted), sending),
                Err(turned) => (Err(turned), None),
            };
            // A shop that hung up does not hear the answer; its order goes on.
            let _ = sender.send(answer);
            if let Some(sending) = sending {
                sending.go(&house).await;
            }
        });
        receiver.await.unwrap_or(Err(Turned::OutcomeUnknown))
    }

    /// The order once it has a verdict, or as it stands after `patience`.
    pub async fn verdict(&self, order: Arc<Order>, patience: Duration) -> Arc<Order> {
        let id = order.id;
        let reached = self.house.verdicts.watch(id);
        if self.house.is_stopping() {
            self.house.verdicts.let_go();
        }
        let now = |latest: Result<Option<Order>, crate::store::Outage>| latest.ok().flatten().map(Arc::new);
        if let Some(latest) = now(self.house.parts.store.order(id).await).filter(|latest| latest.verdict.is_some()) {
            self.house.verdicts.tidy(id);
            return latest;
        }
        tokio::select! {
            biased;
            _ = reached => {}
            () = self.house.parts.clock.sleep(patience) => {}
        }
        self.house.verdicts.tidy(id);
        now(self.house.parts.store.order(id).await).unwrap_or(order)
    }
}

/// An accepted order's first transmission: stamped, its permit in hand, about to be sent.
struct Sending {
    order: Arc<Order>,
    inputs: Inputs,
    seq: Seq,
    n: u8,
    permit: Permit,
    hand: Option<Hand>,
}

impl Sending {
    async fn go(self: Box<Self>, house: &Arc<House>) {
        let _hand = self.hand;
        gate::transmit(house, self.order, &self.inputs, self.seq, self.n, self.permit).await;
    }
}

impl House {
    async fn take_in(self: &Arc<Self>, asked: NewOrder) -> Result<(Submitted, Option<Box<Sending>>), Turned> {
        let fingerprint = checks::fingerprint(&asked);
        let shelf = self.shelf();
        let terms = match checks::check(
            &asked,
            &fingerprint,
            &shelf,
            self.parts.callback_addresses,
            &self.parts.segments,
            self.now_ms(),
        ) {
            Ok(terms) => terms,
            // What was accepted once is answered the same for ever, even if the catalog has changed since.
            Err(fields) => {
                return self
                    .known(&asked, &fingerprint)
                    .await?
                    .map_or(Err(Turned::Fields(fields)), |same| Ok((same, None)));
            }
        };
        self.accept(asked, terms, &shelf).await
    }

    /// The order under this number, if there is one: the same, or a conflict.
    async fn known(&self, asked: &NewOrder, fingerprint: &Fingerprint) -> Result<Option<Submitted>, Turned> {
        let found = self.parts.store.order_by_shop_no(asked.shop.id, asked.shop_order_no.clone()).await;
        match found.map_err(|_| Turned::Unavailable)? {
            Some(order) if order.terms.fingerprint == *fingerprint => Ok(Some(Submitted::Same(Arc::new(order)))),
            Some(order) => Err(Turned::Conflict { order: order.id }),
            None => Ok(None),
        }
    }

    async fn accept(self: &Arc<Self>, asked: NewOrder, terms: Terms, shelf: &Shelf) -> Result<(Submitted, Option<Box<Sending>>), Turned> {
        let now_ms = self.now_ms();
        let id = self.mint.next(now_ms).ok_or(Turned::Unavailable)?;
        let standing = self.standing();
        let recipient = self.mark_where_spaced(&terms, &asked.inputs);
        let plan = self.plan(id, &terms, &[], recipient, shelf, &standing);
        let first = plan.candidates.first();
        let best = first.and_then(|best| self.parts.suppliers.get(&best.supplier));
        let cost = first.map(|best| best.cost);
        if best.is_some_and(|best| is_too_late(best, &terms, now_ms)) {
            // What was accepted once is answered the same, however busy it has become since.
            let known = self.known(&asked, &terms.fingerprint).await?;
            return known.map_or(Err(Turned::Overloaded), |same| Ok((same, None)));
        }
        let permit = best.and_then(|supplier| {
            let permit = self.booked(supplier.lane.try_submit()?, supplier, cost, recipient)?;
            Some((supplier.adapter.id().clone(), permit))
        });
        // In hand before it is stamped: a slow commit must not let the schedule ask before it is sent.
        let hand = permit.is_some().then(|| self.take(id, now_ms)).flatten();
        let permitted = permit.as_ref().map(|(supplier, _)| supplier);
        let price = terms.price;
        let Ok(change) = decide::accept(id, terms, plan, permitted, self.facts(&standing), now_ms) else {
            give_back(permit.map(|(_, permit)| permit));
            return Err(Turned::Unavailable);
        };
        let permit = permit.map(|(_, permit)| permit);
        let (order, transmission, followed) = (Arc::clone(&change.after), change.transmission(), self.followed(&change));
        let decision = Decision {
            change,
            inputs: Some(asked.inputs.clone()),
            evidence: Vec::new(),
        };
        match self.parts.store.commit(Command::Decide(Box::new(decision))).await {
            Answer::Done => {
                metrics::counter!("recharge_orders_accepted_total").increment(1);
                if transmission.is_some() {
                    failpoint::reach(Point::AfterStamp);
                }
                self.follow(followed);
                let sending = match (transmission, permit) {
                    (Some((seq, n)), Some(permit)) => Some(Box::new(Sending {
                        order: Arc::clone(&order),
                        inputs: asked.inputs,
                        seq,
                        n,
                        permit,
                        hand,
                    })),
                    (_, permit) => {
                        give_back(permit);
                        if let Some(best) = best.filter(|_| order.verdict.is_none()) {
                            self.queue(best, &order);
                        }
                        None
                    }
                };
                Ok((Submitted::New(order), sending))
            }
            Answer::Refused(Refused::Exists {
                order: existing,
                fingerprint,
            }) => {
                give_back(permit);
                self.existing(existing, &fingerprint, &order.terms.fingerprint).await
            }
            Answer::Refused(Refused::NoFunds { available }) => {
                give_back(permit);
                Err(Turned::NoFunds { available, price })
            }
            Answer::Stale | Answer::Refused(Refused::Repeated) | Answer::Outage(_) => {
                give_back(permit);
                Err(Turned::Unavailable)
            }
            Answer::Unknown => {
                give_back(permit);
                self.look_up_later(id, transmission);
                Err(Turned::OutcomeUnknown)
            }
        }
    }

    async fn existing(&self, id: OrderId, theirs: &Fingerprint, ours: &Fingerprint) -> Result<(Submitted, Option<Box<Sending>>), Turned> {
        if theirs != ours {
            return Err(Turned::Conflict { order: id });
        }
        match self.parts.store.order(id).await {
            Ok(Some(order)) => Ok((Submitted::Same(Arc::new(order)), None)),
            Ok(None) | Err(_) => Err(Turned::OutcomeUnknown),
        }
    }

    /// The accepting commit may stand: nothing was sent for it. If it stands, its stamp is withdrawn
    /// and the order goes its way.
    fn look_up_later(self: &Arc<Self>, id: OrderId, transmission: Option<(Seq, u8)>) {
        let house = Arc::clone(self);
        self.work(async move {
            match transmission {
                Some((seq, n)) => withdraw(&house, id, seq, n).await,
                None => {
                    house.certain().await;
                    house.look_again(id, 0);
                }
            }
        });
    }
}

/// Whether even the supplier that the plan prefers has a queue longer than the order can wait.
fn is_too_late(best: &Supplier, terms: &Terms, now_ms: i64) -> bool {
    let left_ms = u64::try_from(terms.deadline_ms.saturating_sub(now_ms)).unwrap_or(0);
    best.lane.waiting() > 0 && best.lane.estimated_wait_ms() > left_ms
}

fn give_back(permit: Option<Permit>) {
    if let Some(permit) = permit {
        permit.give_back();
    }
}
