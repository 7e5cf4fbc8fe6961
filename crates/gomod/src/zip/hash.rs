//! The hash of a module zip, taken while its content is read.

use std::fs::File;

use rawzip::ReaderAt;
use sha2::{Digest, Sha256};

use super::{Archive, Positional, ZipError, each_content};
use crate::dirhash::Files;

/// The `h1:` of a module zip. It covers names and content; order, times, modes and compression do not count. The file
/// may be at any position, and is read whole. Blocks.
///
/// # Errors
/// The archive is broken, or a name has a line break. Whether the names are good ones is [`super::check`]'s matter, which
/// gives the hash as well.
pub fn hash(file: &File) -> Result<String, ZipError> {
    hash_at(&Positional(file), file.metadata()?.len())
}

/// [`hash`] for a zip in memory.
///
/// # Errors
/// As [`hash`].
pub fn hash_bytes(zip: &[u8]) -> Result<String, ZipError> {
    hash_at(&zip, zip.len() as u64)
}

fn hash_at<R: ReaderAt>(reader: &R, size: u64) -> Result<String, ZipError> {
    hash_content(&Archive::open(reader, size)?)
}

/// Reads and hashes everything.
pub(super) fn hash_content<R: ReaderAt>(archive: &Archive<'_, R>) -> Result<String, ZipError> {
    let mut files = sized_for(archive)?;
    let mut content = Sha256::new();
    each_content(archive, |name, piece| match piece {
        Some(piece) => content.update(piece),
        None => files.add(name, content.finalize_reset().into()),
    })?;
    Ok(files.hash())
}

fn sized_for<R: ReaderAt>(archive: &Archive<'_, R>) -> Result<Files, ZipError> {
    let mut bytes = 0;
    let count = archive.each(|record| {
        let name = record.file_path();
        bytes += name.as_ref().len();
        match name.as_ref().contains(&b'\n') {
            true => Err(ZipError::format("dirhash: filenames with newlines are not supported")),
            false => Ok(()),
        }
    })?;
    Ok(Files::with_capacity(usize::try_from(count).unwrap_or_default(), bytes))
}
