//! What suppliers push to the gateway, through its own door: signed, lost, manifold, late, forged,
//! with wrong amounts and about numbers that nobody sent. A supplier repeats what is not acknowledged.

use std::sync::Arc;

use md5::{Digest, Md5};
use recharge_gateway::domain::attempt::AttemptState;
use recharge_gateway::domain::ids::{AttemptId, OrderId};
use recharge_gateway::store::Store;

use crate::at_once;
use crate::cast::KEY;
use crate::laws::Law;
use crate::scene::Fault;
use crate::supplier::{Stand, order_of};
use crate::world::World;

/// So often a notification is repeated that is not acknowledged.
const MOST_TRIES: u32 = 4;

/// One notification.
#[derive(Debug, Clone)]
struct Notice {
    place: usize,
    number: String,
    stand: Stand,
    body: String,
    /// What is wrong with it.
    flaw: Flaw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    Forged,
    WrongAmount,
    UnknownNumber,
    OfAnother,
}

/// The amount with two decimals.
pub fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// There is news of a number: tells the gateway, as well as this supplier's line allows.
pub fn news(world: &Arc<World>, place: usize, number: &str, stand: Stand) {
    if stand == Stand::Refused {
        return;
    }
    if !world.strikes(Fault::NoteLost) {
        let copies = if world.strikes(Fault::NoteManifold) { 10 } else { 1 };
        for _ in 0..copies {
            push(world, notice(world, place, number, stand, Flaw::None));
        }
    }
    for (fault, flaw) in [
        (Fault::NoteForged, Flaw::Forged),
        (Fault::NoteWrongAmount, Flaw::WrongAmount),
        (Fault::NoteUnknownNumber, Flaw::UnknownNumber),
        (Fault::NoteOfAnother, Flaw::OfAnother),
    ] {
        if world.strikes(fault) {
            push(world, notice(world, place, number, Stand::Done, flaw));
        }
    }
}

fn notice(world: &World, place: usize, number: &str, stand: Stand, flaw: Flaw) -> Notice {
    let whole = world.suppliers[place].book()[number].face_minor;
    let (state, amount) = match stand {
        Stand::Working => ("0", 0),
        Stand::Done => ("1", whole),
        Stand::Half => ("3", whole / 2),
        Stand::Failed | Stand::Refused => ("2", 0),
    };
    let amount = decimal(if flaw == Flaw::WrongAmount { whole * 10 } else { amount });
    let number = if flaw == Flaw::UnknownNumber {
        // A number of ours in form, from a time before the history.
        let id = OrderId::compose(1_780_000_000_000, 7, u16::try_from(world.dice.place(4_000)).unwrap()).unwrap();
        AttemptId { order: id, seq: 1 }.to_string()
    } else {
        number.to_owned()
    };
    let plain = format!("charge_amount={amount}&order_number=CZ&out_trade_num={number}&state={state}&userid=10001&voucher=SN");
    let key = if flaw == Flaw::Forged { "guessed" } else { KEY };
    let signature = hex::encode_upper(Md5::digest(format!("{plain}&apikey={key}")));
    // Whoever sends it; the number stays in the first one's book.
    let sender = if flaw == Flaw::OfAnother {
        (place + 1) % world.suppliers.len()
    } else {
        place
    };
    Notice {
        place: sender,
        number,
        stand,
        body: format!("{plain}&sign={signature}"),
        flaw,
    }
}

/// Sends one copy, and again until it is acknowledged or the supplier tires of it.
fn push(world: &Arc<World>, notice: Notice) {
    let most_ms = if world.strikes(Fault::NoteLate) { 180_000 } else { 300 };
    let mut rest = world.sleep(world.dice.between(0, most_ms));
    let world_of_task = Arc::clone(world);
    world.start(async move {
        let world = world_of_task;
        for _ in 0..MOST_TRIES {
            rest.await;
            if deliver(&world, &notice).await {
                return;
            }
            rest = world.sleep(world.dice.between(500, 20_000));
        }
    });
}

async fn deliver(world: &Arc<World>, notice: &Notice) -> bool {
    let character = world.suppliers[notice.place].character;
    let node = world.dice.place(world.scene.nodes);
    let request = http::Request::post(format!("/notify/{}", character.name))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(notice.body.clone().into_bytes())
        .unwrap();
    let reply = world.knock(node, request).await;
    let order = order_of(&notice.number);
    world.tell(order, || {
        let (Notice { number, stand, flaw, .. }, name) = (notice, character.name);
        let answered = reply
            .as_ref()
            .map_or_else(|| "nobody answers".to_owned(), |reply| format!("answered {}", reply.status));
        format!("{name} notifies node {node}: {number} {stand:?} (flaw: {flaw:?}); {answered}")
    });
    let is_acknowledged = reply.is_some_and(|reply| reply.status == 200);
    if is_acknowledged {
        check(world, node, notice);
    }
    is_acknowledged
}

/// I13: what was acknowledged has been kept, and nothing that is not authentic is acknowledged.
fn check(world: &World, node: usize, notice: &Notice) {
    let character = world.suppliers[notice.place].character;
    let number = &notice.number;
    let order = order_of(number);
    let breaks = |how: String| world.record().breaks(Law::NoteIsKept, order, how);
    if notice.flaw == Flaw::Forged && !character.is_unsigned {
        return breaks(format!("a forged notification about {number} was acknowledged"));
    }
    if [Flaw::UnknownNumber, Flaw::OfAnother].contains(&notice.flaw) && !character.is_unsigned {
        let cases = at_once(world.store.open_cases(10_000)).unwrap();
        if !cases.iter().any(|stored| stored.case.key.contains(number)) {
            breaks(format!(
                "an acknowledged notification about {number}, which is not its sender's, is no case"
            ));
        }
        return;
    }
    if notice.flaw != Flaw::None || character.is_unsigned {
        return;
    }
    let id: AttemptId = number.parse().unwrap();
    let stored = at_once(world.store.order(id.order)).unwrap();
    let Some(attempt) = stored.as_ref().and_then(|order| order.attempt(id.seq)) else {
        return breaks(format!("{number} was acknowledged and does not exist"));
    };
    let is_known_delivered = matches!(
        attempt.state,
        AttemptState::Won { .. } | AttemptState::Excess { .. } | AttemptState::Late { .. }
    );
    // Of a supplier that was seen to break a promise, a failure is evidence and ends nothing (R21).
    let is_believed = at_once(world.store.deeds(format!("supplier:{}", character.name), 1))
        .unwrap()
        .is_empty()
        && !world.record().wary.contains(&(node, character.name.to_owned()));
    let is_kept = match notice.stand {
        Stand::Done | Stand::Half => is_known_delivered,
        Stand::Failed => {
            !attempt.is_open()
                || !is_believed
                || !character.failed_is_final
                || (attempt.transmissions.len() > 1 && !character.keeps_failed_ids)
        }
        Stand::Working | Stand::Refused => true,
    };
    if !is_kept {
        breaks(format!(
            "{number} was told {:?}, acknowledged, and stands at {}",
            notice.stand,
            attempt.word()
        ));
    }
}
