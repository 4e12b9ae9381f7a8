//! Reading a body under a cap and a deadline, because the server itself has neither.

use std::pin::pin;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::{Either, select};

use super::problem::Problem;
use super::state::ApiState;

/// The whole body, if it arrives in time and is not too long.
pub(super) async fn read(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<Bytes, Problem> {
    let max_bytes = state.limits.max_body_bytes;
    let too_large = Problem::BodyTooLarge { max_bytes };
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|declared| declared > max_bytes) {
        return Err(too_large);
    }
    let deadline = state.clock.sleep(Duration::from_millis(state.limits.body_timeout_ms));
    match select(pin!(collect(payload, max_bytes)), deadline).await {
        Either::Left((body, _)) => body,
        Either::Right(((), _)) => Err(Problem::BodyTimeout),
    }
}

async fn collect(mut payload: Payload, max_bytes: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BodyBroken)?;
        if body.len().saturating_add(chunk.len()) > max_bytes {
            return Err(Problem::BodyTooLarge { max_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
