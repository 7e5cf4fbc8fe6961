//! What is known of the entries of a pack that is being received, by number, in columns to save memory.

use crate::{
    Error, ObjectFormat, Oid,
    pack::{corrupt, index::Row},
};

/// Instead of a parent: the entry is a whole object.
pub(super) const WHOLE: u32 = u32::MAX;
/// Instead of a parent: a delta on an object whose place isn't known (yet).
pub(super) const UNKNOWN: u32 = u32::MAX - 1;

pub(super) struct Table {
    pub(super) format: ObjectFormat,
    ids: Vec<u8>,
    pub(super) crcs: Vec<u32>,
    pub(super) offsets: Vec<u64>,
    /// The entry that a delta is based on. Numbers from the count on are bases from elsewhere.
    pub(super) parents: Vec<u32>,
    /// Deltas on objects rather than on entries.
    pub(super) refs: Vec<(Oid, u32)>,
}

impl Table {
    pub(super) fn new(format: ObjectFormat) -> Self {
        Self { format, ids: vec![], crcs: vec![], offsets: vec![], parents: vec![], refs: vec![] }
    }

    pub(super) fn count(&self) -> u32 {
        self.crcs.len() as u32
    }

    /// An entry; of deltas the id follows.
    pub(super) fn push(&mut self, offset: u64, crc: u32, parent: u32, id: Option<&Oid>) {
        self.offsets.push(offset);
        self.crcs.push(crc);
        self.parents.push(parent);
        self.ids.resize(self.crcs.len() * self.format.len(), 0);
        if let Some(id) = id {
            self.set_id(self.count() - 1, id);
        }
    }

    pub(super) fn set_id(&mut self, entry: u32, id: &Oid) {
        let width = self.format.len();
        self.ids[entry as usize * width..][..width].copy_from_slice(id.as_bytes());
    }

    pub(super) fn id(&self, entry: u32) -> &[u8] {
        let width = self.format.len();
        &self.ids[entry as usize * width..][..width]
    }

    /// The entry that begins at an offset.
    pub(super) fn at(&self, offset: u64) -> Option<u32> {
        self.offsets.binary_search(&offset).ok().map(|entry| entry as u32)
    }

    pub(super) fn row(&self, entry: u32) -> Row<'_> {
        Row { id: self.id(entry), crc: self.crcs[entry as usize], offset: self.offsets[entry as usize] }
    }

    /// The entries by id, each of which has to be another one.
    pub(super) fn sorted(&self) -> Result<Vec<u32>, Error> {
        let mut entries: Vec<u32> = (0..self.count()).collect();
        entries.sort_unstable_by_key(|&entry| self.id(entry));
        if entries.is_sorted_by(|&a, &b| self.id(a) < self.id(b)) {
            return Ok(entries);
        }
        corrupt("the pack has the same object twice")
    }
}
