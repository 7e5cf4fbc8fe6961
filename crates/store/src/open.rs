//! Opening an object: from a name to bytes that are known to hold.
//!
//! A file that we know is served at once: a small one is hashed as it is read, a large one was hashed within the last
//! [`CHECK_EVERY`](crate::proofs::CHECK_EVERY) and was not touched since, or is hashed now. One that we do not know (of `go`, of the original, rewritten since) is
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

/// Up to this many bytes an object is read while it is opened, and hashed anew. Larger ones are left to the reader: of
/// those, it is remembered when they were hashed.
const SMALL: u64 = 64 << 10;

/// Why a file is moved aside that is not what it was.
pub(crate) const ROTTEN: &str = "changed on the disk since it was checked";

/// What is known of an object at the first look.
#[derive(Debug)]
pub(crate) enum Found {
    Absent,
    Held(Stored),
    /// It is known what the file has to be, and it is time to look whether it still is.
    Due(PathBuf, File, Stamp, [u8; 32]),
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
        let Some(known) = self.proofs.recall(&self.layout, object, &stamp) else {
            return Ok(Found::Unknown(path, file, stamp));
        };
        if stamp.size > SMALL && !known.recently {
            return Ok(Found::Due(path, file, stamp, known.sha256));
        }
        Ok(self.hold(object, &path, Arc::new(file), &stamp, known.sha256)?.map_or(Found::Absent, Found::Held))
    }

    /// The second look, which takes a while: hashes what is known, checks what is not. Blocking.
    pub(crate) fn examine(&self, object: &Object) -> Result<Option<Stored>> {
        match self.find(object)? {
            Found::Absent => Ok(None),
            Found::Held(stored) => Ok(Some(stored)),
            Found::Due(path, file, stamp, sha256) => self.check_again(object, &path, file, &stamp, sha256),
            Found::Unknown(path, file, stamp) => self.adopt(object, &path, file, &stamp),
        }
    }

    /// Looks whether a large file is still what it was. The disk may have lost it since, or somebody have changed it and
    /// set its time back.
    fn check_again(
        &self,
        object: &Object,
        path: &Path,
        file: File,
        stamp: &Stamp,
        sha256: [u8; 32],
    ) -> Result<Option<Stored>> {
        if files::sha256(&file).map_err(|e| failure::at("reading", path, &e))? != sha256 {
            self.set_aside(object, path, Some(stamp), ROTTEN);
            return Ok(None);
        }
        self.proofs.checked(object, stamp, sha256);
        self.hold(object, path, Arc::new(file), stamp, sha256)
    }

    /// Checks a file that nobody vouches for, and remembers the outcome. Slow for zips.
    fn adopt(&self, object: &Object, path: &Path, file: File, stamp: &Stamp) -> Result<Option<Stored>> {
        // Its writer may not have cared: what is recorded as good must still be so after a power failure.
        let _ = file.sync_all();
        if let Err(e) = check::content(object, &file, stamp.size) {
            if e.kind() == ErrorKind::Internal {
                return Err(e);
            }
            self.set_aside(object, path, Some(stamp), e.message());
            return Ok(None);
        }
        let reading = |e: io::Error| failure::at("reading", path, &e);
        let sha256 = files::sha256(&file).map_err(reading)?;
        if !Stamp::of(&file).map_err(reading)?.agrees(stamp) {
            // Somebody is still writing it.
            return Ok(None);
        }
        self.proofs.keep(&self.layout, object, stamp, sha256, Writer::Adopted);
        tracing::debug!(%object, "adopted");
        self.hold(object, path, Arc::new(file), stamp, sha256)
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
            return Ok(Some(Stored { blob: Blob::File(file), size, sha256, modified, doubtful: false }));
        }
        let bytes = match files::read(&file, size) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Vec::new(),
            Err(e) => return Err(failure::at("reading", path, &e)),
        };
        if <[u8; 32]>::from(Sha256::digest(&bytes)) == sha256 {
            return Ok(Some(Stored { blob: Blob::Bytes(Bytes::from(bytes)), size, sha256, modified, doubtful: false }));
        }
        self.set_aside(object, path, Some(stamp), ROTTEN);
        Ok(None)
    }

    /// Moves an object aside that others found not to hold. Blocking.
    pub(crate) fn reject(&self, object: &Object, reason: &str) {
        if let Some(path) = self.layout.object(object) {
            self.set_aside(object, &path, None, reason);
        }
    }

    /// Moves what is at `path` out of the way, if it is still the file that was looked at. Where that is not
    /// possible it stays, and is refused again the next time. Whether it is gone.
    pub(crate) fn set_aside(&self, object: &Object, path: &Path, stamp: Option<&Stamp>, reason: &str) -> bool {
        self.proofs.forget(object);
        if stamp.is_some_and(|stamp| !stamp.is_at(path)) {
            return true;
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let unique = format!("{seconds}-{:016x}", fastrand::u64(..));
        let place = path.strip_prefix(&self.layout.download).unwrap_or(path);
        let target = self.layout.quarantine().join(unique).join(place);
        let moved = files::replace(path, &target);
        match &moved {
            Ok(()) => tracing::warn!(%object, reason, moved_to = %target.display(), "a cached file does not hold"),
            // Somebody else was faster.
            Err(_) if path.symlink_metadata().is_err_and(|e| e.kind() == io::ErrorKind::NotFound) => return true,
            Err(error) => tracing::warn!(%object, reason, %error, "a cached file does not hold, and cannot be moved"),
        }
        if let Object::Module(mv, Kind::Zip) = object {
            // It says what `go` found in the file that is gone.
            let _ = std::fs::remove_file(self.layout.ziphash(mv));
        }
        moved.is_ok()
    }
}
