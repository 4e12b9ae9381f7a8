//! A raw TCP server that keeps everything it was sent, and the calls that tests make to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use recharge_gateway::net::{Lookup, Roots, SupplierClient, SupplierProfile};
use recharge_gateway::seams::{BoxFuture, Outbound, SendFailure, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What arrived.
#[derive(Clone, Default)]
pub struct Seen {
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Seen {
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// One accepted connection.
pub struct Conn {
    pub stream: TcpStream,
    seen: Seen,
}

impl Conn {
    /// Reads one request and keeps it; false if the other side closed first.
    pub async fn read(&mut self) -> bool {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = complete(&bytes) {
                assert_eq!(end, bytes.len(), "nothing follows a request");
                self.seen.requests.lock().unwrap().push(String::from_utf8(bytes).unwrap());
                return true;
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return false,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
        }
    }

    pub async fn write(&mut self, text: &str) {
        // The client may be gone already; what it made of that is what the test looks at.
        let _ = self.stream.write_all(text.as_bytes()).await;
        let _ = self.stream.flush().await;
    }
}

/// Where a whole request ends.
fn complete(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head]
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length:")
                .map(|n| n.trim().parse::<usize>().unwrap())
        })
        .unwrap_or(0);
    (bytes.len() >= head + length).then_some(head + length)
}

/// Starts a server that treats each connection with `treat`; its address and what it sees.
pub async fn serve<F, T>(treat: T) -> (SocketAddr, Seen)
where
    T: Fn(Conn) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let kept = seen.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            *kept.connections.lock().unwrap() += 1;
            tokio::spawn(treat(Conn {
                stream,
                seen: kept.clone(),
            }));
        }
    });
    (address, seen)
}

/// Starts a server that reads one request and answers `reply` word for word, then closes.
pub async fn answer(reply: impl Into<String>) -> (SocketAddr, Seen) {
    let reply = Arc::new(reply.into());
    serve(move |mut conn| {
        let reply = Arc::clone(&reply);
        async move {
            if conn.read().await {
                conn.write(&reply).await;
            }
        }
    })
    .await
}

/// An order's worth of bytes to `url`.
pub fn post(url: &str) -> Outbound {
    Outbound {
        request: http::Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"order=4711&account=13800138000"))
            .unwrap(),
        timeout_ms: 5_000,
        max_reply_bytes: 64 * 1024,
    }
}

pub const PROFILE: SupplierProfile = SupplierProfile {
    connect_timeout_ms: 2_000,
    concurrency: 4,
    keep_alive: false,
};

pub fn supplier() -> SupplierClient {
    SupplierClient::new(PROFILE).unwrap()
}

/// A supplier's client that knows only the names in `lookup`.
pub fn supplier_with(lookup: Names, roots: Roots) -> SupplierClient {
    SupplierClient::with(PROFILE, Arc::new(lookup), roots).unwrap()
}

pub type Reply = Result<http::Response<Bytes>, SendFailure>;

/// A reply in a form that can be compared: its status, or the failure.
pub fn failure(reply: Reply) -> Result<u16, SendFailure> {
    reply.map(|reply| reply.status().as_u16())
}

/// Posts an order to `path` at `address`.
pub async fn post_to(client: &impl Transport, address: SocketAddr, path: &str) -> Reply {
    client.send(post(&format!("http://{address}{path}"))).await
}

/// A lookup that gives these answers in turn, the last for ever; none is "no such name".
#[derive(Clone)]
pub struct Names(Arc<Mutex<Vec<Vec<IpAddr>>>>);

impl Names {
    pub fn new(answers: &[&[IpAddr]]) -> Self {
        Self(Arc::new(Mutex::new(answers.iter().map(|ips| ips.to_vec()).collect())))
    }
}

impl Lookup for Names {
    fn addresses(&self, _host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers.first().cloned().unwrap_or_default()
        };
        Box::pin(async move {
            match answer.is_empty() {
                true => Err(io::Error::other("no such name")),
                false => Ok(answer),
            }
        })
    }
}
