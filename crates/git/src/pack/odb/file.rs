//! A pack that is open, with its index.

use crate::{
    Error, ObjectFormat, open_regular,
    pack::{corrupt, index::Index},
};
use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

pub(super) struct PackFile {
    /// `pack-<hash>`.
    pub(super) name: String,
    /// Its number in this process, for caches.
    pub(super) number: u64,
    pub(super) index: Index,
    pub(super) file: File,
}

impl PackFile {
    pub(super) fn open(format: ObjectFormat, directory: &Path, name: &str) -> Result<Self, Error> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        // The pack first: an index may come after its pack, not before.
        let file = open_regular(&directory.join(format!("{name}.pack")))?;
        let index = Index::open(format, open_regular(&directory.join(format!("{name}.idx")))?)?;
        let len = file.metadata()?.len();
        let (mut head, mut checksum) = ([0; 12], vec![0; format.len()]);
        let Some(end) = len.checked_sub(format.len() as u64).filter(|&end| end >= 12) else {
            return corrupt("the pack is too short");
        };
        file.read_exact_at(&mut head, 0)?;
        file.read_exact_at(&mut checksum, end)?;
        if head[..4] != *b"PACK" || head[8..] != index.count().to_be_bytes() || checksum != index.pack.as_bytes() {
            return corrupt("pack and index do not belong together");
        }
        Ok(Self { name: name.to_owned(), number: NUMBERS.fetch_add(1, Ordering::Relaxed), index, file })
    }
}
