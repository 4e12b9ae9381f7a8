//! HTTP/1.1 as bytes: just enough to know where one message ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest message that is kept.
const LIMIT: usize = 4 << 20;

/// Reads one message, head and body, byte for byte; empty if the other side closed before it began.
///
/// # Errors
/// When the connection breaks in the middle.
pub async fn message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4_096];
    loop {
        if let Some(head) = head_length(&bytes) {
            let whole = head + content_length(&bytes[..head]);
            if bytes.len() >= whole {
                return Ok(bytes);
            }
        }
        let count = stream.read(&mut piece).await?;
        if count == 0 && bytes.is_empty() {
            return Ok(bytes);
        }
        if count == 0 || bytes.len() > LIMIT {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// Where the body begins, once the head is whole.
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &[u8]) -> usize {
    header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// The value of a header; names are compared without case.
pub fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
