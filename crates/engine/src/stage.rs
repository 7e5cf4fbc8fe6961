//! From a temporary file to something that may be committed. The types are the rule: a [`Store`](crate::Store) commits
//! [`Verified`] content only, and only [`crate::check`] makes that out of a [`Staging`].

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    Error, Object, Result, blocking,
    growing::{Growth, HELD_BACK},
};

/// How much is collected before a write goes to the blocking pool.
const CHUNK: usize = 256 << 10;
/// How much at first of what others wait for: as soon as there is something that they may be given.
const FIRST_CHUNK: usize = HELD_BACK as usize + (32 << 10);

/// A temporary file that is being filled, hashed on the way. Removed when dropped.
#[derive(Debug)]
pub struct Staging {
    path: TempPath,
    file: Arc<File>,
    hasher: Sha256,
    buffer: Vec<u8>,
    len: u64,
    growth: Option<Growth>,
}

/// Removes its file when dropped.
#[derive(Debug)]
pub struct TempPath(PathBuf);

impl TempPath {
    /// Takes over a file that exists.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        // Gone already when the store has renamed it; a leftover is removed at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Staging {
    /// For stores: an empty file, open for reading and writing, that nobody else writes.
    pub fn new(path: TempPath, file: File) -> Self {
        Self { path, file: Arc::new(file), hasher: Sha256::new(), buffer: Vec::new(), len: 0, growth: None }
    }

    /// Tells those who wait what is there.
    pub(crate) fn growing(self, growth: Growth) -> Self {
        Self { growth: Some(growth), ..self }
    }

    /// Appends a chunk.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.hasher.update(chunk);
        self.len += chunk.len() as u64;
        self.buffer.extend_from_slice(chunk);
        let first = self.growth.is_some() && self.len <= CHUNK as u64;
        if self.buffer.len() >= if first { FIRST_CHUNK } else { CHUNK } { self.flush().await } else { Ok(()) }
    }

    /// Fills an empty staging from a file, in the blocking pool.
    pub async fn copy_from(&mut self, path: &Path) -> Result<()> {
        let (from, file) = (path.to_owned(), Arc::clone(&self.file));
        let mut hasher = std::mem::take(&mut self.hasher);
        let (hasher, len) = on_disk(move || {
            let mut source = File::open(&from)?;
            let mut buffer = vec![0; CHUNK];
            let mut len = 0_u64;
            loop {
                let n = std::io::Read::read(&mut source, &mut buffer)?;
                if n == 0 {
                    return Ok((hasher, len));
                }
                hasher.update(&buffer[..n]);
                (&*file).write_all(&buffer[..n])?;
                len += n as u64;
            }
        })
        .await?;
        self.hasher = hasher;
        self.len += len;
        Ok(())
    }

    /// Bytes written so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    async fn flush(&mut self) -> Result<()> {
        let (buffer, file) = (std::mem::take(&mut self.buffer), Arc::clone(&self.file));
        self.buffer = on_disk(move || {
            (&*file).write_all(&buffer)?;
            Ok(buffer)
        })
        .await?;
        if let Some(growth) = &mut self.growth {
            growth.wrote(&self.file, &self.buffer);
        }
        self.buffer.clear();
        Ok(())
    }

    /// Everything is written: the file, positioned at its start, with its length and hash.
    pub(crate) async fn finish(mut self) -> Result<Filled> {
        self.flush().await?;
        (&*self.file).seek(SeekFrom::Start(0)).map_err(|e| disk(&e))?;
        let sha256 = self.hasher.finalize().into();
        if let Some(growth) = &self.growth {
            growth.ended(&self.file, sha256);
        }
        Ok(Filled { path: self.path, file: self.file, size: self.len, sha256 })
    }
}

/// A filled temporary file, not checked yet.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) path: TempPath,
    pub(crate) file: Arc<File>,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// Content that passed the checks of its object. Only [`crate::check::verify`] makes one.
#[derive(Debug)]
pub struct Verified {
    pub(crate) object: Object,
    pub(crate) filled: Filled,
    pub(crate) sum: Option<String>,
}

impl Verified {
    /// What it is.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The `h1:` of a go.mod or a zip.
    pub fn sum(&self) -> Option<&str> {
        self.sum.as_deref()
    }

    /// The temporary file, on the store's own file system.
    pub fn path(&self) -> &Path {
        self.filled.path.as_ref()
    }

    /// The open file.
    pub fn file(&self) -> &Arc<File> {
        &self.filled.file
    }

    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.filled.size
    }

    /// SHA-256 of the content.
    pub fn sha256(&self) -> [u8; 32] {
        self.filled.sha256
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    blocking(move || work().map_err(|e| disk(&e))).await
}

fn disk(error: &std::io::Error) -> Error {
    Error::internal(format!("writing a temporary file: {error}"))
}
