//! The hash `h1:` that go.sum files and checksum databases hold: golang.org/x/mod/sumdb/dirhash `Hash1`.

use std::fs::File;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rawzip::ReaderAt;
use sha2::{Digest, Sha256};

use crate::zip::{Archive, Positional, ZipError, each_content};

/// The hash of a module zip. It covers names and content; order, times, modes and compression do not count. The file
/// may be at any position, and is read whole. Blocks.
///
/// # Errors
/// The archive is broken, or a name has a line break. Whether the names are good ones is [`crate::zip::check`]'s matter.
pub fn hash_zip(file: &File) -> Result<String, ZipError> {
    hash_at(&Positional(file), file.metadata()?.len())
}

/// [`hash_zip`] for a zip in memory.
///
/// # Errors
/// As [`hash_zip`].
pub fn hash_zip_bytes(zip: &[u8]) -> Result<String, ZipError> {
    hash_at(&zip, zip.len() as u64)
}

/// The hash of a go.mod file.
pub fn hash_go_mod(content: &[u8]) -> String {
    let mut lines = Sha256::new();
    add_line(&mut lines, &Sha256::digest(content), b"go.mod");
    summed(lines)
}

fn hash_at<R: ReaderAt>(reader: &R, size: u64) -> Result<String, ZipError> {
    let archive = Archive::open(reader, size)?;
    let mut files = Files::sized_for(&archive)?;
    let mut content = Sha256::new();
    each_content(&archive, |name, piece| match piece {
        Some(piece) => content.update(piece),
        None => files.add(name, content.finalize_reset().into()),
    })?;
    Ok(files.hash())
}

/// Names and hashes of all files. Names are one string: there may be half a million.
struct Files {
    names: Vec<u8>,
    files: Vec<(Range<usize>, [u8; 32])>,
}

impl Files {
    fn sized_for<R: ReaderAt>(archive: &Archive<'_, R>) -> Result<Self, ZipError> {
        let mut bytes = 0;
        let count = archive.each(|record| {
            let name = record.file_path();
            bytes += name.as_ref().len();
            match name.as_ref().contains(&b'\n') {
                true => Err(ZipError::format("dirhash: filenames with newlines are not supported")),
                false => Ok(()),
            }
        })?;
        let files = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        Ok(Self { names: Vec::with_capacity(bytes), files })
    }

    fn add(&mut self, name: &[u8], hash: [u8; 32]) {
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.files.push((start..self.names.len(), hash));
    }

    /// Names sort bytewise. Folders may be there twice; each time counts.
    fn hash(mut self) -> String {
        self.files.sort_unstable_by(|(a, _), (b, _)| self.names[a.clone()].cmp(&self.names[b.clone()]));
        let mut lines = Sha256::new();
        for (name, hash) in self.files {
            add_line(&mut lines, &hash, &self.names[name]);
        }
        summed(lines)
    }
}

/// `<hash in hex>  <name>\n`
fn add_line(lines: &mut Sha256, hash: &[u8], name: &[u8]) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    let hex: Vec<u8> = hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    lines.update(hex);
    lines.update(b"  ");
    lines.update(name);
    lines.update(b"\n");
}

fn summed(lines: Sha256) -> String {
    format!("h1:{}", STANDARD.encode(lines.finalize()))
}

#[cfg(test)]
#[path = "dirhash_tests.rs"]
mod tests;
