//! Tiles as they were fetched: not yet believed.

use std::collections::HashMap;

use super::tree::HASH_LEN;
use super::{CheckError, TileHeight, TilePlan};
use crate::Tile;

/// Bytes of tiles of one height, by their places. What is in here has proved nothing.
#[derive(Clone, Debug)]
pub struct Tiles<B = Vec<u8>> {
    height: TileHeight,
    bytes: HashMap<Tile, B>,
}

impl<B: AsRef<[u8]>> Tiles<B> {
    /// None yet; proofs will ask for tiles of this height.
    pub fn new(height: TileHeight) -> Self {
        Self { height, bytes: HashMap::new() }
    }

    /// Adds what a server or a cache gave for `tile`. The full tile may be given where a plan names a partial one
    /// ([`Tile::full`]): a server that has grown need not keep partial ones. Of such a tile only the part that the plan
    /// named gets proved, so it is no verified full tile afterwards.
    pub fn insert(&mut self, tile: Tile, bytes: B) {
        self.bytes.insert(tile, bytes);
    }

    /// What was given for `tile`, or for the full tile in its place.
    pub fn get(&self, tile: Tile) -> Option<&[u8]> {
        self.find(tile).map(|(_, bytes)| bytes)
    }

    /// Which tiles of a plan are still to be fetched, in the plan's order.
    pub fn missing(&self, plan: &TilePlan) -> Vec<Tile> {
        plan.tiles().iter().copied().filter(|tile| self.find(*tile).is_none()).collect()
    }

    pub(super) fn height(&self) -> TileHeight {
        self.height
    }

    /// The hashes of `tile`, as many as it is wide, from it or from the full tile.
    ///
    /// # Errors
    /// Neither is here, or it has not exactly the bytes of its width.
    pub(super) fn hashes(&self, tile: Tile) -> Result<&[[u8; HASH_LEN]], CheckError> {
        let (width, bytes) = self.find(tile).ok_or(CheckError::MissingTile(tile))?;
        let bad = || CheckError::BadTile(vec![tile]);
        let (hashes, rest) = bytes.as_chunks();
        if !rest.is_empty() || hashes.len() as u64 != u64::from(width) {
            return Err(bad());
        }
        hashes.get(..tile.width() as usize).ok_or_else(bad)
    }

    /// The width it should have and its bytes.
    fn find(&self, tile: Tile) -> Option<(u32, &[u8])> {
        let given = |tile: Tile| self.bytes.get(&tile).map(|bytes| (tile.width(), bytes.as_ref()));
        given(tile).or_else(|| given(tile.full()))
    }
}
