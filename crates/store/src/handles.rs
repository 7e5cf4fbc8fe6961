//! Large files that are in demand stay open: opening one again costs a thread of the blocking pool, which is a fifth of what
//! a zip of 100 KiB costs altogether. A look at the open file tells whether it was written, replaced or removed since.

use std::{
    fs::File,
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_engine::{Blob, Object, Stored};
use quick_cache::sync::Cache;
use rustix::process::{Resource, getrlimit};

use crate::{files::Stamp, proofs::Proofs};

/// How many stay open at most; less where a process may not open many.
const MOST: u64 = 512;

/// How long, without being looked up by name: what was removed gives its room on the disk back by then.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Handles(Cache<Object, (Arc<File>, Instant)>);

impl Handles {
    pub(crate) fn new() -> Self {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self(Cache::new(usize::try_from((limit / 8).min(MOST)).unwrap_or(1)))
    }

    /// The object, if its file is open and the one that was hashed not long ago. Does not wait for the disk.
    pub(crate) fn held(&self, object: &Object, proofs: &Proofs) -> Option<Stored> {
        let (file, since) = self.0.get(object)?;
        let known = Stamp::of(&file).ok().filter(|stamp| stamp.is_linked() && since.elapsed() < OPEN_FOR);
        let Some((stamp, known)) = known.and_then(|stamp| Some((stamp, proofs.remembered(object, &stamp)?))) else {
            self.0.remove(object);
            return None;
        };
        let Stamp { size, modified, .. } = stamp;
        known.recently.then_some(Stored {
            blob: Blob::File(file),
            size,
            sha256: known.sha256,
            modified,
            doubtful: false,
        })
    }

    /// Keeps the file of an object open that was just opened.
    pub(crate) fn keep(&self, object: &Object, stored: &Stored) {
        if let Blob::File(file) = &stored.blob {
            self.0.insert(object.clone(), (Arc::clone(file), Instant::now()));
        }
    }

    /// Closes what was opened some time ago.
    pub(crate) fn close_old(&self) {
        self.0.retain(|_, (_, since)| since.elapsed() < OPEN_FOR);
    }
}
