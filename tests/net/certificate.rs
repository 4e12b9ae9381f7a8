//! A certificate made on the spot, for servers under test. Its private key is the number one.

use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What the key one times the generator of P-256 is: the generator.
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const EC_P256: &str = "301306072a8648ce3d020106082a8648ce3d030107";
const ECDSA_SHA256: &str = "300a06082a8648ce3d040302";

/// A self-signed certificate for `name`, and its key.
pub fn for_name(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = key();
    let signer = any_ecdsa_type(&key)
        .unwrap()
        .choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])
        .unwrap();
    let body = to_be_signed(name);
    let signature = signer.sign(&body).unwrap();
    let certificate = der(0x30, &[&body, &hex::decode(ECDSA_SHA256).unwrap(), &bits(&signature)]);
    (CertificateDer::from(certificate), key)
}

fn key() -> PrivateKeyDer<'static> {
    let mut one = [0; 32];
    one[31] = 1;
    let inner = der(
        0x30,
        &[
            &der(2, &[&[1]]),
            &der(4, &[&one]),
            &der(0xa1, &[&bits(&hex::decode(GENERATOR).unwrap())]),
        ],
    );
    let outer = der(0x30, &[&der(2, &[&[0]]), &hex::decode(EC_P256).unwrap(), &der(4, &[&inner])]);
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(outer))
}

fn to_be_signed(name: &str) -> Vec<u8> {
    let common_name = der(0x30, &[&hex::decode("0603550403").unwrap(), &der(0x0c, &[name.as_bytes()])]);
    let subject = der(0x30, &[&der(0x31, &[&common_name])]);
    let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x18, &[b"21200101000000Z"])]);
    let public_key = der(0x30, &[&hex::decode(EC_P256).unwrap(), &bits(&hex::decode(GENERATOR).unwrap())]);
    let names = der(0x30, &[&der(0x82, &[name.as_bytes()])]);
    let alternative = der(0x30, &[&hex::decode("0603551d11").unwrap(), &der(4, &[&names])]);
    let extensions = der(0xa3, &[&der(0x30, &[&alternative])]);
    der(
        0x30,
        &[
            &der(0xa0, &[&der(2, &[&[2]])]),
            &der(2, &[&[7]]),
            &hex::decode(ECDSA_SHA256).unwrap(),
            &subject,
            &validity,
            &subject,
            &public_key,
            &extensions,
        ],
    )
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(3, &[&[0], bytes])
}

/// One value in DER: tag, length, content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut value = vec![tag];
    match content.len() {
        short @ 0..0x80 => value.push(u8::try_from(short).unwrap()),
        long @ 0x80..0x100 => value.extend([0x81, u8::try_from(long).unwrap()]),
        longer => {
            value.push(0x82);
            value.extend(u16::try_from(longer).unwrap().to_be_bytes());
        }
    }
    value.extend(content);
    value
}
