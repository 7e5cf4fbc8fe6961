//! Where clients reach us: what of a request's host may be repeated.

use std::net::Ipv6Addr;

use http::uri::Scheme;

/// What stands for a host that the client did not name.
const UNKNOWN: &str = "goproxy.example";

/// What clients set as GOPROXY.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) scheme: Scheme,
    /// A good one ([`is_host`]), if there is one.
    pub(super) host: Option<&'a str>,
    pub(super) prefix: &'a str,
}

impl Place<'_> {
    /// The URL.
    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host.unwrap_or(UNKNOWN), self.prefix)
    }

    /// What `.netrc` calls it: with the port, if there is one.
    pub(super) fn machine(&self) -> &str {
        self.host.unwrap_or(UNKNOWN)
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

/// Whether this is a host with or without a port (RFC 3986 3.2.2), of characters that mean nothing to HTML or a shell.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || is_port(port)),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let named = !host.is_empty() && !host.starts_with(['-', '.']) && host.len() <= 253 && host.bytes().all(plain);
    named && (port.is_empty() || is_port(port))
}

/// A colon and a number.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits.is_some_and(|digits| digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in ["proxy", "goproxy.io", "10.0.0.1:8081", "[::1]", "[2001:db8::1]:443", "a_b.c-d:1"] {
            assert!(is_host(good), "{good}");
        }
        let long = "a".repeat(254);
        for bad in [
            "", ":80", "a:", "a:x", "a:65536", "a:1:2", "[::1", "[x]", "[::1]x", "[::1]:", "u@h", "a/b", "a b", "a\"",
            "a'", "<b>", "a;b", "a$b", "a`b", "-flag", ".a", "a\n", "é", "a%41", "a,b", &long,
        ] {
            assert!(!is_host(bad), "{bad:?}");
        }
    }
}
