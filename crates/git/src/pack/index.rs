//! Indexes of packs, version 2: fanout by first byte, sorted ids, checksums, offsets.

mod write;

pub(super) use write::{Row, write};

use super::corrupt;
use crate::{Error, ObjectFormat, Oid, hash::Hasher};
use std::{cmp::Ordering, fs::File, io, os::unix::fs::FileExt as _};

const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
const HEAD: u64 = 8 + 256 * 4;

/// Up to this size, some 30,000 objects, an index is in memory, and its checksum is compared when it is opened.
const IN_MEMORY: u64 = 1 << 20;

/// As many ids of a larger one are read at once; a binary search narrows it down to them.
const IDS_AT_ONCE: u64 = 128;

/// An index that is open.
pub(super) struct Index {
    format: ObjectFormat,
    /// How many ids begin with at most this byte.
    fanout: Vec<u32>,
    bytes: Bytes,
    /// The checksum of the pack.
    pub(super) pack: Oid,
}

enum Bytes {
    Memory(Vec<u8>),
    File(File),
}

impl Index {
    pub(super) fn open(format: ObjectFormat, file: File) -> Result<Self, Error> {
        let len = file.metadata()?.len();
        let trailer = 2 * format.len() as u64;
        if len < HEAD + trailer {
            return corrupt("the index is too short");
        }
        let bytes = if len <= IN_MEMORY { Bytes::Memory(read_all(format, &file, len)?) } else { Bytes::File(file) };
        let (mut head, mut pack) = ([0; HEAD as usize], [0; 32]);
        bytes.read(&mut head, 0)?;
        let pack = &mut pack[..format.len()];
        bytes.read(pack, len - trailer)?;
        let Some(pack) = Oid::from_bytes(format, pack) else { return corrupt("the index is too short") };
        let fanout: Vec<u32> = head[8..].chunks_exact(4).map(number).collect();
        let index = Self { format, fanout, bytes, pack };
        // Without large offsets; these are at most one for each object.
        let least = HEAD + trailer + u64::from(index.count()) * (format.len() as u64 + 8);
        let most = least + u64::from(index.count()) * 8;
        let fits = (least..=most).contains(&len) && (len - least).is_multiple_of(8);
        if head[..8] != MAGIC || !index.fanout.is_sorted() || !fits {
            return corrupt("the index is not one of version 2");
        }
        Ok(index)
    }

    pub(super) fn count(&self) -> u32 {
        self.fanout.last().copied().unwrap_or(0)
    }

