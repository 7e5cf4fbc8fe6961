//! Takes a pack from the wire.

use crate::{Error, ObjectFormat, Objects};
use std::path::Path;

/// What a pack may hold at most; beyond is [`Error::TooLarge`].
#[derive(Clone, Copy, Debug)]
pub struct PackLimits {
    /// Bytes of the pack.
    pub bytes: u64,
    /// Number of objects.
    pub objects: u32,
    /// Bytes of one object, inflated.
    pub object: u64,
}

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackStats {
    /// Objects in the pack as it is on disk.
    pub objects: u32,
    /// Of these, bases that were added since the pack was thin.
    pub bases: u32,
    /// Bytes of the pack as it is on disk.
    pub bytes: u64,
}

/// Takes the bytes of one pack as they come and makes it part of a repository.
///
/// Nothing is visible before [`PackReceiver::finish`] succeeds; dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct PackReceiver {}

impl PackReceiver {
    /// For the repository at `git_dir`, which [`init`](crate::init) made.
    pub fn new(git_dir: &Path, format: ObjectFormat, limits: PackLimits) -> Result<Self, Error> {
        let _ = (git_dir, format, limits);
        Ok(Self {})
    }

    /// Takes the next bytes, in pieces of any size.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let _ = bytes;
        Ok(())
    }

    /// Checks the whole, resolves deltas (against objects of `bases` too: a thin pack) and publishes the pack.
    pub fn finish(self, bases: &dyn Objects) -> Result<PackStats, Error> {
        let _ = bases;
        Ok(PackStats::default())
    }
}
