//! Which addresses a shop may make us call, and which URLs name them: pure functions.
//!
//! A callback URL is a shop's to choose, so it is an attacker's too: it must not reach this
//! machine, its network, or the cloud's metadata service. `check_url` turns away at accept what is
//! wrong on its face; names pass, and every address they resolve to is judged by `may_call` when
//! the connection is made, so a name that later points inwards gains nothing.
//!
//! IPv6 is judged by what is allowed (global unicast), IPv4 by what is not. Any port may be called
//! but those that browsers refuse too (the Fetch standard's "bad ports") and those of databases,
//! remote desktops and container engines: shops do live on odd ports, mail servers do not take orders.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What may be called beyond the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressPolicy {
    /// Also this machine itself: for development and the demo only.
    pub may_call_loopback: bool,
}

/// Why a URL may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCallable {
    /// Not an absolute URL.
    #[error("not an absolute URL: write it like https://shop.example/callback")]
    Unreadable,
    /// Too long to be kept and sent.
    #[error("longer than 2048 bytes: shorten it")]
    TooLong,
    /// Neither http nor https.
    #[error("neither http nor https: use one of these")]
    Scheme,
    /// Carries a user name or password.
    #[error("carries a user name or password: leave them out and verify the signature instead")]
    UserInfo,
    /// Names a port of something that is no web server.
    #[error("this port is not for web servers: use another")]
    Port,
    /// Names an address that is not public.
    #[error("not a public address: use one that the internet can reach")]
    Address,
}

/// Longer URLs are refused.
const MAX_URL_BYTES: usize = 2_048;

/// Checks a callback URL as the shop wrote it. A host name passes; it is judged when it is resolved.
/// The URL returned is the form to keep and to call.
///
/// # Errors
/// Why it may not be called.
pub fn check_url(text: &str, policy: AddressPolicy) -> Result<Url, NotCallable> {
    if text.len() > MAX_URL_BYTES {
        return Err(NotCallable::TooLong);
    }
    // The parser mends these silently; what it would call is then not what people read.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(NotCallable::Unreadable);
    }
    let mut url = Url::parse(text).map_err(|_| NotCallable::Unreadable)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotCallable::Scheme);
    }
    // An empty user name ("https://@shop.example") is seen only in the text.
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(NotCallable::UserInfo);
    }
    if !url.port_or_known_default().is_some_and(is_web_port) {
        return Err(NotCallable::Port);
    }
    let is_allowed = match url.host().ok_or(NotCallable::Unreadable)? {
        Host::Ipv4(ip) => may_call(IpAddr::V4(ip), policy),
        Host::Ipv6(ip) => may_call(IpAddr::V6(ip), policy),
        Host::Domain(name) => policy.may_call_loopback || !is_localhost(name),
    };
    if !is_allowed {
        return Err(NotCallable::Address);
    }
    url.set_fragment(None);
    // The HTTP client reads URLs more strictly; found out here, the shop is told.
    url.as_str().parse::<http::Uri>().map_err(|_| NotCallable::Unreadable)?;
    Ok(url)
}

/// Whether a connection to `ip` may be made on a shop's behalf.
#[must_use]
pub fn may_call(ip: IpAddr, policy: AddressPolicy) -> bool {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() => policy.may_call_loopback,
        IpAddr::V4(ip) => !INWARD_V4.iter().any(|(net, length)| is_within_v4(ip, *net, *length)),
        IpAddr::V6(ip) if ip.is_loopback() => policy.may_call_loopback,
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(inner) => may_call(IpAddr::V4(inner), policy),
            None => is_within_v6(ip, GLOBAL_V6) && !INWARD_V6.iter().any(|net| is_within_v6(ip, *net)),
        },
    }
}

/// The IPv4 networks that are not the public internet (IANA's special-purpose registry), loopback apart.
const INWARD_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier NAT; holds 100.100.100.200, a cloud's metadata
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; holds 169.254.169.254, most clouds' metadata
    (Ipv4Addr::new(168, 63, 129, 16), 32), // public by number, one cloud's host by routing
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),   // protocol assignments; holds 192.0.0.192, a cloud's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),   // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24), // retired 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

/// All that IPv6 routes globally; loopback, link-local, unique local and multicast are outside.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Within the global range, but not the public internet.
const INWARD_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols: Teredo, benchmarks, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// The IPv4 address that a packet to `ip` ends up at: mapped, 6to4 and NAT64. (The retired
/// "compatible" form ::a.b.c.d is outside the global range and so refused whatever it holds.)
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

fn is_within_v4(ip: Ipv4Addr, net: Ipv4Addr, length: u32) -> bool {
    (u32::from(ip) ^ u32::from(net)).leading_zeros() >= length
}

