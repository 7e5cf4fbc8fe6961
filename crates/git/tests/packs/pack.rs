//! Packs made by hand, right or wrong.

use flate2::{Compression, write::ZlibEncoder};
use goproxy_git::{Kind, MemoryObjects, ObjectFormat, Oid};
use std::io::Write as _;

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Type and size as they stand before an entry's data.
pub(crate) fn header(code: u8, mut size: u64) -> Vec<u8> {
    let mut bytes = vec![code << 4 | (size & 15) as u8];
    size >>= 4;
    while size > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((size & 0x7f) as u8);
        size >>= 7;
    }
    bytes
}

pub(crate) fn varint(mut size: u64) -> Vec<u8> {
    let mut bytes = vec![];
    loop {
        let more = size > 0x7f;
        bytes.push((size & 0x7f) as u8 | if more { 0x80 } else { 0 });
        size >>= 7;
        if !more {
            return bytes;
        }
    }
}

/// How an offset delta says where its base is.
pub(crate) fn distance(mut distance: u64) -> Vec<u8> {
    let mut bytes = vec![(distance & 0x7f) as u8];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        bytes.insert(0, 0x80 | (distance & 0x7f) as u8);
    }
    bytes
}

/// A delta: sizes, then instructions.
pub(crate) fn delta(base: u64, result: u64, instructions: &[&[u8]]) -> Vec<u8> {
    [varint(base), varint(result), instructions.concat()].concat()
}

/// Copies `len` bytes from `at`.
pub(crate) fn copy(at: u32, len: u32) -> Vec<u8> {
    [&[0xff][..], &at.to_le_bytes(), &len.to_le_bytes()[..3]].concat()
}

/// Up to 127 new bytes.
pub(crate) fn insert(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

#[derive(Default)]
pub(crate) struct Pack {
    bytes: Vec<u8>,
    pub(crate) count: u32,
}

impl Pack {
    /// Adds an entry, and tells where it begins in the pack.
    pub(crate) fn entry(&mut self, code: u8, size: u64, base: &[u8], deflated: &[u8]) -> u64 {
        let at = 12 + self.bytes.len() as u64;
        self.bytes.extend([&header(code, size), base, deflated].concat());
        self.count += 1;
        at
    }

    pub(crate) fn blob(&mut self, data: &[u8]) -> u64 {
        self.entry(3, data.len() as u64, &[], &deflate(data))
    }

    pub(crate) fn offset_delta(&mut self, base: u64, delta: &[u8]) -> u64 {
        let back = distance(12 + self.bytes.len() as u64 - base);
        self.entry(6, delta.len() as u64, &back, &deflate(delta))
    }

    pub(crate) fn ref_delta(&mut self, base: &Oid, delta: &[u8]) -> u64 {
        self.entry(7, delta.len() as u64, base.as_bytes(), &deflate(delta))
    }

    /// With header and checksum.
    pub(crate) fn finish(&self, format: ObjectFormat) -> Vec<u8> {
        self.finish_counting(format, self.count)
    }

    pub(crate) fn finish_counting(&self, format: ObjectFormat, count: u32) -> Vec<u8> {
        let mut pack = [b"PACK\0\0\0\x02", &count.to_be_bytes()[..], &self.bytes].concat();
        let checksum = checksum(format, &pack);
        pack.extend(checksum);
        pack
    }
}

/// Whatever hashes files: `sha1sum` and `sha256sum` in all but name.
pub(crate) fn checksum(format: ObjectFormat, bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    match format {
        ObjectFormat::Sha1 => sha1dc::digest(bytes).unwrap().as_ref().to_vec(),
        ObjectFormat::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
    }
}

pub(crate) fn blob_id(data: &[u8]) -> Oid {
    MemoryObjects::new(ObjectFormat::Sha1).add(Kind::Blob, data)
}
