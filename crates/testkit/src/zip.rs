//! A zip writer of the simplest kind: deflated entries, no time stamps, so that equal input gives equal bytes. It
//! writes whatever name or mode it is told, for archives that must be refused.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// One archive member.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name as it stands in the archive.
    pub name: String,
    /// The content, inflated.
    pub data: Vec<u8>,
    /// The Unix mode in the external attributes; 0 leaves them empty.
    pub mode: u32,
}

impl Entry {
    /// A regular file without mode bits.
    pub fn new(name: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), data: data.into(), mode: 0 }
    }
}

/// The archive of `entries`, in their order.
pub fn zip_archive(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = u32::try_from(out.len()).expect("fixture archives are small");
        let fixed = fixed_fields(entry);
        let name = entry.name.as_bytes();
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(&fixed.header);
        out.extend(name);
        out.extend(&fixed.deflated);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend([20, 3]); // made by: Unix, 2.0
        directory.extend(&fixed.header);
        directory.extend([0; 6]); // comment length, disk, internal attributes
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name);
    }
    let count = u16::try_from(entries.len()).expect("fixture archives have few entries");
    let start = u32::try_from(out.len()).expect("fixture archives are small");
    let size = u32::try_from(directory.len()).expect("fixture archives are small");
    out.extend(&directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

struct Fixed {
    /// Version needed up to the extra field's length: the same in both headers.
    header: Vec<u8>,
    deflated: Vec<u8>,
}

fn fixed_fields(entry: &Entry) -> Fixed {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&entry.data).expect("writing to memory");
    let deflated = encoder.finish().expect("writing to memory");
    let mut crc = Crc::new();
    crc.update(&entry.data);

    let utf8 = if entry.name.is_ascii() { 0 } else { 0x0800_u16 };
    let mut header = Vec::new();
    for field in [20, utf8, 8, 0, 0x21_u16] {
        header.extend(field.to_le_bytes()); // needed, flags, method, time, date (1980-01-01)
    }
    header.extend(crc.sum().to_le_bytes());
    for length in [deflated.len(), entry.data.len()] {
        header.extend(u32::try_from(length).expect("fixture files are small").to_le_bytes());
    }
    header.extend(u16::try_from(entry.name.len()).expect("a short name").to_le_bytes());
    header.extend([0; 2]);
    Fixed { header, deflated }
}