fn is_within_v6(ip: Ipv6Addr, (net, length): (Ipv6Addr, u32)) -> bool {
    (u128::from(ip) ^ u128::from(net)).leading_zeros() >= length
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// What stands between the scheme and the path, as written.
fn authority(text: &str) -> &str {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest).trim_start_matches('/');
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn is_web_port(port: u16) -> bool {
    !NO_WEB_PORTS.contains(&port)
}

/// The Fetch standard's bad ports, and those of services that must not be talked to by accident.
#[rustfmt::skip]
const NO_WEB_PORTS: [u16; 98] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515,
    526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723,
    2049, 2375, 2376, 2379, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 6000, 6379, 6566, 6665, 6666,
    6667, 6668, 6669, 6679, 6697, 9042, 10080, 10250, 11211, 27017,
];

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: AddressPolicy = AddressPolicy { may_call_loopback: false };
    const DEVELOPMENT: AddressPolicy = AddressPolicy { may_call_loopback: true };

    #[test]
    fn whatever_does_not_lead_to_the_public_internet_is_refused() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::8.8.8.8",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "2001:2::1",
            "2001:20::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!may_call(text.parse().unwrap(), STRICT), "{text}");
        }
    }

    #[test]
    fn the_public_internet_may_be_called() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:3200::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(may_call(text.parse().unwrap(), STRICT), "{text}");
        }
    }

    #[test]
    fn the_development_setting_opens_this_machine_and_nothing_else() {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(may_call(text.parse().unwrap(), DEVELOPMENT), "{text}");
        }
        for text in ["0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.1.1", "fe80::1", "fd00::1", "::"] {
            assert!(!may_call(text.parse().unwrap(), DEVELOPMENT), "{text}");
        }
        assert!(check_url("http://localhost:8080/cb", DEVELOPMENT).is_ok());
        assert!(check_url("http://127.0.0.1:8080/cb", DEVELOPMENT).is_ok());
    }

    #[test]
    fn a_url_is_judged_by_what_it_means_and_not_by_how_it_is_written() {
        use NotCallable::{Address, Port, Scheme, TooLong, Unreadable, UserInfo};
        let long = format!("https://shop.example/{}", "a".repeat(2_048));
        for (text, why) in [
            ("http://127.0.0.1/", Address),
            ("http://127.1/", Address),
            ("http://0x7f.1/", Address),
            ("http://0x7f000001/", Address),
            ("http://0177.0.0.1/", Address),
            ("http://2130706433/", Address),
            ("http://127.0.0.1./", Address),
            ("http://127。0。0。1/", Address),
            ("http://①②⑦.0.0.1/", Address),
            ("http://%31%32%37.0.0.1/", Address),
            ("http://0/", Address),
            ("http://10.1/", Address),
            ("http://169.254.169.254/latest/meta-data/", Address),
            ("http://2852039166/", Address),
            ("http://[::1]/", Address),
            ("http://[::]/", Address),
            ("http://[::ffff:127.0.0.1]/", Address),
            ("http://[::ffff:7f00:1]/", Address),
            ("http://[0:0:0:0:0:ffff:a9fe:a9fe]/", Address),
            ("http://[fd00:ec2::254]/", Address),
            ("http://localhost/", Address),
            ("http://LOCALHOST./", Address),
            ("http://shop.localhost/", Address),
            ("http://[fe80::1%eth0]/", Unreadable),
            ("http://[fe80::1%25eth0]/", Unreadable),
            ("http://256.0.0.1/", Unreadable),
            ("http://1.2.3.4.5/", Unreadable),
            ("http:///", Unreadable),
            ("https://", Unreadable),
            ("https://:443/", Unreadable),
            ("", Unreadable),
            ("/callback", Unreadable),
            ("shop.example/callback", Unreadable),
            ("https://shop.example\\@10.0.0.1/", Unreadable),
            ("https://shop.ex\tample/", Unreadable),
            (" https://shop.example/", Unreadable),
            ("https://shop.example/a b", Unreadable),
            ("https://shop.example:99999/", Unreadable),
            ("https://user@shop.example/", UserInfo),
            ("https://user:password@shop.example/", UserInfo),
            ("https://:@shop.example/", UserInfo),
            ("https://@shop.example/", UserInfo),
            ("https:@shop.example/", UserInfo),
            ("https://8.8.8.8@127.0.0.1/", UserInfo),
            ("ftp://shop.example/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("gopher://shop.example/", Scheme),
            ("ws://shop.example/", Scheme),
            ("https://shop.example:22/", Port),
            ("https://shop.example:25/", Port),
            ("https://shop.example:6379/", Port),
            ("https://shop.example:0/", Port),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(check_url(text, STRICT), Err(why), "{text:?}");
        }
    }

    #[test]
    fn an_ordinary_url_passes_in_the_form_in_which_it_is_called() {
        for (text, called) in [
            ("https://shop.example/callback?a=1&b=%20", "https://shop.example/callback?a=1&b=%20"),
            ("http://shop.example", "http://shop.example/"),
            ("HTTPS://Shop.Example:443/A", "https://shop.example/A"),
            ("https://shop.example:8443/cb#part", "https://shop.example:8443/cb"),
            ("http://shop.example:888/cb", "http://shop.example:888/cb"),
            ("https://shop.example./cb", "https://shop.example./cb"),
            ("https://卡店.example/回调", "https://xn--hlru4x.example/%E5%9B%9E%E8%B0%83"),
            ("https://xn--hlru4x.example/", "https://xn--hlru4x.example/"),
            ("https://my_shop.example/cb", "https://my_shop.example/cb"),
            ("https://shop.example/user@home", "https://shop.example/user@home"),
            ("https://8.8.8.8/cb", "https://8.8.8.8/cb"),
            ("https://[2606:4700::1111]:8443/cb", "https://[2606:4700::1111]:8443/cb"),
            ("https://10.0.0.1.nip.example/", "https://10.0.0.1.nip.example/"),
        ] {
            assert_eq!(check_url(text, STRICT).map(String::from).as_deref(), Ok(called), "{text}");
        }
    }

    #[test]
    fn the_list_of_ports_is_sorted_and_leaves_web_ports_alone() {
        assert!(NO_WEB_PORTS.is_sorted_by(|a, b| a < b));
        assert!(
            [80, 81, 88, 443, 888, 3000, 5000, 8000, 8080, 8443, 8888, 9000, 65_535]
                .into_iter()
                .all(is_web_port)
        );
    }
}
