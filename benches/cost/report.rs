//! From rounds to medians, spreads and ratios; into docs/benchmarks.json and the marked part of
//! docs/benchmarks.md. Words are written by people, figures only here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::measure::Figures;

/// How one figure is read off a round.
struct Column {
    name: &'static str,
    of: fn(&Figures) -> f64,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "cpu_us_per_order",
        of: |round| round.cpu_us,
    },
    Column {
        name: "orders_per_s",
        of: |round| round.orders_per_s,
    },
    Column {
        name: "accept_p50_ms",
        of: |round| round.accept_p50_ms,
    },
    Column {
        name: "accept_p99_ms",
        of: |round| round.accept_p99_ms,
    },
    Column {
        name: "whole_p50_ms",
        of: |round| round.whole_p50_ms,
    },
    Column {
        name: "word_to_callback_p50_ms",
        of: |round| round.word_p50_ms,
    },
    Column {
        name: "word_to_callback_p99_ms",
        of: |round| round.word_p99_ms,
    },
    Column {
        name: "commits_per_order",
        of: |round| round.commits,
    },
    Column {
        name: "statements_per_order",
        of: |round| round.statements,
    },
    Column {
        name: "world_cpu_us_per_order",
        of: |round| round.world_cpu_us,
    },
    Column {
        name: "steal",
        of: |round| round.steal,
    },
    Column {
        name: "refused",
        of: |round| round.refused,
    },
    Column {
        name: "discarded_rounds",
        of: |round| round.discarded,
    },
];

/// A figure over all rounds.
#[derive(Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self {
            median: at(values.len() / 2),
            least: at(0),
            most: at(values.len().saturating_sub(1)),
        }
    }

    pub fn single(value: f64) -> Self {
        Self {
            median: value,
            least: value,
            most: value,
        }
    }

    fn json(self) -> Value {
        let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
        json!({ "median": round(self.median), "min": round(self.least), "max": round(self.most) })
    }
}

/// What must be reached and what is aimed at.
struct Goal {
    name: &'static str,
    about: &'static str,
    must: f64,
    aim: f64,
    is_least: bool,
}

const fn most(name: &'static str, about: &'static str, must: f64, aim: f64) -> Goal {
    Goal {
        name,
        about,
        must,
        aim,
        is_least: false,
    }
}

const fn least(name: &'static str, about: &'static str, must: f64, aim: f64) -> Goal {
    Goal {
        name,
        about,
        must,
        aim,
        is_least: true,
    }
}

const GOALS: &[Goal] = &[
    most("cpu_vs_relay", "CPU an order, gateway / relay, supplier answers at once", 1.6, 1.35),
    most("cpu_vs_relay_async", "the same, supplier notifies later", 1.6, 1.35),
    least("orders_vs_relay", "orders/s, gateway / relay, supplier answers at once", 0.7, 0.85),
    least("orders_vs_relay_async", "the same, supplier notifies later", 0.7, 0.85),
    least(
        "naive_vs_gateway_cpu",
        "CPU an order, naive / gateway, supplier answers at once",
        5.0,
        8.0,
    ),
    least("naive_vs_gateway_cpu_async", "the same, supplier notifies later", 5.0, 8.0),
    most(
        "commits_per_order",
        "commits an order at saturation, supplier answers at once",
        0.1,
        0.03,
    ),
    most("commits_per_order_async", "the same, supplier notifies later", 0.1, 0.03),
    least("full_vs_empty_db", "orders/s with 1 million old orders / with none", 0.95, 1.0),
    most("accept_p99_ms_at_60", "accept p99 at 60 % of peak, ms", 20.0, 10.0),
    most(
        "word_to_callback_p50_ms_at_60",
        "supplier's word to callback, p50 at 60 % of peak, ms",
        f64::INFINITY,
        20.0,
    ),
    most("word_to_callback_p99_ms_at_60", "the same, p99, ms", 1_000.0, 1_000.0),
    most(
        "waiting_bytes_per_order",
        "resident bytes an order waiting at an asynchronous supplier",
        1_024.0,
        512.0,
    ),
    most(
        "held_bytes_per_order",
        "resident bytes an order whose supplier holds the connection",
        24_576.0,
        24_576.0,
    ),
    most("restart_s", "kill to serving with the waiting orders open, s", 10.0, 10.0),
];

/// Everything a run found.
#[derive(Default)]
pub struct Report {
    pub machine: Map<String, Value>,
    pub cases: Vec<(&'static str, &'static str, Vec<Figures>)>,
    pub ratios: BTreeMap<&'static str, Spread>,
    pub counts: BTreeMap<&'static str, u64>,
}

impl Report {
    pub fn rounds(&self, case: &str) -> &[Figures] {
        self.cases
            .iter()
            .find(|(name, ..)| *name == case)
            .map_or(&[], |(_, _, rounds)| rounds)
    }

    /// Adds a round of a case.
    pub fn add(&mut self, case: &'static str, about: &'static str, figures: Figures) {
        println!(
            "  {case:<16} {:>7.1} us an order  {:>6.0} orders/s  accept p99 {:>7.2} ms  commits {:.4}",
            figures.cpu_us, figures.orders_per_s, figures.accept_p99_ms, figures.commits
        );
        match self.cases.iter_mut().find(|(name, ..)| *name == case) {
            Some((_, _, rounds)) => rounds.push(figures),
            None => self.cases.push((case, about, vec![figures])),
        }
    }

