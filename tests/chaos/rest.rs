//! The end of a drill: everything comes to rest, the gateway stops in order, and the judge looks.

use std::time::Duration;

use recharge_gateway::seams::Clock;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::judge::{Count, Evidence};
use crate::load::Load;
use crate::process::Process;
use crate::world::{FORGETFUL, World};

/// How long everything may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(120);

impl World {
    /// Has every order taken, waits until none moves any more, stops the gateway (or starts one for
    /// that) and judges. Fails with everything that is wrong.
    pub async fn rest_and_judge(&self, load: &Load<'_>, process: Option<Process>) -> Count {
        let process = match process {
            Some(process) => process,
            None => self.serve().await,
        };
        load.rest().await;
        let begin = self.clock.monotonic();
        loop {
            let (unsettled, untold) = self.moving().await;
            if (unsettled, untold) == (0, 0) {
                break;
            }
            let waited = self.clock.monotonic().saturating_sub(begin);
            if waited > PATIENCE {
                let open = self.open_orders().await;
                panic!(
                    "after {waited:?} {unsettled} orders are unsettled and {untold} callbacks due\n{open}\n{}",
                    self.log()
                );
            }
            self.clock.sleep(Duration::from_millis(100)).await;
        }
        process.stop().await;
        let evidence = Evidence::collect(self, load).await;
        let (found, count) = evidence.judge();
        assert!(
            found.is_empty(),
            "{} things are wrong:\n{}\n{}",
            found.len(),
            found.join("\n"),
            self.log()
        );
        count
    }

    /// Some of the orders that move, each with its history: what is next for them and when, seen from now.
    async fn open_orders(&self) -> String {
        let mut connection = SqliteConnection::connect(self.database.to_str().unwrap()).await.unwrap();
        let rows = sqlx::query(
            "SELECT id || ' ' || next_step || ' in ' || (o.next_action_at_ms - ?) || ' ms; ' ||
                    (SELECT group_concat(events, ' ') FROM (SELECT events FROM history WHERE order_id = o.id ORDER BY number DESC LIMIT 5)) AS told
             FROM order_list AS o WHERE o.finished_at_ms IS NULL AND NOT EXISTS
             (SELECT 1 FROM cases AS c JOIN attempts AS a USING (order_id) WHERE c.order_id = o.id
              AND c.closed_at_ms IS NULL AND a.supplier = ? AND a.state IN ('sent', 'accepted', 'unknown')) LIMIT 5",
        )
        .bind(self.clock.now_ms())
        .bind(FORGETFUL)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        rows.iter().map(|row| row.get::<String, _>("told") + "\n").collect()
    }

    /// Whether nothing moves any more.
    pub async fn is_settled(&self) -> bool {
        self.moving().await == (0, 0)
    }

    /// How far the first order and the last are apart by the gateway's clock, in milliseconds.
    pub async fn spread_ms(&self) -> i64 {
        let mut connection = SqliteConnection::connect(self.database.to_str().unwrap()).await.unwrap();
        let spread = sqlx::query_scalar("SELECT max(accepted_at_ms) - min(accepted_at_ms) FROM order_list");
        spread.fetch_one(&mut connection).await.unwrap()
    }

    /// Orders that are neither settled nor where only a person can settle them, and callbacks still due.
    async fn moving(&self) -> (i64, i64) {
        let options = SqliteConnectOptions::new().filename(&self.database).read_only(true);
        let mut connection = options.connect().await.unwrap();
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM orders AS o WHERE finished_at_ms IS NULL AND NOT EXISTS
                        (SELECT 1 FROM cases AS c JOIN attempts AS a USING (order_id) WHERE c.order_id = o.id
                         AND c.closed_at_ms IS NULL AND a.supplier = ? AND a.state IN ('sent', 'accepted', 'unknown'))) AS unsettled,
                    (SELECT count(*) FROM callbacks WHERE state = 'due' AND url = ?) AS untold",
        )
        .bind(FORGETFUL)
        .bind(self.door.url())
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        (row.get("unsettled"), row.get("untold"))
    }
}
