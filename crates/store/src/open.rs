//! Opening an object: from a name to bytes that are known to hold.
//!
//! A file that we know is served at once. One that we do not know (of `go`, of the original, rewritten since) is
//! checked first and adopted; if it does not hold it is moved aside, and counts as absent.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use goproxy_engine::{Blob, ErrorKind, Kind, Object, Result, Stored, check};
use sha2::{Digest, Sha256};

use crate::{
    Inner, failure,
    files::{self, Opened, Stamp},
    record::Writer,
};

/// Up to this many bytes an object is read while it is opened, and hashed anew: a bit that flipped on the disk does
/// not pass. Larger ones are left to the reader.
const SMALL: u64 = 64 << 10;

/// What is known of an object at the first look.
#[derive(Debug)]
pub(crate) enum Found {
    Absent,
    Held(Stored),
    /// There is a file, and nothing is known of it.
    Unknown(PathBuf, File, Stamp),
}

impl Inner {
    /// The first look: cheap, for hits. Blocking.
    pub(crate) fn find(&self, object: &Object) -> Result<Found> {
        let Some(path) = self.layout.object(object) else { return Ok(Found::Absent) };
        let opened = files::open_regular(&path).map_err(|e| failure::at("opening", &path, &e))?;
        let (file, stamp) = match opened {
            Opened::Absent => return Ok(Found::Absent),
            Opened::Foreign => {
                self.set_aside(object, &path, None, "not a regular file");
                return Ok(Found::Absent);
            }
            Opened::File(file, stamp) => (file, stamp),
        };
        let Some(sha256) = self.proofs.recall(&self.layout, object, &stamp) else {
            return Ok(Found::Unknown(path, file, stamp));
        };
        Ok(self.hold(object, &path, Arc::new(file), &stamp, sha256)?.map_or(Found::Absent, Found::Held))
    }

    /// The second look, at a file nobody vouches for: checks it and remembers the outcome. Blocking, and slow for zips.
    pub(crate) fn adopt(&self, object: &Object) -> Result<Option<Stored>> {
        let (path, file, stamp) = match self.find(object)? {
            Found::Absent => return Ok(None),
            Found::Held(stored) => return Ok(Some(stored)),
            Found::Unknown(path, file, stamp) => (path, file, stamp),
        };
        // Its writer may not have cared: what is recorded as good must still be so after a power failure.
        let _ = file.sync_all();
        if let Err(e) = check::content(object, &file, stamp.size) {
            if e.kind() == ErrorKind::Internal {
                return Err(e);
            }
            self.set_aside(object, &path, Some(&stamp), e.message());
            return Ok(None);
        }
        let reading = |e: io::Error| failure::at("reading", &path, &e);
        let sha256 = files::sha256(&file).map_err(reading)?;
        if Stamp::of(&file).map_err(reading)? != stamp {
            // Somebody is still writing it.
            return Ok(None);
        }
        self.proofs.keep(&self.layout, object, &stamp, sha256, Writer::Adopted);
        tracing::debug!(%object, "adopted");
        self.hold(object, &path, Arc::new(file), &stamp, sha256)
    }

    /// An open, proven file as an answer; `None` if it turns out to have rotted.
    pub(crate) fn hold(
        &self,
        object: &Object,
        path: &Path,
        file: Arc<File>,
        stamp: &Stamp,
        sha256: [u8; 32],
    ) -> Result<Option<Stored>> {
        let Stamp { size, modified, .. } = *stamp;
        if size > SMALL {
            return Ok(Some(Stored { blob: Blob::File(file), size, sha256, modified }));
        }
        let bytes = match files::read(&file, size) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Vec::new(),
            Err(e) => return Err(failure::at("reading", path, &e)),
        };
        if <[u8; 32]>::from(Sha256::digest(&bytes)) == sha256 {
            return Ok(Some(Stored { blob: Blob::Bytes(Bytes::from(bytes)), size, sha256, modified }));
        }
        self.set_aside(object, path, Some(stamp), "changed on the disk since it was checked");
        Ok(None)
    }

    /// Moves an object aside that others found not to hold. Blocking.
    pub(crate) fn reject(&self, object: &Object, reason: &str) {
        if let Some(path) = self.layout.object(object) {
            self.set_aside(object, &path, None, reason);
        }
    }

    /// Moves what is at `path` out of the way, if it is still the file that was looked at. Where that is not
    /// possible it stays, and is refused again the next time.
    fn set_aside(&self, object: &Object, path: &Path, stamp: Option<&Stamp>, reason: &str) {
        self.proofs.forget(object);
        if stamp.is_some_and(|stamp| !stamp.is_at(path)) {
            return;
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let unique = format!("{seconds}-{:016x}", fastrand::u64(..));
        let place = path.strip_prefix(&self.layout.download).unwrap_or(path);
        let target = self.layout.quarantine().join(unique).join(place);
        match files::replace(path, &target) {
            Ok(()) => tracing::warn!(%object, reason, moved_to = %target.display(), "a cached file does not hold"),
            Err(error) => tracing::warn!(%object, reason, %error, "a cached file does not hold, and cannot be moved"),
        }
        if let Object::Module(mv, Kind::Zip) = object {
            // It says what `go` found in the file that is gone.
            let _ = std::fs::remove_file(self.layout.ziphash(mv));
        }
    }
}
