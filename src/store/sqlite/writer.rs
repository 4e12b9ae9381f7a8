//! The one task that writes. Commands that wait together share one transaction; whoever waits is
//! answered only after COMMIT has.
//!
//! Invariants: a batch takes as many round trips as it touches tables, whatever its size, and two more (look, commit); a
//! COMMIT whose end is not known is answered `Unknown` and its connection is never used again; after
//! an I/O error nothing more is written, because frames may survive a failed fsync.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::catalog::Edit;
use super::heads::Found;
use super::rows;
use super::trouble::{Phase, Trouble};
use super::written::Written;
use crate::domain::ids::ShopId;
use crate::seams::Clock;
use crate::store::admit::admit;
use crate::store::{Answer, Command, Fault, Outage};

/// Most commands in one transaction; a longer list handed over as one stays one.
const MAX_BATCH: usize = 512;
/// After a batch of at least this many commands the writer is busy: it gathers before the next.
const BUSY: usize = 12;
/// How long it gathers: a lone command never waits for this, a busy writer's commands share a COMMIT.
const GATHER: Duration = Duration::from_millis(2);
/// Nothing before COMMIT may take longer.
const PREPARE_LIMIT: Duration = Duration::from_secs(5);
/// A COMMIT that takes longer is of unknown outcome.
const COMMIT_LIMIT: Duration = Duration::from_secs(10);
/// While nothing can be written: how long until that is tried again.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// Commands, and what each of them writes, in the same order.
pub(super) struct Commands {
    pub(super) all: Vec<Command>,
    pub(super) written: Vec<Written>,
}

/// Something for the writer to do.
pub(super) enum Job {
    /// Write these together and answer each.
    Commit(Commands, oneshot::Sender<Vec<Answer>>),
    /// Change the catalog.
    Edit(Edit, oneshot::Sender<Result<ShopId, Outage>>),
}

/// The writer's own state.
pub(super) struct Writer {
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) options: SqliteConnectOptions,
    pub(super) connection: Option<SqliteConnection>,
    pub(super) shared: Arc<Shared>,
    /// A job met while gathering a batch that it cannot join.
    pub(super) carried: VecDeque<Job>,
    /// How many commands the latest batch had.
    pub(super) latest: usize,
}

/// What one transaction is for.
enum Work<'c> {
    Batch(&'c [Command], Vec<Written>),
    Edit(Edit),
    Probe,
}

/// What waits for COMMIT.
struct Prepared {
    answers: Vec<Answer>,
    shop: ShopId,
    has_writes: bool,
    statements: u64,
}

