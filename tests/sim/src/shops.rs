//! Shops: they post their orders at any node, repeat themselves, misuse numbers, look, and hear
//! callbacks at endpoints that are down, slow, in doubt or forgetful. Each keeps its own book of what it
//! was told, and compares.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use recharge_gateway::api;
use recharge_gateway::domain::ids::{OrderId, ShopId, ShopOrderNo};
use recharge_gateway::seams::{BoxFuture, MaybeSent, NotSent, Outbound, SendFailure, Transport};
use recharge_gateway::store::Store;
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;

use crate::at_once;
use crate::laws::Law;
use crate::scene::{Fault, Planned};
use crate::time::START_MS;
use crate::world::{Reply, World};

/// What signs a shop's requests.
pub const REQUEST_SECRET: &str = "a secret that a shop signs with";
/// What signs callbacks.
pub const CALLBACK_SECRET: &str = "a secret that callbacks are signed with";

/// What a shop knows of one order.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The gateway's id.
    pub order: Option<OrderId>,
    /// The final status, from whichever answer or callback.
    pub ended: Option<String>,
    /// The callbacks, by what they are about: id and bytes.
    pub callbacks: BTreeMap<About, (String, Bytes)>,
}

/// What a callback is about: each is told once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// That the price is back while nothing is certain.
    Advance,
    /// That something went back or was charged after the end: each by the id of its callback.
    Later(String),
    /// How the order ended.
    Verdict,
}

/// The books of all shops, by shop and number.
#[derive(Clone, Default)]
pub struct Shops(Arc<Mutex<BTreeMap<(usize, String), Told>>>);

impl Shops {
    /// The books.
    pub fn books(&self) -> MutexGuard<'_, BTreeMap<(usize, String), Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a shop knows how its order ended.
    fn has_ended(&self, planned: &Planned) -> bool {
        let books = self.books();
        let told = books.get(&(planned.shop, planned.number.clone()));
        told.is_some_and(|told| told.ended.is_some())
    }

    /// A shop learns how an order stands: its id and its end never change. What it asked before it
    /// heard of the end may still be answered as the order stood then; `knew_its_end` when it asked.
    fn learns(&self, world: &World, shop: usize, data: &Value, knew_its_end: bool) {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let (number, id, status) = (text("shop_order_no"), text("id"), text("status"));
        let order: OrderId = id.parse().unwrap();
        let mut books = self.books();
        let told = books.entry((shop, number.clone())).or_default();
        if told.order.is_some_and(|known| known != order) {
            let how = format!("shop {shop} was given two ids for {number}");
            world.record().breaks(Law::AnswerStands, Some(order), how);
        }
        told.order = Some(order);
        if status == "processing" && !knew_its_end {
            return;
        }
        if told.ended.as_ref().is_some_and(|known| *known != status) {
            let how = format!("shop {shop} was told {:?}, then {status}", told.ended);
            world.record().breaks(Law::OneVerdict, Some(order), how);
        }
        told.ended = Some(status);
    }
}

/// One shop's order, from its first POST to the answer that ends the matter.
pub async fn place(world: Arc<World>, shops: Shops, planned: Planned) {
    world.sleep(planned.at_ms).await;
    if world.strikes(Fault::PostRepeated) && world.dice.falls(300) {
        let (world_of_task, shops, planned) = (Arc::clone(&world), shops.clone(), planned.clone());
        world.state().shops_busy += 1;
        world.record().in_question.insert(key(&planned));
        world.start(async move { insist(&world_of_task, &shops, &planned).await });
    }
    insist(&world, &shops, &planned).await;
    world.state().shops_busy += 1;
    if world.dice.falls(60) {
        world.sleep(world.dice.between(1, 20_000)).await;
        call_off(&world, &shops, &planned).await;
    }
    if world.strikes(Fault::PostConflicts) {
        let other = Planned {
            recipient: "13900139000".to_owned(),
            ..planned.clone()
        };
        let is_ours = shops
            .books()
            .get(&(planned.shop, planned.number.clone()))
            .is_some_and(|told| told.order.is_some());
        if let Some(reply) = post(&world, &other).await
            && is_ours
            && reply.status < 300
        {
            world
                .record()
                .breaks(Law::AnswerStands, None, "a number was taken for something else");
        }
    }
    while world.strikes(Fault::PostRepeated) {
        world.sleep(world.dice.between(1, 60_000)).await;
        let knew_its_end = shops.has_ended(&planned);
        if let Some(reply) = post(&world, &planned).await {
            heard(&world, &shops, &planned, &reply, knew_its_end);
        }
    }
    if world.dice.falls(300) {
        world.sleep(world.dice.between(1, 60_000)).await;
        look(&world, &shops, &planned).await;
    }
    world.state().shops_busy -= 1;
}

