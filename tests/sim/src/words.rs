//! Commands and answers in words, for traces and stories.

use recharge_gateway::domain::event::Event;
use recharge_gateway::domain::order::Step;
use recharge_gateway::store::{Answer, CallbackState, Command};

/// What a command would write.
#[must_use]
pub fn command(command: &Command) -> String {
    match command {
        Command::Decide(decision) => {
            let change = &decision.change;
            let events: Vec<String> = change.events.iter().map(event).collect();
            let next = change.after.next_action.map_or_else(
                || "nothing".to_owned(),
                |next| {
                    let what = match next.step {
                        Step::Try => "try".to_owned(),
                        Step::Query { seq } => format!("ask about {seq}"),
                        Step::Resubmit { seq } => format!("send {seq} again"),
                        Step::Review => "review".to_owned(),
                        Step::Recall { seq } => format!("withdraw {seq}"),
                        Step::Advance => "advance".to_owned(),
                    };
                    format!("{what} in {} ms", next.at_ms.saturating_sub(change.at_ms))
                },
            );
            let (from, to) = (change.expected_version, change.after.version);
            format!("{}, version {from} to {to}: {}; next: {next}", change.order, events.join(", "))
        }
        Command::Post(posting) => format!("posting {}", posting.key),
        Command::Orphan { case, .. } | Command::OpenCase(case) => format!("case {}", case.key),
        Command::Deed(deed) => format!("deed {deed:?}"),
        Command::CallbackTried(tried) => {
            let state = match tried.state {
                CallbackState::Due(_) => "due again",
                CallbackState::Delivered => "delivered",
                CallbackState::Parked => "parked",
            };
            format!("callback {} {state} after try {} ({})", tried.id, tried.tries, tried.result)
        }
    }
}

/// An event, with what matters of it.
#[must_use]
pub fn event(event: &Event) -> String {
    let kind = event.kind();
    let mut detail = String::new();
    if let Event::AttemptOpened { supplier, .. } = event {
        detail = format!(" at {supplier}");
    } else if let Event::AttemptDoubted { via, doubt, .. } = event {
        detail = format!(" by {via:?}: {doubt:?}");
    } else if let Event::AttemptRefused { via, refusal, .. } = event {
        detail = format!(" by {via:?}: {}", refusal.kind.word());
    } else if let Event::AttemptNotSent { why, .. } = event {
        detail = format!(": {why:?}");
    } else if let Event::AttemptWon { via, .. } | Event::AttemptAccepted { via, .. } = event {
        detail = format!(" by {via:?}");
    } else if let Event::CaseOpened { kind, .. } = event {
        detail = format!(" ({})", kind.word());
    }
    match event.subject().seq() {
        Some(seq) => format!("{kind} {seq}{detail}"),
        None => format!("{kind}{detail}"),
    }
}

/// How a command ended.
#[must_use]
pub fn answer(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done => "done",
        Answer::Stale => "stale",
        Answer::Refused(_) => "refused",
        Answer::Outage(_) => "declined",
        Answer::Unknown => "unknown",
    }
}

/// The same as a number, for the trace.
#[must_use]
pub fn answer_number(answer: &Answer) -> u64 {
    match answer {
        Answer::Done => 1,
        Answer::Stale => 2,
        Answer::Refused(_) => 3,
        Answer::Outage(_) => 4,
        Answer::Unknown => 5,
    }
}
