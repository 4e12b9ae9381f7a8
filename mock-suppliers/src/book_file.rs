//! The book on disk: one JSON line an order, appended before anybody is answered; a later line of an order replaces it.
//!
//! A line counts when its line feed is there. A death in the middle of a write leaves half a line, which nobody was
//! answered for: readers leave it out and the next mock cuts it off. After a failed write nothing more is appended.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::book::Charge;
use crate::order::Order;

/// An open book file.
#[derive(Debug)]
pub(crate) struct BookFile {
    file: File,
    is_broken: bool,
}

impl BookFile {
    /// Opens or creates the file, and reads the orders it has.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Order>)> {
        let bytes = read(path)?;
        let whole = whole_lines(&bytes);
        let orders = parse(whole)?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if whole.len() < bytes.len() {
            file.set_len(u64::try_from(whole.len()).unwrap_or(u64::MAX))?;
        }
        Ok((Self::over(file), orders))
    }

    /// A book that appends to this file.
    pub(crate) fn over(file: File) -> Self {
        Self { file, is_broken: false }
    }

    /// Appends an order; on `Ok` it survives the death of this process.
    pub(crate) fn append(&mut self, order: &Order) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("an earlier write failed"));
        }
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.flush());
        self.is_broken = written.is_err();
        written
    }
}

/// Reads the book file of a mock, running or killed, as it stands at `now_ms` (`u64::MAX`: in the end).
///
/// # Errors
/// When the file cannot be read or is no book. No file at all is an empty book.
pub fn read_book(path: &Path, supplier: &str, now_ms: u64) -> io::Result<Vec<Charge>> {
    let bytes = read(path)?;
    let orders = parse(whole_lines(&bytes))?;
    Ok(orders.iter().filter_map(|order| order.charge(supplier, now_ms)).collect())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
    bytes.get(..length).unwrap_or_default()
}

/// The latest line of an order counts: it is written again when it is withdrawn.
fn parse(lines: &[u8]) -> io::Result<Vec<Order>> {
    let mut orders: Vec<Order> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let order: Order = serde_json::from_slice(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        match places.get(&order.supplier_ref).and_then(|place| orders.get_mut(*place)) {
            Some(earlier) => *earlier = order,
            None => {
                places.insert(order.supplier_ref.clone(), orders.len());
                orders.push(order);
            }
        }
    }
    Ok(orders)
}
