//! Cases, deeds and operators in words.

use super::super::table::Table;
use super::time;
use crate::console::{CaseFile, CaseLine, DeedLine, DeskReply, FindingWord, OperatorLine};

pub(super) fn cases(cases: &[CaseLine]) -> String {
    if cases.is_empty() {
        return "no case is open\n".to_owned();
    }
    let mut table = Table::new(&["since", "age", "order", "at risk", "what", "case"], &[1, 3]);
    for case in cases {
        table.row([
            time(case.opened_at_ms),
            age(case.age_ms),
            case.order.map(|order| order.to_string()).unwrap_or_default(),
            case.at_risk.clone().unwrap_or_default(),
            case.meaning.clone(),
            case.key.clone(),
        ]);
    }
    table.text(0)
}

/// `3d 4h`, `2h 5m`, `40m`, `12s`: the two largest parts.
fn age(age_ms: Option<i64>) -> String {
    let Some(seconds) = age_ms.map(|ms| ms.max(0).div_euclid(1_000)) else {
        return String::new();
    };
    let (minutes, hours, days) = (seconds.div_euclid(60), seconds.div_euclid(3_600), seconds.div_euclid(86_400));
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {}m", minutes.rem_euclid(60)),
        (days, hours, _) => format!("{days}d {}h", hours.rem_euclid(24)),
    }
}

pub(super) fn case(file: &CaseFile) -> String {
    let case = &file.case;
    let mut text = format!("case {}\n  {}\n", case.key, case.meaning);
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("  {name:<10}{value}\n"));
        }
    };
    line("order", case.order.map(|order| order.to_string()));
    line("supplier", file.supplier.as_ref().map(ToString::to_string));
    line("attempt", file.attempt.clone());
    line("at risk", case.at_risk.clone());
    line("held", file.held.clone());
    line("found", case.opened_at_ms.map(|at_ms| time(Some(at_ms))));
    line("age", Some(age(case.age_ms)));
    line("closed", file.closed_at_ms.map(|at_ms| time(Some(at_ms))));
    let findings: Vec<&str> = file.findings.iter().map(|word| finding(*word)).collect();
    line("say --as", (!findings.is_empty()).then(|| findings.join(" | ")));
    if !file.evidence.is_empty() {
        text.push_str("\nevidence\n");
        let mut table = Table::new(&["when", "from", "how", "status", "bytes", "sha-256", "id"], &[3, 4]);
        for piece in &file.evidence {
            table.row([
                time(Some(piece.at_ms)),
                piece.supplier.to_string(),
                piece.via.clone(),
                piece.status.map(|status| status.to_string()).unwrap_or_default(),
                piece.bytes.to_string(),
                piece.digest.clone(),
                piece.id.clone(),
            ]);
        }
        text.push_str(&table.text(2));
    }
    if !file.deeds.is_empty() {
        text.push_str("\nwhat was done\n");
        text.push_str(&rows(&file.deeds, 2));
    }
    text
}

fn finding(word: FindingWord) -> &'static str {
    match word {
        FindingWord::Explained => "explained",
        FindingWord::NotDelivered => "not-delivered",
        FindingWord::Delivered => "delivered",
        FindingWord::Recovered => "recovered",
    }
}

fn rows(deeds: &[DeedLine], indent: usize) -> String {
    let mut table = Table::new(&["when", "what about", "what", "on whose word"], &[]);
    for deed in deeds {
        table.row([
            time(Some(deed.at_ms)),
            deed.subject.clone(),
            deed.words.clone(),
            deed.signed.clone(),
        ]);
    }
    table.text(indent)
}

pub(super) fn deeds(deeds: &[DeedLine]) -> String {
    if deeds.is_empty() {
        return "nothing was done at the desk\n".to_owned();
    }
    rows(deeds, 0)
}

pub(super) fn reply(reply: &DeskReply) -> String {
    format!("{}: {}\n", reply.subject, reply.words)
}

pub(super) fn new_operator(name: &str, pass: &str) -> String {
    format!("{name} may sign from now on. This is not shown again:\n  export RECHARGE_GATEWAY_OPERATOR={pass}\n")
}

pub(super) fn operators(operators: &[OperatorLine]) -> String {
    if operators.is_empty() {
        return "nobody may sign yet: `operator add` lets the first one in\n".to_owned();
    }
    let mut table = Table::new(&["operator", "since"], &[]);
    for operator in operators {
        table.row([operator.name.clone(), time(Some(operator.since_ms))]);
    }
    table.text(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_by_its_two_largest_parts() {
        let ages = [0, 59_999, 60_000, 3_599_000, 7_500_000, 90_000_000].map(|ms| age(Some(ms)));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "2h 5m", "1d 1h"]);
        assert_eq!(age(None), "");
    }
}
