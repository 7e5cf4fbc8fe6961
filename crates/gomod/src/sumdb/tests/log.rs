//! A log that is hashed as RFC 6962 section 2.1 is written: recursively, from the records. Slow, and shares nothing with
//! what it contradicts.

use sha2::{Digest, Sha256};

use super::super::{Hash, TileHeight, TilePlan, Tiles, TreeHead};
use crate::Tile;

/// Records and the hash of each.
pub(in super::super) struct Log {
    records: Vec<String>,
    leaves: Vec<[u8; 32]>,
}

impl Log {
    /// `size` records that follow from `seed`; the first ones are the same at any size.
    pub(in super::super) fn new(seed: u64, size: usize) -> Self {
        Self::of(
            (0..size).map(|id| format!("a.b/c{seed} v1.0.{id} h1:{}\n", seed.wrapping_mul(31) ^ id as u64)).collect(),
        )
    }

    pub(in super::super) fn of(records: Vec<String>) -> Self {
        let leaves = records.iter().map(|record| sha256(&[&[0], record.as_bytes()])).collect();
        Self { records, leaves }
    }

    /// The first `keep` records of this log and then those of `other` up to `size`.
    pub(in super::super) fn forked(&self, keep: usize, other: &Self, size: usize) -> Self {
        Self::of([&self.records[..keep], &other.records[keep..size]].concat())
    }

    pub(in super::super) fn record(&self, id: u64) -> &str {
        &self.records[usize::try_from(id).unwrap()]
    }

    /// The head of the first `size` records.
    pub(in super::super) fn head(&self, size: usize) -> TreeHead {
        TreeHead::of(size as u64, Hash(tree_hash(&self.leaves[..size])))
    }

    /// A tile's bytes; `None` if the log is not that long.
    pub(in super::super) fn tile(&self, tile: Tile) -> Option<Vec<u8>> {
        let span = 1_usize << (tile.height() * tile.level().unwrap());
        let first = usize::try_from(tile.number()).unwrap() << tile.height();
        let hashes =
            (first..first + tile.width() as usize).map(|index| self.leaves.get(index * span..(index + 1) * span));
        hashes.map(|leaves| leaves.map(tree_hash)).collect::<Option<Vec<_>>>().map(|hashes| hashes.concat())
    }

    /// The tiles of a plan.
    pub(in super::super) fn tiles(&self, plan: &TilePlan, height: TileHeight) -> Tiles {
        let mut tiles = Tiles::new(height);
        for &tile in plan.tiles() {
            tiles.insert(tile, self.tile(tile).unwrap());
        }
        assert!(tiles.missing(plan).is_empty());
        tiles
    }
}

pub(in super::super) fn height(height: u8) -> TileHeight {
    TileHeight::new(height).unwrap()
}

/// MTH of RFC 6962.
fn tree_hash(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            sha256(&[&[1], &tree_hash(&leaves[..k]), &tree_hash(&leaves[k..])])
        }
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}
