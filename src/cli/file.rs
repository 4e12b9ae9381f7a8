//! Reading a file whose content goes to the gateway.

use std::path::Path;

use super::explain::Failure;
use crate::console::Trouble;

/// Larger files would not pass the admin socket.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The file, if it is not too long; else `remedy` says how to make it shorter.
pub(super) fn read(path: &Path, remedy: &'static str) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::File {
        path: path.to_owned(),
        error,
    })?;
    if bytes.len() > MAX_BYTES {
        let message = format!("{} is longer than {MAX_BYTES} bytes", path.display());
        return Err(Trouble::new(message, remedy).into());
    }
    Ok(bytes)
}
