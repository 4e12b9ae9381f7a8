//! Signatures by the scheme of Standard Webhooks: HMAC-SHA256 over `{id}.{timestamp}.{body}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// The value of `webhook-signature`: one `v1,<base64>` for each usable secret, separated by spaces,
/// so that a shop in the middle of a rotation finds its own. `None` without a usable secret.
pub(super) fn signatures(secrets: &[SecretString], id: &str, timestamp_s: i64, body: &str) -> Option<String> {
    let signed: Vec<String> = secrets
        .iter()
        .filter_map(|secret| signature(secret, id, timestamp_s, body))
        .collect();
    (!signed.is_empty()).then(|| signed.join(" "))
}

fn signature(secret: &SecretString, id: &str, timestamp_s: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).ok()?;
    for part in [id, ".", &timestamp_s.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The key's bytes: base64 after `whsec_`, else the text itself. Nothing usable: `None`, because a
/// signature with an empty or misread key is one that everybody can make or nobody can check.
fn key(secret: &SecretString) -> Option<Vec<u8>> {
    let text = secret.expose_secret();
    let bytes = match text.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => text.as_bytes().to_vec(),
    };
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector that Standard Webhooks' own libraries share.
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT_S: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn sign(secrets: &[&str]) -> Option<String> {
        let secrets: Vec<SecretString> = secrets.iter().map(|text| SecretString::from(*text)).collect();
        signatures(&secrets, ID, AT_S, BODY)
    }

    #[test]
    fn the_published_vector_is_reproduced() {
        assert_eq!(sign(&[SECRET]).as_deref(), Some(SIGNATURE));
    }

    #[test]
    fn every_secret_signs_while_rotating() {
        let both = sign(&["a raw secret", SECRET]).unwrap();
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(Some(first), sign(&["a raw secret"]).as_deref());
        assert_eq!(second, SIGNATURE);
        assert_ne!(first, second);
    }

    #[test]
    fn the_id_the_time_and_the_body_are_all_covered() {
        let secrets = [SecretString::from(SECRET)];
        for (id, at_s, body) in [("other", AT_S, BODY), (ID, AT_S + 1, BODY), (ID, AT_S, "{}")] {
            assert_ne!(signatures(&secrets, id, at_s, body).as_deref(), Some(SIGNATURE));
        }
    }

    #[test]
    fn without_a_usable_secret_nothing_is_signed() {
        assert_eq!(sign(&[]), None);
        assert_eq!(sign(&["", "whsec_", "whsec_not base64!"]), None);
        assert_eq!(sign(&["whsec_not base64!", SECRET]).as_deref(), Some(SIGNATURE));
    }
}
