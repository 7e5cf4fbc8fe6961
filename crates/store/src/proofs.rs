//! Which files are known to hold: in memory for what is used, in the records for everything.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
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

/// How long a hashed file is trusted. What is written in between shows in the status change time; this is for what the
/// disk does by itself. SHA-256 takes about a millisecond for a megabyte, once an hour for each file in
/// use.
pub(crate) const CHECK_EVERY: Duration = Duration::from_hours(1);

#[derive(Clone, Copy, Debug)]
struct Proof {
    size: u64,
    mtime: i128,
    sha256: [u8; 32],
    /// Whether somebody is still to be told that nobody has vouched for it.
    doubtful: bool,
    /// When this process read and hashed the file, and the status change time of the file by then.
    checked: Option<(Instant, i128)>,
}

impl Proof {
    fn of(&self, stamp: &Stamp) -> Option<Known> {
        let recently = self.checked.is_some_and(|(at, ctime)| ctime == stamp.ctime && at.elapsed() < CHECK_EVERY);
        (self.size == stamp.size && self.mtime == stamp.mtime).then_some(Known { sha256: self.sha256, recently })
    }
}

/// What a file has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) sha256: [u8; 32],
    /// Whether this process has seen that it is so, not long ago, and nobody has touched the file since.
    pub(crate) recently: bool,
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
    pub(crate) fn recall(&self, layout: &Layout, object: &Object, stamp: &Stamp) -> Option<Known> {
        if let Some(known) = self.remembered(object, stamp) {
            return Some(known);
        }
        let Finding { sha256, size, mtime, writer, .. } = record::last(&layout.record(object)?).ok()??;
        let proof = Proof { size, mtime, sha256, doubtful: writer == Writer::Adopted, checked: None };
        let known = proof.of(stamp)?;
        self.memory.insert(object.clone(), proof);
        Some(known)
    }

    /// The same, as far as it is in memory.
    pub(crate) fn remembered(&self, object: &Object, stamp: &Stamp) -> Option<Known> {
        self.memory.get(object).and_then(|proof| proof.of(stamp))
    }

    /// Remembers that the file with this stamp was hashed now.
    pub(crate) fn checked(&self, object: &Object, stamp: &Stamp, sha256: [u8; 32]) {
        let Stamp { size, mtime, ctime, .. } = *stamp;
        let checked = Some((Instant::now(), ctime));
        let doubtful = self.memory.get(object).is_some_and(|before| before.sha256 == sha256 && before.doubtful);
        self.memory.insert(object.clone(), Proof { size, mtime, sha256, doubtful, checked });
    }

    /// Sets whether somebody is still to be told that nobody has vouched for it, and says whether that was so before.
    pub(crate) fn doubt(&self, object: &Object, doubtful: bool) -> bool {
        let Some(proof) = self.memory.get(object) else { return false };
        if proof.doubtful != doubtful {
            self.memory.insert(object.clone(), Proof { doubtful, ..proof });
        }
        proof.doubtful
    }

    /// Remembers that the file with this stamp holds. Where nothing can be written the memory has to do.
    pub(crate) fn keep(&self, layout: &Layout, object: &Object, stamp: &Stamp, sha256: [u8; 32], writer: Writer) {
        let Stamp { size, mtime, .. } = *stamp;
        self.checked(object, stamp, sha256);
        self.doubt(object, writer == Writer::Adopted);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_or_touched_a_file_is_hashed_again() {
        let file = tempfile::tempfile().unwrap();
        let stamp = Stamp::of(&file).unwrap();
        let recently = |checked| {
            let proof = Proof { size: stamp.size, mtime: stamp.mtime, sha256: [0; 32], doubtful: false, checked };
            proof.of(&stamp).unwrap().recently
        };
        assert!(recently(Some((Instant::now(), stamp.ctime))));
        assert!(!recently(Some((Instant::now(), stamp.ctime - 1))));
        assert!(!recently(None), "by another process");
        // The clock of a machine that has just started does not go back that far.
        if let Some(before) = Instant::now().checked_sub(CHECK_EVERY) {
            assert!(!recently(Some((before, stamp.ctime))));
        }
    }
}
