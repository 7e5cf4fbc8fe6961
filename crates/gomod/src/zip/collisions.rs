//! Names that a file system would take for one another: equal under case folding, twice, or file and folder at once.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::MAX_PATHS;
use crate::fold::fold;

/// The files and folders seen. Names are not kept but a keyed hash of 128 bits, which nobody can find collisions of
/// beforehand, and the place of the entry that had the name first.
pub(super) struct Seen {
    keys: [RandomState; 3],
    paths: HashMap<[u64; 2], Path>,
}

/// Small, as there are many: zips are smaller than 4 GiB, and names than [`super::MAX_NAME`].
struct Path {
    /// Hash of the name as it was written.
    exact: u64,
    entry: u32,
    len: u16,
    is_dir: bool,
}

/// Where a name stands: the first `len` bytes of a file's name in the directory entry at `entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) entry: u64,
    pub(super) len: usize,
}

impl Path {
    fn place(&self) -> Place {
        Place { entry: self.entry.into(), len: self.len.into() }
    }
}

/// Why a name cannot be added.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// Another name is the same when folded; the length is that of this one's part.
    Folded { other: Place, len: usize },
    /// A file and a folder have the name that is the first `len` bytes of this one.
    FileAndDir { len: usize },
    /// The file is there twice.
    Twice,
    /// More than [`MAX_PATHS`].
    TooMany,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { keys: [RandomState::new(), RandomState::new(), RandomState::new()], paths: HashMap::new() }
    }

    /// Adds a file or folder that the directory entry at offset `entry` names, and the folders that it lies in.
    pub(super) fn add(&mut self, name: &str, is_dir: bool, entry: u64) -> Result<(), Clash> {
        let entry = u32::try_from(entry).map_err(|_| Clash::TooMany)?;
        let mut is_dir = is_dir;
        for (len, folded, exact) in self.hashes(name).into_iter().rev() {
            match self.paths.get(&folded) {
                Some(path) if path.exact != exact => return Err(Clash::Folded { other: path.place(), len }),
                Some(path) if path.is_dir != is_dir => return Err(Clash::FileAndDir { len }),
                Some(_) if !is_dir => return Err(Clash::Twice),
                // A known folder lies in known folders.
                Some(_) => return Ok(()),
                None if self.paths.len() >= MAX_PATHS => return Err(Clash::TooMany),
                None => {
                    let len = u16::try_from(len).map_err(|_| Clash::TooMany)?;
                    self.paths.insert(folded, Path { exact, entry, len, is_dir });
                }
            }
            is_dir = true;
        }
        Ok(())
    }

    /// For each folder on the way and for the name itself: its length, the hash of its folded form and its own.
    fn hashes(&self, name: &str) -> Vec<(usize, [u64; 2], u64)> {
        let [mut a, mut b, mut exact] = self.keys.each_ref().map(BuildHasher::build_hasher);
        let mut len = 0;
        let mut hash = |element: &str| {
            let folded = fold(element);
            for (hasher, element) in [(&mut a, &*folded), (&mut b, &folded), (&mut exact, element)] {
                hasher.write(element.as_bytes());
                hasher.write_u8(b'/');
            }
            len += element.len();
            let hashes = (len, [a.finish(), b.finish()], exact.finish());
            len += 1;
            hashes
        };
        name.split('/').map(&mut hash).collect()
    }
}
