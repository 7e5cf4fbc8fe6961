//! How names look in URLs, and how URLs look in logs.

use reqwest::Url;

/// Escapes a path the way `go` sends it (net/url.PathEscape, with `/` kept; measured with go 1.26): unreserved
/// characters and `$&+=:@` stay, everything else is `%XX`. So the `!` of an escaped capital travels as `%21`.
pub(crate) fn escape_path(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len() + 8);
    for &byte in path.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(byte as char),
            b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b'+' | b'=' | b':' | b'@' | b'/' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Undoes percent-encoding; a `%` that starts no escape stands for itself.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let hex = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = match bytes[i..] {
            [b'%', high, low, ..] => hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(escape.unwrap_or(bytes[i]));
        i += if escape.is_some() { 3 } else { 1 };
    }
    out
}

/// Whether an encoded path below a base stays below it: no empty, `.` or `..` element however it is written. The paths
/// come from checked names; this holds even if one day they do not.
pub(crate) fn stays_below(path: &str) -> bool {
    let decoded = percent_decode(path);
    !climbs(path) && decoded.split(is_separator).all(|element| !element.is_empty())
}

/// Whether an encoded path has a `.` or `..` element however it is written. Some servers decode twice, and Java's drop
/// what follows a semicolon in an element before they resolve it.
pub(crate) fn climbs(path: &str) -> bool {
    let decoded = percent_decode(&String::from_utf8_lossy(&percent_decode(path)));
    let name =
        |element: &[u8]| element.split(|byte| *byte == b';').next().is_some_and(|name| matches!(name, b"." | b".."));
    decoded.split(is_separator).any(name)
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// A URL as it may be logged: user, password, query (signatures of object stores) and fragment are left out.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    strip_userinfo(&mut url);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

pub(crate) fn strip_userinfo(url: &mut Url) {
    // Fails only for URLs that cannot have any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_as_go_sends_them() {
        // Left: escaped module paths and versions; right: what a listener saw from go 1.26.
        for (path, wire) in [
            ("github.com/!ex/!nomod/@v/v1.0.0.info", "github.com/%21ex/%21nomod/@v/v1.0.0.info"),
            ("@v/a$b&c+d,e.info", "@v/a$b&c+d%2Ce.info"),
            ("@v/a(b)[c]{d}.info", "@v/a%28b%29%5Bc%5D%7Bd%7D.info"),
            ("@v/x#y%z^~.info", "@v/x%23y%25z%5E~.info"),
            ("@v/sp ace=@.info", "@v/sp%20ace=@.info"),
            ("@v/v2.0.0+incompatible.zip", "@v/v2.0.0+incompatible.zip"),
        ] {
            assert_eq!(escape_path(path), wire);
            assert_eq!(percent_decode(wire), path.as_bytes());
        }
    }

    #[test]
    fn half_escapes_stand_for_themselves() {
        assert_eq!(percent_decode("a%2"), b"a%2");
        assert_eq!(percent_decode("%zz%"), b"%zz%");
    }

    #[test]
    fn paths_stay_below_their_base() {
        assert!(stays_below("a.b/%21c/@v/v1.0.0.info") && stays_below("tile/8/0/x001/234.p/5"));
        for path in ["", "/a", "a//b", "a/", "../a", "a/./b", "a/%2e%2E/b", "a%2f..%2fb", "a\\..\\b", "a/.%2e"] {
            assert!(!stays_below(path), "{path}");
        }
    }

    #[test]
    fn shown_urls_hold_no_secrets() {
        let url = Url::parse("https://me:pw@h.example:8443/base/x?X-Amz-Signature=s#f").unwrap();
        assert_eq!(shown(&url), "https://h.example:8443/base/x");
    }
}
