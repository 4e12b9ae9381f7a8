//! From a claim to a caller: in which order a request is believed.
//!
//! Headers first, then the body, then the signature over both; then the shop's slot, and the nonce
//! last. So rubbish costs little, and a request that found no slot may be sent again as it is.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use bytes::Bytes;

use crate::domain::shop::Shop;

use super::auth::Claim;
use super::body;
use super::gates::ShopPass;
use super::nonces::Use;
use super::problem::Problem;
use super::state::ApiState;

/// An authenticated request at work.
pub(super) struct Caller {
    pub shop: Shop,
    /// Held until the caller is served.
    pub pass: ShopPass,
}

/// Believes a claim whose body has arrived: signature, then the shop's slot, then the nonce, so that
/// a request that found no slot may be sent again as it is.
pub(super) fn believe(claim: &Claim<'_>, request: &HttpRequest, body: &Bytes, state: &ApiState) -> Result<Caller, Problem> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let shop = claim.verify(request.method().as_str(), target, body, &(state.shelf)())?;
    let pass = state.gates.per_shop.enter(shop.id).ok_or(Problem::ShopBusy)?;
    match state.nonces.remember(shop.id, claim.nonce, state.clock.monotonic()) {
        Use::First => Ok(Caller { shop, pass }),
        Use::Repeated => Err(Problem::NonceRepeated),
        Use::Full => Err(Problem::NoncesExhausted),
    }
}

/// The claim of a request, checked as far as its headers go.
pub(super) fn claim_of<'r>(request: &'r HttpRequest, state: &ApiState) -> Result<Claim<'r>, Problem> {
    let claim = Claim::of(request.headers())?;
    claim.check_age(state.clock.now_ms(), state.limits.timestamp_window_seconds)?;
    Ok(claim)
}

/// Who asks to see something.
pub(super) async fn visitor(request: &HttpRequest, payload: Payload, state: &ApiState) -> Result<Caller, Problem> {
    let claim = claim_of(request, state)?;
    let body = body::read(request, payload, state).await?;
    believe(&claim, request, &body, state)
}
