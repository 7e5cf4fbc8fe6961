//! Which addresses are not public: the guard against server-side request forgery. It judges URLs (address literals in
//! every spelling, names that are never public) before a request, and what other names resolve to when a connection is
//! made (`resolve`). Where an HTTP proxy is configured it is the proxy that looks names up and has to refuse.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
};

use reqwest::Url;

/// Whether the URL names this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match host(url) {
        Host::Address(ip) => ip.to_canonical().is_loopback(),
        Host::Name(name) => is_localhost(&name),
    }
}

/// Whether the URL leads to a socket of this machine that is bound to `bound`. Connecting to no address in particular leads here.
pub(crate) fn means(url: &Url, bound: IpAddr) -> bool {
    let bound = bound.to_canonical();
    let here = bound.is_unspecified() || bound.is_loopback();
    match host(url) {
        Host::Name(name) => here && is_localhost(&name),
        Host::Address(ip) => match ip.to_canonical() {
            ip if ip == bound => true,
            ip if ip.is_loopback() => bound.is_unspecified(),
            ip => here && ip.is_unspecified(),
        },
    }
}

/// Whether the URL names something that is not on the public internet.
pub(crate) fn is_internal(url: &Url) -> bool {
    match host(url) {
        Host::Address(ip) => !is_public(ip),
        Host::Name(name) => is_localhost(&name) || is_never_public(&name),
    }
}

/// Whether the address is one of the public internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !internal_v4(ip),
        IpAddr::V6(ip) => !internal_v6(ip),
    }
}

/// Whether the URL names what a machine learns its own credentials from, which nobody configures as an upstream: the
/// link-local addresses, and the others under which clouds serve their metadata.
pub(crate) fn is_metadata(url: &Url) -> bool {
    match host(url) {
        Host::Address(ip) => is_metadata_address(ip),
        Host::Name(name) => name == "metadata" || name == "metadata.google.internal",
    }
}

/// The same of an address that a name has.
pub(crate) fn is_metadata_address(ip: IpAddr) -> bool {
    match plain(ip) {
        IpAddr::V4(ip) => ip.is_link_local() || ip.octets() == [100, 100, 100, 200],
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            first & 0xffc0 == 0xfe80 || (first, second) == (0xfd00, 0x0ec2)
        }
    }
}

/// The IPv4 address that an address leads to, if it is one of those.
pub(crate) fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// What a URL names.
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

/// The URL parser has normalised `127.1`, `0x7f000001` and the like to dotted quads already.
pub(crate) fn host(url: &Url) -> Host {
    let text = url.host_str().unwrap_or_default();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    IpAddr::from_str(bare).map_or_else(|_| Host::Name(bare.to_ascii_lowercase()), Host::Address)
}

fn is_localhost(name: &str) -> bool {
    // RFC 6761 6.3: every name below localhost is the machine itself.
    name.is_empty() || name == "localhost" || name.ends_with(".localhost")
}

/// Names of one label, as containers and clusters use them, and the domains set aside for private networks (RFC 6762,
/// RFC 8375, ICANN's `.internal`, under which clouds serve their metadata).
fn is_never_public(name: &str) -> bool {
    !name.contains('.') || [".local", ".internal", ".home.arpa"].iter().any(|domain| name.ends_with(domain))
}

/// IANA's special-purpose registry, as far as an address can be a host.
fn internal_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
}

fn internal_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = embedded_v4(ip) {
        return internal_v4(v4);
    }
    let [first, second, third, ..] = ip.segments();
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        // Teredo hides an address of IPv4; networks choose what 64:ff9b:1::/48 leads to; 100::/64 leads nowhere.
        || (first, second) == (0x2001, 0)
        || (first, second, third) == (0x64, 0xff9b, 1)
        || (first, second, third) == (0x100, 0, 0)
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
        || first & 0xffc0 == 0xfec0
}

/// The IPv4 address that a mapped, translated, compatible, NAT64 or 6to4 address leads to.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let quad = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(quad(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(quad(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(quad(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(quad(high, low)),
        [0x2002, high, low, ..] => Some(quad(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[::7f00:1]",
            "[::ffff:0:7f00:1]",
            "[64:ff9b:1::7f00:1]",
            "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
            "[fec0::1]",
            "[ff02::1]",
            "0177.0.0.1",
            "0x7f.0x0.1",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "127\u{3002}0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "%31%32%37.0.0.1",
            "127.0.0.1.",
            "athens",
            "metadata.google.internal",
            "minio.storage.svc.cluster.local",
        ] {
            assert!(is_internal(&Url::parse(&format!("http://{host}/x")).unwrap()), "{host}");
        }
    }

    #[test]
    fn public_hosts_are_not_internal() {
        for host in ["goproxy.io", "8.8.8.8", "[2606:4700::1]", "localhost.example", "100.128.0.1", "172.32.0.1"] {
            assert!(!is_internal(&Url::parse(&format!("https://{host}/x")).unwrap()), "{host}");
        }
    }

    #[test]
    fn loopback_is_narrower_than_internal() {
        let loopback = |host: &str| is_loopback(&Url::parse(&format!("http://{host}/")).unwrap());
        assert!(
            loopback("127.0.0.1:80") && loopback("localhost") && loopback("[::1]") && loopback("[::ffff:127.0.0.1]")
        );
        assert!(!loopback("10.0.0.1") && !loopback("example.com"));
    }

    #[test]
    fn what_leads_to_a_socket_of_ours() {
        let means =
            |host: &str, bound: &str| means(&Url::parse(&format!("http://{host}/")).unwrap(), bound.parse().unwrap());
        for (bound, ours, others) in [
            ("::", "localhost 127.0.0.1 127.0.0.2 [::1] 0.0.0.0", "192.0.2.1 proxy.example"),
            ("0.0.0.0", "localhost 127.0.0.1 0.0.0.0", "192.0.2.1"),
            ("127.0.0.1", "localhost 127.0.0.1 [::ffff:127.0.0.1] 0.0.0.0", "127.0.0.2"),
            ("192.0.2.1", "192.0.2.1", "127.0.0.1 localhost 192.0.2.2"),
        ] {
            assert!(ours.split(' ').all(|host| means(host, bound)), "{bound}");
            assert!(!others.split(' ').any(|host| means(host, bound)), "{bound}");
        }
    }
}
