//! Who is asking: the signature over method, path, time, nonce and body.
//!
//! An unknown key and a wrong signature answer alike and cost alike: for both as many keyed hashes
//! are computed as the shop with the most secrets needs, and every comparison is constant in time.
//! Deliberately absent: the nonce's memory (`nonces`), which only a valid signature may reach.

use actix_web::http::header::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::dispatch::Shelf;
use crate::domain::shop::Shop;

use super::problem::Problem;

/// Names the shop.
pub const KEY: &str = "X-Shop-Key";
/// Unix seconds.
pub const TIMESTAMP: &str = "X-Timestamp";
/// 8-64 of `[A-Za-z0-9_-]`, used once.
pub const NONCE: &str = "X-Nonce";
/// Lower-case hex of the keyed hash.
pub const SIGNATURE: &str = "X-Signature";

/// What a request says about its sender, well-formed but not believed yet.
#[derive(Debug)]
pub(super) struct Claim<'h> {
    key: &'h str,
    timestamp: &'h str,
    timestamp_seconds: i64,
    pub nonce: &'h str,
    signature: [u8; 32],
}

impl<'h> Claim<'h> {
    /// Reads the four headers; each must be there exactly once, in its form.
    pub(super) fn of(headers: &'h HeaderMap) -> Result<Self, Problem> {
        let key = single(headers, KEY)?;
        let timestamp = single(headers, TIMESTAMP)?;
        let nonce = single(headers, NONCE)?;
        let signature = single(headers, SIGNATURE)?;
        let malformed = |header| Problem::CredentialMalformed { header };
        if !(1..=128).contains(&key.len()) {
            return Err(malformed(KEY));
        }
        let is_seconds = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|b| b.is_ascii_digit());
        let timestamp_seconds = timestamp.parse::<i64>().ok().filter(|_| is_seconds);
        let is_nonce = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(8..=64).contains(&nonce.len()) || !nonce.bytes().all(is_nonce) {
            return Err(malformed(NONCE));
        }
        let mut bytes = [0_u8; 32];
        let is_lower_case = !signature.bytes().any(|b| b.is_ascii_uppercase());
        if !is_lower_case || hex::decode_to_slice(signature, &mut bytes).is_err() {
            return Err(malformed(SIGNATURE));
        }
        Ok(Self {
            key,
            timestamp,
            timestamp_seconds: timestamp_seconds.ok_or(malformed(TIMESTAMP))?,
            nonce,
            signature: bytes,
        })
    }

    /// Refuses a timestamp more than `window_seconds` from `now_ms`, in either direction.
    pub(super) fn check_age(&self, now_ms: i64, window_seconds: u32) -> Result<(), Problem> {
        let now_seconds = now_ms.div_euclid(1_000);
        if now_seconds.abs_diff(self.timestamp_seconds) > u64::from(window_seconds) {
            return Err(Problem::TimestampOutOfWindow {
                now_seconds,
                window_seconds,
            });
        }
        Ok(())
    }

    /// The shop that made this claim, if one of its secrets did.
    pub(super) fn verify(&self, method: &str, path_and_query: &str, body: &[u8], shelf: &Shelf) -> Result<Shop, Problem> {
        let digest = digest_of(body);
        let text = canonical(method, path_and_query, self.timestamp, self.nonce, &digest);
        let record = shelf.shop_with_key(self.key);
        let rounds = shelf.most_secrets().max(1);
        let secrets = record.map_or(&[][..], |record| record.request_secrets.as_slice());
        let mut is_valid = Choice::from(0);
        for secret in secrets {
            is_valid |= self.signature.ct_eq(&keyed_hash(secret.expose_secret().as_bytes(), &text));
        }
        for _ in secrets.len()..rounds {
            let no_secret = keyed_hash(b"no shop has this secret", &text);
            is_valid |= self.signature.ct_eq(&no_secret) & Choice::from(0);
        }
        record
            .filter(|_| bool::from(is_valid))
            .map(|record| record.shop.clone())
            .ok_or(Problem::SignatureWrong)
    }
}

/// A header that is there exactly once and is text.
fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Problem> {
    let mut values = headers.get_all(name);
    let value = values.next().ok_or(Problem::CredentialMissing { header: name })?;
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(text),
        (Ok(_) | Err(_), _) => Err(Problem::CredentialMalformed { header: name }),
    }
}

/// What is signed, in pieces.
type Text<'a> = [&'a [u8]; 9];

fn canonical<'a>(method: &'a str, path_and_query: &'a str, timestamp: &'a str, nonce: &'a str, digest: &'a [u8; 64]) -> Text<'a> {
    [
        method.as_bytes(),
        b"\n",
        path_and_query.as_bytes(),
        b"\n",
        timestamp.as_bytes(),
        b"\n",
        nonce.as_bytes(),
        b"\n",
        digest,
    ]
}

/// The body's digest in lower-case hex.
fn digest_of(body: &[u8]) -> [u8; 64] {
    let mut digits = [b'0'; 64];
    // The room is exactly twice the digest; were it not, no signature would be right.
    let _ = hex::encode_to_slice(Sha256::digest(body), &mut digits);
    digits
}

fn keyed_hash(secret: &[u8], text: &Text<'_>) -> [u8; 32] {
    // A key of any length is a valid one; were it not, 32 zero bytes would have to be forged.
    Hmac::<Sha256>::new_from_slice(secret).map_or([0; 32], |mut mac| {
        for piece in text {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    })
}

/// The value of `X-Signature` for a request, as shops compute it.
#[must_use]
pub fn sign(secret: &SecretString, method: &str, path_and_query: &str, timestamp: &str, nonce: &str, body: &[u8]) -> String {
    let digest = digest_of(body);
    let text = canonical(method, path_and_query, timestamp, nonce, &digest);
    hex::encode(keyed_hash(secret.expose_secret().as_bytes(), &text))
}
