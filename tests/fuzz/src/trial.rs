//! One input before one reader: caught, timed and weighed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use alloc_tracker::Session;

use crate::readers::{Read, Reader};

/// The longest that reading one input may take.
pub const MAX_TIME: Duration = Duration::from_millis(100);
/// The most memory that reading one input may hold at any moment, beyond what was held before.
pub const MAX_HELD_BYTES: f64 = 16_777_216.0;
/// Other programs on the machine can only make a reading longer, so the shortest of so many counts.
const TIMINGS: usize = 4;

thread_local! {
    static IS_READING: Cell<bool> = const { Cell::new(false) };
}

/// From now on a reader's panic is told by its failure alone, and any other as usual.
pub fn quieten_readers() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !IS_READING.get() {
            usual(panic);
        }
    }));
}

/// What reading one input came to.
pub struct Weighed {
    /// What the reader made of it.
    pub read: Read,
    /// How long it took.
    pub time: Duration,
    /// Most memory held at one moment.
    pub held_bytes: f64,
}

/// Has `input` read.
///
/// # Errors
/// In words, why the input fails.
pub fn trial(reader: &mut dyn Reader, input: &[u8]) -> Result<Weighed, String> {
    let mut weighed = once(reader, input)?;
    for _ in 1..TIMINGS {
        if weighed.time <= MAX_TIME {
            break;
        }
        weighed.time = weighed.time.min(once(reader, input)?.time);
    }
    if weighed.time > MAX_TIME {
        return Err(format!("took {} ms", weighed.time.as_millis()));
    }
    if weighed.held_bytes > MAX_HELD_BYTES {
        return Err(format!("held {:.0} bytes", weighed.held_bytes));
    }
    match weighed.read {
        Read::Broke(promise) => Err(promise),
        Read::Understood | Read::Refused => Ok(weighed),
    }
}

#[expect(clippy::disallowed_methods, reason = "real time is what is bounded here")]
fn now() -> Instant {
    Instant::now()
}

fn once(reader: &mut dyn Reader, input: &[u8]) -> Result<Weighed, String> {
    let session = Session::new().no_stdout().no_file();
    let operation = session.operation("input");
    let span = operation.measure_thread().iterations(1);
    let begin = now();
    IS_READING.set(true);
    let read = catch_unwind(AssertUnwindSafe(|| reader.read(input)));
    IS_READING.set(false);
    let time = begin.elapsed();
    drop(span);
    drop(operation);
    let report = session.to_report();
    let held_bytes = report.operations().find_map(|(_, operation)| operation.peak_outstanding_bytes());
    let read = read.map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("panicked: {}", words.unwrap_or("without words"))
    })?;
    Ok(Weighed {
        read,
        time,
        held_bytes: held_bytes.ok_or("the memory was not counted")?,
    })
}
