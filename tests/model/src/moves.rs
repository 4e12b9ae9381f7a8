//! Everything that may happen next, in a world within its bounds.
//!
//! Gateway steps may be taken at any time, due or not: the schedule is not trusted for safety. What
//! the schedule itself would do next is marked (`is_prescribed`), so that settling can be shown with
//! those steps alone.

use crate::cast::{ARRIVES_WITHIN, FORGOTTEN_AFTER, Scene};
use crate::desk::Desk;
use crate::domain::ids::Seq;
use crate::domain::order::Step;
use crate::flaws::Flaw;
use crate::record::Gist;
use crate::world::{At, Entry, Hearing, Node, Place, Request, World, numbers};

/// How a stamp's commit is answered. Stale, refused and outage write nothing and send nothing, so
/// they leave the world as it is; that staleness is found out is the `stale` scene's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ack {
    /// Done.
    Done,
    /// Unknown, and written.
    UnknownWritten,
    /// Unknown, and not written.
    UnknownLost,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// The shop asks; a node accepts, with a first attempt if a permit is free.
    Accept(Option<At>, Ack),
    /// A node loads the order.
    Look(Node),
    /// A node opens the next attempt.
    Try(Node, At, Ack),
    /// A node finds that nobody can be tried any more.
    GiveUp(Node),
    /// The shop calls the order off.
    Cancel,
    /// A node stamps the same number again.
    Resubmit(Node, Seq, Ack),
    /// A node sends before anything is written.
    SendFirst(At),
    /// The bytes leave.
    Send(Place),
    /// Provably no byte left.
    NotSent(Place),
    /// The reply is heard and recorded.
    Hear(Place),
    /// Time-out, reset, garbage: the sender records that it has no answer.
    HangUp(Place),
    /// A node looks up its unconfirmed stamp, and withdraws it if it stands.
    Withdraw(Node),
    /// A supplier is asked and answers from its books, late or not; nothing: it cannot be read.
    Query(At, Seq, Option<Entry>),
    /// A supplier is asked and says that it knows no such number.
    NotFound(At, Seq),
    /// A supplier's push arrives.
    Notify(At, Seq, Entry),
    /// An unsigned word that there is news.
    Hint(Seq),
    /// Two persons, called by a case, say what became of an attempt: delivered, or never.
    Attest(Seq, bool),
    /// A supplier says "not found" once more, and a node looks whether the quiet window is over.
    Assume(At, Seq),
    /// A supplier is asked to withdraw an attempt, and does if it can; whether its reply is heard.
    Recall(At, Seq, bool),
    /// The risk account stands in for the order, or its cap is used up by others.
    Advance(bool),
    /// Whoever has the order in hand thinks that nobody waits for a reply.
    Recover,
    /// What time alone brings.
    Review,
    /// A node dies and starts again.
    Crash(Node),
    /// The lease expires; the other node goes on.
    Lease,
    /// A request arrives; the supplier books this, or turns it away at its gate.
    Land(Place, Option<Entry>),
    /// The network delivers a request and will deliver it again.
    Double(Place),
    /// A request is lost.
    Lose(Place),
    /// A supplier changes what its books say.
    Become(At, Seq, Entry),
    /// A supplier's memory of a number ends.
    Forget(At, Seq),
    /// Time passes.
    Pass,
}

const FRESH: [Option<Entry>; 4] = [None, Some(Entry::Refused), Some(Entry::Working), Some(Entry::Delivered)];

/// Collects what may happen next.
pub fn collect(scene: &Scene, desk: &Desk, world: &World, moves: &mut Vec<Move>) {
    if world.record == 0 && world.places().next().is_none() {
        for first in [None, Some(0), Some(1)] {
            moves.push(Move::Accept(first, Ack::Done));
            if first.is_some() {
                moves.push(Move::Accept(first, Ack::UnknownWritten));
            }
        }
        if scene.has(Flaw::SendsBeforeStamp) {
            moves.extend([Move::SendFirst(0), Move::SendFirst(1)]);
        }
        return;
    }
    let gist = desk.gist(world.record);
    planned(scene, world, desk, moves);
    learnt(scene, world, &gist, moves);
    if world.record != 0 {
        moves.extend([Move::Recover, Move::Review, Move::Cancel]);
        if scene.bounds.advances {
            moves.extend([Move::Advance(true), Move::Advance(false)]);
        }
    }
    attested(scene, world, &gist, moves);
    for node in [0, 1] {
        let is_busy = world
            .places()
            .any(|(_, slot)| slot.sender == node && (slot.request == Request::Held || slot.hearing != Hearing::Nobody));
        let loses = scene.has(Flaw::LastCommitLost) && world.before != 0;
        let knows = world.unsure[usize::from(node)].is_some() || world.seen[usize::from(node)].is_some();
        if is_busy || loses || knows {
            moves.push(Move::Crash(node));
        }
        if world.unsure[usize::from(node)].is_some() {
            moves.push(Move::Withdraw(node));
        }
    }
    if !scene.bounds.looks_first {
        moves.push(Move::Lease);
    }
    outside(scene, world, moves);
}

