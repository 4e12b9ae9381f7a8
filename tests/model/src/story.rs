//! A way through the world in plain words: who did what, in which order, and what was written.

use std::fmt::Write;

use crate::cast::letter;
use crate::domain::event::Event;
use crate::laws::Law;
use crate::moves::{Ack, Move};
use crate::search::Way;
use crate::steps::Play;
use crate::world::{At, Entry, Node, Place, Request, World};

/// Tells a way that ends in `law` being broken.
#[must_use]
pub fn tell(play: &Play, way: &Way, law: Law) -> String {
    let mut story = String::new();
    // The world calls whoever has the lease 0; people have names.
    let mut swapped = false;
    for (number, (world, step)) in (1..).zip(way) {
        let Some(step) = step else { break };
        let name = |node: Node| if (node == 0) == swapped { "node 2" } else { "node 1" };
        let line = capital(&sentence(play, world, *step, &name));
        let written = written(play, world, *step);
        let _ = writeln!(story, "{number:>3}. {line}{written}");
        swapped ^= *step == Move::Lease;
    }
    let _ = writeln!(story, "  => {law}");
    story
}

fn capital(line: &str) -> String {
    let mut letters = line.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn sentence(play: &Play, world: &World, step: Move, name: &impl Fn(Node) -> &'static str) -> String {
    let attempt = |seq| format!("attempt {seq}");
    let of = |at: At| format!("supplier {}", letter(at));
    let sender = |place: Place| name(world.slot(place).sender);
    match step {
        Move::Accept(None, _) => format!("The shop orders; {} accepts.", name(0)),
        Move::Accept(Some(at), ack) => format!(
            "The shop orders; {} accepts and stamps attempt 1 for {} in one commit{}.",
            name(0),
            of(at),
            answered(ack)
        ),
        Move::Look(node) => format!("{} loads the order.", name(node)),
        Move::Try(node, at, ack) => {
            let late = if is_late(world, node) { ", on what it loaded before" } else { "" };
            format!("{} stamps the next attempt for {}{late}{}.", name(node), of(at), answered(ack))
        }
        Move::GiveUp(node) => format!("{} finds nobody left to try.", name(node)),
        Move::Cancel => "The shop calls the order off.".to_owned(),
        Move::Resubmit(node, seq, ack) => format!(
            "{} stamps {} once more, under the same number{}.",
            name(node),
            attempt(seq),
            answered(ack)
        ),
        Move::SendFirst(at) => format!("{} sends the next attempt to {} before anything is written.", name(0), of(at)),
        Move::Send(place) => format!(
            "{} sends {} to {}; the network is slow.",
            sender(place),
            transmission(place),
            of(place.at)
        ),
        Move::NotSent(place) => format!(
            "{} cannot connect to {}: not a byte of {} left.",
            sender(place),
            of(place.at),
            transmission(place)
        ),
        Move::Hear(place) => format!(
            "{} hears the reply to {} from {}.",
            sender(place),
            transmission(place),
            of(place.at)
        ),
        Move::HangUp(place) => format!("{} has no answer to {} in time and hangs up.", sender(place), transmission(place)),
        Move::Withdraw(node) => format!("{} looks up its unconfirmed stamp and says that it never sent it.", name(node)),
        Move::Query(at, seq, Some(entry)) => format!("{} is asked about {} and says: {}.", of(at), attempt(seq), said(entry)),
        Move::Query(at, seq, None) => format!("{} is asked about {}; its answer cannot be read.", of(at), attempt(seq)),
        Move::NotFound(at, seq) => format!("{} is asked about {} and says: not found.", of(at), attempt(seq)),
        Move::Notify(at, seq, entry) => format!("{} notifies us about {}: {}.", of(at), attempt(seq), said(entry)),
        Move::Hint(seq) => format!("Somebody says, unsigned, that there is news of {}.", attempt(seq)),
        Move::Attest(seq, true) => format!("Two persons attest that {} was delivered.", attempt(seq)),
        Move::Attest(seq, false) => format!("Two persons attest that {} was not delivered and never will be.", attempt(seq)),
        Move::Recall(at, seq, is_heard) => format!(
            "{} is asked to withdraw {}{}.",
            of(at),
            attempt(seq),
            if is_heard { "" } else { "; its reply is lost" }
        ),
        Move::Advance(true) => "The risk account gives the shop its money back.".to_owned(),
        Move::Advance(false) => "The risk account's cap is used up.".to_owned(),
        Move::Assume(at, seq) => format!(
            "{} is asked about {} and says: not found; {} looks whether its quiet window is over.",
            of(at),
            attempt(seq),
            name(0)
        ),
        Move::Recover => format!("{} takes the order in hand and thinks that nobody waits for a reply.", name(0)),
        Move::Review => format!("{} looks whether anything has become due.", name(0)),
        Move::Crash(node) => format!("{} dies and starts again.", name(node)),
        Move::Lease => format!("{}'s lease expires; {} goes on.", name(0), name(1)),
        Move::Land(place, entry) => landed(play, world, place, entry),
        Move::Double(place) => format!(
            "The network delivers {} to {} and keeps a copy of it.",
            transmission(place),
            of(place.at)
        ),
        Move::Lose(place) => format!("{} is lost on the way to {}.", transmission(place), of(place.at)),
        Move::Become(at, seq, Entry::Delivered) => format!("{} delivers {}: the recipient is recharged.", of(at), attempt(seq)),
        Move::Become(at, seq, entry) => format!("{} books {} as {}.", of(at), attempt(seq), said(entry)),
        Move::Forget(at, seq) => format!("{} no longer remembers {}.", of(at), attempt(seq)),
        Move::Pass => "Time passes.".to_owned(),
    }
}

fn landed(play: &Play, world: &World, place: Place, entry: Option<Entry>) -> String {
    let what = format!("{} reaches supplier {}", transmission(place), letter(place.at));
    let after = play.after(world, Move::Land(place, entry));
    let charged = |world: &World| world.page(place.at, place.seq).charges;
    let is_charged = after.is_some_and(|after| charged(&after) > charged(world));
    let known = world.page(place.at, place.seq).entry;
    match (entry, known) {
        (None, _) => format!("{what} and is turned away at its gate."),
        (Some(_), Some(known)) if !is_charged => format!("{what}, which knows the number: {}.", said(known)),
        (Some(_), Some(_)) => format!("{what}, which takes it as new: the recipient is recharged."),
        (Some(Entry::Delivered), None) => format!("{what}: the recipient is recharged."),
        (Some(entry), None) => format!("{what}: {}.", said(entry)),
    }
}

fn is_late(world: &World, node: Node) -> bool {
    world.seen[usize::from(node)].is_some_and(|seen| !seen.is_current)
}

fn transmission(place: Place) -> String {
    if place.n == 1 {
        format!("attempt {}", place.seq)
    } else {
        format!("the {}nd transmission of attempt {}", place.n, place.seq)
    }
}

fn answered(ack: Ack) -> &'static str {
    match ack {
        Ack::Done => "",
        Ack::UnknownWritten => "; the commit is written, and its acknowledgement is lost",
        Ack::UnknownLost => "; the commit has no answer and was not written",
    }
}

