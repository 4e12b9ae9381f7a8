//! The other end of the admin socket: one call, one reply.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::calls::{AdminCall, AdminReply};
use super::socket::MAX_LINE_BYTES;

/// Replies may be longer than requests: a list of everything.
const MAX_REPLY_BYTES: u64 = 4 * MAX_LINE_BYTES;

/// Why a call got no reply.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens: no server runs.
    #[error("no gateway answers on {}", .0.display())]
    Nobody(PathBuf),
    /// The socket belongs to another user.
    #[error("{} may only be used by the user the gateway runs as: run this command as that user", .0.display())]
    Forbidden(PathBuf),
    /// The connection ended without a reply. What was asked may have been done.
    #[error("the gateway ended the connection without a reply: {0}; look at what was done before you repeat it")]
    Broken(io::Error),
    /// The reply is not one.
    #[error("the gateway's reply cannot be read: {0}; use the command of the same version as the running server")]
    Unreadable(#[from] serde_json::Error),
}

/// Asks the server behind the socket at `path`.
///
/// # Errors
/// `Nobody` before anything was asked; anything else may have been asked.
pub async fn ask(path: &Path, call: &AdminCall) -> Result<AdminReply, AskError> {
    let mut stream = UnixStream::connect(path).await.map_err(|error| {
        let is_forbidden = error.kind() == io::ErrorKind::PermissionDenied;
        if is_forbidden {
            AskError::Forbidden(path.to_owned())
        } else {
            AskError::Nobody(path.to_owned())
        }
    })?;
    let mut line = serde_json::to_vec(call)?;
    line.push(b'\n');
    stream.write_all(&line).await.map_err(AskError::Broken)?;
    let mut reply = Vec::new();
    let read = BufReader::new(stream).take(MAX_REPLY_BYTES).read_until(b'\n', &mut reply).await;
    let read = read.map_err(AskError::Broken)?;
    if read == 0 {
        return Err(AskError::Broken(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(serde_json::from_slice(&reply)?)
}
