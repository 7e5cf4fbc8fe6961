//! Tokens of an issuer: signed by its keys, for us, in time, with the claims that were configured (RFC 7519, RFC 8725).

use std::sync::Arc;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde_json::Value;

use crate::{FetchKeys, KeysFrom, Refusal, claims::Claim, keys::Keys};

/// Clocks may differ by this much.
const LEEWAY_SECONDS: u64 = 60;

/// Issuers that anybody can get a token of: without a claim that says whose, all the world would be let in.
const PUBLIC: [&str; 4] = [
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://agent.buildkite.com",
    "https://accounts.google.com",
];

/// Somebody who signs tokens, and what must be in them.
pub struct Issuer {
    pub(crate) name: String,
    pub(crate) issuer: String,
    audience: String,
    claims: Vec<Claim>,
    keys: Arc<Keys>,
}

/// A good token.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) expires: Timestamp,
}

impl Issuer {
    /// An issuer by the `iss` and `aud` of its tokens. `claims` are names with patterns, one of which must match.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn new(
        name: &str,
        issuer: &str,
        audience: &str,
        claims: Vec<(String, Vec<String>)>,
        (from, fetch): (KeysFrom, Arc<dyn FetchKeys>),
    ) -> Result<Self, String> {
        if audience.is_empty() {
            return Err("audience is empty; write the aud that tokens for this proxy have".to_owned());
        }
        let fetched = match &from {
            KeysFrom::Text(_) => None,
            KeysFrom::Url(url) => Some(url.as_str()),
            KeysFrom::Discovery => Some(issuer),
        };
        if fetched.is_some_and(|url| !is_safe(url)) {
            return Err("keys come over https only: correct issuer or jwks, or use jwksFile".to_owned());
        }
        if claims.is_empty() && PUBLIC.contains(&issuer.trim_end_matches('/')) {
            return Err("anybody can get a token of this issuer; say in claims whose are let in".to_owned());
        }
        let claims = claims.into_iter().map(|(name, patterns)| Claim::new(name, patterns)).collect::<Result<_, _>>()?;
        let keys = Keys::new(issuer, from, fetch)?;
        Ok(Self { name: name.to_owned(), issuer: issuer.to_owned(), audience: audience.to_owned(), claims, keys })
    }

    /// Verifies a token.
    pub(crate) async fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Unknown)?;
        // A header that must be understood is one that we do not (RFC 7515 4.1.11).
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA) || header.crit.is_some() {
            return Err(Refusal::Unknown);
        }
        let key = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = match decode::<Value>(token, &key.key, &validation) {
            Ok(data) => data.claims,
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => return Err(Refusal::Expired),
            Err(_) => return Err(Refusal::Unknown),
        };
        let expires = claims.get("exp").and_then(seconds).ok_or(Refusal::Unknown)?;
        if claims.get("nbf").is_some_and(|nbf| seconds(nbf).is_none()) {
            return Err(Refusal::Unknown);
        }
        if !self.claims.iter().all(|claim| claim.holds(&claims)) {
            return Err(Refusal::Claims);
        }
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Verified { subject, expires })
    }
}

/// A NumericDate (RFC 7519 2): seconds, perhaps with a fraction.
fn seconds(value: &Value) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and what is beyond a Timestamp is refused"
    )]
    let whole = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_second(whole).ok()
}

/// https, or this machine.
fn is_safe(url: &str) -> bool {
    let local = ["localhost", "127.0.0.1", "[::1]"];
    let host = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_owned();
    match url.split_once("://") {
        Some(("https", rest)) => !rest.is_empty() && !rest.contains('@'),
        Some(("http", rest)) => {
            !rest.contains('@') && (rest.starts_with("[::1]") || local.contains(&host(rest).as_str()))
        }
        _ => false,
    }
}

/// The `iss` of what looks like a token; nothing about it is proven.
pub(crate) fn claimed_issuer(token: &str) -> Option<String> {
    if token.bytes().filter(|b| *b == b'.').count() != 2 {
        return None;
    }
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    claims.get("iss").and_then(Value::as_str).map(str::to_owned)
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issuer({}, {})", self.name, self.issuer)
    }
}
