//! Objects: what commits, trees and their entries say.

mod memory;
mod parse;

pub use memory::MemoryObjects;

use crate::{Error, Oid};

/// The four kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A directory.
    Tree,
    /// A file's content, or a symbolic link's target.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// The word in an object's header and in `git cat-file -t`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// An object, whole in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its content, without the header.
    pub data: Vec<u8>,
}

/// What a proxy needs of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its root directory.
    pub tree: Oid,
    /// The commits it follows; none of the first.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970, UTC.
    pub committed: i64,
}

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file, executable or not.
    File,
    /// A symbolic link: its blob is the target.
    Symlink,
    /// A submodule: the id is a commit of another repository.
    Submodule,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Its name, which is any bytes but NUL and `/`.
    pub name: Vec<u8>,
    /// Its object.
    pub id: Oid,
}

/// Where objects are read from: a repository on disk, or a map in tests. Blocking: call it where that is allowed.
///
/// Absent is `Ok(None)`, since repositories here are never complete and whoever misses an object fetches it.
pub trait Objects: Send + Sync {
    /// Reads an object of at most `limit` bytes ([`Error::TooLarge`] otherwise, before the memory is used).
    fn read(&self, id: &Oid, limit: u64) -> Result<Option<Object>, Error>;

    /// The kind and the size in bytes, without reading the content as a rule.
    fn header(&self, id: &Oid) -> Result<Option<(Kind, u64)>, Error>;

    /// Whether it is there.
    fn contains(&self, id: &Oid) -> Result<bool, Error> {
        Ok(self.header(id)?.is_some())
    }

    /// Reads a directory, in the order of git (bytewise, directories as if they ended in `/`).
    fn tree(&self, id: &Oid) -> Result<Option<Vec<TreeEntry>>, Error> {
        let data = typed(self, id, Kind::Tree, MAX_TREE)?;
        data.map(|data| parse::tree(id.format(), &data).map_err(|e| named(e, id))).transpose()
    }

    /// Reads a commit.
    fn commit(&self, id: &Oid) -> Result<Option<Commit>, Error> {
        let data = typed(self, id, Kind::Commit, MAX_COMMIT)?;
        data.map(|data| parse::commit(id.format(), &data).map_err(|e| named(e, id))).transpose()
    }
}

/// A directory of a million files; the module zip rules end far below.
const MAX_TREE: u64 = 64 << 20;

/// A commit's message may be long, but nobody writes books in them.
const MAX_COMMIT: u64 = 16 << 20;

fn typed<O: Objects + ?Sized>(objects: &O, id: &Oid, kind: Kind, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    match objects.read(id, limit)? {
        Some(object) if object.kind != kind => {
            Err(Error::Corrupt(format!("object {id} is a {}, not a {}", object.kind.name(), kind.name())))
        }
        found => Ok(found.map(|object| object.data)),
    }
}

fn named(error: Error, id: &Oid) -> Error {
    match error {
        Error::Corrupt(what) => Error::Corrupt(format!("object {id}: {what}")),
        other => other,
    }
}
