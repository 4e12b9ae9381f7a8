//! Who really sent a notification, when a reverse proxy stands in front.
//!
//! `X-Forwarded-For` is believed only as far as proxies we trust wrote it: from the right, the first
//! address that is not one of them. Anything further left may be the sender's invention.

use std::net::IpAddr;

use actix_web::HttpRequest;

/// Addresses whose `X-Forwarded-For` is believed; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<IpAddr>);

impl TrustedProxies {
    /// The sender's address; `None` only without a connection (in a simulation).
    pub(super) fn sender(&self, request: &HttpRequest) -> Option<IpAddr> {
        let mut sender = canonical(request.peer_addr()?.ip());
        let lines: Vec<&str> = request
            .headers()
            .get_all("X-Forwarded-For")
            .filter_map(|line| line.to_str().ok())
            .collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.0.contains(&sender) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => sender = canonical(address),
                Err(_) => break,
            }
        }
        Some(sender)
    }
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn sender(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies(trusted.iter().map(|text| text.parse().unwrap()).collect());
        let request = forwarded.iter().fold(TestRequest::get(), |request, line| {
            request.append_header(("X-Forwarded-For", *line))
        });
        let request = request.peer_addr(format!("{peer}:9").parse().unwrap()).to_http_request();
        proxies.sender(&request).unwrap().to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_only_from_a_trusted_proxy() {
        assert_eq!(sender(&[], "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(sender(&["9.9.9.9"], "9.9.9.9", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(sender(&["9.9.9.9"], "9.9.9.9", &["6.6.6.6, 1.1.1.1"]), "1.1.1.1");
        assert_eq!(
            sender(&["9.9.9.9", "8.8.8.8"], "9.9.9.9", &["6.6.6.6, 1.1.1.1", "8.8.8.8"]),
            "1.1.1.1"
        );
        assert_eq!(sender(&["9.9.9.9"], "9.9.9.9", &["rubbish"]), "9.9.9.9");
        assert_eq!(sender(&["9.9.9.9"], "9.9.9.9", &[]), "9.9.9.9");
        assert_eq!(sender(&["9.9.9.9"], "[::ffff:9.9.9.9]", &["1.1.1.1"]), "1.1.1.1");
    }
}
