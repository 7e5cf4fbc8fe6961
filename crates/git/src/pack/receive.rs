//! Takes a pack from the wire: `git index-pack --fix-thin` in bounded memory.
//!
//! Memory is 48 bytes for each object (60 in SHA-256 repositories), at most 32 MiB of bases that are used again, an object
//! and its base of at most 8 MiB each, and buffers. Larger objects pass in pieces; where others are based on them, they
//! are in temporary files. Only bases from elsewhere are whole in memory, one at a time.

mod bases;
mod parse;
mod resolve;
mod spool;
mod table;

use super::{corrupt, index};
use crate::{Error, ObjectFormat, Objects};
use parse::Parser;
use resolve::Resolver;
use spool::Spool;
use std::{fmt, path::Path};

/// What a pack may hold at most; beyond is [`Error::TooLarge`].
#[derive(Clone, Copy, Debug)]
pub struct PackLimits {
    /// Bytes of the pack. All objects, inflated and made from deltas, may have 64 times as much together, and 16,384
    /// times as much as the pack itself (or 4 GiB): this bounds the time.
    pub bytes: u64,
    /// Number of objects.
    pub objects: u32,
    /// Bytes of one object, inflated.
    pub object: u64,
}

impl PackLimits {
    /// Bytes that may be inflated or made from deltas before a pack of so many bytes is found to be a bomb. A history of
    /// directories without files makes some thousand bytes of each that it has.
    fn work(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(16 << 10).max(4 << 30).min(self.bytes.saturating_mul(64).max(1 << 30))
    }

    /// Adds to the work that a pack of so many bytes has made.
    fn spend(&self, spent: &mut u64, more: u64, bytes: u64) -> Result<(), Error> {
        *spent = spent.saturating_add(more);
        match *spent > self.work(bytes) {
            true => Err(Error::TooLarge("the objects of the pack are too large together".into())),
            false => Ok(()),
        }
    }

    /// Whether an object of so many bytes is allowed.
    fn check(&self, size: u64) -> Result<(), Error> {
        match size > self.object {
            true => Err(Error::TooLarge(format!("the pack has an object of {size} bytes, more than {}", self.object))),
            false => Ok(()),
        }
    }
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
/// Nothing is visible before [`PackReceiver::finish`] succeeds; dropped before, it leaves nothing behind. Killed, it leaves
/// `objects/pack/tmp_*`, which `git gc` removes too.
pub struct PackReceiver {
    parser: Parser,
    spool: Spool,
    limits: PackLimits,
    failed: bool,
}

impl PackReceiver {
    /// For the repository at `git_dir`, which [`init`](crate::init) made.
    pub fn new(git_dir: &Path, format: ObjectFormat, limits: PackLimits) -> Result<Self, Error> {
        let spool = Spool::new(git_dir)?;
        Ok(Self { parser: Parser::new(format, limits), spool, limits, failed: false })
    }

    /// Takes the next bytes, in pieces of any size. After an error there is nothing to do but to drop it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.failed {
            return corrupt("the pack has been refused before");
        }
        let done = self.parser.take(bytes).and_then(|()| self.spool.write(bytes));
        self.failed = done.is_err();
        done
    }

    /// Checks the whole, resolves deltas (against objects of `bases` too: a thin pack) and publishes the pack. Blocking, for
    /// as long as `git index-pack` takes.
    ///
    /// # Errors
    /// [`Error::Missing`] if a delta's base is neither in the pack nor in `bases`.
    pub fn finish(mut self, bases: &dyn Objects) -> Result<PackStats, Error> {
        if self.failed {
            return corrupt("the pack has been refused before");
        }
        let (mut table, mut checksum) = self.parser.finish()?;
        if table.count() == 0 {
            return Ok(PackStats::default());
        }
        let (spooled, directory) = self.spool.file()?;
        let needed = Resolver::new(&mut table, spooled, directory, bases, self.limits)?.run()?;
        let added = bases::add(&mut table, &mut self.spool, bases, needed)?;
        if added > 0 {
            checksum = self.spool.renew(table.format, table.count())?;
        }
        let sorted = table.sorted()?;
        let row = |at: u32| table.row(sorted[at as usize]);
        self.spool.publish(&checksum, |out| index::write(out, &checksum, table.count(), row))?;
        Ok(PackStats { objects: table.count(), bases: added, bytes: self.spool.len() })
    }
}

impl fmt::Debug for PackReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackReceiver").field("limits", &self.limits).finish_non_exhaustive()
    }
}
