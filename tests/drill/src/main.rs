//! `drill --seed N --seeds K [--json]`: plays every rule in each of the worlds, prints what they came to, and
//! holds the gateway's figures against what is asked of them. Exit code 1 if one is missed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::exit,
    reason = "a drill prints for people, and stops where it stands"
)]

use drill::contestants::Rule;
use drill::figures::{Figures, median, share_bp};
use drill::game::play;
use drill::world::World;
use serde_json::json;

struct Asked {
    seed: u64,
    seeds: u64,
    json: bool,
}

fn asked() -> Asked {
    let mut asked = Asked {
        seed: 1,
        seeds: 20,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or_else(|| panic!("{word} needs a number"))
        };
        match word.as_str() {
            "--seed" => asked.seed = number(),
            "--seeds" => asked.seeds = number(),
            "--json" => asked.json = true,
            other => panic!("unknown option {other}: --seed N, --seeds K, --json"),
        }
    }
    asked
}

fn main() {
    let asked = asked();
    let worlds: Vec<World> = (asked.seed..asked.seed + asked.seeds).map(World::of).collect();
    let all: Vec<(Rule, Vec<Figures>)> = Rule::ALL
        .into_iter()
        .map(|rule| (rule, worlds.iter().map(|world| play(rule, world)).collect()))
        .collect();
    let of = |rule: Rule| &all.iter().find(|(known, _)| *known == rule).unwrap().1;
    let oracle = of(Rule::Oracle);
    let to_oracle = |figures: &[Figures]| -> Vec<i64> {
        let pairs = figures.iter().zip(oracle);
        pairs.map(|(own, best)| share_bp(own.in_time, best.in_time)).collect()
    };
    let rows: Vec<serde_json::Value> = all
        .iter()
        .map(|(rule, figures)| {
            let each = |number: fn(&Figures) -> i64| -> Vec<i64> { figures.iter().map(number).collect() };
            let returns: Vec<i64> = figures.iter().flat_map(|figures| figures.returns_ms.clone()).collect();
            let faults = figures.iter().flat_map(|figures| figures.faults_to_open.clone());
            json!({
                "rule": rule.name(),
                "in_time_bp": median(each(Figures::in_time_bp)),
                "in_time_bp_worst": each(Figures::in_time_bp).into_iter().min(),
                "of_oracle_bp": median(to_oracle(figures)),
                "of_oracle_bp_worst": to_oracle(figures).into_iter().min(),
                "late": median(each(|figures| i64::try_from(figures.late).unwrap())),
                "failed": median(each(|figures| i64::try_from(figures.failed).unwrap())),
                "unknown": median(each(|figures| i64::try_from(figures.unknown).unwrap())),
                "unknown_worst": each(|figures| i64::try_from(figures.unknown).unwrap()).into_iter().max(),
                "met_bad": median(each(|figures| i64::try_from(figures.met_bad).unwrap())),
                "cost_each_milliminor": median(each(Figures::cost_each)),
                "charged_twice": figures.iter().map(|figures| figures.twice).sum::<u64>(),
                "faults_to_open_most": faults.max(),
                "return_ms_median": if returns.is_empty() { None } else { Some(median(returns)) },
            })
        })
        .collect();
    let checks = checks(&rows);
    let is_well = checks.iter().all(|(_, holds)| *holds);
    if asked.json {
        let named: Vec<_> = checks
            .iter()
            .map(|(name, holds)| json!({ "check": name, "holds": holds }))
            .collect();
        println!(
            "{}",
            json!({ "seed": asked.seed, "seeds": asked.seeds, "rules": rows, "checks": named })
        );
    } else {
        told(&asked, &rows, &checks);
    }
    std::process::exit(i32::from(!is_well));
}

fn number(row: &serde_json::Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or(0)
}

/// What the gateway must come to where it goes by expected value, and in part by priority and health: there an
/// operator's priorities decide among the healthy, whatever their share of doubt.
fn checks(rows: &[serde_json::Value]) -> Vec<(String, bool)> {
    let (by_health, ours, baselines) = (&rows[0], &rows[1], &rows[2..5]);
    let mut checks = vec![
        (
            "at least 90 % of the oracle's successes in time, in the median".to_owned(),
            [by_health, ours].iter().all(|row| number(row, "of_oracle_bp") >= 9_000),
        ),
        (
            "a dead supplier is left alone after at most 5 faults in a row".to_owned(),
            [by_health, ours]
                .iter()
                .all(|row| (1..=5).contains(&number(row, "faults_to_open_most"))),
        ),
        (
            "nobody is charged twice by any rule".to_owned(),
            rows.iter().all(|row| number(row, "charged_twice") == 0),
        ),
    ];
    for baseline in baselines {
        let name = baseline["rule"].as_str().unwrap();
        let holds = number(ours, "unknown") <= number(baseline, "unknown");
        checks.push((format!("no more unknown attempts than {name}, in the median"), holds));
    }
    let equal = baselines
        .iter()
        .filter(|row| number(row, "in_time_bp") + 50 >= number(ours, "in_time_bp"));
    let cheapest = equal.map(|row| number(row, "cost_each_milliminor")).min();
    let holds = cheapest.is_none_or(|cheapest| number(ours, "cost_each_milliminor") * 100 <= cheapest * 102);
    checks.push((
        "a delivery costs at most 2 % more than with the cheapest baseline of equal success".to_owned(),
        holds,
    ));
    checks
}

/// Hundredths with two decimals.
fn decimal(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn told(asked: &Asked, rows: &[serde_json::Value], checks: &[(String, bool)]) {
    println!(
        "seeds {} to {}; medians over the seeds, the worst seed in brackets",
        asked.seed,
        asked.seed + asked.seeds - 1
    );
    println!(
        "{:<26} {:>16} {:>16} {:>7} {:>7} {:>13} {:>8} {:>9}",
        "rule", "in time", "of the oracle's", "late", "failed", "unknown", "met bad", "cost each"
    );
    for row in rows {
        let percent = |name: &str| format!("{} %", decimal(number(row, name)));
        println!(
            "{:<26} {:>16} {:>16} {:>7} {:>7} {:>13} {:>8} {:>9}",
            row["rule"].as_str().unwrap(),
            format!("{} ({})", percent("in_time_bp"), percent("in_time_bp_worst")),
            format!("{} ({})", percent("of_oracle_bp"), percent("of_oracle_bp_worst")),
            number(row, "late"),
            number(row, "failed"),
            format!("{} ({})", number(row, "unknown"), number(row, "unknown_worst")),
            number(row, "met_bad"),
            decimal(number(row, "cost_each_milliminor") / 1_000),
        );
    }
    for row in &rows[..2] {
        println!(
            "{}: a dead supplier is left alone after at most {} faults in a row, and all of its traffic is back {} s after its outage in the median",
            row["rule"].as_str().unwrap(),
            number(row, "faults_to_open_most"),
            number(row, "return_ms_median") / 1_000
        );
    }
    for (name, holds) in checks {
        println!("{} {name}", if *holds { "holds " } else { "MISSED" });
    }
}
