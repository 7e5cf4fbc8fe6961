//! The hash `h1:` that go.sum files and checksum databases hold: golang.org/x/mod/sumdb/dirhash `Hash1`.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The hash of a go.mod file.
pub fn hash_go_mod(content: &[u8]) -> String {
    let mut lines = Sha256::new();
    add_line(&mut lines, &Sha256::digest(content), b"go.mod");
    summed(lines)
}

/// Names and hashes of all files: the hash covers nothing else. Names are one string: there may be half a million.
#[derive(Debug)]
pub(crate) struct Files {
    names: Vec<u8>,
    files: Vec<(Range<usize>, [u8; 32])>,
}

impl Files {
    /// For so many files with names of so many bytes together.
    pub(crate) fn with_capacity(count: usize, names: usize) -> Self {
        Self { names: Vec::with_capacity(names), files: Vec::with_capacity(count) }
    }

    pub(crate) fn add(&mut self, name: &[u8], sha256: [u8; 32]) {
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.files.push((start..self.names.len(), sha256));
    }

    /// Names sort bytewise. Folders may be there twice; each time counts.
    pub(crate) fn hash(mut self) -> String {
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
