//! The hash `h1:` that go.sum files and checksum databases hold: golang.org/x/mod/sumdb/dirhash `Hash1`.

use std::collections::BTreeMap;
use std::fs::File;

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
    archive.each(|record| match record.file_path().as_ref().contains(&b'\n') {
        true => Err(ZipError::format("dirhash: filenames with newlines are not supported")),
        false => Ok(()),
    })?;
    // Names sort bytewise. Folders may be there twice; each time counts.
    let mut files = BTreeMap::<Vec<u8>, Vec<[u8; 32]>>::new();
    let mut content = Sha256::new();
    each_content(&archive, |name, piece| match piece {
        Some(piece) => content.update(piece),
        None => files.entry(name.to_vec()).or_default().push(content.finalize_reset().into()),
    })?;
    let mut lines = Sha256::new();
    for (name, hashes) in &files {
        hashes.iter().for_each(|hash| add_line(&mut lines, hash, name));
    }
    Ok(summed(lines))
}

/// `<hash in hex>  <name>\n`
fn add_line(lines: &mut Sha256, hash: &[u8], name: &[u8]) {
    for byte in hash {
        lines.update(format!("{byte:02x}"));
    }
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
