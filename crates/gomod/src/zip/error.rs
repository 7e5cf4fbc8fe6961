//! Why a zip is refused, in the words of golang.org/x/mod/zip and archive/zip.

use std::fmt;
use std::io;

use super::{MAX_NAMES, MAX_PATHS, MAX_ZIP};

/// Longest part of a name or reason that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// Why a zip is no module zip.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The file could not be read: nothing is known about the zip.
    #[error("reading zip: {0}")]
    Read(io::Error),
    /// The zip file is larger than [`MAX_ZIP`].
    #[error("module zip file is too large ({0} bytes; limit is {MAX_ZIP} bytes)")]
    TooLarge(u64),
    /// The files in it are larger than [`MAX_ZIP`].
    #[error("total uncompressed size of module contents too large (max size is {MAX_ZIP} bytes)")]
    ContentTooLarge,
    /// The files that would go into it are larger than [`MAX_ZIP`].
    #[error("module source tree too large (max size is {MAX_ZIP} bytes)")]
    TreeTooLarge,
    /// It has more files and folders than [`MAX_PATHS`], or longer names than [`MAX_NAMES`].
    #[error("too many files in module zip (limit is {MAX_PATHS} files and folders with {MAX_NAMES} bytes of names)")]
    TooManyFiles,
    /// Not a zip file, or one that can be read in two ways.
    #[error("zip: not a valid zip file: {0}")]
    Format(String),
    /// Files that a module zip may not have: the first few of them.
    #[error("{}", Lines(.files, *.more))]
    Files {
        /// At least one.
        files: Vec<FileError>,
        /// How many there are besides.
        more: u64,
    },
}

/// A file that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct FileError {
    /// Its whole name in the zip, shortened and without control characters.
    pub path: String,
    /// The rule that it breaks.
    pub reason: String,
}

impl FileError {
    pub(crate) fn new(path: &[u8], reason: &str) -> Self {
        Self { path: shown(&String::from_utf8_lossy(path)), reason: shown(reason) }
    }
}

impl ZipError {
    pub(crate) fn format(why: impl fmt::Display) -> Self {
        Self::Format(why.to_string())
    }

    /// One bad file.
    pub(crate) fn file(path: &[u8], reason: &str) -> Self {
        Self::Files { files: vec![FileError::new(path, reason)], more: 0 }
    }
}

impl From<io::Error> for ZipError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::format("unexpected EOF"),
            _ => Self::Read(error),
        }
    }
}

impl From<rawzip::Error> for ZipError {
    fn from(error: rawzip::Error) -> Self {
        match error.kind() {
            // The cause cannot be taken out of the error, only copied.
            rawzip::ErrorKind::IO(cause) => io::Error::new(cause.kind(), cause.to_string()).into(),
            rawzip::ErrorKind::Eof => Self::format("unexpected EOF"),
            kind => Self::format(kind),
        }
    }
}

/// Text from a zip made fit for a message.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut shown: String = text.chars().take(MAX_SHOWN).map(plain).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// A line for each file, as the `go` command prints them.
struct Lines<'a>(&'a [FileError], u64);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, file) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{file}")?;
        }
        if self.1 > 0 { write!(f, "\nand {} more", self.1) } else { Ok(()) }
    }
}
