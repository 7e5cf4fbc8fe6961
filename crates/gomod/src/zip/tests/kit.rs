//! Forges zips, with any field wrong that one likes.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::zip::{Summary, ZipError, check_bytes};
use crate::{ModulePath, ModuleVersion, Version};

/// What names in the zips of [`module`] begin with.
pub(super) const PREFIX: &str = "example.com/m@v1.0.0/";

pub(super) fn module() -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap()).unwrap()
}

pub(super) fn checked(zip: &[u8]) -> Result<Summary, ZipError> {
    check_bytes(zip, &module())
}

/// The error's text, all of it.
pub(super) fn refusal(zip: &[u8]) -> String {
    checked(zip).map_or_else(|error| error.to_string(), |summary| panic!("accepted: {summary:?}"))
}

/// What follows the data of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Descriptor {
    None,
    /// Whether it has a signature, whether its sizes have 8 bytes.
    Some {
        signed: bool,
        long: bool,
    },
}

/// One of the two headers of an entry.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u32,
    pub(super) size: u32,
    pub(super) extra: Vec<u8>,
}

/// An entry, right until a field is changed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) local: Header,
    pub(super) central: Header,
    pub(super) data: Vec<u8>,
    pub(super) descriptor: Descriptor,
    /// What the descriptor says: checksum, sizes.
    pub(super) described: (u32, u64, u64),
    pub(super) creator: u8,
    pub(super) attributes: u32,
    pub(super) comment: Vec<u8>,
    /// Bytes before the local header.
    pub(super) junk: Vec<u8>,
    /// Where the directory says that the local header is, if not where it is.
    pub(super) offset: Option<u32>,
}

pub(super) fn crc(content: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(content);
    crc.sum()
}

impl Entry {
    /// A stored file below [`PREFIX`].
    pub(super) fn stored(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let name = [PREFIX.as_bytes(), name.as_ref()].concat();
        let size = content.len().try_into().unwrap();
        let (flags, method, crc) = (0, 0, crc(content));
        let header = Header { name, flags, method, crc, compressed: size, size, extra: Vec::new() };
        Self {
            local: header.clone(),
            central: header,
            data: content.to_vec(),
            descriptor: Descriptor::None,
            described: (crc, size.into(), size.into()),
            creator: 0,
            attributes: 0,
            comment: Vec::new(),
            junk: Vec::new(),
            offset: None,
        }
    }

    /// A compressed file below [`PREFIX`].
    pub(super) fn deflated(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        Self::stored(name, content).with_data(8, encoder.finish().unwrap())
    }

    /// The same with other data.
    pub(super) fn with_data(mut self, method: u16, data: Vec<u8>) -> Self {
        let compressed = data.len().try_into().unwrap();
        self.headers(|header| (header.method, header.compressed) = (method, compressed));
        self.described.1 = compressed.into();
        self.data = data;
        self
    }

    /// The same with a descriptor, and nothing said in the local header.
    pub(super) fn streamed(mut self, signed: bool, long: bool) -> Self {
        self.headers(|header| header.flags |= 8);
        (self.local.crc, self.local.compressed, self.local.size) = (0, 0, 0);
        self.descriptor = Descriptor::Some { signed, long };
        self
    }

    /// Changes both headers.
    pub(super) fn headers(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    /// Changes anything.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// A zip and where its parts are.
pub(super) struct Zip {
    pub(super) bytes: Vec<u8>,
    pub(super) directory: usize,
    pub(super) end: usize,
}

impl Zip {
    /// Overwrites bytes.
    pub(super) fn patch(mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.bytes
    }
}

pub(super) fn forge(entries: &[Entry]) -> Zip {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::new());
    for entry in entries {
        bytes.extend_from_slice(&entry.junk);
        offsets.push(u32::try_from(bytes.len()).unwrap());
        local(&mut bytes, entry);
    }
    let directory = bytes.len();
    for (entry, offset) in entries.iter().zip(offsets) {
        central(&mut bytes, entry, entry.offset.unwrap_or(offset));
    }
    let end = bytes.len();
    let count = u16::try_from(entries.len().min(0xffff)).unwrap().to_le_bytes();
    let size = u32::try_from(end - directory).unwrap().to_le_bytes();
    let start = u32::try_from(directory).unwrap().to_le_bytes();
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, b"\0\0"].concat());
    Zip { bytes, directory, end }
}

/// The bytes of a good zip with these entries.
pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    forge(entries).bytes
}

/// Puts the zip64 end record and its locator before the end record.
pub(super) fn with_zip64(zip: Zip, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let Zip { mut bytes, directory, end } = zip;
    let tail = bytes.split_off(end);
    let count = u64::from(u16::from_le_bytes([tail[8], tail[9]])).to_le_bytes();
    let (size, start) = (((end - directory) as u64).to_le_bytes(), (directory as u64).to_le_bytes());
    let fixed = [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 8]].concat();
    let locator = [&b"PK\x06\x07\0\0\0\0"[..], &(end as u64).to_le_bytes(), &1_u32.to_le_bytes()].concat();
    let mut record = [&fixed[..], &count, &count, &size, &start, &locator].concat();
    change(&mut record);
    bytes.extend(record);
    bytes.extend([&tail[..8], &[0xff; 12], &tail[20..]].concat());
    bytes
}

fn local(bytes: &mut Vec<u8>, entry: &Entry) {
    bytes.extend_from_slice(b"PK\x03\x04");
    fields(bytes, &entry.local);
    bytes.extend_from_slice(&entry.local.name);
    bytes.extend_from_slice(&entry.local.extra);
    bytes.extend_from_slice(&entry.data);
    if let Descriptor::Some { signed, long } = entry.descriptor {
        let (crc, compressed, size) = entry.described;
        bytes.extend_from_slice(if signed { b"PK\x07\x08" } else { b"" });
        bytes.extend_from_slice(&crc.to_le_bytes());
        for size in [compressed, size] {
            bytes.extend_from_slice(&size.to_le_bytes()[..if long { 8 } else { 4 }]);
        }
    }
}

fn central(bytes: &mut Vec<u8>, entry: &Entry, offset: u32) {
    bytes.extend_from_slice(b"PK\x01\x02");
    bytes.extend_from_slice(&[20, entry.creator]);
    fields(bytes, &entry.central);
    bytes.extend_from_slice(&u16::try_from(entry.comment.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&entry.attributes.to_le_bytes());
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&entry.central.name);
    bytes.extend_from_slice(&entry.central.extra);
    bytes.extend_from_slice(&entry.comment);
}

/// What both headers have in common.
fn fields(bytes: &mut Vec<u8>, header: &Header) {
    bytes.extend_from_slice(&[20, 0]);
    bytes.extend_from_slice(&header.flags.to_le_bytes());
    bytes.extend_from_slice(&header.method.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    for field in [header.crc, header.compressed, header.size] {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
    for len in [header.name.len(), header.extra.len()] {
        bytes.extend_from_slice(&u16::try_from(len).unwrap().to_le_bytes());
    }
}
