//! Module zips.

use std::io::Write as _;

use flate2::{Compression, Crc, write::DeflateEncoder};
use gomod::{ModulePath, ModuleVersion, Version};

/// What names in the zips of [`module`] begin with.
pub(crate) const PREFIX: &str = "a.b/m@v1.0.0/";

pub(crate) fn module() -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse("a.b/m").unwrap(), Version::parse("v1.0.0").unwrap()).unwrap()
}

/// A file in a zip.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) deflated: bool,
    /// Sizes and checksum follow the data, with a signature or without.
    pub(crate) described: Option<bool>,
}

impl Entry {
    fn data(&self) -> Vec<u8> {
        if !self.deflated {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }

    /// What both headers have in common, the local one without what is described later.
    fn header(&self, data: &[u8], local: bool) -> Vec<u8> {
        let (flags, method) = (u16::from(self.described.is_some()) << 3, u16::from(self.deflated) << 3);
        let facts = if local && self.described.is_some() { vec![0; 12] } else { self.facts(data) };
        let len = u16::try_from(self.name.len()).unwrap();
        [&[20, 0][..], &flags.to_le_bytes(), &method.to_le_bytes(), &[0; 4], &facts, &len.to_le_bytes(), &[0; 2]]
            .concat()
    }

    /// Checksum and sizes.
    fn facts(&self, data: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(&self.content);
        let sizes = [data.len(), self.content.len()].map(|size| u32::try_from(size).unwrap());
        [crc.sum(), sizes[0], sizes[1]].iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

/// The bytes of a zip.
pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let (data, offset) = (entry.data(), u32::try_from(bytes.len()).unwrap());
        bytes.extend([b"PK\x03\x04", &entry.header(&data, true)[..], &entry.name, &data].concat());
        if let Some(signed) = entry.described {
            bytes.extend([if signed { b"PK\x07\x08" } else { &b""[..] }, &entry.facts(&data)].concat());
        }
        let central = entry.header(&data, false);
        directory.extend([b"PK\x01\x02\x14\0", &central[..], &[0; 10], &offset.to_le_bytes(), &entry.name].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let sizes = [directory.len(), bytes.len()].map(|size| u32::try_from(size).unwrap().to_le_bytes());
    bytes.extend(directory);
    bytes.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &sizes[0], &sizes[1], &[0; 2]].concat());
    bytes
}
