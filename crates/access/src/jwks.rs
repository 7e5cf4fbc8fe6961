//! A JSON Web Key Set: the public keys with which an issuer's tokens are verified (RFC 7517).

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::Value;

/// More keys than any issuer has.
const MAX_KEYS: usize = 64;

/// The keys that we can use.
pub(crate) struct KeySet(Vec<Key>);

/// A key, and the one algorithm that it is used with: a token cannot choose another.
#[derive(Clone)]
pub(crate) struct Key {
    id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

impl KeySet {
    /// Reads a set. Keys of other kinds or for other uses are left out, so that a new kind disturbs nothing.
    ///
    /// # Errors
    /// What is no key set, or holds nothing that we can use.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text).map_err(|error| format!("no key set: {error}"))?;
        let listed = value.get("keys").and_then(Value::as_array).ok_or("no key set: it has no list \"keys\"")?;
        let keys: Vec<Key> = listed.iter().take(MAX_KEYS).filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err("the key set has no key for RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key of that name for that algorithm. A token that names none means the only one.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.algorithm == algorithm);
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            // Above all `oct`: a shared secret would make our own configuration able to sign.
            _ => return None,
        };
        let common = &jwk.common;
        let other_use = common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature);
        if other_use || common.key_algorithm.is_some_and(|stated| stated != named) {
            return None;
        }
        Some(Self { id: common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
    }
}
