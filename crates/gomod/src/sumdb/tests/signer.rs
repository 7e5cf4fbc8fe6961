//! Somebody who signs notes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};

use super::super::{TreeHead, VerifierKey};

/// A name and a key pair.
pub(in super::super) struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// The key pair follows from `seed`.
    pub(in super::super) fn new(name: &str, seed: u8) -> Self {
        Self { name: name.to_owned(), key: SigningKey::from_bytes(&[seed; 32]) }
    }

    pub(in super::super) fn key(&self) -> VerifierKey {
        VerifierKey::parse(&self.key_text()).unwrap()
    }

    pub(in super::super) fn key_text(&self) -> String {
        let hash = u32::from_be_bytes(self.hash());
        format!("{}+{hash:08x}+{}", self.name, STANDARD.encode(self.key_data()))
    }

    /// A signature line over `text`, with its line feed.
    pub(in super::super) fn line(&self, text: &str) -> String {
        let signature = [self.hash().as_slice(), &self.key.sign(text.as_bytes()).to_bytes()].concat();
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode(signature))
    }

    /// `text` and this signer's signature.
    pub(in super::super) fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }

    /// The body of `/latest`.
    pub(in super::super) fn signed(&self, head: &TreeHead) -> String {
        self.note(&format!("go.sum database tree\n{}\n{}\n", head.size(), head.root()))
    }

    fn key_data(&self) -> Vec<u8> {
        [[1].as_slice(), self.key.verifying_key().as_bytes()].concat()
    }

    fn hash(&self) -> [u8; 4] {
        let digest = Sha256::digest([self.name.as_bytes(), b"\n", &self.key_data()].concat());
        digest[..4].try_into().unwrap()
    }
}