    /// Where in the pack an object begins.
    pub(super) fn find(&self, id: &Oid) -> Result<Option<u64>, Error> {
        match self.search(id.as_bytes())? {
            Ok(row) => self.offset(row).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Adds ids from `first` on (an id with zeros behind the digits) for as long as `more` wants.
    pub(super) fn scan(&self, first: &Oid, mut more: impl FnMut(Oid) -> bool) -> Result<(), Error> {
        let (Ok(mut row) | Err(mut row)) = self.search(first.as_bytes())?;
        let mut id = [0; 32];
        let id = &mut id[..self.format.len()];
        while row < self.count() {
            self.ids(id, row)?;
            match Oid::from_bytes(self.format, id) {
                Some(id) if more(id) => row += 1,
                _ => break,
            }
        }
        Ok(())
    }

    /// The row of an id, or where it would be.
    fn search(&self, id: &[u8]) -> Result<Result<u32, u32>, Error> {
        let Some(&first) = id.first().filter(|_| id.len() == self.format.len()) else { return Ok(Err(0)) };
        let low = first.checked_sub(1).map_or(0, |before| self.fanout[usize::from(before)]);
        let (mut low, mut high) = (low, self.fanout[usize::from(first)]);
        let width = self.format.len();
        if let Bytes::Memory(bytes) = &self.bytes {
            let ids = &bytes[HEAD as usize..];
            while low < high {
                let middle = low + (high - low) / 2;
                match ids[middle as usize * width..][..width].cmp(id) {
                    Ordering::Less => low = middle + 1,
                    Ordering::Equal => return Ok(Ok(middle)),
                    Ordering::Greater => high = middle,
                }
            }
            return Ok(Err(low));
        }
        let mut buffer = vec![0; width * IDS_AT_ONCE as usize];
        while u64::from(high - low) > IDS_AT_ONCE {
            let middle = low + (high - low) / 2;
            self.ids(&mut buffer[..width], middle)?;
            match buffer[..width].cmp(id) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(Ok(middle)),
                Ordering::Greater => high = middle,
            }
        }
        let ids = &mut buffer[..width * (high - low) as usize];
        self.ids(ids, low)?;
        let before = ids.chunks_exact(width).take_while(|&other| other < id).count();
        let found = ids.chunks_exact(width).nth(before) == Some(id);
        let row = low + before as u32;
        Ok(if found { Ok(row) } else { Err(row) })
    }

    fn ids(&self, buffer: &mut [u8], row: u32) -> Result<(), Error> {
        self.bytes.read(buffer, HEAD + u64::from(row) * self.format.len() as u64)
    }

    fn offset(&self, row: u32) -> Result<u64, Error> {
        let (count, row) = (u64::from(self.count()), u64::from(row));
        let offsets = HEAD + count * (self.format.len() as u64 + 4);
        let mut small = [0; 4];
        self.bytes.read(&mut small, offsets + row * 4)?;
        let small = u32::from_be_bytes(small);
        if small & 1 << 31 == 0 {
            return Ok(u64::from(small));
        }
        let mut large = [0; 8];
        self.bytes.read(&mut large, offsets + count * 4 + u64::from(small & !(1 << 31)) * 8)?;
        Ok(u64::from_be_bytes(large))
    }
}

impl Bytes {
    fn read(&self, buffer: &mut [u8], at: u64) -> Result<(), Error> {
        match self {
            Self::Memory(bytes) => {
                let piece = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..buffer.len()));
                let Some(piece) = piece else { return corrupt("the index points beyond itself") };
                buffer.copy_from_slice(piece);
                Ok(())
            }
            Self::File(file) => file.read_exact_at(buffer, at).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Error::Corrupt("the index points beyond itself".into()),
                _ => error.into(),
            }),
        }
    }
}

fn read_all(format: ObjectFormat, file: &File, len: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, 0)?;
    let (body, checksum) = bytes.split_at(bytes.len() - format.len());
    let mut hasher = Hasher::new(format);
    hasher.update(body);
    if hasher.finish()?.as_bytes() != checksum {
        return corrupt("the index has another checksum than it says");
    }
    Ok(bytes)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek as _, Write as _};

    /// Offsets beyond 31 bits, in memory and in a file that is too large for it.
    #[test]
    fn large_offsets() {
        for (format, count) in [(ObjectFormat::Sha1, 0), (ObjectFormat::Sha1, 300), (ObjectFormat::Sha256, 40_000)] {
            let ids: Vec<_> = (0..count).map(|at: u32| [&at.to_be_bytes()[..], &[7; 28]].concat()).collect();
            let offset = |at: u32| u64::from(at) << (at % 40);
            let row = |at: u32| Row { id: &ids[at as usize][..format.len()], crc: at, offset: offset(at) };
            let pack = Oid::from_bytes(format, &[9; 32][..format.len()]).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            write(&mut file, &pack, count, row).unwrap();
            file.rewind().unwrap();
            let index = Index::open(format, file.try_clone().unwrap()).unwrap();
            assert_eq!((index.count(), index.pack, matches!(index.bytes, Bytes::File(_))), (count, pack, count > 1000));
            for at in 0..count {
                let id = Oid::from_bytes(format, row(at).id).unwrap();
                assert_eq!(index.find(&id).unwrap(), Some(offset(at)));
            }
            let absent = Oid::from_bytes(format, &[0xfe; 32][..format.len()]).unwrap();
            assert_eq!(index.find(&absent).unwrap(), None);
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
            file.flush().unwrap();
            assert!(matches!(Index::open(format, file), Err(Error::Corrupt(_))));
        }
    }
}