    /// A ratio of two cases, round by round, so that what slows the machine slows both.
    pub fn pair(&mut self, name: &'static str, above: &str, below: &str, of: fn(&Figures) -> f64) {
        let pairs = self.rounds(above).iter().zip(self.rounds(below));
        let spread = Spread::of(pairs.map(|(above, below)| of(above) / of(below)));
        self.ratios.insert(name, spread);
    }

    pub fn single(&mut self, name: &'static str, case: &str, of: fn(&Figures) -> f64) {
        let spread = Spread::of(self.rounds(case).iter().map(of));
        self.ratios.insert(name, spread);
    }

    pub fn json(&self) -> Value {
        let cases: Map<String, Value> = self
            .cases
            .iter()
            .map(|(name, about, rounds)| {
                let mut figures = Map::new();
                figures.insert("about".to_owned(), json!(about));
                figures.insert("rounds".to_owned(), json!(rounds.len()));
                for column in COLUMNS {
                    figures.insert(column.name.to_owned(), Spread::of(rounds.iter().map(column.of)).json());
                }
                ((*name).to_owned(), Value::Object(figures))
            })
            .collect();
        let ratios: Map<String, Value> = self
            .ratios
            .iter()
            .map(|(name, spread)| ((*name).to_owned(), spread.json()))
            .collect();
        json!({ "machine": self.machine, "cases": cases, "ratios": ratios, "counts": self.counts })
    }

    fn table(&self) -> String {
        let mut text = String::from("### Ratios\n\n| figure | median | least to most | must | aim | |\n|---|---|---|---|---|---|\n");
        for goal in GOALS {
            let Some(spread) = self.ratios.get(goal.name) else { continue };
            let holds = |bound: f64| {
                if goal.is_least {
                    spread.median >= bound
                } else {
                    spread.median <= bound
                }
            };
            let word = match (holds(goal.must), holds(goal.aim)) {
                (true, true) => "aim reached",
                (true, false) => "reached",
                (false, _) => "**missed**",
            };
            let bound = |bound: f64| if bound.is_finite() { shown(bound) } else { "-".to_owned() };
            let _ = writeln!(
                text,
                "| {} (`{}`) | {} | {} to {} | {} | {} | {word} |",
                goal.about,
                goal.name,
                shown(spread.median),
                shown(spread.least),
                shown(spread.most),
                bound(goal.must),
                bound(goal.aim)
            );
        }
        for (name, spread) in &self.ratios {
            if !GOALS.iter().any(|goal| goal.name == *name) {
                let _ = writeln!(
                    text,
                    "| `{name}` | {} | {} to {} | | | |",
                    shown(spread.median),
                    shown(spread.least),
                    shown(spread.most)
                );
            }
        }
        text.push_str("\n### Cases\n\nMedians over the rounds, least to most in brackets. CPU is that of the measured process alone.\n\n");
        text.push_str("| case | CPU us an order | orders/s | accept p50 / p99 ms | request to callback p50 ms | word to callback p50 / p99 ms | commits an order |\n|---|---|---|---|---|---|---|\n");
        for (name, about, rounds) in &self.cases {
            let spread = |of: fn(&Figures) -> f64| Spread::of(rounds.iter().map(of));
            let (cpu, orders) = (spread(|round| round.cpu_us), spread(|round| round.orders_per_s));
            let median = |of: fn(&Figures) -> f64| spread(of).median;
            let commits = median(|round| round.commits);
            let commits = if commits > 0.0 { format!("{commits:.4}") } else { "-".to_owned() };
            let _ = writeln!(
                text,
                "| {about} (`{name}`) | {:.1} ({:.1} to {:.1}) | {:.0} ({:.0} to {:.0}) | {:.2} / {:.2} | {:.2} | {:.2} / {:.2} | {commits} |",
                cpu.median,
                cpu.least,
                cpu.most,
                orders.median,
                orders.least,
                orders.most,
                median(|round| round.accept_p50_ms),
                median(|round| round.accept_p99_ms),
                median(|round| round.whole_p50_ms),
                median(|round| round.word_p50_ms),
                median(|round| round.word_p99_ms)
            );
        }
        text.push_str("\n### Counts\n\n| what | number |\n|---|---|\n");
        for (name, count) in &self.counts {
            let _ = writeln!(text, "| `{name}` | {count} |");
        }
        text.push_str("\n### Machine\n\n");
        for (name, value) in &self.machine {
            let _ = writeln!(
                text,
                "- {name}: {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            );
        }
        text
    }

    /// Writes both files, and prints the table.
    pub fn write(&self, docs: &Path) -> anyhow::Result<()> {
        let table = self.table();
        println!("\n{table}");
        std::fs::write(docs.join("benchmarks.json"), format!("{:#}\n", self.json()))?;
        put(docs, "figures", &table)
    }
}

/// Writes `text` into the part of docs/benchmarks.md that is marked with `name`; the words around it
/// are written by people.
pub fn put(docs: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let path = docs.join("benchmarks.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lost = || format!("docs/benchmarks.md has lost its marks for the {name}");
    let (before, rest) = page.split_once(&begin).with_context(lost)?;
    let (_, after) = rest.split_once(&end).with_context(lost)?;
    std::fs::write(path, format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim_end()))?;
    Ok(())
}

/// Three significant digits, or a whole number.
fn shown(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        small if small >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
