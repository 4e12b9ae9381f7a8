//! The yardstick: takes an order, asks the supplier, tells the shop, with the gateway's own HTTP
//! server settings and clients, and keeps nothing. With a `Naive` it keeps everything, in one
//! transaction for each change, as one would write it first.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data, post, scope};
use actix_web::{App, HttpResponse, HttpServer};
use http::Request;
use recharge_gateway::net::{ShopClient, ShopProfile, SupplierClient, SupplierProfile, install_crypto};
use recharge_gateway::seams::{Outbound, Transport};
use tokio::net::TcpSocket;

use crate::naive::{Change, Naive};
use crate::shop::told_url;
use crate::wire::field;

/// What a relay process is told.
pub struct Orders {
    pub port: u16,
    /// `http://host:port` of the supplier.
    pub supplier: String,
    /// The port at which shops are told.
    pub door: u16,
    /// Whether connections to the supplier are kept; the gateway keeps none.
    pub is_pooled: bool,
    /// Where to keep what happens; absent keeps nothing.
    pub database: Option<String>,
}

struct Relay {
    supplier: SupplierClient,
    shop: ShopClient,
    base: String,
    own: String,
    door: u16,
    keeps: Option<Naive>,
}

#[derive(serde::Deserialize)]
struct Asked {
    shop_order_no: String,
    sku: String,
    inputs: Inputs,
}

#[derive(serde::Deserialize)]
struct Inputs {
    account: String,
}

/// Serves until the process is killed.
pub async fn run(orders: Orders) -> anyhow::Result<()> {
    install_crypto();
    let supplier = SupplierClient::new(SupplierProfile {
        connect_timeout_ms: 1_000,
        concurrency: 4_096,
        keep_alive: orders.is_pooled,
    })?;
    let shop = ShopClient::new(ShopProfile {
        may_call_loopback: true,
        connect_timeout_ms: 10_000,
    })?;
    let keeps = match &orders.database {
        Some(path) => Some(Naive::open(path).await?),
        None => None,
    };
    let relay = Arc::new(Relay {
        supplier,
        shop,
        base: orders.supplier,
        door: orders.door,
        own: format!("127.0.0.1%3A{}", orders.port),
        keeps,
    });
    // As in src/app.rs.
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], orders.port)))?;
    let listener = socket.listen(4_096)?.into_std()?;
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // As in src/api/server.rs.
    HttpServer::new(move || {
        App::new()
            .app_data(Data::from(Arc::clone(&relay)))
            .service(scope("/v1").route("/orders", post().to(take)))
            .route("/notify/north", post().to(hear))
    })
    .workers(workers)
    .client_request_timeout(Duration::from_secs(5))
    .client_disconnect_timeout(Duration::from_secs(2))
    .keep_alive(Duration::from_secs(75))
    .max_connections(10_000)
    .tcp_nodelay(true)
    .listen(listener)?
    .run()
    .await?;
    Ok(())
}

async fn take(body: Bytes, relay: Data<Relay>) -> HttpResponse {
    let Ok(asked) = serde_json::from_slice::<Asked>(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    relay.keep(Change::Accepted, &asked.shop_order_no, &body).await;
    let report = report(&asked.shop_order_no, "processing");
    let relay = relay.into_inner();
    actix_web::rt::spawn(async move { relay.send(asked).await });
    HttpResponse::Created().content_type("application/json").body(report)
}

async fn hear(body: Bytes, relay: Data<Relay>) -> HttpResponse {
    let form = std::str::from_utf8(&body).unwrap_or_default();
    let number = field(form, "out_trade_num").unwrap_or_default().to_owned();
    relay.keep(Change::Answered, &number, &body).await;
    relay.keep(Change::Ended, &number, b"").await;
    let relay = relay.into_inner();
    actix_web::rt::spawn(async move { relay.tell(&number).await });
    HttpResponse::Ok().body("success")
}

impl Relay {
    async fn send(&self, asked: Asked) {
        let number = &asked.shop_order_no;
        self.keep(Change::Stamped, number, b"").await;
        let account = &asked.inputs.account;
        let is_slow = asked.sku.ends_with("north");
        let request = if is_slow {
            let body = format!(
                "userid=10001&out_trade_num={number}&product_id=12&mobile={account}&notify_url=http%3A%2F%2F{}%2Fnotify%2Fnorth&amount=100&price=98&sign=37FD1C538ED43BD0534134BD65FE6453",
                self.own
            );
            Request::post(format!("{}/yrapi.php/index/recharge", self.base))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.into())
        } else {
            Request::get(format!(
                "{}/onlineorder.do?userid=A00001&userpws=94f9a918ee6b78c2dbf04af54d833a5e&cardid=140101&cardnum=100&sporder_id={number}&sporder_time=20260101000001&game_userid={account}&md5_str=960D33154B748255213CD989853B7A0C&ret_url=http%3A%2F%2F{}%2Fnotify%2Friver&version=6.0",
                self.base, self.own
            ))
            .body(Bytes::new())
        };
        let Some(reply) = exchange(&self.supplier, request).await else {
            return eprintln!("the supplier did not answer {number}");
        };
        self.keep(Change::Answered, number, reply.body()).await;
        if !is_slow {
            self.keep(Change::Ended, number, b"").await;
            self.tell(number).await;
        }
    }

    async fn tell(&self, number: &str) {
        let payload = format!(
            r#"{{"type":"order.succeeded","timestamp":"2026-01-01T00:00:01Z","data":{}}}"#,
            report(number, "succeeded")
        );
        let serial = number.strip_prefix('b').and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let request = Request::post(told_url(self.door, serial))
            .header("content-type", "application/json")
            .header("user-agent", "relay/1.0")
            .header("webhook-id", "evt_1234567890123456789_5")
            .header("webhook-timestamp", "1767225601")
            .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
            .body(payload.into());
        match exchange(&self.shop, request).await {
            Some(_) => self.keep(Change::Told, number, b"").await,
            None => eprintln!("the shop did not hear of {number}"),
        }
    }

    async fn keep(&self, change: Change, number: &str, evidence: &[u8]) {
        if let Some(naive) = &self.keeps
            && let Err(error) = naive.write(change, number, evidence).await
        {
            eprintln!("{number} was not written: {error}");
        }
    }
}

async fn exchange(client: &impl Transport, request: http::Result<Request<Bytes>>) -> Option<http::Response<Bytes>> {
    let outbound = Outbound {
        request: request.ok()?,
        timeout_ms: 30_000,
        max_reply_bytes: 16_384,
    };
    client.send(outbound).await.ok().filter(|reply| reply.status().is_success())
}

/// As long as the gateway's own.
fn report(number: &str, status: &str) -> String {
    format!(
        r#"{{"id":"1234567890123456789","shop_order_no":"{number}","sku":"mobile-100-river","quantity":1,"face_value":"100.00","price":"99.50","charged":"99.50","currency":"CNY","status":"{status}","finality":"final","safe_to_resubmit":false,"overdue":false,"deliveries":[],"created_at":"2026-01-01T00:00:00.123Z","finished_at":"2026-01-01T00:00:00.456Z"}}"#
    )
}