/// Steps that only the version makes safe: opening, giving up, sending again.
fn planned(scene: &Scene, world: &World, desk: &Desk, moves: &mut Vec<Move>) {
    let nodes: &[Node] = if scene.bounds.looks_first { &[0, 1] } else { &[0] };
    for node in nodes.iter().copied() {
        let seen = world.seen[usize::from(node)];
        let basis = match seen {
            Some(seen) => seen.record,
            None if scene.bounds.looks_first => {
                if world.record != 0 {
                    moves.push(Move::Look(node));
                }
                continue;
            }
            None => world.record,
        };
        if basis == 0 {
            continue;
        }
        let gist = desk.gist(basis);
        moves.push(Move::GiveUp(node));
        let is_unsure = world.unsure[usize::from(node)].is_some();
        let mut acks = vec![Ack::Done];
        if !is_unsure {
            acks.push(Ack::UnknownWritten);
            if scene.has(Flaw::WithdrawsAnothers) || scene.has(Flaw::SendsOnUnknown) {
                acks.push(Ack::UnknownLost);
            }
        }
        let stamps: u8 = gist.transmissions.iter().sum();
        if stamps >= scene.bounds.stamps {
            continue;
        }
        for ack in acks {
            if gist.attempts < scene.bounds.attempts {
                moves.extend([Move::Try(node, 0, ack), Move::Try(node, 1, ack)]);
            }
            if let Some(seq) = gist.open {
                let n = gist.transmissions[usize::from(seq) - 1];
                if n < scene.bounds.transmissions {
                    moves.push(Move::Resubmit(node, seq, ack));
                }
            }
        }
    }
    if scene.has(Flaw::SendsBeforeStamp) && world.record != 0 {
        moves.extend([Move::SendFirst(0), Move::SendFirst(1)]);
    }
}

/// What reaches the gateway.
fn learnt(scene: &Scene, world: &World, gist: &Gist, moves: &mut Vec<Move>) {
    for (place, slot) in world.places() {
        if slot.request == Request::Held {
            moves.extend([Move::Send(place), Move::NotSent(place)]);
        } else {
            match slot.hearing {
                Hearing::Nobody => {}
                Hearing::Waiting => moves.push(Move::HangUp(place)),
                Hearing::Coming(_) => moves.extend([Move::Hear(place), Move::HangUp(place)]),
            }
        }
    }
    for seq in 1..=gist.attempts {
        let at = gist.at[usize::from(seq) - 1];
        let page = world.page(at, seq);
        if scene.kind(at).answers() {
            moves.extend([Move::NotFound(at, seq), Move::Query(at, seq, None)]);
            moves.extend(page.ever_said().map(|entry| Move::Query(at, seq, Some(entry))));
        }
        // The window rests on this, too: what is asked at its end is answered from the books of now.
        if scene.kind(at).window().is_some() && (page.entry.is_none() || scene.has(Flaw::WindowIsToldTheOld)) {
            moves.push(Move::Assume(at, seq));
        }
        if scene.bounds.recalls {
            moves.extend([Move::Recall(at, seq, true), Move::Recall(at, seq, false)]);
        }
        let told = page.ever_said().filter(|entry| matches!(entry, Entry::Delivered | Entry::Failed));
        moves.extend(told.map(|entry| Move::Notify(at, seq, entry)));
        if scene.bounds.hints {
            moves.push(Move::Hint(seq));
        }
    }
}

/// What persons may truthfully say about the attempt they were called for, once the supplier's books
/// can be known: nothing is under way any more, and what stands there stays.
fn attested(scene: &Scene, world: &World, gist: &Gist, moves: &mut Vec<Move>) {
    let Some(seq) = gist.open.filter(|_| gist.has_person) else {
        return;
    };
    let at = gist.at[usize::from(seq) - 1];
    let page = world.page(at, seq);
    let may_arrive = world
        .places()
        .any(|(place, slot)| place.at == at && place.seq == seq && slot.may_arrive());
    let is_final = match page.entry {
        None => true,
        Some(Entry::Refused) => scene.promises_are_kept || !scene.kind(at).wavers(),
        Some(Entry::Failed) => !scene.kind(at).wavers() && !scene.has(Flaw::FailedIsNotFinal),
        Some(Entry::Working | Entry::Delivered) => false,
    };
    if page.charges > 0 {
        moves.push(Move::Attest(seq, true));
    } else if scene.has(Flaw::PersonErrs) || (!may_arrive && is_final) {
        moves.push(Move::Attest(seq, false));
    }
}

