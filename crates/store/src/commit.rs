//! Publishing: a checked temporary file becomes the object, whole and durable, or nothing happens.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use goproxy_engine::{Error, ErrorKind, Object, Result, Stored, Verified};
use rustix::fs::Access;

use crate::{
    Inner, failure,
    files::{self, Placed, Stamp},
    layout::Layout,
    record::Writer,
};

impl Inner {
    /// Publishes a checked file under its name; `None` if the name is taken. Blocking.
    ///
    /// In this order: content on the disk, name, directory entry on the disk, record. After a crash between any two
    /// the object is absent or whole.
    pub(crate) fn publish(&self, verified: &Verified) -> Result<Option<Stored>> {
        let object = verified.object();
        let path = self.layout.object(object).ok_or_else(|| unnameable(object))?;
        let failed = |e: std::io::Error| failure::at("publishing", &path, &e);
        let file = verified.file();
        file.sync_all().map_err(failed)?;
        if files::place(verified.path(), &path).map_err(failed)? == Placed::Taken {
            return Ok(None);
        }
        // Not before: the new name changes the status.
        let stamp = Stamp::of(file).map_err(failed)?;
        files::parent(&path).and_then(files::sync_dir).map_err(failed)?;
        self.proofs.keep(&self.layout, object, &stamp, verified.sha256(), Writer::Own);
        self.committed_objects.fetch_add(1, Ordering::Relaxed);
        self.committed_bytes.fetch_add(stamp.size, Ordering::Relaxed);
        self.hold(object, &path, Arc::clone(file), &stamp, verified.sha256())
    }

    /// Writes a small file in place of the one before, at once for every reader. Not durable.
    pub(crate) fn put(&self, path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
        let (temp, mut file) = self.tmp.file()?;
        for part in parts {
            file.write_all(part)?;
        }
        files::replace(temp.as_ref(), path)
    }

    /// Whether a commit could work now. Blocking.
    pub(crate) fn probe(&self) -> Result<()> {
        let Layout { download, own } = &self.layout;
        rustix::fs::access(download, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|e| failure::at("writing to", download, &e.into()))?;
        let written = self.tmp.file().and_then(|(_temp, mut file)| file.write_all(b"ready?\n"));
        written.map_err(|e| failure::at("writing a temporary file below", own, &e))
    }
}

/// The error of an object that has no file name.
fn unnameable(object: &Object) -> Error {
    Error::new(ErrorKind::Internal, "the proxy's cache has no place for this")
        .with_detail(format!("{object} has no file name"))
}
