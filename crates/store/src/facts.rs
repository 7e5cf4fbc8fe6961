//! Facts: small texts that are compared before they are replaced, whichever process writes. Whole or not there; one that
//! is empty (a power failure) counts as absent.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use goproxy_engine::{Error, Fact, FactFound, Result};

use crate::{
    Inner, failure,
    files::{self, Opened},
};

/// What is longer is not ours: tree heads and go.sum lines have some hundred bytes, evidence some thousand.
const MAX_FILE: u64 = 1 << 20;

impl Inner {
    /// What is known. Blocking.
    pub(crate) fn recall(&self, fact: &Fact) -> Result<Option<FactFound>> {
        let path = self.place_of(fact)?;
        let text = read(&path).map_err(|e| failure::at("reading", &path, &e))?;
        Ok(text.map(|text| FactFound { text, place: path.display().to_string() }))
    }

    /// Compares and replaces, under a lock that all processes with this cache take. Blocking.
    pub(crate) fn establish(&self, fact: &Fact, old: Option<&Bytes>, new: &Bytes) -> Result<bool> {
        let path = self.place_of(fact)?;
        let failed = |e: io::Error| failure::at("writing", &path, &e);
        let _turn = self.lock_facts().map_err(failed)?;
        if read(&path).map_err(failed)?.as_ref() != old {
            return Ok(false);
        }
        match fact {
            Fact::Sum(..) => self.put(&path, &[new]).map_err(failed)?,
            Fact::TreeHead(..) | Fact::Fork(..) => self.put_durably(&path, new).map_err(failed)?,
        }
        Ok(true)
    }

    fn place_of(&self, fact: &Fact) -> Result<PathBuf> {
        let unnameable = || Error::internal(format!("the cache has no place for {fact:?}"));
        self.layout.fact(fact).ok_or_else(unnameable)
    }

    /// Goes with the file that is returned.
    fn lock_facts(&self) -> io::Result<File> {
        let path = self.layout.facts_lock();
        let open = || files::open_own(File::options().write(true).create(true).truncate(false), &path);
        let file = match open() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                files::make_dir(files::parent(&path)?)?;
                open()?
            }
            file => file?,
        };
        file.lock()?;
        Ok(file)
    }

    fn put_durably(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let (temp, mut file) = self.tmp.file()?;
        file.write_all(text)?;
        file.sync_all()?;
        let dir = files::parent(path)?;
        files::make_dir(dir)?;
        files::replace(temp.as_ref(), path)?;
        files::sync_dir(dir)
    }
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    match files::open_regular(path)? {
        Opened::File(file, stamp) if stamp.size <= MAX_FILE => {
            let text = files::read(&file, stamp.size)?;
            Ok((!text.is_empty()).then(|| text.into()))
        }
        Opened::Absent => Ok(None),
        _ => Err(io::Error::other("is no file of ours; move it away")),
    }
}
