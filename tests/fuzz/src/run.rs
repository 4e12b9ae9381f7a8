//! A run: so many inputs over all readers, shared out over threads as small as the server's.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use std::time::Duration;

use crate::damage::damaged;
use crate::dice::Dice;
use crate::readers::{self, Read, Reader};
use crate::trial::trial;

/// So many tell enough; a reader that fails more often is left.
const MAX_FAILURES: usize = 20;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How many inputs, over all readers.
    pub inputs: u64,
    /// Where chance begins.
    pub seed: u64,
    /// How many threads.
    pub threads: u64,
    /// Only readers whose name begins so.
    pub only: String,
    /// Name every input before it is read: the last one named has killed the process.
    pub is_told: bool,
}

/// An input that failed.
#[derive(Debug)]
pub struct Failure {
    /// The reader's name.
    pub reader: String,
    /// The input's number.
    pub number: u64,
    /// Why.
    pub why: String,
    /// The input.
    pub input: Vec<u8>,
}

/// What one reader was given and made of it.
#[derive(Debug, Default, Clone)]
pub struct Count {
    /// Inputs read.
    pub inputs: u64,
    /// Of these, understood.
    pub understood: u64,
    /// The slowest.
    pub slowest: Duration,
    /// The most memory that one held at a moment.
    pub most_held_bytes: f64,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// By reader.
    pub counts: BTreeMap<String, Count>,
    /// Inputs that failed.
    pub failures: Vec<Failure>,
}

/// Runs it.
///
/// # Panics
/// When a reader cannot be made, or a thread dies outside of a reader.
#[must_use]
pub fn run(asked: &Asked) -> Report {
    let mut whole = Report::default();
    thread::scope(|scope| {
        let shares: Vec<_> = (0..asked.threads).map(|place| scope.spawn(move || share(asked, place))).collect();
        for share in shares {
            whole.add(share.join().expect("a thread died outside of a reader"));
        }
    });
    whole
}

/// Inputs of every reader whose number belongs to this thread.
fn share(asked: &Asked, place: u64) -> Report {
    let mut report = Report::default();
    let mut readers = readers::all();
    readers.retain(|reader| reader.name().starts_with(&asked.only));
    let shares: u64 = readers.iter().map(|reader| reader.share()).sum();
    for reader in &mut readers {
        let inputs = (asked.inputs * reader.share()).div_ceil(shares.max(1));
        report.inputs_of(reader.as_mut(), asked, (0..inputs).filter(|number| number % asked.threads == place));
    }
    report
}

#[expect(clippy::print_stderr, reason = "what is not told now is never told, should the process die")]
fn tell(reader: &str, number: u64, input: &[u8]) {
    eprintln!("{reader}, input {number}: {}", hex::encode(input));
}

impl Report {
    fn inputs_of(&mut self, reader: &mut dyn Reader, asked: &Asked, numbers: impl Iterator<Item = u64>) {
        let name = reader.name().to_owned();
        let mut count = Count::default();
        for number in numbers {
            let input = damaged(reader.seeds(), &mut Dice::of(asked.seed, &name, number));
            if asked.is_told {
                tell(&name, number, &input);
            }
            count.inputs += 1;
            match trial(reader, &input) {
                Ok(weighed) => {
                    count.understood += u64::from(weighed.read == Read::Understood);
                    count.slowest = count.slowest.max(weighed.time);
                    count.most_held_bytes = count.most_held_bytes.max(weighed.held_bytes);
                }
                Err(why) if self.failures.len() < MAX_FAILURES => self.failures.push(Failure {
                    reader: name.clone(),
                    number,
                    why,
                    input,
                }),
                Err(_) => break,
            }
        }
        self.counts.insert(name, count);
    }

    fn add(&mut self, other: Self) {
        self.failures.extend(other.failures);
        for (name, count) in other.counts {
            let sum = self.counts.entry(name).or_default();
            sum.inputs += count.inputs;
            sum.understood += count.understood;
            sum.slowest = sum.slowest.max(count.slowest);
            sum.most_held_bytes = sum.most_held_bytes.max(count.most_held_bytes);
        }
    }

    /// Readers that understood none of their inputs: their way in is closed, so nothing was tried.
    pub fn closed(&self) -> impl Iterator<Item = &str> {
        let closed = self.counts.iter().filter(|(_, count)| count.understood == 0);
        closed.map(|(name, _)| name.as_str())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28} {:>8} {:>10} {:>11} {:>11}",
            "reader", "inputs", "understood", "slowest µs", "most held B"
        )?;
        for (name, count) in &self.counts {
            let (micros, held) = (count.slowest.as_micros(), count.most_held_bytes);
            writeln!(
                f,
                "{name:<28} {:>8} {:>10} {micros:>11} {held:>11.0}",
                count.inputs, count.understood
            )?;
        }
        let inputs: u64 = self.counts.values().map(|count| count.inputs).sum();
        write!(f, "{inputs} inputs, {} failed", self.failures.len())
    }
}
