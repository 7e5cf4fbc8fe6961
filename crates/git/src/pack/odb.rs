//! Reads objects of a repository.

use crate::{Error, Kind, Object, ObjectFormat, Objects, Oid};
use std::path::Path;

/// The objects of a repository: those of its packs, and loose ones that the `git` command left. For any number of readers
/// at once.
#[derive(Debug)]
pub struct Odb {}

impl Odb {
    /// Opens the repository at `git_dir`. Packs that come later are seen after [`Odb::refresh`].
    pub fn open(git_dir: &Path, format: ObjectFormat) -> Result<Self, Error> {
        let _ = (git_dir, format);
        Ok(Self {})
    }

    /// Looks for packs that came or went.
    pub fn refresh(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Ids that begin with these hexadecimal digits, at most so many, sorted.
    pub fn with_prefix(&self, hex: &str, most: usize) -> Result<Vec<Oid>, Error> {
        let _ = (hex, most);
        Ok(Vec::new())
    }

    /// How many packs there are.
    pub fn packs(&self) -> usize {
        0
    }
}

impl Objects for Odb {
    fn read(&self, _: &Oid, _: u64) -> Result<Option<Object>, Error> {
        Ok(None)
    }

    fn header(&self, _: &Oid) -> Result<Option<(Kind, u64)>, Error> {
        Ok(None)
    }
}
