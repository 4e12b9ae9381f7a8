//! The beginning and the end of a recovery after a restored backup (R18).

use super::admin::{AdminContext, away};
use super::asked::{DeskStanding, Signing};
use super::calls::{AdminReply, Trouble};
use super::desk::{acted, reply, written};
use super::operators;
use crate::domain::desk::{Deed, DeedKind, Signature};
use crate::store::Command;

/// Begins a recovery, unless one lasts: before the server starts, on the restored database itself.
pub(super) async fn begin(context: &AdminContext) -> Result<AdminReply, Trouble> {
    if context.running.is_some() {
        return Err(Trouble::new(
            "a recovery begins before the gateway serves",
            "stop it, put the backup in place, and start it with `serve --recover`",
        ));
    }
    if lasts(context).await? {
        return Ok(reply(
            Deed::ABOUT_RECOVERY,
            DeskStanding::DoneBefore,
            "a recovery lasts already".to_owned(),
        ));
    }
    let deed = deed(
        context,
        DeedKind::RecoveryBegun,
        Signature::of_the_gateway("started with --recover"),
    );
    written(context.store.commit(Command::Deed(deed)).await)?;
    let text = "a recovery has begun: no orders are taken in and nothing is submitted until `recovery end`";
    Ok(reply(Deed::ABOUT_RECOVERY, DeskStanding::Done, text.to_owned()))
}

/// Ends the recovery on an operator's word that the gap is covered.
pub(super) async fn end(context: &AdminContext, signing: &Signing) -> Result<AdminReply, Trouble> {
    let (_, signed) = operators::signature(context, signing).await?;
    if !lasts(context).await? {
        return Err(Trouble::new(
            "no recovery lasts",
            "`deeds --about recovery:` shows when the latest one ended",
        ));
    }
    let deed = deed(context, DeedKind::RecoveryEnded, signed);
    let text = "the recovery has ended: orders are taken in again; suppliers are asked about each older order before it is submitted";
    match &context.running {
        Some(running) => acted(running.supplier_deed(deed).await, Deed::ABOUT_RECOVERY, text.to_owned()),
        None => written(context.store.commit(Command::Deed(deed)).await)
            .map(|_| reply(Deed::ABOUT_RECOVERY, DeskStanding::Done, text.to_owned())),
    }
}

async fn lasts(context: &AdminContext) -> Result<bool, Trouble> {
    let latest = context.store.deeds(Deed::ABOUT_RECOVERY.to_owned(), 1).await.map_err(away)?;
    Ok(latest.first().is_some_and(|deed| deed.kind == DeedKind::RecoveryBegun))
}

fn deed(context: &AdminContext, kind: DeedKind, signed: Signature) -> Deed {
    Deed {
        subject: Deed::ABOUT_RECOVERY.to_owned(),
        kind,
        signed,
        at_ms: context.clock.now_ms(),
    }
}
