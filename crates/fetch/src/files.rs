//! A `file://` entry of a GOPROXY list: a directory in the layout of a module cache, read as `go` reads it. A missing
//! file is the 404 of the file system, a forbidden one its 403.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use goproxy_engine::{Error, ErrorKind, Result, Staging, blocking};
use reqwest::Url;

use crate::wire;

/// The root of such a directory.
#[derive(Clone, Debug)]
pub(crate) struct Files(PathBuf);

impl Files {
    /// # Errors
    /// As for `go`, the URL may hold nothing but a path.
    pub(crate) fn new(url: &Url) -> Result<Self> {
        let bare = url.host_str().is_none() && url.query().is_none() && url.fragment().is_none();
        match url.to_file_path() {
            Ok(path) if bare => Ok(Self(path)),
            _ => Err(Error::new(ErrorKind::Internal, "a file:// proxy URL may hold nothing but an absolute path")),
        }
    }

    /// A small file, whole.
    pub(crate) async fn bytes(&self, wire_path: &str, limit: u64) -> Result<Bytes> {
        let path = self.find(wire_path, limit).await?;
        blocking(move || fs::read(&path).map_err(|e| failed(&e, &path))).await.map(Bytes::from)
    }

    /// A file of any size, copied.
    pub(crate) async fn copy(&self, wire_path: &str, limit: u64, mut into: Staging) -> Result<Staging> {
        let path = self.find(wire_path, limit).await?;
        into.copy_from(&path).await?;
        if into.len() > limit { Err(too_large(&path)) } else { Ok(into) }
    }

    /// The path of a file that is there, regular, readable and within the limit.
    async fn find(&self, wire_path: &str, limit: u64) -> Result<PathBuf> {
        let relative = String::from_utf8(wire::percent_decode(wire_path)).unwrap_or_default();
        let path = self.0.join(relative);
        blocking(move || {
            // Not opened before it is known to be regular: opening a pipe waits for a writer.
            let size = match fs::metadata(&path).map_err(|e| failed(&e, &path))? {
                meta if meta.is_file() => meta.len(),
                _ => return Err(Error::new(ErrorKind::NotFound, "not found")),
            };
            fs::File::open(&path).map_err(|e| failed(&e, &path))?;
            if size > limit { Err(too_large(&path)) } else { Ok(path) }
        })
        .await
    }
}

fn failed(error: &io::Error, path: &Path) -> Error {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    let (kind, message) = match error.kind() {
        NotFound | NotADirectory | InvalidFilename => (ErrorKind::NotFound, "not found"),
        PermissionDenied => (ErrorKind::Refused, "permission denied"),
        _ => (ErrorKind::Unavailable, "the upstream directory cannot be read"),
    };
    Error::new(kind, message).with_detail(format!("{}: {error}", path.display()))
}

fn too_large(path: &Path) -> Error {
    let message = "the upstream sent more than the limit for this file";
    Error::new(ErrorKind::Invalid, message).with_detail(path.display().to_string())
}
