//! Reading a body under a cap and a deadline, because the server itself has neither.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};

use super::problem::Problem;
use super::state::ApiState;

/// Throws away what has arrived of a body, and waits for no more. A body that the server has still to read costs
/// its connection, and whoever is turned away for a second comes back.
pub(super) async fn discard(payload: Payload) {
    let mut is_asked = false;
    // The server reads what came with the head once it has asked us.
    poll_fn(|context| {
        if std::mem::replace(&mut is_asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    drop(payload);
}

/// The whole body, if it arrives in time and is not too long.
pub(super) async fn read(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<Bytes, Problem> {
    let max_bytes = state.limits.max_body_bytes;
    let too_large = Problem::BodyTooLarge { max_bytes };
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|declared| declared > max_bytes) {
        return Err(too_large);
    }
    let mut collecting = pin!(collect(payload, max_bytes));
    // What has arrived already needs no timer.
    if let Some(body) = collecting.as_mut().now_or_never() {
        return body;
    }
    let deadline = state.clock.sleep(Duration::from_millis(state.limits.body_timeout_ms));
    match select(collecting, deadline).await {
        Either::Left((body, _)) => body,
        Either::Right(((), _)) => Err(Problem::BodyTimeout),
    }
}

async fn collect(mut payload: Payload, max_bytes: usize) -> Result<Bytes, Problem> {
    let mut whole = Bytes::new();
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BodyBroken)?;
        let so_far = whole.len().saturating_add(body.len());
        if so_far.saturating_add(chunk.len()) > max_bytes {
            return Err(Problem::BodyTooLarge { max_bytes });
        }
        if so_far == 0 {
            // Most bodies are one chunk, and stay where they are.
            whole = chunk;
        } else {
            body.extend_from_slice(&std::mem::take(&mut whole));
            body.extend_from_slice(&chunk);
        }
    }
    if body.is_empty() {
        return Ok(whole);
    }
    Ok(body.freeze())
}
