//! Module zip files: whether one obeys the rules of golang.org/x/mod/zip, and its content.
//!
//! An archive that passes can be read in one way only. Its entries lie one after the other from the first byte to the
//! directory, in the directory's order, and both copies of what is said of an entry agree; nothing hides between, before
//! or behind them. The `go` command asks for less, but what its own archive/zip writes is always so.
//!
//! Memory does not depend on the content, and little on the number of files: see [`MAX_PATHS`].

mod archive;
mod collisions;
mod content;
mod error;
mod hash;
mod local;
mod rules;
mod select;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;

pub use error::{FileError, ZipError};
pub use hash::{hash, hash_bytes};
use rawzip::ReaderAt;

use self::archive::Archive;
use self::content::Contents;
use self::rules::Rules;
pub use self::select::{Candidate, Vendoring, is_go_mod, select};
use crate::ModuleVersion;

/// The largest zip file, and the largest content of one, in bytes.
pub const MAX_ZIP: u64 = 500 << 20;
/// The largest `go.mod` in a zip, in bytes.
pub const MAX_GO_MOD: u64 = 16 << 20;
/// The largest `LICENSE` in a zip, in bytes.
pub const MAX_LICENSE: u64 = 16 << 20;
/// The most entries in a zip, and the most files and folders that they name. This limit and the next two are our own: they bound memory.
pub const MAX_PATHS: usize = 500_000;
/// The longest name of a file in a zip, in bytes: longer ones cannot be unpacked on common systems.
pub const MAX_NAME: usize = 4096;
/// The most that all names in a zip take together, in bytes.
pub const MAX_NAMES: u64 = 32 << 20;

/// What a good archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Entries, folders included.
    pub entries: u64,
    /// Bytes of all files, unpacked.
    pub uncompressed: u64,
    /// `h1:` and the rest, as [`hash()`] gives it.
    pub hash: String,
}

/// Checks the zip file of a module from its first byte to its last, whatever the file's position. All content is
/// inflated and compared with its checksums. Blocks.
///
/// # Errors
/// What is wrong, in the words of the `go` command where it has some; [`ZipError::Read`] if the file cannot be read.
pub fn check(file: &File, module: &ModuleVersion) -> Result<Summary, ZipError> {
    check_at(&Positional(file), file.metadata()?.len(), module)
}

/// [`check`] for a zip in memory.
///
/// # Errors
/// As [`check`].
pub fn check_bytes(zip: &[u8], module: &ModuleVersion) -> Result<Summary, ZipError> {
    check_at(&zip, zip.len() as u64, module)
}

fn check_at<R: ReaderAt>(reader: &R, size: u64, module: &ModuleVersion) -> Result<Summary, ZipError> {
    if size > MAX_ZIP {
        return Err(ZipError::TooLarge(size));
    }
    let archive = Archive::open(reader, size)?;
    let mut rules = Rules::new(module);
    let entries = archive.each(|record| {
        let name_at = |offset| archive.name_at(offset);
        rules.entry(record, &name_at)
    })?;
    let uncompressed = rules.finish()?;
    let hash = hash::hash_content(&archive)?;
    Ok(Summary { entries, uncompressed, hash })
}

/// Reads all content in the archive's order. `visit` gets an entry's name and the next piece of its content, then `None`
/// when that was read to its end and agrees with its checksum.
fn each_content<R: ReaderAt>(
    archive: &Archive<'_, R>,
    mut visit: impl FnMut(&[u8], Option<&[u8]>),
) -> Result<(), ZipError> {
    let mut contents = Contents::new(archive);
    archive.each(|record| {
        let name = record.file_path();
        contents.entry(record, |piece| visit(name.as_ref(), Some(piece)))?;
        visit(name.as_ref(), None);
        Ok(())
    })?;
    contents.finish()
}

/// A file read by position, which leaves its own position alone.
struct Positional<'a>(&'a File);

impl ReaderAt for Positional<'_> {
    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self.0, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self.0, buf, offset)
    }
}
