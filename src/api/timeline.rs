//! The story of an order for its shop: every event in plain words, and what happens next.
//!
//! Invariant: suppliers appear only as numbers, by first appearance, because a shop that knows them
//! could go round us; costs, codes and references of suppliers do not appear at all.

use serde::Serialize;

use crate::domain::event::{Event, Recorded};
use crate::domain::failure::Locale;
use crate::domain::ids::{OrderId, Seq, ShopOrderNo, SupplierId};
use crate::domain::order::{Order, Step};
use crate::domain::report::{Finality, Report, Status, rfc3339};

use super::words::timeline as words;

/// An order's story so far.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    id: OrderId,
    shop_order_no: ShopOrderNo,
    status: Status,
    finality: Finality,
    events: Vec<Line>,
    next: Option<Next>,
}

/// One event.
#[derive(Debug, Serialize)]
struct Line {
    at: String,
    code: &'static str,
    text: String,
    #[serde(flatten)]
    about: About,
}

/// What an event is about, in numbers; nothing here can name a supplier.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<usize>,
}

/// What happens next.
#[derive(Debug, Serialize)]
struct Next {
    at: String,
    code: &'static str,
    text: String,
    #[serde(flatten)]
    about: About,
}

/// The story of `order` as its `history` tells it.
pub(super) fn tell(order: &Order, history: &[Recorded], locale: Locale) -> Timeline {
    let report = Report::localized(order, &[], locale);
    let cast = Cast::of(history);
    let events = history.iter().map(|recorded| line(recorded, &cast, locale)).collect();
    Timeline {
        id: order.id,
        shop_order_no: order.terms.shop_order_no.clone(),
        status: report.status,
        finality: report.finality,
        events,
        next: next(order, &cast, locale),
    }
}

fn line(recorded: &Recorded, cast: &Cast, locale: Locale) -> Line {
    let about = cast.about(recorded.event.subject().seq());
    Line {
        at: rfc3339(recorded.at_ms),
        code: recorded.event.kind(),
        text: words::event(&recorded.event, cast, locale),
        about,
    }
}

fn next(order: &Order, cast: &Cast, locale: Locale) -> Option<Next> {
    let action = order.next_action?;
    let (code, seq) = match action.step {
        Step::Try => ("try", None),
        Step::Query { seq } => ("query", Some(seq)),
        Step::Resubmit { seq } => ("resubmit", Some(seq)),
        Step::Recall { seq } => ("recall", Some(seq)),
        Step::Review => ("review", None),
        Step::Advance => ("advance", None),
    };
    Some(Next {
        at: rfc3339(action.at_ms),
        code,
        text: words::next(action, cast, locale),
        about: cast.about(seq),
    })
}

/// Who appears in a story, in order of appearance.
pub(super) struct Cast {
    suppliers: Vec<SupplierId>,
    attempts: Vec<(Seq, SupplierId)>,
}

impl Cast {
    pub(super) fn of(history: &[Recorded]) -> Self {
        let mut cast = Self {
            suppliers: Vec::new(),
            attempts: Vec::new(),
        };
        for recorded in history {
            if let Event::AttemptOpened {
                seq, supplier, skipped, ..
            } = &recorded.event
            {
                cast.meet(supplier);
                cast.attempts.push((*seq, supplier.clone()));
                skipped.iter().for_each(|skip| cast.meet(&skip.supplier));
            } else if let Event::OrderWaiting { skipped, .. } = &recorded.event {
                skipped.iter().for_each(|skip| cast.meet(&skip.supplier));
            }
        }
        cast
    }

    fn meet(&mut self, supplier: &SupplierId) {
        if !self.suppliers.contains(supplier) {
            self.suppliers.push(supplier.clone());
        }
    }

    /// The supplier's number in this story, from 1; none for one that never appeared.
    pub(super) fn number(&self, supplier: &SupplierId) -> Option<usize> {
        let place = self.suppliers.iter().position(|known| known == supplier);
        place.map(|place| place.saturating_add(1))
    }

    /// The number of the supplier of an attempt; none for an attempt that was never opened.
    pub(super) fn number_of(&self, seq: Seq) -> Option<usize> {
        let (_, supplier) = self.attempts.iter().find(|(known, _)| *known == seq)?;
        self.number(supplier)
    }

    fn about(&self, attempt: Option<Seq>) -> About {
        About {
            attempt,
            supplier: attempt.and_then(|seq| self.number_of(seq)),
        }
    }
}