/// Posts until there is an answer that ends the matter.
async fn insist(world: &Arc<World>, shops: &Shops, planned: &Planned) {
    loop {
        let knew_its_end = shops.has_ended(planned);
        if let Some(reply) = post(world, planned).await
            && heard(world, shops, planned, &reply, knew_its_end)
        {
            break;
        }
        world.sleep(world.dice.between(200, 8_000)).await;
    }
    world.state().shops_busy -= 1;
}

/// What an answer to a POST means; whether it ends the matter.
fn heard(world: &World, shops: &Shops, planned: &Planned, reply: &Reply, knew_its_end: bool) -> bool {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status {
        200 | 201 => {
            stands(world, planned, &body);
            shops.learns(world, planned.shop, &body, knew_its_end);
            true
        }
        // What was said once about content and funds may be said again.
        402 | 409 | 422 => true,
        _ => false,
    }
}

/// I12: a 2xx was durable before it was said.
fn stands(world: &World, planned: &Planned, body: &Value) {
    let stored = at_once(
        world
            .store
            .order_by_shop_no(shop_id(planned.shop), ShopOrderNo::from(planned.number.as_str())),
    )
    .unwrap();
    let is_it = stored
        .as_ref()
        .is_some_and(|order| body["id"].as_str() == Some(&order.id.to_string()));
    if !is_it {
        let how = format!("shop {} was answered 2xx for {}, which is not stored", planned.shop, planned.number);
        world.record().breaks(Law::AnswerStands, stored.map(|order| order.id), how);
    }
}

/// The id the store gives a shop.
#[must_use]
pub fn shop_id(place: usize) -> ShopId {
    ShopId(i64::try_from(place).unwrap() + 1)
}

async fn post(world: &Arc<World>, planned: &Planned) -> Option<Reply> {
    let mut body = serde_json::json!({
        "shop_order_no": planned.number,
        "sku": planned.sku,
        "inputs": { "account": planned.recipient },
    });
    if let Some(seconds) = planned.deadline_seconds {
        body["deadline_seconds"] = Value::from(seconds);
    }
    if planned.wants_callback {
        body["callback_url"] = Value::from(format!("https://shop.example/{}", planned.shop));
    }
    let reply = ask(world, planned.shop, "POST", "/v1/orders", body.to_string()).await;
    refused_for_certain(world, planned, reply.as_ref());
    let is_unheard = world.strikes(Fault::PostReplyLost);
    reply.filter(|_| !is_unheard)
}

fn exists(world: &World, planned: &Planned) -> bool {
    let number = ShopOrderNo::from(planned.number.as_str());
    at_once(world.store.order_by_shop_no(shop_id(planned.shop), number))
        .unwrap()
        .is_some()
}

/// I12: "no order exists from this" is said only where that is so. An earlier POST under the same
/// number whose end is open may make one at any time, so after such a one nothing can be said.
fn refused_for_certain(world: &World, planned: &Planned, reply: Option<&Reply>) {
    let body: Value = reply.and_then(|reply| serde_json::from_slice(&reply.body).ok()).unwrap_or_default();
    let is_certain = reply.is_some_and(|reply| reply.status >= 400) && body["order_may_exist"] == false;
    let mut record = world.record();
    if !is_certain {
        record.in_question.insert(key(planned));
    } else if !record.in_question.contains(&key(planned)) && exists(world, planned) {
        let how = format!("{} was told that no order exists, and it does", key(planned));
        record.breaks(Law::AnswerStands, None, how);
    }
}

fn key(planned: &Planned) -> String {
    format!("{}/{}", planned.shop, planned.number)
}

async fn look(world: &Arc<World>, shops: &Shops, planned: &Planned) {
    let target = format!("/v1/orders?shop_order_no={}", planned.number);
    let knew_its_end = shops.has_ended(planned);
    if let Some(reply) = ask(world, planned.shop, "GET", &target, String::new()).await
        && reply.status == 200
    {
        shops.learns(world, planned.shop, &serde_json::from_slice(&reply.body).unwrap(), knew_its_end);
    }
}

/// Calls the order off, if the shop knows of it: that is answered as it stands, and whoever has a
/// verdict keeps it.
async fn call_off(world: &Arc<World>, shops: &Shops, planned: &Planned) {
    let known = shops
        .books()
        .get(&(planned.shop, planned.number.clone()))
        .and_then(|told| told.order);
    let Some(order) = known else { return };
    let knew_its_end = shops.has_ended(planned);
    let target = format!("/v1/orders/{order}/cancel");
    if let Some(reply) = ask(world, planned.shop, "POST", &target, String::new()).await
        && reply.status == 200
    {
        shops.learns(world, planned.shop, &serde_json::from_slice(&reply.body).unwrap(), knew_its_end);
    }
}

