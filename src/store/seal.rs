//! The seal on what must not lie readable on a disk: inputs, deliveries, evidence, callback
//! payloads, shop secrets.
//!
//! XChaCha20-Poly1305 with a random nonce; the table and the row's key are authenticated along, so
//! a sealed value moved to another row does not open. The look-up hash of inputs is an HMAC under
//! a key of its own: without it, eleven digits would be guessed in minutes.
//! Deliberately absent: changing the key. A value carries its form's version for that day.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, AeadInOut, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::seams::Random;

const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;
/// What comes before the sealed bytes: the form and the nonce.
const HEAD_BYTES: usize = NONCE_BYTES + 1;
const TAG_BYTES: usize = 16;

/// The 32 bytes that open everything sealed in a database.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

/// A text that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seal key must be 64 hexadecimal digits (32 random bytes)")]
pub struct UnreadableKey;

impl SealKey {
    /// The key made of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, UnreadableKey> {
        let mut bytes = [0_u8; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| UnreadableKey)?;
        Ok(Self(bytes))
    }

    pub(super) fn derived(&self, purpose: &str) -> Result<[u8; 32], SealBroken> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| SealBroken)?;
        mac.update(purpose.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

/// A sealed value that does not open: another key, another row, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was sealed with another key, moved, or damaged")]
pub struct SealBroken;

/// Seals and opens values with one key.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    /// Keyed, and begun by nobody: each hash starts from a copy.
    hash: Hmac<Sha256>,
    random: Arc<dyn Random>,
}

impl Sealer {
    /// A sealer whose nonces come from `random`.
    ///
    /// # Errors
    /// Never with a key of 32 bytes.
    pub fn new(key: &SealKey, random: Arc<dyn Random>) -> Result<Self, SealBroken> {
        let cipher = XChaCha20Poly1305::new_from_slice(&key.derived("seal")?).map_err(|_| SealBroken)?;
        let hash = Hmac::new_from_slice(&key.derived("input hash")?).map_err(|_| SealBroken)?;
        Ok(Self { cipher, hash, random })
    }

    /// Seals `plain` for one row of one table.
    ///
    /// # Errors
    /// When `plain` is longer than the cipher takes (256 GB).
    pub fn seal(&self, table: &str, key: &str, plain: &[u8]) -> Result<Vec<u8>, SealBroken> {
        let mut nonce = [0_u8; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let mut whole = Vec::with_capacity(plain.len().saturating_add(HEAD_BYTES).saturating_add(TAG_BYTES));
        whole.push(FORM);
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(plain);
        let body = whole.get_mut(HEAD_BYTES..).ok_or(SealBroken)?.into();
        let tag = self.cipher.encrypt_inout_detached(&XNonce::from(nonce), &aad(table, key), body);
        whole.extend_from_slice(&tag.map_err(|_| SealBroken)?);
        Ok(whole)
    }

    /// Opens what was sealed for the same row.
    ///
    /// # Errors
    /// When it was sealed with another key or for another row, or is damaged.
    pub fn open(&self, table: &str, key: &str, whole: &[u8]) -> Result<Vec<u8>, SealBroken> {
        let (form, rest) = whole.split_first().ok_or(SealBroken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
        if *form != FORM {
            return Err(SealBroken);
        }
        let aad = aad(table, key);
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealBroken)
    }

    /// The hash by which orders are found by one of their inputs: the first eight bytes of an HMAC.
    #[must_use]
    pub fn input_hash(&self, value: &str) -> [u8; 8] {
        let whole: [u8; 32] = self.hash.clone().chain_update(value.as_bytes()).finalize().into_bytes().into();
        let [a, b, c, d, e, f, g, h, ..] = whole;
        [a, b, c, d, e, f, g, h]
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

fn aad(table: &str, key: &str) -> Vec<u8> {
    [table.as_bytes(), b"\0", key.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::SystemRandom;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&SealKey::new([byte; 32]), Arc::new(SystemRandom)).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_own_row_and_with_its_own_key() {
        let sealed = sealer(1).seal("orders", "7", b"13800138000").unwrap();
        assert_eq!(sealer(1).open("orders", "7", &sealed).unwrap(), b"13800138000");
        assert_eq!(sealer(1).open("orders", "8", &sealed), Err(SealBroken));
        assert_eq!(sealer(1).open("evidence", "7", &sealed), Err(SealBroken));
        assert_eq!(sealer(2).open("orders", "7", &sealed), Err(SealBroken));
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let sealed = sealer(1).seal("orders", "7", b"secret").unwrap();
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert_eq!(sealer(1).open("orders", "7", &damaged), Err(SealBroken), "byte {place}");
            assert_eq!(sealer(1).open("orders", "7", &sealed[..place]), Err(SealBroken), "cut at {place}");
        }
    }

    #[test]
    fn the_same_value_sealed_twice_does_not_look_the_same() {
        let sealer = sealer(1);
        assert_ne!(sealer.seal("t", "k", b"x").unwrap(), sealer.seal("t", "k", b"x").unwrap());
        assert_eq!(sealer.input_hash("13800138000"), sealer.input_hash("13800138000"));
        assert_ne!(sealer.input_hash("13800138000"), super::tests::sealer(2).input_hash("13800138000"));
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        assert!(SealKey::from_hex(&"ab".repeat(32)).is_ok());
        for text in ["", "ab", &"zz".repeat(32), &"ab".repeat(33)] {
            assert_eq!(SealKey::from_hex(text).err(), Some(UnreadableKey));
        }
    }
}
