//! The demo shop: signs its requests, orders, repeats itself now and then, and waits for the end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Played;
use super::script::{End, Line};
use super::show::Show;
use super::stage::Stage;
use crate::seams::{Clock, Outbound, Random, SystemClock, SystemRandom};

/// Orders sent at once.
const WAVE: usize = 6;
/// Between two waves, so that the eye can follow.
const PAUSE: Duration = Duration::from_millis(400);
/// Between two looks at what is still open.
const LOOK: Duration = Duration::from_millis(250);

/// Sends every order and follows it to its end, or to doubt that its scene allows.
pub(super) async fn play(stage: &Stage, lines: &[Line], show: &mut Show, patience: Duration) -> anyhow::Result<Vec<Played>> {
    let clock = SystemClock::new();
    let mut played = Vec::with_capacity(lines.len());
    let mut sent_ms = BTreeMap::new();
    let mut waiting = Vec::new();
    for (position, line) in lines.iter().enumerate() {
        sent_ms.insert(position, clock.now_ms());
        played.push(order(stage, position, line).await.with_context(|| line.number.clone())?);
        waiting.push(position);
        if position % WAVE == WAVE.saturating_sub(1) {
            look(stage, lines, &mut played, &mut waiting, &sent_ms, show).await?;
            clock.sleep(PAUSE).await;
        }
    }
    let started = clock.monotonic();
    while !waiting.is_empty() && clock.monotonic().saturating_sub(started) < patience {
        look(stage, lines, &mut played, &mut waiting, &sent_ms, show).await?;
        let only_doubt_left = waiting.iter().all(|position| may_rest_in_doubt(lines, &played, *position));
        if only_doubt_left && clock.monotonic().saturating_sub(started) > Duration::from_secs(12) {
            break;
        }
        clock.sleep(LOOK).await;
    }
    for position in waiting {
        if let (Some(line), Some(one)) = (lines.get(position), played.get(position)) {
            show.ended(position, line, one)?;
        }
    }
    Ok(played)
}

/// Whether an order that has not ended is where its script says it may stay.
fn may_rest_in_doubt(lines: &[Line], played: &[Played], position: usize) -> bool {
    let allowed = lines.get(position).is_some_and(|line| line.end == End::InDoubt);
    allowed && played.get(position).is_some_and(|one| one.finality == "unknown")
}

/// Submits one order; a repeated one is sent twice and must be the same order.
async fn order(stage: &Stage, position: usize, line: &Line) -> anyhow::Result<Played> {
    let mut inputs = serde_json::Map::new();
    if !line.recipient.is_empty() {
        inputs.insert("account".to_owned(), Value::from(line.recipient.clone()));
    }
    let body = serde_json::json!({
        "shop_order_no": line.number, "sku": line.first.sku(), "inputs": inputs, "callback_url": stage.receiver.url(),
    });
    let (status, told) = call(stage, http::Method::POST, "/v1/orders", body.to_string()).await?;
    anyhow::ensure!(status == 201, "expected 201, got {status}: {told}");
    if line.is_repeated {
        let (status, again) = call(stage, http::Method::POST, "/v1/orders", body.to_string()).await?;
        anyhow::ensure!(
            status == 200 && again.get("id") == told.get("id"),
            "the same order again gave {status}: {again}"
        );
    }
    let word = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Played {
        line: position,
        id: Some(word("id")),
        status: word("status"),
        finality: word("finality"),
        took_ms: None,
    })
}

/// Looks at every order that has not ended, and shows those that have.
async fn look(
    stage: &Stage,
    lines: &[Line],
    played: &mut [Played],
    waiting: &mut Vec<usize>,
    sent_ms: &BTreeMap<usize, i64>,
    show: &mut Show,
) -> anyhow::Result<()> {
    let mut still = Vec::new();
    for position in waiting.drain(..) {
        let (Some(one), Some(line)) = (played.get_mut(position), lines.get(position)) else {
            continue;
        };
        let id = one.id.clone().unwrap_or_default();
        let told = stage.receiver.about(&id);
        let (status, now) = call(stage, http::Method::GET, &format!("/v1/orders/{id}"), String::new()).await?;
        anyhow::ensure!(status == 200, "order {id} answered {status}: {now}");
        let word = |name: &str| now.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (one.status, one.finality) = (word("status"), word("finality"));
        match (one.finality.as_str(), told) {
            ("final", Some(told)) => {
                let sent_at_ms = sent_ms.get(&position).copied().unwrap_or_default();
                one.took_ms = u64::try_from(told.first_at_ms.saturating_sub(sent_at_ms)).ok();
                show.ended(position, line, one)?;
            }
            (_, _) => still.push(position),
        }
    }
    *waiting = still;
    let ended = played.iter().filter(|one| one.took_ms.is_some()).count();
    show.progress(ended, played.len(), waiting.len(), lines.len())
}

/// One signed request; the status and the JSON body.
pub(super) async fn call(stage: &Stage, method: http::Method, path: &str, body: String) -> anyhow::Result<(u16, Value)> {
    let timestamp = SystemClock::new().now_ms().div_euclid(1_000).to_string();
    let mut nonce = [0_u8; 12];
    SystemRandom.fill(&mut nonce);
    let nonce = hex::encode(nonce);
    let text = format!(
        "{method}\n{path}\n{timestamp}\n{nonce}\n{}",
        hex::encode(Sha256::digest(body.as_bytes()))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(stage.shop_secret.expose_secret().as_bytes())?;
    mac.update(text.as_bytes());
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", stage.address()))
        .header("content-type", "application/json")
        .header("accept-language", "en")
        .header("x-shop-key", &stage.shop_key)
        .header("x-timestamp", timestamp)
        .header("x-nonce", nonce)
        .header("x-signature", hex::encode(mac.finalize().into_bytes()))
        .body(Bytes::from(body))?;
    let outbound = Outbound {
        request,
        timeout_ms: 30_000,
        max_reply_bytes: 1 << 20,
    };
    let reply = stage
        .wire
        .send(outbound)
        .await
        .map_err(|failure| anyhow::anyhow!("the gateway does not answer: {failure:?}"))?;
    Ok((reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null)))
}
