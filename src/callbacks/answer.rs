//! What a shop's answer means. Only its status and `Retry-After` count; its body is never looked at.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::net::retry_after_ms;
use crate::seams::{MaybeSent, NotSent, SendFailure};

/// What an answer means for the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 2xx: the shop has it.
    Acknowledged,
    /// 410: the shop wants no more of these at this address.
    Gone,
    /// Anything else, redirects and silence included: try again.
    Again {
        /// How long the shop asked us to wait, in milliseconds.
        pause_ms: Option<i64>,
    },
}

/// An answer with the words operators see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) verdict: Verdict,
    pub(super) result: String,
}

impl Heard {
    /// Nothing was sent, because nothing could be signed.
    pub(super) fn without_secret() -> Self {
        Self {
            verdict: Verdict::Again { pause_ms: None },
            result: "no_secret".to_owned(),
        }
    }

    /// The meaning of what the wire brought at `now_ms`.
    pub(super) fn of(reply: &Result<Response<Bytes>, SendFailure>, now_ms: i64) -> Self {
        match reply {
            Ok(response) => Self {
                verdict: verdict(response, now_ms),
                result: format!("http_{}", response.status().as_u16()),
            },
            Err(failure) => Self {
                verdict: Verdict::Again { pause_ms: None },
                result: word(*failure).to_owned(),
            },
        }
    }
}

fn verdict(response: &Response<Bytes>, now_ms: i64) -> Verdict {
    let status = response.status();
    if status.is_success() {
        Verdict::Acknowledged
    } else if status == StatusCode::GONE {
        Verdict::Gone
    } else {
        Verdict::Again {
            pause_ms: retry_after_ms(response.headers(), now_ms),
        }
    }
}

fn word(failure: SendFailure) -> &'static str {
    match failure {
        SendFailure::NotSent(NotSent::Address) => "address",
        SendFailure::NotSent(NotSent::Connect) => "connect",
        SendFailure::NotSent(NotSent::Request) => "request",
        SendFailure::MaybeSent(MaybeSent::Timeout) => "timeout",
        SendFailure::MaybeSent(MaybeSent::Broken) => "broken",
        SendFailure::MaybeSent(MaybeSent::TooLarge) => "too_large",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z.
    const NOW_MS: i64 = 784_111_777_000;

    fn heard(status: u16, retry_after: Option<&str>) -> Heard {
        let mut response = Response::builder().status(status);
        if let Some(text) = retry_after {
            response = response.header("Retry-After", text);
        }
        Heard::of(&Ok(response.body(Bytes::new()).unwrap()), NOW_MS)
    }

    #[test]
    fn only_2xx_acknowledges_and_only_410_ends_it() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(heard(status, None).verdict, Verdict::Acknowledged, "{status}");
        }
        assert_eq!(heard(410, None).verdict, Verdict::Gone);
        for status in [301, 302, 307, 400, 401, 404, 429, 500, 503] {
            assert_eq!(heard(status, None).verdict, Verdict::Again { pause_ms: None }, "{status}");
        }
        assert_eq!(heard(503, None).result, "http_503");
    }

    #[test]
    fn a_pause_may_be_asked_for_in_seconds_or_until_a_date() {
        let pauses = [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(i64::MAX)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ];
        for (text, pause_ms) in pauses {
            assert_eq!(heard(429, Some(text)).verdict, Verdict::Again { pause_ms }, "{text:?}");
        }
    }

    #[test]
    fn silence_is_a_reason_to_try_again() {
        let heard = Heard::of(&Err(SendFailure::MaybeSent(MaybeSent::Timeout)), NOW_MS);
        assert_eq!(heard.verdict, Verdict::Again { pause_ms: None });
        assert_eq!(heard.result, "timeout");
    }
}
