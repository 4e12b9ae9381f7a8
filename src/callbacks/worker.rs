//! The loop: take what is handed over, start what may be started, listen, have results written down, sleep;
//! and look into the outbox now and then, which alone knows everything.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_immediate;
use tokio::sync::{mpsc, watch};

use crate::seams::Spawner;

use super::deliver::{Desk, Report};
use super::queue::Queue;
use super::scribe::Tried;
use crate::store::Queued;

/// Rows read at once beyond those already here.
const PAGE: usize = 256;

/// A full page grows up to this until all that is due fits in, so that no shop's rows hide another's.
const LARGEST_PAGE: usize = 16_384;

/// While the page is large, it is read this often, whatever is queued meanwhile.
const CROWDED_POLL: Duration = Duration::from_millis(500);

/// How much longer than its time-out a try may take to be written down while stopping.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// Works until `stop` completes and the tries in flight have ended.
pub(super) async fn run(desk: Arc<Desk>, spawner: Arc<dyn Spawner>, stop: impl Future<Output = ()> + Send) {
    let (reports, mut inbox) = mpsc::unbounded_channel();
    let (stopping, has_stopped) = watch::channel(false);
    let mut worker = Worker {
        desk: Arc::clone(&desk),
        spawner,
        reports,
        has_stopped,
        queue: Queue::default(),
        page: PAGE,
        tried: Vec::new(),
        is_writing: false,
    };
    let mut stop = pin!(stop);
    let mut queued = desk.store.queued_callbacks();
    let poll = Duration::from_millis(desk.settings.poll_ms.max(1));
    let mut is_due = true;
    let mut read_at = desk.clock.monotonic();
    loop {
        if is_due {
            read_at = desk.clock.monotonic();
            is_due = false;
            worker.read().await;
        }
        worker.start();
        worker.write();
        let pause = worker.pause(read_at, poll);
        tokio::select! {
            biased;
            () = &mut stop => break,
            more = &mut queued => {
                queued = desk.store.queued_callbacks();
                // Otherwise what cannot be handed over is found at the next poll.
                is_due = worker.take_in(more) && !worker.is_crowded();
            }
            report = inbox.recv() => {
                let mut reports: Vec<Report> = report.into_iter().collect();
                while let Ok(report) = inbox.try_recv() {
                    reports.push(report);
                }
                // A callback that is told already must still be known here when it is handed over (see
                // `store::handover`), so what was handed over is taken before a report is heard.
                if let Some(more) = poll_immediate(&mut queued).await {
                    queued = desk.store.queued_callbacks();
                    is_due = worker.take_in(more) && !worker.is_crowded();
                }
                reports.into_iter().for_each(|report| worker.hear(report));
            }
            () = desk.clock.sleep(pause) => is_due = true,
        }
    }
    let _ = stopping.send(true);
    let patience = Duration::from_millis(desk.settings.timeout_ms).saturating_add(STOP_MARGIN);
    let mut too_long = desk.clock.sleep(patience);
    while !worker.queue.is_idle() {
        worker.write();
        tokio::select! {
            biased;
            report = inbox.recv() => report.into_iter().for_each(|report| worker.hear(report)),
            () = &mut too_long => break,
        }
    }
}

struct Worker {
    desk: Arc<Desk>,
    spawner: Arc<dyn Spawner>,
    reports: mpsc::UnboundedSender<Report>,
    has_stopped: watch::Receiver<bool>,
    queue: Queue,
    page: usize,
    /// Results that wait while others are being written down.
    tried: Vec<Tried>,
    is_writing: bool,
}

impl Worker {
    /// Starts every try that may be started.
    fn start(&mut self) {
        while let Some(fresh) = self.queue.next(self.desk.settings.per_shop, self.desk.settings.total) {
            let (desk, reports) = (Arc::clone(&self.desk), self.reports.clone());
            metrics::gauge!("callbacks_in_flight").increment(1.0);
            self.spawner.spawn(Box::pin(async move { desk.deliver(fresh, reports).await }));
        }
    }

    /// Has the results written down, unless others are being written.
    fn write(&mut self) {
        if self.is_writing || self.tried.is_empty() {
            return;
        }
        self.is_writing = true;
        let tried = std::mem::take(&mut self.tried);
        let (desk, reports, has_stopped) = (Arc::clone(&self.desk), self.reports.clone(), self.has_stopped.clone());
        self.spawner
            .spawn(Box::pin(async move { desk.write_down(tried, reports, has_stopped).await }));
    }

    /// Takes in what was handed over; whether there may be more in the outbox.
    fn take_in(&mut self, queued: Queued) -> bool {
        let now_ms = self.desk.clock.now_ms();
        for fresh in queued.rows {
            self.queue.offer_fresh(fresh, now_ms);
        }
        queued.is_partial
    }

    /// Reads what is due. A report that comes in meanwhile is heard only afterwards: what it settles
    /// may stand in the rows just read, and is then still known here and passed over.
    async fn read(&mut self) {
        let now_ms = self.desk.clock.now_ms();
        loop {
            let limit = self.queue.held().saturating_add(self.page);
            let rows = self
                .desk
                .store
                .callbacks_due(now_ms, u32::try_from(limit).unwrap_or(u32::MAX))
                .await;
            let rows = match rows {
                Ok(rows) => rows,
                Err(outage) => {
                    tracing::warn!(%outage, "the outbox cannot be read; callbacks wait");
                    return;
                }
            };
            let (held, found) = (self.queue.held(), rows.len());
            for row in rows {
                self.queue.offer(row, now_ms);
            }
            if found < limit {
                let enough = found.saturating_sub(held).saturating_add(PAGE);
                self.page = if found > PAGE { enough.min(self.page) } else { PAGE };
                return;
            }
            if self.page >= LARGEST_PAGE {
                return;
            }
            self.page = self.page.saturating_mul(2).min(LARGEST_PAGE);
        }
    }

    fn is_crowded(&self) -> bool {
        self.page > PAGE
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Answered { shop, succeeded } => {
                metrics::gauge!("callbacks_in_flight").decrement(1.0);
                self.queue.answered(shop, succeeded);
            }
            Report::Tried(tried) => self.tried.push(tried),
            Report::Settled { id, order, not_before_ms } => self.queue.settled(&id, order, not_before_ms),
            Report::Written => self.is_writing = false,
        }
    }

    /// How long to sleep if nothing happens: until the next known try, at most one poll.
    fn pause(&mut self, read_at: Duration, poll: Duration) -> Duration {
        let poll = if self.is_crowded() { poll.min(CROWDED_POLL) } else { poll };
        let since_read = self.desk.clock.monotonic().saturating_sub(read_at);
        let rest = poll.saturating_sub(since_read);
        let now_ms = self.desk.clock.now_ms();
        let due_in = self.queue.next_due_ms(now_ms).map(|at_ms| at_ms.saturating_sub(now_ms));
        let due_in = due_in.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        due_in.map_or(rest, |due_in| due_in.min(rest))
    }
}

#[cfg(test)]
mod tests;
