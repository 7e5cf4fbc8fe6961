//! A checksum database: a key that signs, and a log hashed as RFC 6962 section 2.1 is written, from its records up.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use gomod::sumdb::{Hash, TreeHead, VerifierKey};
use gomod::{ModulePath, ModuleVersion, Tile, Version};
use sha2::{Digest, Sha256};

const NAME: &str = "sum.test";
/// How many records the log has.
const SIZE: usize = 64;

/// The public key of [`sign`].
pub(crate) fn key() -> &'static VerifierKey {
    static KEY: OnceLock<VerifierKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let hash = u32::from_be_bytes(key_hash());
        VerifierKey::parse(&format!("{NAME}+{hash:08x}+{}", STANDARD.encode(key_data()))).unwrap()
    })
}

/// A note: the text, which ends in a line feed, and its signature.
pub(crate) fn sign(text: &str) -> String {
    let signature = [key_hash().as_slice(), &secret().sign(text.as_bytes()).to_bytes()].concat();
    format!("{text}\n\u{2014} {NAME} {}\n", STANDARD.encode(signature))
}

fn secret() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::from_bytes(&[7; 32]))
}

fn key_data() -> Vec<u8> {
    [[1].as_slice(), secret().verifying_key().as_bytes()].concat()
}

fn key_hash() -> [u8; 4] {
    let digest = Sha256::digest([NAME.as_bytes(), b"\n", &key_data()].concat());
    digest[..4].try_into().unwrap()
}

/// Records of `a.b/m0`, `a.b/m1` and so on, with a signed head for each size.
pub(crate) struct Log {
    records: Vec<String>,
    leaves: Vec<[u8; 32]>,
    notes: Vec<String>,
    heads: Vec<TreeHead>,
}

impl Log {
    /// The log.
    pub(crate) fn own() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| Self::of(SIZE))
    }

    /// One with other records from the beginning, signed with the same key.
    pub(crate) fn other() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| Self::of(SIZE + 1))
    }

    fn of(size: usize) -> Self {
        let sum = |what: String| STANDARD.encode(Sha256::digest(what));
        let record = |id| {
            let (zip, go_mod) = (sum(format!("{size} zip {id}")), sum(format!("{size} mod {id}")));
            format!("a.b/m{id} v1.0.0 h1:{zip}\na.b/m{id} v1.0.0/go.mod h1:{go_mod}\n")
        };
        let records: Vec<String> = (0..size).map(record).collect();
        let leaves: Vec<_> = records.iter().map(|record| sha256(&[&[0], record.as_bytes()])).collect();
        let note = |size: usize| sign(&format!("go.sum database tree\n{size}\n{}\n", Hash(tree_hash(&leaves[..size]))));
        let notes: Vec<_> = (0..=size).map(note).collect();
        let heads = notes.iter().map(|note| TreeHead::open(note.as_bytes(), key()).unwrap()).collect();
        Self { records, leaves, notes, heads }
    }

    pub(crate) const fn size(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn record(&self, id: usize) -> &str {
        &self.records[id]
    }

    pub(crate) fn head(&self, size: usize) -> &TreeHead {
        &self.heads[size]
    }

    /// The signed text of [`Log::head`].
    pub(crate) fn note(&self, size: usize) -> &str {
        &self.notes[size]
    }

    /// The module that a record is about.
    pub(crate) fn version(id: usize) -> ModuleVersion {
        let path = ModulePath::parse(&format!("a.b/m{id}")).unwrap();
        ModuleVersion::new(path, Version::parse("v1.0.0").unwrap()).unwrap()
    }

    /// A tile's bytes; empty where the log has no such tile.
    pub(crate) fn tile(&self, tile: Tile) -> Vec<u8> {
        let span = 1_usize << (tile.height() * tile.level().unwrap());
        let first = usize::try_from(tile.number()).unwrap() << tile.height();
        let hashes = (first..first + tile.width() as usize).map(|at| self.leaves.get(at * span..(at + 1) * span));
        let hashes: Option<Vec<_>> = hashes.map(|leaves| leaves.map(tree_hash)).collect();
        hashes.unwrap_or_default().concat()
    }
}

/// MTH of RFC 6962.
fn tree_hash(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &tree_hash(left), &tree_hash(right)])
        }
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}