/// A signed request at any node.
async fn ask(world: &Arc<World>, shop: usize, method: &str, target: &str, body: String) -> Option<Reply> {
    let node = world.dice.place(world.scene.nodes);
    let timestamp = ((START_MS + world.now_ms()) / 1_000).to_string();
    let nonce = format!("nonce-{:016x}", world.dice.draw());
    let secret = SecretString::from(REQUEST_SECRET);
    let signature = api::sign(&secret, method, target, &timestamp, &nonce, body.as_bytes());
    let request = http::Request::builder()
        .method(method)
        .uri(target)
        .header("content-type", "application/json")
        .header("prefer", if world.dice.falls(200) { "wait=5" } else { "" })
        .header(api::auth::KEY, format!("shop-{shop}"))
        .header(api::auth::TIMESTAMP, timestamp)
        .header(api::auth::NONCE, nonce)
        .header(api::auth::SIGNATURE, signature)
        .body(body.clone().into_bytes())
        .unwrap();
    let reply = world.knock(node, request).await;
    let order = reply.as_ref().and_then(|reply| {
        let body: Value = serde_json::from_slice(&reply.body).ok()?;
        body["id"].as_str()?.parse().ok()
    });
    world.tell(order, || {
        let answered = reply.as_ref().map_or_else(
            || "nobody answers".to_owned(),
            |reply| format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body)),
        );
        format!("shop {shop}: {method} {target} {body} at node {node}: {answered}")
    });
    reply
}

/// The way to the shops' endpoints, and the endpoints.
pub struct Endpoints {
    /// The world.
    pub world: Arc<World>,
    /// The shops' books.
    pub shops: Shops,
}

impl Transport for Endpoints {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<http::Response<Bytes>, SendFailure>> {
        Box::pin(self.call(outbound))
    }
}

impl Endpoints {
    async fn call(&self, outbound: Outbound) -> Result<http::Response<Bytes>, SendFailure> {
        let world = &self.world;
        let shop: usize = outbound.request.uri().path().trim_start_matches('/').parse().unwrap();
        world.sleep(world.dice.between(1, 80)).await;
        if world.state().shop_down_until_ms[shop] > world.now_ms() {
            return Err(SendFailure::NotSent(NotSent::Connect));
        }
        if world.strikes(Fault::ShopDown) {
            world.state().shop_down_until_ms[shop] = world.now_ms() + world.dice.between(1_000, 90_000);
            return Err(SendFailure::NotSent(NotSent::Connect));
        }
        if world.strikes(Fault::ShopRefuses) {
            return Ok(refusal(world));
        }
        self.hears(shop, &outbound.request);
        let is_slow = world.strikes(Fault::ShopSlow);
        if is_slow || world.strikes(Fault::ShopReplyLost) {
            let wait_ms = if is_slow { i64::try_from(outbound.timeout_ms).unwrap() } else { 20 };
            world.sleep(wait_ms).await;
            let why = if is_slow { MaybeSent::Timeout } else { MaybeSent::Broken };
            return Err(SendFailure::MaybeSent(why));
        }
        Ok(http::Response::new(Bytes::from_static(b"ok")))
    }

    fn hears(&self, shop: usize, request: &http::Request<Bytes>) {
        let world = &self.world;
        let payload: Value = serde_json::from_slice(request.body()).unwrap();
        let data = &payload["data"];
        let number = data["shop_order_no"].as_str().unwrap_or_default().to_owned();
        let order: Option<OrderId> = data["id"].as_str().and_then(|id| id.parse().ok());
        let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
        let (id, at, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        world.tell(order, || format!("shop {shop} hears {id}: {}", data["status"]));
        world.record().note_text(&id);
        let mut mac = Hmac::<Sha256>::new_from_slice(CALLBACK_SECRET.as_bytes()).unwrap();
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(request.body());
        if signature != format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())) {
            let how = format!("callback {id} is signed wrongly");
            world.record().breaks(Law::SameBytes, order, how);
        }
        let mut books = self.shops.books();
        let told = books.entry((shop, number)).or_default();
        let about = match payload["type"].as_str() {
            Some("order.advanced") => About::Advance,
            Some("order.refunded" | "order.charged") => About::Later(id.clone()),
            Some(_) | None => About::Verdict,
        };
        let (now, has_ended) = ((id, request.body().clone()), about != About::Advance);
        if told.callbacks.get(&about).is_some_and(|before| *before != now) {
            let how = format!("shop {shop} hears another callback than before: {}", now.0);
            world.record().breaks(Law::SameBytes, order, how);
        }
        told.callbacks.insert(about, now);
        drop(books);
        self.shops.learns(world, shop, data, has_ended);
    }
}

fn refusal(world: &World) -> http::Response<Bytes> {
    let (status, pause) = world
        .dice
        .pick(&[(500, None), (503, Some("3")), (429, Some("20")), (301, None), (404, None)]);
    let mut reply = http::Response::new(Bytes::from_static(b"no"));
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap();
    if let Some(seconds) = pause {
        reply.headers_mut().insert("retry-after", http::HeaderValue::from_static(seconds));
    }
    reply
}
