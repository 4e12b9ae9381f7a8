//! Callbacks that were given up, and telling a shop once more: the same bytes under the same id.

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, Trouble};
use super::dossier::callback_line;
use crate::domain::ids::OrderId;
use crate::store::{Answer, CallbackState, CallbackTried, Command, StoredCallback};

/// Most callbacks in one answer; redelivering some brings the next.
const MAX_LISTED: u32 = 1_000;

pub(super) async fn parked(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let parked = context.store.callbacks_parked(MAX_LISTED).await.map_err(away)?;
    Ok(AdminReply::Callbacks {
        callbacks: parked.into_iter().map(callback_line).collect(),
    })
}

pub(super) async fn redeliver(context: &AdminContext, id: &str) -> Result<AdminReply, Trouble> {
    let found = find(context, id).await?;
    if let CallbackState::Due(_) = found.state {
        return Err(Trouble::new(
            format!("callback {id} is due anyway"),
            "nothing needs doing; `order show` tells when it is tried next",
        ));
    }
    let now_ms = context.clock.now_ms();
    let again = CallbackTried {
        id: id.to_owned(),
        state: CallbackState::Due(now_ms),
        tries: found.tries,
        at_ms: now_ms,
        result: "redelivery asked for by an operator".to_owned(),
    };
    match context.store.commit(Command::CallbackTried(again)).await {
        Answer::Done => Ok(AdminReply::CallbackDue { id: id.to_owned() }),
        Answer::Stale | Answer::Refused(_) | Answer::Outage(_) | Answer::Unknown => Err(Trouble::new(
            "it is not known whether the callback is due again",
            "look with `order show`, and ask again if it is not due: twice does no harm",
        )),
    }
}

/// A callback's id names its order: `evt_{order}_{number}`.
async fn find(context: &AdminContext, id: &str) -> Result<StoredCallback, Trouble> {
    let order = id.strip_prefix("evt_").and_then(|rest| rest.split('_').next());
    let order = order.and_then(|digits| digits.parse::<OrderId>().ok());
    let order = order.ok_or_else(|| {
        Trouble::new(
            format!("{id:?} is not the id of a callback"),
            "it begins with evt_; `order show` lists an order's callbacks",
        )
    })?;
    let callbacks = context.store.callbacks_of(order).await.map_err(away)?;
    callbacks
        .into_iter()
        .find(|stored| stored.callback.id == id)
        .ok_or_else(|| Trouble::new(format!("there is no callback {id}"), "`order show` lists an order's callbacks"))
}
