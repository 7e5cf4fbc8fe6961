//! Looking at objects without changing anything, and saying all that can be said of them: for `goproxy verify`.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gomod::ModuleVersion;
use goproxy_engine::{ErrorKind, Object, Result, blocking, check};

use crate::{
    FsStore, Inner, failure,
    files::{self, Opened, Stamp},
    open::ROTTEN,
};

/// What `.ziphash` files hold: `h1:` and 44 characters, with or without a line end.
const MAX_ZIPHASH: u64 = 1024;

/// What was found in the place of an object.
#[derive(Debug)]
pub enum Inspection {
    /// Nothing, or a file that somebody is writing.
    Absent,
    /// What it has to be, by itself.
    Sound(Sound),
    /// Something that must not be served, and why.
    Bad(Seen, String),
}

/// The very file that was looked at: another process may replace it meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Seen(Option<Stamp>);

/// A file that holds, by itself.
#[derive(Clone, Debug)]
pub struct Sound {
    /// The open file.
    pub file: Arc<File>,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// The `h1:` of a go.mod or a zip.
    pub sum: Option<String>,
    /// Whether it was checked before, and is what it was then.
    pub recorded: bool,
    /// Which file it is.
    pub seen: Seen,
}

/// A regular file, or what else there is.
#[derive(Debug)]
pub(crate) enum Look {
    Absent,
    Foreign(PathBuf),
    /// The hash is the recorded one, if there is a record of a file of this size and time.
    File(PathBuf, File, Stamp, Option<[u8; 32]>),
}

impl FsStore {
    /// Reads an object from the disk, not from memory, and checks everything that needs nobody else. Nothing is changed.
    pub async fn inspect(&self, object: &Object) -> Result<Inspection> {
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || inner.inspect(&object)).await
    }

    /// Moves a file that was looked at to quarantine. Whether it is no longer in its place.
    pub async fn move_away(&self, object: &Object, seen: Seen, reason: &str) -> Result<bool> {
        let (inner, object, reason) = (Arc::clone(&self.0), object.clone(), reason.to_owned());
        blocking(move || {
            let path = inner.layout.object(&object);
            Ok(path.is_some_and(|path| inner.set_aside(&object, &path, seen.0.as_ref(), &reason)))
        })
        .await
    }

    /// What `go` has written down of a zip, and the file that it is in.
    pub async fn ziphash(&self, version: &ModuleVersion) -> Result<Option<(PathBuf, String)>> {
        let path = self.0.layout.ziphash(version);
        blocking(move || {
            let text = ziphash(&path).map_err(|e| failure::at("reading", &path, &e))?;
            Ok(text.map(|text| (path, text)))
        })
        .await
    }

    /// Removes what `go` has written down of a zip: it hashes the zip again.
    pub async fn remove_ziphash(&self, version: &ModuleVersion) -> Result<()> {
        let path = self.0.layout.ziphash(version);
        blocking(move || std::fs::remove_file(&path).map_err(|e| failure::at("removing", &path, &e))).await
    }
}

impl Inner {
    pub(crate) fn look(&self, object: &Object) -> Result<Look> {
        let Some(path) = self.layout.object(object) else { return Ok(Look::Absent) };
        Ok(match files::open_regular(&path).map_err(|e| failure::at("opening", &path, &e))? {
            Opened::Absent => Look::Absent,
            Opened::Foreign => Look::Foreign(path),
            Opened::File(file, stamp) => {
                let known = self.proofs.recall(&self.layout, object, &stamp).map(|known| known.sha256);
                Look::File(path, file, stamp, known)
            }
        })
    }

    pub(crate) fn inspect(&self, object: &Object) -> Result<Inspection> {
        let (path, file, stamp, recorded) = match self.look(object)? {
            Look::Absent => return Ok(Inspection::Absent),
            Look::Foreign(_) => return Ok(Inspection::Bad(Seen(None), "not a regular file".to_owned())),
            Look::File(path, file, stamp, recorded) => (path, file, stamp, recorded),
        };
        let reading = |e: io::Error| failure::at("reading", &path, &e);
        files::forget_pages(&file);
        let sha256 = files::sha256(&file).map_err(reading)?;
        let content = match recorded {
            Some(recorded) if recorded != sha256 => Err(ROTTEN.to_owned()),
            _ => match check::content(object, &file, stamp.size) {
                Ok(sum) => Ok(sum),
                Err(e) if e.kind() == ErrorKind::Internal => return Err(e),
                Err(e) => Err(e.message().to_owned()),
            },
        };
        files::forget_pages(&file);
        if !Stamp::of(&file).map_err(reading)?.agrees(&stamp) || !stamp.is_at(&path) {
            return Ok(Inspection::Absent);
        }
        Ok(match content {
            Ok(sum) => {
                let file = Arc::new(file);
                let (recorded, seen) = (recorded.is_some(), Seen(Some(stamp)));
                Inspection::Sound(Sound { file, size: stamp.size, sha256, sum, recorded, seen })
            }
            Err(reason) => Inspection::Bad(Seen(Some(stamp)), reason),
        })
    }
}

fn ziphash(path: &Path) -> io::Result<Option<String>> {
    match files::open_regular(path)? {
        Opened::Absent => Ok(None),
        Opened::File(file, stamp) if stamp.size <= MAX_ZIPHASH => {
            Ok(Some(String::from_utf8_lossy(&files::read(&file, stamp.size)?).trim().to_owned()))
        }
        _ => Ok(Some(String::new())),
    }
}
