//! The gateway's signature: on receipts that shops keep, and on each day's digest of the history.
//!
//! Ed25519 under a key of its own, drawn from the seal key, in the standard's clothes: a compact JWS
//! (RFC 7515, `EdDSA` of RFC 8037) whose header carries the public key. Whoever verifies compares
//! that key with the one the gateway publishes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::seal::{SealBroken, SealKey};

/// Signs with the gateway's key.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: PublicKey,
}

/// A public key as a JWK (RFC 7517, RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    kty: String,
    crv: String,
    /// The key itself, base64url.
    pub x: String,
    /// Its name: the start of its hash.
    pub kid: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    jwk: PublicKey,
}

/// What a signature that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What kind of thing is signed.
    pub kind: String,
    /// Exactly what is signed.
    pub payload: String,
    /// Whose signature it is.
    pub key: PublicKey,
}

/// Why a text is not what a gateway signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It has not the form of a compact JWS with an Ed25519 key.
    #[error("this is not a signed record: {0}")]
    Form(&'static str),
    /// The signature does not fit.
    #[error("the signature does not fit: the record was changed after it was signed, or damaged")]
    Broken,
    /// Another key signed it.
    #[error("it is signed with the key {found}, not with {wanted}")]
    OtherKey {
        /// The key that signed.
        found: String,
        /// The key that was to have signed.
        wanted: String,
    },
}

impl Signer {
    /// The signer whose key belongs to this seal key.
    ///
    /// # Errors
    /// Never with a key of 32 bytes.
    pub fn new(key: &SealKey) -> Result<Self, SealBroken> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&key.derived("signature")?).map_err(|_| SealBroken)?;
        let key = PublicKey::of(pair.public_key().as_ref());
        Ok(Self { pair, key })
    }

    /// The key with which everything it signs is verified.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// `payload`, which is a `kind`, as a compact JWS.
    #[must_use]
    pub fn sign(&self, kind: &str, payload: &str) -> String {
        let header = Header {
            alg: "EdDSA".to_owned(),
            typ: kind.to_owned(),
            kid: self.key.kid.clone(),
            jwk: self.key.clone(),
        };
        // A header of four texts has nothing that JSON cannot say.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature.as_ref()))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.key.kid)
    }
}

impl PublicKey {
    fn of(bytes: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let name = hash.first_chunk::<8>().copied().unwrap_or_default();
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: BASE64.encode(bytes),
            kid: hex::encode(name),
        }
    }

    /// The key with this base64url text.
    ///
    /// # Errors
    /// When it is not 32 bytes in base64url.
    pub fn from_text(text: &str) -> Result<Self, Unsigned> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| Unsigned::Form("a key is base64url"))?;
        if bytes.len() == 32 {
            Ok(Self::of(&bytes))
        } else {
            Err(Unsigned::Form("a key is 32 bytes"))
        }
    }
}

/// Verifies a compact JWS, offline; with `wanted`, only that key's signature counts.
///
/// # Errors
/// When it is not what the holder of the key signed.
pub fn verify(text: &str, wanted: Option<&PublicKey>) -> Result<Verified, Unsigned> {
    let (signed, signature) = text.trim().rsplit_once('.').ok_or(Unsigned::Form("it has not three parts"))?;
    let (header, payload) = signed.split_once('.').ok_or(Unsigned::Form("it has not three parts"))?;
    let part = |text: &str| BASE64.decode(text).map_err(|_| Unsigned::Form("a part is not base64url"));
    let header: Header = serde_json::from_slice(&part(header)?).map_err(|_| Unsigned::Form("its header is not ours"))?;
    if header.alg != "EdDSA" {
        return Err(Unsigned::Form("its algorithm is not EdDSA"));
    }
    let key = part(&header.jwk.x)?;
    // The name in the header is anybody's word; the key's own hash is not.
    let found = PublicKey::of(&key);
    if let Some(wanted) = wanted.filter(|wanted| wanted.x != found.x) {
        return Err(Unsigned::OtherKey {
            found: found.kid,
            wanted: wanted.kid.clone(),
        });
    }
    let public = UnparsedPublicKey::new(&ED25519, &key);
    public.verify(signed.as_bytes(), &part(signature)?).map_err(|_| Unsigned::Broken)?;
    let payload = String::from_utf8(part(payload)?).map_err(|_| Unsigned::Form("its payload is not text"))?;
    Ok(Verified {
        kind: header.typ,
        payload,
        key: found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(byte: u8) -> Signer {
        Signer::new(&SealKey::new([byte; 32])).unwrap()
    }

    #[test]
    fn what_is_signed_is_verified_offline_with_the_published_key() {
        let text = signer(1).sign("receipt", r#"{"order":"7"}"#);
        let verified = verify(&text, Some(signer(1).key())).unwrap();
        assert_eq!((verified.kind.as_str(), verified.payload.as_str()), ("receipt", r#"{"order":"7"}"#));
        assert_eq!(verify(&text, None).unwrap().key, *signer(1).key());
        assert!(matches!(verify(&text, Some(signer(2).key())), Err(Unsigned::OtherKey { .. })));
        assert_eq!(PublicKey::from_text(&signer(1).key().x).unwrap(), *signer(1).key());
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let text = signer(1).sign("receipt", r#"{"order":"7","charged":"99.50"}"#);
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, Some(signer(1).key())).is_err(), "place {place}");
        }
        assert!(verify("", None).is_err());
    }

    #[test]
    fn a_forger_who_puts_in_a_key_of_his_own_is_told_from_the_gateway() {
        let forged = signer(2).sign("receipt", "{}");
        assert!(verify(&forged, None).is_ok(), "it is well signed, by somebody");
        assert!(verify(&forged, Some(signer(1).key())).is_err());
    }
}
