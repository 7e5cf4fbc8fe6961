//! Proofs about a log: that a record stands in it, that it only grew (golang.org/x/mod/sumdb `checkRecord`, `checkTrees`;
//! RFC 6962 section 2.1). Both hold only for heads whose signature was checked.

use std::fmt;

use super::tree::root;
use super::{AuthenticRecord, Hash, TilePlan, Tiles, TreeHead};
use crate::Tile;

/// Why something is not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckError {
    /// The database has shown two histories. Both heads are signed: this is proof of misbehaviour, and a reason for an
    /// alarm.
    Fork(Box<Fork>),
    /// Tiles do not fit the tree. One of these is wrong, or the server's tiles are of another tree than its head.
    BadTile(Vec<Tile>),
    /// A tile that is needed was not given.
    MissingTile(Tile),
    /// The tree has no record of this number, or another one in its place.
    NotIncluded {
        /// The record's number.
        id: u64,
        /// How many records the tree has.
        size: u64,
    },
    /// The question itself makes no sense.
    Malformed(&'static str),
}

/// Two heads of which neither log continues the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The head with fewer records.
    pub older: TreeHead,
    /// The head with more, or as many.
    pub newer: TreeHead,
    /// The root that the newer log has over the first `older.size()` records: proved by its own.
    pub found: Hash,
}

/// Proves that `record` is the text of record `id` in the log of `head`. `record` is byte for byte what
/// [`super::Lookup::record`] gives.
///
/// # Errors
/// [`CheckError`], but never `Fork`.
pub fn inclusion<'a, B: AsRef<[u8]>>(
    head: &TreeHead,
    id: u64,
    record: &'a str,
    tiles: &Tiles<B>,
) -> Result<AuthenticRecord<'a>, CheckError> {
    let hashes = TilePlan::inclusion(head, id, tiles.height())?.read(tiles)?;
    if hashes == [Hash::of_record(record.as_bytes())] {
        Ok(AuthenticRecord::proved(record))
    } else {
        Err(CheckError::NotIncluded { id, size: head.size() })
    }
}

/// Proves that the log of `older` is the beginning of the log of `newer`. Sizes that are equal, or an empty older log,
/// need no tiles.
///
/// # Errors
/// [`CheckError`], but never `NotIncluded`.
pub fn consistency<B: AsRef<[u8]>>(older: &TreeHead, newer: &TreeHead, tiles: &Tiles<B>) -> Result<(), CheckError> {
    let plan = TilePlan::consistency(older, newer, tiles.height())?;
    let found = if older.size() == newer.size() {
        newer.root()
    } else if older.size() == 0 {
        Hash::of_empty_tree()
    } else {
        root(&plan.read(tiles)?)
    };
    if found == older.root() {
        Ok(())
    } else {
        Err(CheckError::Fork(Box::new(Fork { older: *older, newer: *newer, found })))
    }
}

/// Proves `wanted` and gives its bytes: the first ones of what is in its place in the tree of `head`.
///
/// # Errors
/// [`CheckError`], but never `Fork`.
pub fn tile<'t, B: AsRef<[u8]>>(head: &TreeHead, wanted: Tile, tiles: &'t Tiles<B>) -> Result<&'t [u8], CheckError> {
    let plan = TilePlan::tile(head, wanted, tiles.height())?;
    plan.read(tiles)?;
    let in_place = |tile: &Tile| (tile.level(), tile.number()) == (wanted.level(), wanted.number());
    let planned = plan.tiles().iter().copied().find(in_place).ok_or(CheckError::MissingTile(wanted))?;
    let hashes = tiles.hashes(planned)?.get(..wanted.width() as usize).ok_or(CheckError::MissingTile(wanted))?;
    Ok(hashes.as_flattened())
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork(fork) => fork.fmt(f),
            Self::BadTile(tiles) => {
                f.write_str("tiles do not fit the tree head; wrong is one of")?;
                tiles.iter().try_for_each(|tile| write!(f, " {tile}"))
            }
            Self::MissingTile(tile) => write!(f, "{tile} is needed for the proof and missing"),
            Self::NotIncluded { id, size } => write!(f, "the tree of {size} records does not have this record {id}"),
            Self::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CheckError {}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { older, newer, found } = self;
        write!(
            f,
            "the checksum database has signed two histories: a tree of {} records with root {}, and one of {} records \
             with root {}, whose first {} records have root {found}",
            older.size(),
            older.root(),
            newer.size(),
            newer.root(),
            older.size(),
        )
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
