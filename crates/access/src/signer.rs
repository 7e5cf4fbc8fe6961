//! For tests: an issuer that signs what it is told to, by hand, and counts who asks for its keys.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use aws_lc_rs::{
    hmac, rand,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::FetchKeys;

pub(crate) enum Signer {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The public key under a name.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(key.public_key().as_ref())})
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Self::Rsa(key) => {
                let public = key.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid,
                    "n": encode(n.big_endian_without_leading_zero()), "e": encode(e.big_endian_without_leading_zero())})
            }
        }
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        with_signature(header, claims, |message| match self {
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
            Self::Ec(key) => key.sign(&rand::SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rand::SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        })
    }

    /// A token as it should be, but for what `change` does to its claims.
    pub(crate) fn good(&self, kid: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.token(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": kid}), &claims)
    }
}

/// Good ones.
pub(crate) fn claims() -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({"iss": "https://ci.example.com", "aud": "https://goproxy.io", "sub": "repo:corp/app", "owner": "corp",
        "iat": now, "nbf": now, "exp": now + 300})
}

pub(crate) fn with_signature(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What somebody makes who takes a public key for a shared secret.
pub(crate) fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

/// Serves a key set and a discovery document.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) set: Mutex<Vec<Value>>,
    pub(crate) down: Mutex<bool>,
    pub(crate) slow: Mutex<bool>,
    pub(crate) asked: AtomicUsize,
}

impl Keys {
    pub(crate) fn with(keys: Vec<Value>) -> Arc<Self> {
        Arc::new(Self { set: Mutex::new(keys), ..Self::default() })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl FetchKeys for Keys {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        if *self.down.lock().unwrap() {
            return Err("down".to_owned());
        }
        let slow = *self.slow.lock().unwrap();
        if slow {
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        }
        let answer = match url {
            "https://ci.example.com/.well-known/openid-configuration" => {
                json!({"issuer": "https://ci.example.com", "jwks_uri": "https://keys.example.com/jwks"})
            }
            "https://other.example.com/.well-known/openid-configuration" => {
                json!({"issuer": "https://ci.example.com", "jwks_uri": "https://keys.example.com/jwks"})
            }
            "https://keys.example.com/jwks" => {
                self.asked.fetch_add(1, Ordering::Relaxed);
                json!({"keys": *self.set.lock().unwrap()})
            }
            _ => return Err(format!("unexpected {url}")),
        };
        Ok(answer.to_string().into_bytes())
    }
}
