//! HTTP/1.1 by hand, on a bare socket, so that a reset, a hang, a cut or a drip is exactly that.
//!
//! Requests are bounded (16 KiB head, 1 MiB body, 30 s) and rubbish ends in an error answer, never in a panic.
//! Bodies need a `Content-Length`; chunked ones are refused. Connections are kept alive unless the caller objects.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const HEAD_LIMIT: usize = 16 * 1024;
const BODY_LIMIT: usize = 1024 * 1024;
const READ_LIMIT: Duration = Duration::from_secs(30);

/// A request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

impl Request {
    /// The only value of a header as text; `None` when it is missing, repeated or not UTF-8.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    /// Whether the body is declared to be of this media type.
    pub(crate) fn is_of_type(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|declared| {
            declared
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case(media_type)
        })
    }
}

/// An answer before it meets the connection.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// An answer with a body.
    pub(crate) fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            location: None,
            body,
        }
    }

    /// A plain text answer.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.as_bytes().to_vec())
    }
}

/// How an answer leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Whole.
    Whole,
    /// Whole, with this many milliseconds before each byte.
    Dripping(u64),
    /// Half of the body, then the end of the connection.
    Cut,
    /// Never; the connection stays open until the caller closes it.
    Withheld,
    /// Never; the connection is reset.
    Reset,
}

/// What came of waiting for a request.
#[derive(Debug)]
pub(crate) enum Received {
    Request(Box<Request>),
    /// The caller sent something that is no acceptable request.
    Rubbish(Reply),
    /// The caller has gone, or was too slow.
    Gone,
}

/// Reads the next request; `buffer` carries over what came early.
pub(crate) async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Received {
    match timeout(READ_LIMIT, receive_unbounded(stream, buffer)).await {
        Ok(Ok(received)) => received,
        Ok(Err(_)) | Err(_) => Received::Gone,
    }
}

async fn receive_unbounded(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Received> {
    let (mut request, head_length, body_length) = loop {
        match parse_head(buffer) {
            Head::Complete(request, head, body) => break (request, head, body),
            Head::Refused(reply) => return Ok(Received::Rubbish(reply)),
            Head::Partial if buffer.len() > HEAD_LIMIT => {
                return Ok(Received::Rubbish(Reply::text(431, "head too large")));
            }
            Head::Partial => {}
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Received::Gone);
        }
    };
    let end = head_length + body_length;
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Received::Gone);
        }
    }
    request.body = buffer.drain(..end).skip(head_length).collect();
    Ok(Received::Request(request))
}

enum Head {
    Partial,
    /// The request without its body, the head's length and the body's.
    Complete(Box<Request>, usize, usize),
    Refused(Reply),
}

fn parse_head(buffer: &[u8]) -> Head {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut storage);
    let length = match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Head::Partial,
        Err(_) => return Head::Refused(Reply::text(400, "not HTTP")),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, Vec<u8>)> = parsed.headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
        keep_alive: true,
    };
    let closes = request
        .header("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"));
    request.keep_alive = parsed.version == Some(1) && !closes;
    let declares = |name: &str| request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if declares("transfer-encoding") {
        return Head::Refused(Reply::text(411, "a Content-Length is required"));
    }
    let body_length = if declares("content-length") {
        match request.header("content-length").map(str::parse::<usize>) {
            Some(Ok(length)) => length,
            Some(Err(_)) | None => return Head::Refused(Reply::text(400, "bad Content-Length")),
        }
    } else {
        0
    };
    if body_length > BODY_LIMIT {
        return Head::Refused(Reply::text(413, "body too large"));
    }
    Head::Complete(Box::new(request), length, body_length)
}

/// Sends an answer; true when the connection may be used again.
pub(crate) async fn send(stream: &mut TcpStream, reply: &Reply, delivery: Delivery, keep_alive: bool) -> bool {
    try_send(stream, reply, delivery, keep_alive).await.unwrap_or(false)
}

async fn try_send(stream: &mut TcpStream, reply: &Reply, delivery: Delivery, keep_alive: bool) -> io::Result<bool> {
    let bytes = encode(reply, keep_alive);
    match delivery {
        Delivery::Whole => stream.write_all(&bytes).await?,
        Delivery::Dripping(ms_per_byte) => {
            for byte in bytes {
                sleep(Duration::from_millis(ms_per_byte)).await;
                stream.write_all(&[byte]).await?;
            }
        }
        Delivery::Cut => {
            let kept = bytes.len() - reply.body.len().div_ceil(2);
            stream.write_all(bytes.get(..kept).unwrap_or_default()).await?;
            stream.shutdown().await?;
            return Ok(false);
        }
        Delivery::Withheld => {
            let mut ignored = [0; 1024];
            while stream.read(&mut ignored).await? > 0 {}
            return Ok(false);
        }
        Delivery::Reset => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
    }
    stream.flush().await?;
    Ok(keep_alive)
}

fn encode(reply: &Reply, keep_alive: bool) -> Vec<u8> {
    let reason = match reply.status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        _ => "Status",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let location = reply.location.as_ref().map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\n{location}Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
        reply.status,
        reply.content_type,
        reply.body.len(),
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&reply.body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_refused_and_never_panics() {
        for bytes in [
            &b"\x00\xff\r\n\r\n"[..],
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(matches!(parse_head(bytes), Head::Refused(_)), "{bytes:?}");
        }
        assert!(matches!(parse_head(b"GET / HT"), Head::Partial));
    }

    #[test]
    fn a_head_says_how_long_the_body_is() {
        let Head::Complete(request, head, body) = parse_head(b"POST /a?b=c HTTP/1.1\r\ncontent-length: 3\r\n\r\nxyz") else {
            panic!("not complete");
        };
        assert_eq!((head, body), (43, 3));
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/a", "b=c"));
        assert!(request.keep_alive);
    }
}