fn said(entry: Entry) -> &'static str {
    match entry {
        Entry::Refused => "refused",
        Entry::Working => "taken, working on it",
        Entry::Delivered => "delivered",
        Entry::Failed => "failed",
    }
}

/// What the gateway writes because of a step.
fn written(play: &Play, world: &World, step: Move) -> String {
    let Some((record, told)) = play.told(world, step) else {
        return String::new();
    };
    if play.after(world, step).is_none_or(|after| after.record == world.record) {
        return String::new();
    }
    let events = play.desk.events(record, world.phase, told);
    let words: Vec<String> = events.iter().map(event).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" [written: {}]", words.join(", "))
    }
}

fn event(event: &Event) -> String {
    let kind = event.kind().replace('_', " ");
    match event.subject().seq() {
        Some(seq) if kind.starts_with("attempt ") => format!("attempt {seq} {}", kind.trim_start_matches("attempt ")),
        Some(_) | None => kind,
    }
}

/// A world in one line, for those who debug the model.
#[must_use]
pub fn sketch(play: &Play, world: &World) -> String {
    let slots: Vec<String> = world
        .places()
        .filter(|(_, slot)| slot.request != Request::Absent)
        .map(|(place, slot)| {
            format!(
                "{}{}.{} {:?}/{:?}",
                letter(place.at),
                place.seq,
                place.n,
                slot.request,
                slot.hearing
            )
        })
        .collect();
    let record = play.desk.record(world.record);
    format!(
        "phase {} {slots:?} {:?}",
        world.phase,
        record.map(|record| record.order.attempts.clone())
    )
}
