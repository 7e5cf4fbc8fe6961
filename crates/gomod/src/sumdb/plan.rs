//! Which tiles prove something about a tree, and reading hashes from them so that nothing unproved comes out
//! (golang.org/x/mod/sumdb/tlog, `TileHashReader`).
//!
//! A tree's root is made of its complete subtrees ([`subtrees`]). Their hashes lie in the last tile of each level, the
//! partial ones, and use up every hash in them: if the root comes out right, all of these tiles are right. Every other
//! tile is full, and its own root is one hash of the tile above it. So the tiles for a node are those partial ones and the
//! way from the node's tile up to the first tile that is planned already.

use std::ops::Range;

use super::tree::{HASH_LEN, Node, complete_root, root, subtrees};
use super::{CheckError, Hash, Tiles, TreeHead};
use crate::Tile;

/// How many levels of the tree one tile covers: 1 to 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileHeight(u8);

impl TileHeight {
    /// What all databases publish that `go` can use: `tlog` allows others, the `go` command asks for 8.
    pub const GO: Self = Self(8);

    /// `None` outside 1 to 30, golang.org/x/mod/sumdb/tlog's bounds.
    pub fn new(height: u8) -> Option<Self> {
        (1..=30).contains(&height).then_some(Self(height))
    }
}

/// The tiles that are needed for a proof: always the same for the same question.
#[derive(Clone, Debug)]
pub struct TilePlan {
    head: TreeHead,
    height: TileHeight,
    /// Whose hashes are wanted.
    nodes: Vec<Node>,
    /// First those that the root is made of, then the others, each behind the one above it.
    tiles: Vec<Tile>,
    /// How many tiles the root is made of. Not the number of subtrees: several of them share a tile, and counting those
    /// left tiles unproved in x/mod before 0.40.0 (CVE-2026-56865).
    root_tiles: usize,
}

impl TilePlan {
    /// For [`super::check::inclusion`].
    ///
    /// # Errors
    /// [`CheckError::NotIncluded`]: the tree is too small for this record.
    pub fn inclusion(head: &TreeHead, id: u64, height: TileHeight) -> Result<Self, CheckError> {
        Self::new(head, height, vec![Node::of_record(id)])
            .ok_or_else(|| CheckError::NotIncluded { id, size: head.size() })
    }

    /// For [`super::check::consistency`]. There are no tiles if the sizes alone decide.
    ///
    /// # Errors
    /// [`CheckError::Malformed`]: `older` is the larger one.
    pub fn consistency(older: &TreeHead, newer: &TreeHead, height: TileHeight) -> Result<Self, CheckError> {
        let nodes = if older.size() == newer.size() { Vec::new() } else { subtrees(older.size()).collect() };
        let plan = Self::new(newer, height, nodes).filter(|_| older.size() <= newer.size());
        plan.ok_or(CheckError::Malformed("the older tree is larger than the newer one"))
    }

    /// For [`super::check::tile`]: what proves `wanted`. The tile itself is in the plan as wide as the tree has it.
    ///
    /// # Errors
    /// [`CheckError::NotIncluded`]: the tree does not reach so far. [`CheckError::Malformed`]: a data tile, or a tile of
    /// another height.
    pub fn tile(head: &TreeHead, wanted: Tile, height: TileHeight) -> Result<Self, CheckError> {
        let level = wanted.level().filter(|_| wanted.height() == height.0);
        let level = level.ok_or(CheckError::Malformed("only hash tiles of one height can be proved"))?;
        let first = wanted.number().saturating_mul(1 << height.0);
        let last = first.saturating_add(u64::from(wanted.width()) - 1);
        let node = |number| level.checked_mul(height.0).map(|level| Node { level, number });
        let beyond = || CheckError::NotIncluded { id: last, size: head.size() };
        let last = node(last).filter(|last| last.is_in(head.size())).ok_or_else(beyond)?;
        Self::new(head, height, vec![last]).ok_or_else(beyond)
    }

