//! The one connection to Redis, and the two questions that are asked on it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use deadpool_redis::redis::{self, IntoConnectionInfo, RedisError, Value};
use deadpool_redis::{Connection, Manager, Pool};
use futures_util::future::{Either, select};
use secrecy::{ExposeSecret, SecretString};

use crate::ratelimit::shared::{CALL_US, HORIZON_US, LIVE_US, Seat, Terms};
use crate::seams::Clock;

const SCRIPT: &str = include_str!("../ratelimit/shared/pool.lua");

/// About so many lines of the conversation are kept.
const MOST_LINES: u32 = 4_096;
/// And for so long after the last one, in milliseconds.
const LINES_LAST_MS: u32 = 600_000;
/// Lines read at once.
const MOST_READ: u32 = 256;

/// Why Redis gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It took too long.
    #[error("no answer within 20 ms")]
    Late,
    /// It cannot be reached.
    #[error("no connection")]
    Away,
    /// It said no.
    #[error("Redis says {0}")]
    Redis(#[from] RedisError),
    /// It answered something else than what was asked, or too late for it to count.
    #[error("an answer that does not count")]
    Unusable,
    /// The address cannot be used.
    #[error("[peers] redis_url is no address of a Redis: write redis://host:port/0")]
    Address,
}

/// How many slots one contract wants.
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) terms: Terms,
    pub(super) wanted: u64,
}

/// What the pool gave.
pub(super) struct Given {
    /// Redis' time in microseconds.
    pub(super) now_us: u64,
    /// The most processes that any of them counts.
    pub(super) nodes: u16,
    /// For each wish, in microseconds after that time.
    pub(super) slots: Vec<Vec<u64>>,
}

/// The connection, made when first used and again after every failure.
pub struct Link {
    pool: Pool,
    open: Option<(Connection, String)>,
}

impl Link {
    /// A link to the Redis at this address; nothing is connected yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(url: &str, password: Option<&SecretString>) -> Result<Self, LinkError> {
        let mut info = url.into_connection_info().map_err(|_| LinkError::Address)?;
        if let Some(password) = password {
            let settings = info.redis_settings().clone().set_password(password.expose_secret());
            info = info.set_redis_settings(settings);
        }
        let manager = Manager::new(info).map_err(|_| LinkError::Address)?;
        let pool = Pool::builder(manager).max_size(1).build().map_err(|_| LinkError::Address)?;
        Ok(Self { pool, open: None })
    }

    /// Redis' time in microseconds.
    pub(super) async fn time(&mut self, clock: &dyn Clock) -> Result<u64, LinkError> {
        self.open = None;
        let mut connection = within(clock, self.pool.get()).await?.map_err(|_| LinkError::Away)?;
        let question = async {
            let mut both = redis::pipe();
            both.cmd("INFO").arg("server").cmd("TIME");
            both.query_async::<(String, (u64, u64))>(&mut connection).await
        };
        let answer = within(clock, question).await;
        let (connection, (told, (seconds, micros))) = kept(connection, answer)?;
        let life = told.lines().find_map(|line| line.strip_prefix("run_id:"));
        let life = life.ok_or(LinkError::Unusable)?.trim().to_owned();
        self.open = Some((connection, life));
        Ok(seconds.saturating_mul(1_000_000).saturating_add(micros))
    }

    /// The pool's answer.
    pub(super) async fn ask(&mut self, clock: &dyn Clock, seat: Seat, void_after_us: u64, wishes: &[&Wish]) -> Result<Given, LinkError> {
        let Some((mut connection, life)) = self.open.take() else {
            return Err(LinkError::Away);
        };
        let mut question = redis::cmd("EVAL");
        question.arg(SCRIPT).arg(3);
        question
            .arg(format!("recharge:{life}:seen"))
            .arg(format!("recharge:{life}:contracts"))
            .arg(format!("recharge:{life}:nodes"));
        question
            .arg(seat.node)
            .arg(void_after_us)
            .arg(LIVE_US)
            .arg(HORIZON_US)
            .arg(seat.nodes);
        for wish in wishes {
            let terms = &wish.terms;
            question.arg(&wish.name).arg(wish.wanted).arg(terms.step_us);
            question
                .arg(terms.rate.burst)
                .arg(terms.slack_us)
                .arg(terms.rate.burst.min(terms.rate.per_minute));
        }
        let answer = within(clock, question.query_async::<Value>(&mut connection)).await;
        let (connection, answer) = kept(connection, answer)?;
        self.open = Some((connection, life));
        let mut rows = redis::from_redis_value::<Vec<Vec<u64>>>(answer)
            .map_err(|_| LinkError::Unusable)?
            .into_iter();
        match rows.next().as_deref() {
            Some([now_us, 1, nodes]) => Ok(Given {
                now_us: *now_us,
                nodes: u16::try_from(*nodes).unwrap_or(u16::MAX),
                slots: rows.collect(),
            }),
            Some(_) | None => Err(LinkError::Unusable),
        }
    }
}

/// A line of the conversation.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) node: String,
    pub(super) line: String,
}

impl Link {
    /// Which of Redis' lives the open connection leads to.
    pub(super) fn life(&self) -> Option<&str> {
        self.open.as_ref().map(|(_, life)| life.as_str())
    }

    /// Adds lines to the conversation and reads what came after the line `after`.
    pub(super) async fn talk(&mut self, clock: &dyn Clock, node: u16, lines: &[String], after: &str) -> Result<Vec<Told>, LinkError> {
        let Some((mut connection, life)) = self.open.take() else {
            return Err(LinkError::Away);
        };
        let key = format!("recharge:{life}:sightings");
        let mut all = redis::pipe();
        for line in lines {
            all.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(MOST_LINES).arg("*");
            all.arg(node).arg(line).ignore();
        }
        all.cmd("PEXPIRE").arg(&key).arg(LINES_LAST_MS).ignore();
        all.cmd("XRANGE")
            .arg(&key)
            .arg(format!("({after}"))
            .arg("+")
            .arg("COUNT")
            .arg(MOST_READ);
        let answer = within(clock, all.query_async::<(Vec<(String, Vec<String>)>,)>(&mut connection)).await;
        let (connection, (told,)) = kept(connection, answer)?;
        self.open = Some((connection, life));
        Ok(told.into_iter().filter_map(told_line).collect())
    }
}

/// What was answered in time, and the connection. One that failed or is late goes out of the pool: what
/// it still has to say is not for the next question.
fn kept<T>(connection: Connection, answer: Result<Result<T, RedisError>, LinkError>) -> Result<(Connection, T), LinkError> {
    match answer.and_then(|answer| answer.map_err(LinkError::from)) {
        Ok(told) => Ok((connection, told)),
        Err(error) => {
            drop(Connection::take(connection));
            Err(error)
        }
    }
}

fn told_line((id, fields): (String, Vec<String>)) -> Option<Told> {
    let mut fields = fields.into_iter();
    let (node, line) = (fields.next()?, fields.next()?);
    Some(Told { id, node, line })
}

/// What comes of it within 20 ms.
async fn within<T>(clock: &dyn Clock, work: impl Future<Output = T>) -> Result<T, LinkError> {
    match select(pin!(work), clock.sleep(Duration::from_micros(CALL_US))).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(_) => Err(LinkError::Late),
    }
}
