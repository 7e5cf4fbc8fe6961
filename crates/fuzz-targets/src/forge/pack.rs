//! Packs made by hand (gitformat-pack(5)).

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use goproxy_git::Oid;

/// Zlib data: of short content uncompressed, since an encoder's memory takes longer to clear than all else together.
fn deflate(data: &[u8]) -> Vec<u8> {
    if data.len() < 256 {
        let len = data.len() as u16;
        let sum = data.iter().fold((1, 0), |(a, b): (u32, u32), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (a + b) % 65_521)
        });
        let adler = (sum.1 << 16 | sum.0).to_be_bytes();
        return [&[0x78, 1, 1][..], &len.to_le_bytes(), &(!len).to_le_bytes(), data, &adler].concat();
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Type and size as they stand before an entry's data.
fn header(code: u8, mut size: usize) -> Vec<u8> {
    let mut bytes = vec![code << 4 | (size & 15) as u8];
    size >>= 4;
    while size > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((size & 0x7f) as u8);
        size >>= 7;
    }
    bytes
}

fn varint(mut size: usize) -> Vec<u8> {
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
fn distance(mut distance: usize) -> Vec<u8> {
    let mut bytes = vec![(distance & 0x7f) as u8];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        bytes.insert(0, 0x80 | (distance & 0x7f) as u8);
    }
    bytes
}

/// A delta: sizes, then instructions.
pub(crate) fn delta(base: usize, result: usize, instructions: &[u8]) -> Vec<u8> {
    [&varint(base), &varint(result), instructions].concat()
}

/// Copies `len` bytes from `at`.
pub(crate) fn copy(at: usize, len: usize) -> Vec<u8> {
    [&[0xff][..], &(at as u32).to_le_bytes(), &(len as u32).to_le_bytes()[..3]].concat()
}

/// Up to 127 new bytes.
pub(crate) fn insert(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

/// A pack that grows.
#[derive(Default)]
pub(crate) struct Pack {
    bytes: Vec<u8>,
    count: u32,
}

impl Pack {
    /// Adds an entry, and tells where it begins in the pack.
    fn entry(&mut self, code: u8, base: &[u8], data: &[u8]) -> usize {
        let at = 12 + self.bytes.len();
        self.bytes.extend([&header(code, data.len()), base, &deflate(data)].concat());
        self.count += 1;
        at
    }

    /// 1 is a commit, 2 a tree, 3 a blob, 4 a tag.
    pub(crate) fn whole(&mut self, code: u8, data: &[u8]) -> usize {
        self.entry(code, &[], data)
    }

    pub(crate) fn offset_delta(&mut self, base: usize, delta: &[u8]) -> usize {
        let back = distance(12 + self.bytes.len() - base);
        self.entry(6, &back, delta)
    }

    pub(crate) fn ref_delta(&mut self, base: &Oid, delta: &[u8]) -> usize {
        self.entry(7, base.as_bytes(), delta)
    }

    /// With header, without checksum.
    pub(crate) fn finish(&self) -> Vec<u8> {
        [b"PACK\0\0\0\x02", &self.count.to_be_bytes()[..], &self.bytes].concat()
    }
}

/// SHA-1, as it stands at the end of a pack; what is made to collide has none.
pub(crate) fn checksum(bytes: &[u8]) -> Option<[u8; 20]> {
    sha1dc::digest(bytes).ok()?.as_ref().try_into().ok()
}
