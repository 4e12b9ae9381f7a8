//! `Prefer: wait=N` (RFC 7240): how long the client would like an answer to be held back for.

use std::time::Duration;

use actix_web::HttpRequest;

/// The wait asked for, at most `max_seconds`; `None` if none was asked for in a form we read.
pub(super) fn wait(request: &HttpRequest, max_seconds: u32) -> Option<Duration> {
    let headers = request.headers().get_all("Prefer");
    let seconds = headers.filter_map(|value| value.to_str().ok()).find_map(seconds)?;
    let seconds = seconds.min(u64::from(max_seconds));
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// The first `wait` of one header line; digits beyond 64 bits are simply very long.
fn seconds(line: &str) -> Option<u64> {
    line.split(',').find_map(|preference| {
        let preference = preference.split(';').next()?;
        let (name, value) = preference.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        (is_wait && is_number).then(|| value.parse().unwrap_or(u64::MAX))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_wait_is_read_in_every_form_the_standard_allows_and_capped() {
        for (line, expected) in [
            ("wait=10", Some(10)),
            ("respond-async, wait=7", Some(7)),
            ("Wait = \"9\" ; foo=bar", Some(9)),
            ("wait=3, wait=20", Some(3)),
            ("wait=26", Some(25)),
            ("wait=99999999999999999999999", Some(25)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait=1.5", None),
            ("wait", None),
            ("return=minimal", None),
        ] {
            let request = TestRequest::get().insert_header(("Prefer", line)).to_http_request();
            assert_eq!(wait(&request, 25), expected.map(Duration::from_secs), "{line}");
        }
        assert_eq!(wait(&TestRequest::get().to_http_request(), 25), None);
    }
}
