//! Tree heads: how many records a log has, and the hash over them (golang.org/x/mod/sumdb/tlog, `ParseTree`).

use super::note::{self, NoteError};
use super::{Hash, VerifierKey};

/// Texts beyond this are refused, as Go does: bytes.
const MAX_TEXT: usize = 1_000_000;

/// A log at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    size: u64,
    root: Hash,
}

/// Why a note is no tree head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The note does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is about something else.
    #[error("not a tree head of a checksum database")]
    Malformed,
}

impl TreeHead {
    /// Reads a note that `key` has signed: the body of `/latest`, or what follows the record in a lookup.
    ///
    /// # Errors
    /// The signature does not hold, or the text is no tree head.
    pub fn open(body: &[u8], key: &VerifierKey) -> Result<Self, HeadError> {
        Self::parse(note::open(body, key)?)
    }

    /// Reads a note's text: `go.sum database tree`, the size in decimal, the root hash in base64. Further lines are left
    /// to the future. Only for texts whose signature is of no concern: proofs want a head that somebody signed.
    pub(super) fn parse(text: &str) -> Result<Self, HeadError> {
        let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
        let head = (lines.next().flatten(), lines.next().flatten(), lines.next().flatten());
        let (Some("go.sum database tree"), Some(digits), Some(root)) = head else { return Err(HeadError::Malformed) };
        let size = decimal(digits).filter(|_| text.len() <= MAX_TEXT).ok_or(HeadError::Malformed)?;
        let root = Hash::parse(root).ok_or(HeadError::Malformed)?;
        // Go finds this out only when it compares such a head with another.
        if size == 0 && root != Hash::of_empty_tree() {
            return Err(HeadError::Malformed);
        }
        Ok(Self { size, root })
    }

    /// How many records there are, at most `i64::MAX`.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash over all records.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// For tests, where trees are made rather than read.
    #[cfg(test)]
    pub(super) fn of(size: u64, root: Hash) -> Self {
        Self { size, root }
    }
}

/// The only spelling of a number; Go counts records in signed 64 bits.
fn decimal(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok().filter(|&number| i64::try_from(number).is_ok())?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