/// What happens outside the gateway.
fn outside(scene: &Scene, world: &World, moves: &mut Vec<Move>) {
    for (place, slot) in world.places().filter(|(_, slot)| slot.request == Request::Flying) {
        let kind = scene.kind(place.at);
        moves.push(Move::Lose(place));
        if world.page(place.at, place.seq).entry.is_some() && kind.deduplicates() {
            moves.extend([Move::Land(place, None), Move::Land(place, Some(Entry::Working))]);
            let is_taken_again = scene.has(Flaw::ChargesEveryRequest) || scene.has(Flaw::ForgetsFailedIds);
            if is_taken_again {
                moves.push(Move::Land(place, Some(Entry::Delivered)));
            }
        } else {
            moves.extend(FRESH.map(|entry| Move::Land(place, entry)));
        }
        if (kind.deduplicates() || scene.has(Flaw::NetworkDoubles)) && slot.hearing != Hearing::Coming(crate::world::Answer::Gate) {
            moves.push(Move::Double(place));
        }
    }
    for (at, seq) in numbers() {
        let page = world.page(at, seq);
        let kind = scene.kind(at);
        let wavers = kind.wavers() || scene.has(Flaw::FailedIsNotFinal);
        match page.entry {
            Some(Entry::Working) => {
                moves.extend([Entry::Delivered, Entry::Failed].map(|entry| Move::Become(at, seq, entry)));
            }
            Some(Entry::Failed) if wavers && page.charges == 0 => moves.push(Move::Become(at, seq, Entry::Delivered)),
            Some(Entry::Refused) if !scene.promises_are_kept && wavers => moves.push(Move::Become(at, seq, Entry::Delivered)),
            Some(Entry::Delivered) if wavers => moves.push(Move::Become(at, seq, Entry::Failed)),
            Some(Entry::Failed | Entry::Refused | Entry::Delivered) | None => {}
        }
        let first = world.slot(Place { at, seq, n: 1 });
        if kind.deduplicates() && page.entry.is_some() && world.phase >= first.phase.saturating_add(FORGOTTEN_AFTER) {
            moves.push(Move::Forget(at, seq));
        }
    }
    let is_bound = |place: Place| {
        let kind = scene.kind(place.at);
        let by_horizon = kind.deduplicates() && !scene.has(Flaw::LaterThanHorizon);
        by_horizon || (kind.window().is_some() && !scene.has(Flaw::LaterThanWindow))
    };
    let must_arrive = world
        .places()
        .any(|(place, slot)| is_bound(place) && slot.may_arrive() && world.phase >= slot.phase.saturating_add(ARRIVES_WITHIN));
    if world.phase < scene.bounds.last_phase && !must_arrive {
        moves.push(Move::Pass);
    }
}

/// Whether persons do this, once they are called.
#[must_use]
pub fn is_by_person(step: Move) -> bool {
    matches!(step, Move::Attest(..))
}

/// Whether this happens by itself: the step that the order's schedule names, or the world going on
/// without losing anything. Notifications do not count, for they may never come.
#[must_use]
pub fn is_prescribed(scene: &Scene, gist: &Gist, step: Move) -> bool {
    let asks = |seq| gist.next == Some(Step::Query { seq });
    match step {
        Move::Accept(..)
        | Move::Look(_)
        | Move::Send(_)
        | Move::NotSent(_)
        | Move::Hear(_)
        | Move::HangUp(_)
        | Move::Withdraw(_)
        | Move::Land(..)
        | Move::Become(..)
        | Move::Pass => true,
        Move::Try(..) | Move::GiveUp(_) => gist.next == Some(Step::Try),
        Move::Resubmit(_, seq, _) => gist.next == Some(Step::Resubmit { seq }),
        Move::Query(_, seq, _) | Move::NotFound(_, seq) | Move::Assume(_, seq) => asks(seq),
        Move::Recover => matches!(gist.next, Some(Step::Query { .. })),
        Move::Recall(_, seq, _) => gist.next == Some(Step::Recall { seq }),
        Move::Advance(_) => gist.next == Some(Step::Advance),
        Move::Review => matches!(gist.next, Some(Step::Review | Step::Resubmit { .. })),
        Move::Notify(at, ..) => !scene.promises_are_kept || !scene.kind(at).answers(),
        Move::Attest(..) | Move::Cancel => false,
        Move::SendFirst(_) | Move::Hint(_) | Move::Crash(_) | Move::Lease | Move::Double(_) | Move::Lose(_) | Move::Forget(..) => false,
    }
}
