//! What an `Authorization` header says (RFC 7617, RFC 6750).

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// As long as the longest header that is read. Tokens of CI systems have about two thousand bytes.
const MAX: usize = 8 << 10;

/// Who somebody says they are. No `Debug`: it holds secrets.
#[derive(PartialEq, Eq)]
pub(crate) enum Credential {
    /// `Basic`. A token may stand for the password, under any user name: `.netrc` and URLs can say nothing else.
    Basic { user: String, password: String },
    /// `Bearer`.
    Bearer(String),
}

impl Credential {
    /// Reads the header's value.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok().filter(|text| text.len() <= MAX)?;
        let (scheme, rest) = text.trim().split_once(' ')?;
        let rest = rest.trim_start();
        if scheme.eq_ignore_ascii_case("bearer") {
            let plain = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic());
            return plain.then(|| Self::Bearer(rest.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        // RFC 7617 2; and a NUL would end what bcrypt reads.
        let plain = !decoded.chars().any(char::is_control);
        plain.then(|| Self::Basic { user: user.to_owned(), password: password.to_owned() })
    }

    /// What may be a token.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &[u8]) -> Option<Credential> {
        Credential::parse(format!("Basic {}", STANDARD.encode(text)).as_bytes())
    }

    #[test]
    fn users_passwords_and_tokens_are_read() {
        let of = |user: &str, password: &str| Some(Credential::Basic { user: user.into(), password: password.into() });
        assert!(basic(b"u:p") == of("u", "p"));
        assert!(basic(b"u:p:q") == of("u", "p:q"));
        assert!(basic(b":p") == of("", "p"));
        assert!(basic("ü:é".as_bytes()) == of("ü", "é"));
        assert!(Credential::parse(b"bASIC dTpw") == of("u", "p"));
        assert!(Credential::parse(b"bearer  a.b-c") == Some(Credential::Bearer("a.b-c".into())));
    }

    #[test]
    fn junk_is_nobody() {
        let long = [b"Bearer ".as_slice(), &[b'a'; MAX]].concat();
        for header in [
            &b""[..],
            b"Basic",
            b"Basic ",
            b"Basic !!!",
            b"Basic dTpw=",
            b"Bearer ",
            b"Bearer a b",
            b"Bearer \x01",
            b"Digest a",
            b"\xff\xfe",
            b"Basic \xff",
            b"dTpw",
            b"Negotiate dTpw",
            &long,
        ] {
            assert!(Credential::parse(header).is_none(), "{}", String::from_utf8_lossy(header));
        }
        for text in [&b"no colon"[..], b"u:\0", b"u:p\n", b"\xff:\xff", b""] {
            assert!(basic(text).is_none(), "{text:?}");
        }
    }
}