impl Writer {
    /// Works until every sender is gone and the queue is empty, then folds the log into the file.
    pub(super) async fn run(mut self) {
        loop {
            match self.next().await {
                Some(Some(Job::Commit(commands, reply))) => self.batch(commands, reply).await,
                Some(Some(Job::Edit(edit, reply))) => {
                    let done = self.transact(Work::Edit(edit), self.shared.faults.next()).await;
                    let done = done.map(|prepared| prepared.shop).map_err(|trouble| Outage(text(trouble)));
                    // Whoever no longer waits has lost nothing but the answer.
                    let _ = reply.send(done);
                }
                Some(None) => drop(self.transact(Work::Probe, None).await),
                None => break,
            }
        }
        self.shared.writable.store(false, Ordering::SeqCst);
        if let Some(mut connection) = self.connection.take() {
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await {
                tracing::warn!(%error, "the log was not folded into the database; the next start does it");
            }
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "the database was not closed cleanly; the next start recovers it");
            }
        }
        self.shared.ended.send_replace(true);
    }

    /// The next job; `Some(None)` when it is time to try whether writing works again.
    async fn next(&mut self) -> Option<Option<Job>> {
        if let Some(job) = self.carried.pop_front() {
            return Some(Some(job));
        }
        if self.shared.writable.load(Ordering::SeqCst) || self.shared.is_fatal() {
            return self.jobs.recv().await.map(Some);
        }
        let pause = self.shared.clock.sleep(PROBE_PAUSE);
        match select(pin!(self.jobs.recv()), pause).await {
            Either::Left((job, _)) => job.map(Some),
            Either::Right(((), _)) => Some(None),
        }
    }

    async fn batch(&mut self, mut commands: Commands, reply: oneshot::Sender<Vec<Answer>>) {
        let mut waiting = vec![(commands.all.len(), reply)];
        self.take_waiting(&mut commands, &mut waiting);
        if self.latest >= BUSY && commands.all.len() < self.latest {
            self.shared.clock.sleep(GATHER).await;
            self.take_waiting(&mut commands, &mut waiting);
        }
        let Commands { all: commands, written } = commands;
        self.latest = commands.len();
        metrics::counter!("recharge_store_commands_total").increment(u64::try_from(commands.len()).unwrap_or(u64::MAX));
        let answers = self.answers(&commands, written).await;
        for (command, answer) in commands.iter().zip(&answers) {
            self.shared.handover.note(command, answer);
        }
        let mut answers = answers.into_iter();
        for (count, reply) in waiting {
            // Whoever no longer waits has lost nothing but the answer.
            let _ = reply.send(answers.by_ref().take(count).collect());
        }
    }

    /// Takes what waits, up to a full batch or to a job that cannot join one.
    fn take_waiting(&mut self, commands: &mut Commands, waiting: &mut Vec<(usize, oneshot::Sender<Vec<Answer>>)>) {
        // Most jobs are one command: what comes together is not copied from one list into a longer one.
        let jobs = self.jobs.len().min(MAX_BATCH);
        commands.all.reserve(jobs);
        commands.written.reserve(jobs);
        waiting.reserve(jobs);
        while commands.all.len() < MAX_BATCH && self.carried.is_empty() {
            match self.jobs.try_recv() {
                Ok(Job::Commit(more, reply)) => {
                    waiting.push((more.all.len(), reply));
                    commands.all.extend(more.all);
                    commands.written.extend(more.written);
                }
                Ok(job @ Job::Edit(..)) => {
                    self.carried.push_back(job);
                    break;
                }
                Err(_) => break,
            }
        }
    }

    async fn answers(&mut self, commands: &[Command], written: Vec<Written>) -> Vec<Answer> {
        let fault = self.shared.faults.next();
        match self.transact(Work::Batch(commands, written), fault).await {
            Ok(prepared) => prepared.answers,
            Err(Trouble::Backstop(refusal)) => {
                tracing::error!(
                    refusal,
                    "a backstop of the schema fired: this is a bug; replaying the batch one by one"
                );
                let mut answers = Vec::with_capacity(commands.len());
                for command in commands {
                    let alone = match Written::of(command, &self.shared.sealer) {
                        Ok(written) => {
                            let work = Work::Batch(std::slice::from_ref(command), vec![written]);
                            self.transact(work, None).await
                        }
                        Err(trouble) => Err(trouble),
                    };
                    answers.extend(match alone {
                        Ok(prepared) => prepared.answers,
                        Err(trouble) => vec![answer(trouble)],
                    });
                }
                answers
            }
            Err(trouble) => {
                let answer = answer(trouble);
                commands.iter().map(|_| answer.clone()).collect()
            }
        }
    }

    /// One transaction from BEGIN to a certain end, or to the news that its end is uncertain.
    async fn transact(&mut self, work: Work<'_>, fault: Option<Fault>) -> Result<Prepared, Trouble> {
        let done = self.attempt(work, fault).await;
        match &done {
            Ok(prepared) if prepared.has_writes => {
                self.shared.writable.store(true, Ordering::SeqCst);
                metrics::counter!("recharge_store_commits_total").increment(1);
                metrics::counter!("recharge_store_statements_total").increment(prepared.statements);
            }
            Ok(_) | Err(Trouble::Backstop(_)) => {}
            Err(Trouble::Outage(reason)) => self.shared.mark_unwritable(reason),
            Err(Trouble::Unknown(reason)) => {
                tracing::error!(reason, "a COMMIT ended in a way nobody knows; its connection is dropped");
                self.shared.mark_unwritable(reason);
            }
            Err(Trouble::Fatal(reason)) => self.shared.declare_fatal(reason),
        }
        done
    }

    async fn attempt(&mut self, work: Work<'_>, fault: Option<Fault>) -> Result<Prepared, Trouble> {
        if self.shared.is_fatal() {
            return Err(Trouble::Outage("the database failed; the process is stopping".to_owned()));
        }
        if fault == Some(Fault::Outage) {
            return Err(Trouble::Outage("planned outage".to_owned()));
        }
        let shared = Arc::clone(&self.shared);
        let clock = &*shared.clock;
        let late = || Trouble::Outage(format!("the database took longer than {PREPARE_LIMIT:?}"));
        // Taken out while in use: a future dropped half-way drops the connection, and so rolls back.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => within(clock, PREPARE_LIMIT, self.options.connect()).await.ok_or_else(late)??,
        };
        match within(clock, PREPARE_LIMIT, prepare(&mut connection, work, &shared)).await {
            None => Err(late()),
            Some(Err(trouble)) => {
                self.roll_back(connection).await;
                Err(trouble)
            }
            Some(Ok(prepared)) if !prepared.has_writes => {
                self.roll_back(connection).await;
                Ok(prepared)
            }
            Some(Ok(prepared)) => self.settle(connection, fault).await.map(|()| prepared),
        }
    }

    async fn settle(&mut self, mut connection: SqliteConnection, fault: Option<Fault>) -> Result<(), Trouble> {
        if fault == Some(Fault::UnknownNotApplied) {
            return Err(Trouble::Unknown("planned".to_owned()));
        }
        let shared = Arc::clone(&self.shared);
        let committed = within(&*shared.clock, COMMIT_LIMIT, sqlx::query("COMMIT").execute(&mut connection)).await;
        match committed {
            None => Err(Trouble::Unknown(format!("COMMIT took longer than {COMMIT_LIMIT:?}"))),
            Some(Err(error)) => {
                let trouble = Trouble::of(&error, Phase::Commit);
                if let Trouble::Outage(_) = trouble {
                    self.roll_back(connection).await;
                }
                Err(trouble)
            }
            Some(Ok(_)) if fault == Some(Fault::UnknownApplied) => Err(Trouble::Unknown("planned".to_owned())),
            Some(Ok(_)) => {
                self.connection = Some(connection);
                Ok(())
            }
        }
    }

    /// Keeps the connection only if it is known to be outside a transaction.
    async fn roll_back(&mut self, mut connection: SqliteConnection) {
        let shared = Arc::clone(&self.shared);
        let rolled_back = within(&*shared.clock, PREPARE_LIMIT, sqlx::query("ROLLBACK").execute(&mut connection)).await;
        if let Some(Ok(_)) = rolled_back {
            self.connection = Some(connection);
        }
    }
}

