//! `Retry-After`: for how long the other side wants to be left alone.

use http::{HeaderMap, header};
use jiff::fmt::rfc2822;

/// Milliseconds from `now_ms` on. Seconds, or an HTTP date; what is neither asks for nothing.
#[must_use]
pub fn retry_after_ms(headers: &HeaderMap, now_ms: i64) -> Option<i64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than 64 bits hold ask for longer than any pause we grant.
        return Some(text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1_000));
    }
    let until_ms = rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(until_ms.saturating_sub(now_ms).max(0))
}
