//! From our request to the client's, refusing whatever could not leave exactly as it is written.
//!
//! Signatures cover bytes. A URL that the client would mend, or a length header that contradicts
//! the body, would leave as something other than what was signed: better not at all.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::seams::{NotSent, Outbound};

/// The request as reqwest sends it, to `url`, whatever the request itself names.
pub(super) fn build(url: Url, outbound: Outbound) -> Result<reqwest::Request, NotSent> {
    let (parts, body) = outbound.request.into_parts();
    if parts.method == Method::CONNECT || parts.headers.contains_key(TRANSFER_ENCODING) {
        return Err(NotSent::Request);
    }
    let length = body.len().to_string();
    if parts
        .headers
        .get_all(CONTENT_LENGTH)
        .iter()
        .any(|value| value.as_bytes() != length.as_bytes())
    {
        return Err(NotSent::Request);
    }
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    if request.headers().is_empty() {
        // The client adds two; a map that grows by itself takes room for six.
        *request.headers_mut() = HeaderMap::with_capacity(2);
    }
    *request.timeout_mut() = Some(std::time::Duration::from_millis(outbound.timeout_ms));
    if !body.is_empty() {
        *request.body_mut() = Some(body.into());
    } else if request.method() == Method::POST || request.method() == Method::PUT {
        // Without a body the client names no length, and some servers then wait for one.
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(request)
}

/// The URL, if the client leaves its path and query as they are.
pub(super) fn exact_url(uri: &http::Uri) -> Result<Url, NotSent> {
    let url = Url::parse(&uri.to_string()).map_err(|_| NotSent::Request)?;
    let is_exact = url.path() == uri.path() && url.query() == uri.query();
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_exact && is_web && !has_user {
        Ok(url)
    } else {
        Err(NotSent::Request)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn built(request: http::request::Builder, body: &'static [u8]) -> Result<reqwest::Request, NotSent> {
        let outbound = outbound(request, body);
        exact_url(outbound.request.uri()).and_then(|url| build(url, outbound))
    }

    fn outbound(request: http::request::Builder, body: &'static [u8]) -> Outbound {
        Outbound {
            request: request.body(Bytes::from_static(body)).unwrap(),
            timeout_ms: 1_000,
            max_reply_bytes: 1_000,
        }
    }

    #[test]
    fn a_url_that_would_be_mended_is_not_sent() {
        for uri in [
            "http://a.example/x/../y",
            "http://a.example/./y",
            "http://a.example/?q='",
            "http://user@a.example/",
            "http://user:password@a.example/",
            "ftp://a.example/",
            "/path",
            "a.example:80",
        ] {
            let result = built(http::Request::get(uri), b"");
            assert_eq!(result.map(|request| request.url().to_string()), Err(NotSent::Request), "{uri}");
        }
    }

    #[test]
    fn a_url_that_stays_as_it_is_is_sent() {
        for uri in [
            "http://a.example/x?sign=%2B%2f&b=~!()*",
            "https://A.example:8443/%7e/x",
            "http://10.0.0.1:80/?",
            "http://a.example/",
        ] {
            let built = built(http::Request::get(uri), b"").unwrap();
            let sent: http::Uri = built.url().as_str().parse().unwrap();
            assert_eq!(sent.path_and_query(), uri.parse::<http::Uri>().unwrap().path_and_query(), "{uri}");
        }
    }

    #[test]
    fn a_length_that_contradicts_the_body_is_not_sent() {
        let post = || http::Request::post("http://a.example/");
        assert!(built(post().header("content-length", "4"), b"body").is_ok());
        assert!(built(post().header("content-length", "3"), b"body").is_err());
        assert!(built(post().header("transfer-encoding", "chunked"), b"body").is_err());
        assert!(built(http::Request::connect("http://a.example/"), b"").is_err());
    }
}
