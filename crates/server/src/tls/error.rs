//! Why a file of TLS cannot be used.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// The server's certificate chain.
    Cert,
    /// Its private key.
    Key,
    /// The roots of clients' certificates.
    ClientCa,
}

/// A file that cannot be used: which, why, and the remedy. Nothing of the file's contents is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    file: TlsFile,
    path: PathBuf,
    text: String,
}

impl TlsError {
    pub(super) fn new(file: TlsFile, path: &Path, text: impl Into<String>) -> Self {
        Self { file, path: path.to_owned(), text: text.into() }
    }

    /// Which file it is about.
    pub const fn file(&self) -> TlsFile {
        self.file
    }

    /// Cause and remedy, without the path.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

impl std::error::Error for TlsError {}
