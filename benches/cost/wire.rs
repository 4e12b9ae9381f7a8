//! Just enough HTTP/1.1 for a load that costs little: the shops, suppliers and callback receivers of
//! the benchmark share two cores with what they measure.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A connection that reads whole messages: requests on one side, replies on the other.
pub struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

/// One request or reply.
pub struct Message {
    /// First line and headers.
    pub head: Bytes,
    /// What follows them.
    pub body: Bytes,
}

impl Connection {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::with_capacity(2048),
        })
    }

    pub async fn to(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// The next message; `None` when the other side has closed.
    pub async fn message(&mut self) -> io::Result<Option<Message>> {
        let head_end = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head = self.buffer.split_to(head_end).freeze();
        self.buffer.advance(4);
        let length = content_length(&head);
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body = self.buffer.split_to(length).freeze();
        Ok(Some(Message { head, body }))
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a request and waits for its reply.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Message> {
        self.write(request).await?;
        self.message().await?.ok_or_else(|| io::ErrorKind::ConnectionReset.into())
    }
}

impl Message {
    /// The target of a request's first line.
    pub fn target(&self) -> &str {
        let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        std::str::from_utf8(target).unwrap_or_default()
    }

    /// The status of a reply's first line; 0 if it has none.
    pub fn status(&self) -> u16 {
        self.target().parse().unwrap_or(0)
    }
}

fn content_length(head: &[u8]) -> usize {
    head.split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// The value of `name` in a query or form, as it stands.
pub fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A reply of 200 with this body.
pub fn ok(content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Answers every request on `listener` with what `answer` makes of it, until the process ends.
pub async fn serve<A, F>(listener: TcpListener, answer: A)
where
    A: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send,
{
    let answer = Arc::new(answer);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let Ok(mut connection) = Connection::new(stream) else { return };
            while let Ok(Some(message)) = connection.message().await {
                if connection.write(&answer(message).await).await.is_err() {
                    return;
                }
            }
        });
    }
}