async fn prepare(connection: &mut SqliteConnection, work: Work<'_>, shared: &Shared) -> Result<Prepared, Trouble> {
    let mut prepared = Prepared {
        answers: Vec::new(),
        shop: ShopId(0),
        has_writes: true,
        statements: 3,
    };
    match work {
        Work::Batch(commands, written) => {
            let found = Found::begin(connection, commands).await?;
            let admission = admit(&found, commands);
            prepared.has_writes = admission.answers.contains(&Answer::Done);
            let script = rows::script(commands, written, &admission, &found, shared.clock.now_ms())?;
            prepared.answers = admission.answers;
            // BEGIN and the look before, COMMIT after.
            prepared.statements = script.run(connection).await?.saturating_add(3);
        }
        Work::Edit(edit) => {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
            prepared.shop = edit.write(connection, &shared.sealer).await?;
        }
        Work::Probe => {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
            let probe = "INSERT INTO meta (key, body) VALUES ('probe', x'00') ON CONFLICT (key) DO UPDATE SET body = excluded.body";
            sqlx::query(probe).execute(&mut *connection).await?;
        }
    }
    Ok(prepared)
}

pub(super) fn answer(trouble: Trouble) -> Answer {
    match trouble {
        Trouble::Outage(_) | Trouble::Backstop(_) => Answer::Outage(text(trouble)),
        Trouble::Unknown(_) | Trouble::Fatal(_) => Answer::Unknown,
    }
}

fn text(trouble: Trouble) -> String {
    match trouble {
        Trouble::Outage(text) => text,
        Trouble::Backstop(text) => format!("not written, because of a bug: {text}"),
        Trouble::Unknown(text) | Trouble::Fatal(text) => format!("perhaps written: {text}"),
    }
}

/// `work`, unless `limit` passes first; then it is dropped.
async fn within<T>(clock: &dyn Clock, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), clock.sleep(limit)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
