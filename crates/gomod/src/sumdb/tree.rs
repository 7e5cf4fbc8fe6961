//! The hash tree of a log (RFC 6962 section 2.1): hashes of records and nodes, and which nodes a tree is made of.

use std::fmt;

use sha2::{Digest, Sha256};

use super::encoding;

/// Bytes of a hash.
pub(super) const HASH_LEN: usize = 32;

/// A SHA-256 hash of a record, a node or a tree. Its text is base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; HASH_LEN]);

impl Hash {
    /// Of a record's text, as a leaf of the tree.
    pub fn of_record(text: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(text).finalize().into())
    }

    /// Of a node with these two below it.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        Self(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// Of the tree without records.
    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Reads base64 of 32 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        encoding::decode_hash(text).map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A node whose subtree is complete: of the records from `number << level` on, `1 << level` many. Such a node never
/// changes. Go numbers them through ("stored hash index"); the pair needs no such arithmetic and cannot overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) level: u8,
    pub(super) number: u64,
}

impl Node {
    pub(super) const fn of_record(id: u64) -> Self {
        Self { level: 0, number: id }
    }

    /// Whether a tree of `size` records has it.
    pub(super) const fn is_in(&self, size: u64) -> bool {
        self.level < 64 && self.number < size >> self.level
    }
}

/// The largest complete subtrees that together hold the first `size` records, from left to right: one for each set bit.
pub(super) fn subtrees(size: u64) -> impl DoubleEndedIterator<Item = Node> {
    let levels = (0..64_u8).rev().filter(move |&level| size >> level & 1 == 1);
    // The records before this subtree are the higher bits: as a count of subtrees of this level, an even number.
    levels.map(move |level| Node { level, number: (size >> level) - 1 })
}

/// The root over [`subtrees`]' hashes, from left to right.
pub(super) fn root(hashes: &[Hash]) -> Hash {
    let folded = hashes.iter().rev().copied().reduce(|right, left| Hash::of_node(&left, &right));
    folded.unwrap_or_else(Hash::of_empty_tree)
}

/// The hash of the complete subtree over these hashes, a power of two many and at least one.
pub(super) fn complete_root(hashes: &[[u8; HASH_LEN]]) -> Hash {
    match hashes {
        [] => Hash::of_empty_tree(),
        [hash] => Hash(*hash),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Hash::of_node(&complete_root(left), &complete_root(right))
        }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