    /// The tiles, without repetition. The partial ones have the width that they have in the tree of this head.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// `None` if the tree has not all of the nodes.
    fn new(head: &TreeHead, height: TileHeight, nodes: Vec<Node>) -> Option<Self> {
        if !nodes.iter().all(|node| node.is_in(head.size())) {
            return None;
        }
        let mut plan = Self { head: *head, height, nodes: Vec::new(), tiles: Vec::new(), root_tiles: 0 };
        if nodes.is_empty() {
            return Some(plan);
        }
        for node in subtrees(head.size()) {
            let tile = plan.slot(node).tile;
            if !plan.tiles.contains(&tile) {
                plan.tiles.push(tile);
            }
        }
        plan.root_tiles = plan.tiles.len();
        for &node in &nodes {
            plan.add_way_up(node);
        }
        plan.nodes = nodes;
        Some(plan)
    }

    fn add_way_up(&mut self, node: Node) {
        let mut way = Vec::new();
        let mut tile = self.slot(node).tile;
        // Ends at a partial tile at the latest: those are all there. Only full ones have something above them.
        while !self.tiles.contains(&tile) {
            way.push(tile);
            tile = self.slot(self.above(tile)).tile;
        }
        self.tiles.extend(way.into_iter().rev());
    }

    /// The hashes of the plan's nodes, proved by the head's root.
    ///
    /// # Errors
    /// A tile is missing or bad. If the root does not come out right, it is one of several; otherwise it is that one.
    pub(super) fn read<B: AsRef<[u8]>>(&self, tiles: &Tiles<B>) -> Result<Vec<Hash>, CheckError> {
        let data: Vec<_> = self.tiles.iter().map(|&tile| tiles.hashes(tile)).collect::<Result<_, _>>()?;
        let (root_data, _) = data.split_at(self.root_tiles);
        let hashes: Vec<_> =
            subtrees(self.head.size()).map(|node| self.hash(node, root_data)).collect::<Result<_, _>>()?;
        if root(&hashes) != self.head.root() {
            return Err(CheckError::BadTile(self.tiles[..self.root_tiles].to_vec()));
        }
        for (index, &tile) in self.tiles.iter().enumerate().skip(self.root_tiles) {
            // Only tiles before this one are proved by now.
            let (proved, rest) = data.split_at(index);
            let own = rest.first().map(|hashes| complete_root(hashes));
            if own != Some(self.hash(self.above(tile), proved)?) {
                return Err(CheckError::BadTile(vec![tile]));
            }
        }
        self.nodes.iter().map(|&node| self.hash(node, &data)).collect()
    }

    /// A node's hash from the first tiles of the plan, given as their hashes.
    fn hash(&self, node: Node, data: &[&[[u8; HASH_LEN]]]) -> Result<Hash, CheckError> {
        let Slot { tile, range } = self.slot(node);
        let found = self.tiles.iter().zip(data).find(|(planned, _)| **planned == tile);
        let hashes = found.and_then(|(_, hashes)| hashes.get(range));
        hashes.map(complete_root).ok_or(CheckError::MissingTile(tile))
    }

    /// Where a node of the tree lies.
    fn slot(&self, node: Node) -> Slot {
        let height = self.height.0;
        let (level, depth) = (node.level / height, node.level % height);
        // The node's leftmost hash among those of the tile's level, and the tile's own.
        let start = node.number << depth;
        let number = start >> height;
        let first = number << height;
        let width = ((self.head.size() >> (level * height)) - first).min(1 << height);
        // Both are at most 2^30.
        let (width, from) = (width as u32, (start - first) as usize);
        Slot { tile: Tile::of_hashes(height, level, number, width), range: from..from + (1 << depth) }
    }

    /// The node over a full tile.
    fn above(&self, tile: Tile) -> Node {
        Node { level: (tile.level().unwrap_or_default() + 1) * self.height.0, number: tile.number() }
    }
}

/// A tile and which of its hashes make up a node.
struct Slot {
    tile: Tile,
    range: Range<usize>,
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
