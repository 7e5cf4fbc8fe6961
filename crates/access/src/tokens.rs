//! Static tokens: the operator keeps the hash, the client the text.

use jiff::Timestamp;

use crate::{Refusal, crypto};

/// A token that somebody was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub(crate) name: String,
    hash: [u8; 32],
    expires: Option<Timestamp>,
}

impl Token {
    /// A token by its SHA-256 in hexadecimal digits, and the RFC 3339 time of its end.
    ///
    /// # Errors
    /// Which of them is wrong, and how it is written.
    pub fn new(name: &str, sha256: &str, expires: Option<&str>) -> Result<Self, String> {
        let hash = unhex(sha256).ok_or("sha256 wants 64 hexadecimal digits; goproxy token NAME prints them")?;
        let time = |text: &str| {
            text.parse().map_err(|_| format!("expires {text:?} is no RFC 3339 time, for example 2027-01-31T00:00:00Z"))
        };
        Ok(Self { name: name.to_owned(), hash, expires: expires.map(time).transpose()? })
    }
}

/// Finds the token with that text. Every token is compared, each in constant time.
pub(crate) fn find<'a>(tokens: &'a [Token], text: &str, now: Timestamp) -> Option<Result<&'a Token, Refusal>> {
    if tokens.is_empty() {
        return None;
    }
    let hash = crypto::sha256(text.as_bytes());
    let found =
        tokens.iter().fold(None, |found, token| if crypto::same(&token.hash, &hash) { Some(token) } else { found })?;
    Some(match found.expires {
        Some(expires) if expires <= now => Err(Refusal::Expired),
        _ => Ok(found),
    })
}

/// What the configuration holds of a token: its SHA-256 in hexadecimal digits.
pub fn token_hash(text: &str) -> String {
    crypto::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    (digits.len() == 64).then_some(())?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_until_it_expires() {
        let end = "2026-11-05T10:00:00Z";
        let tokens = [
            Token::new("ci", &token_hash("one"), Some(end)).unwrap(),
            Token::new("bot", &token_hash("two").to_uppercase(), None).unwrap(),
        ];
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        let name = |text, now| find(&tokens, text, at(now)).map(|found| found.map(|token| token.name.as_str()));
        assert_eq!(name("one", "2026-11-05T09:59:59Z"), Some(Ok("ci")));
        assert_eq!(name("one", end), Some(Err(Refusal::Expired)));
        assert_eq!(name("two", end), Some(Ok("bot")));
        for text in ["", "three", "on", "onee", &token_hash("one")] {
            assert_eq!(name(text, end), None, "{text}");
        }
    }

    #[test]
    fn a_bad_hash_or_time_is_an_error_with_the_remedy() {
        for hash in ["", "00", "goproxy_secret", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert!(Token::new("x", hash, None).unwrap_err().contains("goproxy token"), "{hash}");
        }
        for time in ["", "tomorrow", "2026-11-05", "2026-11-05T10:00:00"] {
            assert!(Token::new("x", &"0".repeat(64), Some(time)).unwrap_err().contains("RFC 3339"), "{time}");
        }
    }
}
