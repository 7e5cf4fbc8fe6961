//! Which files are known to hold: in memory for what is used, in the records for everything.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use goproxy_engine::Object;
use quick_cache::sync::Cache;

use crate::{
    files::Stamp,
    layout::Layout,
    record::{self, Finding, Writer},
};

/// Objects remembered in memory, at some 200 bytes each.
const REMEMBERED: usize = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Proof {
    size: u64,
    mtime: i128,
    sha256: [u8; 32],
}

impl Proof {
    fn of(&self, stamp: &Stamp) -> Option<[u8; 32]> {
        (self.size == stamp.size && self.mtime == stamp.mtime).then_some(self.sha256)
    }
}

/// What was checked. A proof counts for as long as the file keeps its size and modification time.
#[derive(Debug)]
pub(crate) struct Proofs {
    memory: Cache<Object, Proof>,
    warned: AtomicBool,
}

impl Proofs {
    pub(crate) fn new() -> Self {
        Self { memory: Cache::new(REMEMBERED), warned: AtomicBool::new(false) }
    }

    /// The hash of the file that was checked, if it is the one with this stamp.
    pub(crate) fn recall(&self, layout: &Layout, object: &Object, stamp: &Stamp) -> Option<[u8; 32]> {
        if let Some(sha256) = self.memory.get(object).and_then(|proof| proof.of(stamp)) {
            return Some(sha256);
        }
        let Finding { sha256, size, mtime, .. } = record::last(&layout.record(object)?).ok()??;
        let proof = Proof { size, mtime, sha256 };
        let sha256 = proof.of(stamp)?;
        self.memory.insert(object.clone(), proof);
        Some(sha256)
    }

    /// Remembers that the file with this stamp holds. Where nothing can be written the memory has to do.
    pub(crate) fn keep(&self, layout: &Layout, object: &Object, stamp: &Stamp, sha256: [u8; 32], writer: Writer) {
        let Stamp { size, mtime, .. } = *stamp;
        self.memory.insert(object.clone(), Proof { size, mtime, sha256 });
        let Some(place) = layout.record(object) else { return };
        let before = record::last(&place).ok().flatten();
        let first_seen = before.map_or_else(now, |before| before.first_seen);
        let finding = Finding { sha256, size, mtime, first_seen, writer };
        match record::append(&place, &finding) {
            Ok(()) => self.warned.store(false, Ordering::Relaxed),
            Err(e) => self.complain(&place.path, &e),
        }
    }

    pub(crate) fn forget(&self, object: &Object) {
        self.memory.remove(object);
    }

    /// Once for each time of trouble: it comes with every object.
    fn complain(&self, path: &Path, error: &std::io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(path = %path.display(), %error, "cannot write records: checked files will be checked again");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
