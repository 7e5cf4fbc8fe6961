//! Signed notes: a text, an empty line, signatures (golang.org/x/mod/sumdb/note, `Open`).

use std::fmt;

use super::{VerifierKey, encoding};

/// More signatures than this are not read: each may cost a verification.
const MAX_SIGNATURES: usize = 100;

/// Why a note is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// It is no note.
    Malformed,
    /// It has no signature of the key `name` with `hash`.
    Unsigned {
        /// The wanted key's name.
        name: String,
        /// The wanted key's hash.
        hash: u32,
    },
    /// It has a signature that claims to be of that key and is not.
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's hash.
        hash: u32,
    },
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a signed note"),
            Self::Unsigned { name, hash } => write!(f, "the note has no signature of key {name}+{hash:08x}"),
            Self::BadSignature { name, hash } => write!(f, "the note's signature of key {name}+{hash:08x} is wrong"),
        }
    }
}

impl std::error::Error for NoteError {}

/// The text of a signed note, its last line feed included, if `key` has signed it. Signatures of other keys do not
/// count; of several by this key the first does, as in Go.
///
/// # Errors
/// See [`NoteError`].
pub fn open<'a>(body: &'a [u8], key: &VerifierKey) -> Result<&'a str, NoteError> {
    let body = std::str::from_utf8(body).ok().filter(|body| encoding::is_plain(body)).ok_or(NoteError::Malformed)?;
    let (text, signatures) = split(body).ok_or(NoteError::Malformed)?;
    let mut verified = false;
    for (count, line) in signatures.lines().enumerate() {
        let signature = SignatureLine::parse(line).filter(|_| count < MAX_SIGNATURES).ok_or(NoteError::Malformed)?;
        if verified || signature.name != key.name() || signature.hash != key.hash() {
            continue;
        }
        if !key.verifies(text.as_bytes(), &signature.bytes) {
            return Err(NoteError::BadSignature { name: key.name().to_owned(), hash: key.hash() });
        }
        verified = true;
    }
    if verified { Ok(text) } else { Err(NoteError::Unsigned { name: key.name().to_owned(), hash: key.hash() }) }
}

/// Text and signatures: what stands before and after the last empty line, both with their last line feed.
pub(super) fn split(note: &str) -> Option<(&str, &str)> {
    let end = note.rfind("\n\n")? + 1;
    let (text, signatures) = (note.get(..end)?, note.get(end + 1..)?);
    signatures.ends_with('\n').then_some((text, signatures))
}

/// `— name base64`, where the bytes are the key's hash in four bytes and the signature.
pub(super) struct SignatureLine<'a> {
    name: &'a str,
    hash: u32,
    bytes: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let data = encoding::decode(encoded).filter(|_| encoding::is_name(name))?;
        let (hash, bytes) = data.split_first_chunk()?;
        (!bytes.is_empty()).then(|| Self { name, hash: u32::from_be_bytes(*hash), bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
