//! The readers on what is kept, and the trial on readers that are known to be bad.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::time::{Duration, Instant};

use alloc_tracker::Allocator;
use fuzz::damage::{MAX_BYTES, damaged};
use fuzz::dice::Dice;
use fuzz::readers::{Read, Reader, all};
use fuzz::run::{Asked, run};
use fuzz::trial::trial;

#[global_allocator]
static ALLOCATOR: Allocator<std::alloc::System> = Allocator::system();

/// A reader that is bad in one way.
struct Bad(fn() -> Read);

impl Reader for Bad {
    fn name(&self) -> &'static str {
        "bad"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &[]
    }

    fn share(&self) -> u64 {
        1
    }

    fn read(&mut self, _: &[u8]) -> Read {
        (self.0)()
    }
}

fn verdict(bad: fn() -> Read) -> String {
    trial(&mut Bad(bad), b"any").err().unwrap_or_default()
}

#[test]
fn what_is_kept_is_read_within_bounds() {
    for mut reader in all() {
        let mut understood = 0;
        for seed in reader.seeds().to_vec() {
            let weighed = trial(reader.as_mut(), &seed).unwrap_or_else(|why| panic!("{}: {why}", reader.name()));
            understood += u32::from(weighed.read == Read::Understood);
        }
        assert!(understood > 0, "{} understands nothing of what is kept for it", reader.name());
    }
}

#[test]
fn a_reader_that_panics_is_caught() {
    let why = verdict(|| panic!("an index too far"));
    assert_eq!(why, "panicked: an index too far");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a reader that is slow takes real time")]
fn a_reader_that_takes_longer_than_it_may_is_caught() {
    let why = verdict(|| {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(101) {}
        Read::Refused
    });
    assert!(why.starts_with("took 1"), "{why}");
}

#[test]
fn a_reader_that_holds_more_memory_than_it_may_is_caught() {
    let why = verdict(|| Read::Broke(vec![b'a'; 17 << 20].len().to_string()));
    assert!(why.starts_with("held 17"), "{why}");
}

#[test]
fn a_promise_that_is_broken_is_told() {
    assert_eq!(verdict(|| Read::Broke("a promise".to_owned())), "a promise");
    assert_eq!(verdict(|| Read::Refused), "");
}

#[test]
fn the_same_seed_gives_the_same_inputs_and_another_seed_others() {
    let seeds = [b"{\"a\":1,\"b\":[2,3]}".to_vec(), b"<a>1</a>\n<b>2</b>".to_vec()];
    let inputs = |seed| -> Vec<Vec<u8>> { (0..500).map(|number| damaged(&seeds, &mut Dice::of(seed, "any", number))).collect() };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
    let wounded = inputs(1).iter().filter(|input| !seeds.contains(input)).count();
    assert!((400..500).contains(&wounded), "{wounded}");
    assert!(inputs(1).iter().all(|input| input.len() <= MAX_BYTES));
}

#[test]
fn a_short_run_gives_every_reader_its_share_and_finds_nothing() {
    let report = run(&Asked {
        inputs: 5_000,
        seed: 1,
        threads: 2,
        only: String::new(),
        is_told: false,
    });
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.counts.len(), all().len());
    assert!(report.counts.values().map(|count| count.inputs).sum::<u64>() >= 5_000);
}

/// Once, the nearest known name was looked for by comparing every letter with every letter.
#[test]
fn an_unknown_name_however_long_is_refused_in_time() {
    let name = "C(".repeat(MAX_BYTES / 2 - 20);
    for (reader, input) in [
        ("environment", format!("RECHARGE_GATEWAY__SERVER__{name}=1")),
        ("environment", format!("RECHARGE_GATEWAY__{name}__LISTEN=1")),
        ("gateway.toml", format!("[server]\n\"{name}\" = 1\n")),
    ] {
        let mut reader = all().into_iter().find(|known| known.name() == reader).unwrap();
        assert_eq!(
            trial(reader.as_mut(), input.as_bytes()).map(|weighed| weighed.read),
            Ok(Read::Refused)
        );
    }
}
