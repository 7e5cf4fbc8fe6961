//! The shapes of a checksum database's answers (golang.org/x/mod/sumdb `ParseRecord`, note): is this a lookup about
//! that version, is this a signed tree head. What has the shape is not proved: that is [`super::check`]'s matter.

use super::note::{self, SignatureLine};
use super::{TreeHead, encoding, sums};
use crate::ModuleVersion;

/// The answer to `/lookup/M@V`: a record and the signed tree head that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    id: u64,
    record: String,
    lines: Vec<String>,
    note: String,
}

/// Why bytes are no lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checksum database record")]
pub struct LookupError;

impl Lookup {
    /// Reads a body: a record number, go.sum lines, an empty line, a signed note.
    ///
    /// # Errors
    /// It has another shape.
    pub fn parse(body: &[u8]) -> Result<Self, LookupError> {
        let text = std::str::from_utf8(body).map_err(|_| LookupError)?;
        let (id, rest) = text.split_once('\n').ok_or(LookupError)?;
        // Go counts records in signed 64 bits.
        let id = id.parse().ok().filter(|&id: &u64| i64::try_from(id).is_ok()).ok_or(LookupError)?;
        let (record, note) = rest.split_once("\n\n").ok_or(LookupError)?;
        let lines: Vec<_> = record.split('\n').map(str::to_owned).collect();
        let holds = lines.iter().all(|line| is_sum_line(line)) && is_signed_tree(note.as_bytes());
        let lookup = || Self { id, record: format!("{record}\n"), lines, note: note.to_owned() };
        holds.then(lookup).ok_or(LookupError)
    }

    /// The record's number in the log.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The record as it stands in the log and in the body, byte for byte: the lines with the last one's line feed, without
    /// the empty line. This is what [`super::check::inclusion`] hashes.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// The signed tree head as it stands in the body: for [`TreeHead::open`].
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The go.sum lines of the record; nothing of the note.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether the record has the sums of this version: of its zip and of its go.mod, one each.
    pub fn names(&self, version: &ModuleVersion) -> bool {
        sums::sums_in(&self.record, version).is_ok()
    }
}

/// Whether bytes have the shape of a signed tree head: the body of `/latest`.
pub fn is_signed_tree(body: &[u8]) -> bool {
    let text = std::str::from_utf8(body).ok().filter(|text| encoding::is_plain(text));
    let Some((text, signatures)) = text.and_then(note::split) else { return false };
    TreeHead::parse(text).is_ok() && signatures.lines().all(|line| SignatureLine::parse(line).is_some())
}

/// `path version[/go.mod] hash`.
fn is_sum_line(line: &str) -> bool {
    let fields: Vec<_> = line.split(' ').collect();
    let plain = !line.chars().any(char::is_control);
    plain
        && matches!(fields[..], [path, version, hash] if !path.is_empty() && version.starts_with('v') && hash.contains(':'))
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
