//! `receipt verify`: a receipt checked offline, by whoever was shown one.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::arguments::Output;
use super::explain::Failure;
use crate::api::receipts::KIND;
use crate::store::signer::{PublicKey, verify};

/// Longer files are no receipts.
const MOST_BYTES: u64 = 1_048_576;

/// What the receipt in `file` says, if a gateway signed it: the one with `key`, if that is given.
pub(super) fn checked(file: &Path, key: Option<&str>, output: Output) -> Result<String, Failure> {
    let text = read(file)?;
    let refused = |why: &dyn std::fmt::Display| {
        Failure::Told(format!(
            "error: {why}\n  ask whoever gave it to you for the file as the gateway sent it"
        ))
    };
    let wanted = key.map(PublicKey::from_text).transpose().map_err(|why| {
        Failure::Told(format!(
            "error: --key: {why}\n  give the \"x\" of the gateway's /.well-known/jwks.json"
        ))
    })?;
    let verified = verify(&text, wanted.as_ref()).map_err(|why| refused(&why))?;
    if verified.kind != KIND {
        return Err(refused(&"this is signed, but it is no receipt"));
    }
    let receipt: Value = serde_json::from_str(&verified.payload).map_err(|_| refused(&"this is signed, but it cannot be read"))?;
    let pretty = serde_json::to_string_pretty(&receipt).map_err(anyhow::Error::from)?;
    if output.json {
        return Ok(format!("{pretty}\n"));
    }
    let whose = if wanted.is_some() {
        "by the key you gave".to_owned()
    } else {
        format!(
            "by the key {}; whether that is the gateway's you see at its /.well-known/jwks.json, or with --key",
            verified.key.x
        )
    };
    Ok(format!("the signature holds; signed {whose}\n\n{pretty}\n"))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::File {
        path: file.to_owned(),
        error,
    };
    let mut text = String::new();
    let from: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    from.take(MOST_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
