//! Walking through the whole database once.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::books::Moved;
use super::watch::strays;
use super::{Books, Check, Finding, days, examine};
use crate::store::Outage;
use crate::store::archive::Dossier;
use crate::store::sqlite::Archive;

/// Orders read together.
const PAGE: u32 = 500;
/// Pages that may wait for one examiner: reading is bounded by examining.
const WAITING: usize = 2;

/// What a walk saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many orders were looked at.
    pub orders: u64,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// Looks at every order, every stray row and the books, in one moment of the database. One task
/// reads; `examiners` threads examine what it has read.
///
/// # Errors
/// When the database does not answer.
pub async fn whole(archive: &mut Archive, examiners: usize) -> Result<Tally, Outage> {
    let mut crew: Vec<Examiner> = (0..examiners.max(1)).map(|_| Examiner::start()).collect();
    let read = hand_out(archive, &mut crew).await;
    let mut tally = Tally::default();
    let mut books = Books::default();
    for examiner in crew {
        let seen = examiner.end()?;
        tally.orders = tally.orders.saturating_add(seen.tally.orders);
        tally.findings.extend(seen.tally.findings);
        books.merge(seen.books);
    }
    read?;
    tally.findings.extend(strays(archive).await?);
    tally.findings.extend(days::check(archive).await?);
    tally.findings.extend(balances(archive, books).await?);
    tally.findings.sort();
    Ok(tally)
}

async fn hand_out(archive: &mut Archive, crew: &mut [Examiner]) -> Result<(), Outage> {
    let mut last = i64::MIN;
    loop {
        for examiner in &mut *crew {
            let ids = archive.orders_after(last, PAGE).await?;
            let Some(latest) = ids.last() else { return Ok(()) };
            last = *latest;
            let page = archive.dossiers(&ids).await?;
            // An examiner that has ended says why when it is asked.
            let _ = examiner.pages.send(page).await;
        }
    }
}

/// The books, with the money from and to outside, against the accounts.
async fn balances(archive: &mut Archive, mut books: Books) -> Result<Vec<Finding>, Outage> {
    let mut findings = Vec::new();
    for text in archive.funded().await? {
        match serde_json::from_str::<Moved>(&text) {
            Ok(moved) => books.add(&moved),
            Err(error) => findings.push(Finding {
                check: Check::Readable,
                order: None,
                saw: format!("a posting from outside cannot be read: {error}"),
            }),
        }
    }
    let accounts: BTreeMap<_, _> = archive.accounts().await?;
    findings.extend(books.against(&accounts));
    Ok(findings)
}

/// A thread that examines pages.
struct Examiner {
    pages: mpsc::Sender<Vec<Dossier>>,
    thread: JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    tally: Tally,
    books: Books,
}

impl Examiner {
    fn start() -> Self {
        let (pages, mut waiting) = mpsc::channel::<Vec<Dossier>>(WAITING);
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while let Some(page) = waiting.blocking_recv() {
                for dossier in page {
                    let (findings, moved) = examine(&dossier);
                    seen.tally.findings.extend(findings);
                    moved.iter().for_each(|moved| seen.books.add(moved));
                    seen.tally.orders = seen.tally.orders.saturating_add(1);
                }
            }
            seen
        });
        Self { pages, thread }
    }

    fn end(self) -> Result<Seen, Outage> {
        drop(self.pages);
        self.thread.join().map_err(|_| Outage("an examiner ended by itself".to_owned()))
    }
}
