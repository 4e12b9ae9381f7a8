//! Notifications: when they leave, to whom, and how often.
//!
//! Each final state of an order is pushed to the address that came with it, and repeated after the configured gaps
//! until the caller acknowledges in this wire's word. A small HTTP client of its own: plain `http`, no redirects, one
//! connection a try. Notifications still due when a mock stops are sent by the next one on the same book file; tries
//! that were under way are not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::book::Settled;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::order::Order;
use crate::supplier::Mock;
use crate::wire::Notice;

const MOST_GAPS: usize = 3;
const ANSWER_LIMIT: usize = 64 * 1024;
const TRY_LIMIT: Duration = Duration::from_secs(3);

/// One try of one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentNotification {
    /// The gateway's id of the order.
    pub id: String,
    /// The state that was told.
    pub settled: Settled,
    /// When the try ended, in milliseconds UTC.
    pub at_ms: u64,
    /// 1 for the first try of a notification.
    pub attempt: u32,
    /// Whether the answer was the acknowledgement of this wire.
    pub acknowledged: bool,
}

/// When each notification of an order leaves, in that order.
fn schedule(order: &Order) -> Vec<(u64, Settled)> {
    let mut delay_ms = 0;
    for fault in &order.faults {
        if let Fault::NotifyLate { after_ms } = *fault {
            delay_ms = after_ms;
        }
    }
    let mut schedule: Vec<(u64, Settled)> = order
        .turns
        .iter()
        .map(|turn| (turn.at_ms.saturating_add(delay_ms), turn.settled))
        .collect();
    if order.faults.contains(&Fault::NotifyReordered) {
        let last_ms = schedule.last().map_or(0, |(at_ms, _)| *at_ms);
        schedule.reverse();
        schedule.push((last_ms, Settled::Processing));
        for (at_ms, _) in &mut schedule {
            *at_ms = last_ms;
        }
    }
    schedule
}

/// Starts the notifications of an order that are due after `since_ms`; the receiver hears of the first try.
pub(crate) fn start(mock: &Arc<Mock>, order: &Order, since_ms: u64) -> oneshot::Receiver<()> {
    let (first_tried, heard) = oneshot::channel();
    let Some(url) = order.notify_url.clone() else {
        return heard;
    };
    if !mock.config.notify || order.faults.contains(&Fault::NoNotify) {
        return heard;
    }
    let mut due = schedule(order);
    due.retain(|(at_ms, _)| *at_ms >= since_ms);
    if due.is_empty() {
        return heard;
    }
    let (owner, order) = (Arc::clone(mock), order.clone());
    mock.background.run(async move {
        let mut first_tried = Some(first_tried);
        let twice = order.faults.contains(&Fault::NotifyTwice);
        for (at_ms, settled) in due {
            sleep(Duration::from_millis(at_ms.saturating_sub(now_ms()))).await;
            let made = owner.config.wire.notice(owner.shelf(), &order, settled, now_ms());
            let Some(notice) = made else {
                continue;
            };
            let one = Push {
                mock: &owner,
                url: &url,
                id: &order.id,
                settled,
                notice: &notice,
            };
            if twice {
                tokio::join!(one.repeat(first_tried.take()), one.repeat(None));
            } else {
                one.repeat(first_tried.take()).await;
            }
        }
    });
    heard
}

/// One notification on its way.
struct Push<'a> {
    mock: &'a Mock,
    url: &'a str,
    id: &'a str,
    settled: Settled,
    notice: &'a Notice,
}

impl Push<'_> {
    async fn repeat(&self, first_tried: Option<oneshot::Sender<()>>) {
        let mut first_tried = first_tried;
        let gaps = self.mock.config.notify_gaps_ms.iter().take(MOST_GAPS);
        let waits = std::iter::once(0).chain(gaps.copied());
        for (attempt, wait_ms) in (1_u32..).zip(waits) {
            sleep(Duration::from_millis(wait_ms)).await;
            let answer = timeout(TRY_LIMIT, post(self.url, self.notice)).await;
            let acknowledged = match answer {
                Ok(Ok((200, body))) => self.mock.config.wire.acknowledges(&body),
                Ok(Ok(_)) | Ok(Err(_)) | Err(_) => false,
            };
            self.mock.sent(SentNotification {
                id: self.id.to_owned(),
                settled: self.settled,
                at_ms: now_ms(),
                attempt,
                acknowledged,
            });
            if let Some(first_tried) = first_tried.take() {
                // Nobody listens unless the submit waits for its notification.
                first_tried.send(()).ok();
            }
            if acknowledged {
                return;
            }
        }
    }
}

/// Posts once and reads the status and the body.
async fn post(url: &str, notice: &Notice) -> io::Result<(u16, Vec<u8>)> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    let rest = url.strip_prefix("http://").ok_or_else(|| bad("only http"))?;
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(split);
    if url.bytes().any(|b| b.is_ascii_control() || b == b' ') || host.is_empty() {
        return Err(bad("not an address"));
    }
    let target = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("/{target}")
    };
    let address = if host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
    {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        notice.content_type,
        notice.body.len(),
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&notice.body);
    stream.write_all(&bytes).await?;
    read_answer(&mut stream).await
}

async fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, Vec<u8>)> {
    let mut buffer = Vec::new();
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer");
    loop {
        let ended = stream.read_buf(&mut buffer).await? == 0;
        let mut storage = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut storage);
        if let httparse::Status::Complete(head) = parsed.parse(&buffer).map_err(|_| odd())? {
            let length = parsed
                .headers
                .iter()
                .find(|h| h.name.eq_ignore_ascii_case("content-length"))
                .and_then(|h| std::str::from_utf8(h.value).ok()?.parse::<usize>().ok());
            let is_chunked = parsed.headers.iter().any(|h| h.name.eq_ignore_ascii_case("transfer-encoding"));
            let status = parsed.code.ok_or_else(odd)?;
            let body = buffer.get(head..).unwrap_or_default();
            match length {
                Some(length) if body.len() >= length => {
                    return Ok((status, body.get(..length).unwrap_or_default().to_vec()));
                }
                None if ended && is_chunked => return Ok((status, joined(body).ok_or_else(odd)?)),
                None if ended => return Ok((status, body.to_vec())),
                Some(_) | None => {}
            }
        }
        if ended || buffer.len() > ANSWER_LIMIT {
            return Err(odd());
        }
    }
}

/// The content of a chunked body.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(chunks).ok()? else {
            return None;
        };
        if size == 0 {
            return Some(body);
        }
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(chunks.get(start..end)?);
        chunks = chunks.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_answer_is_joined() {
        let body = b"3\r\nsuc\r\n4\r\ncess\r\n0\r\n\r\n";
        assert_eq!(joined(body).unwrap(), b"success");
        assert!(joined(b"3\r\nsu").is_none());
    }
}
