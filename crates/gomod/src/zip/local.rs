//! The header before an entry's data and the descriptor behind it: both must say what the directory says.

use std::io::Read;

use rawzip::ZipFileHeaderRecord;
use rawzip::extra_fields::{ExtraFieldId, ExtraFields};

use super::ZipError;
use super::archive::{u16_at, u32_at, u64_at};

/// Length of the header without name and extra fields, in bytes.
const HEADER_LEN: usize = 30;
/// How an encrypted entry is marked: bits 0, 6 and 13.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// A size that stands in the zip64 extra field.
const IN_EXTRA: u32 = u32::MAX;

/// What a descriptor must say of the data before it.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    crc: u32,
    compressed: u64,
    uncompressed: u64,
    /// Whether a descriptor follows the data.
    pub(super) described: bool,
}

impl Facts {
    pub(super) fn of(record: &ZipFileHeaderRecord<'_>) -> Self {
        Self {
            crc: record.crc32(),
            compressed: record.compressed_size_hint(),
            uncompressed: record.uncompressed_size_hint(),
            described: record.flags().has_data_descriptor(),
        }
    }

    /// Whether these bytes are the descriptor: with or without signature, sizes of 4 or 8 bytes.
    pub(super) fn are_in(&self, descriptor: &[u8]) -> bool {
        let rest = match descriptor.len() {
            16 | 24 => descriptor.strip_prefix(b"PK\x07\x08"),
            _ => Some(descriptor),
        };
        let sizes = rest.filter(|rest| u32_at(rest, 0) == self.crc).map(|rest| &rest[4..]);
        match sizes.map(|sizes| (sizes, sizes.len())) {
            Some((sizes, 8)) => (u32_at(sizes, 0).into(), u32_at(sizes, 4).into()) == self.sizes(),
            Some((sizes, 16)) => (u64_at(sizes, 0), u64_at(sizes, 8)) == self.sizes(),
            _ => false,
        }
    }

    const fn sizes(&self) -> (u64, u64) {
        (self.compressed, self.uncompressed)
    }
}

/// Reads the header of an entry, compares it with the directory's, and returns its length.
pub(super) fn read_header(reader: &mut impl Read, record: &ZipFileHeaderRecord<'_>) -> Result<u64, ZipError> {
    let mut header = [0; HEADER_LEN];
    reader.read_exact(&mut header)?;
    let name = record.file_path();
    let (name_len, extra_len) = (usize::from(u16_at(&header, 26)), usize::from(u16_at(&header, 28)));
    let mut variable = vec![0; name_len + extra_len];
    reader.read_exact(&mut variable)?;
    let (local_name, extra) = variable.split_at(name_len);
    let flags = u16_at(&header, 6);
    if (flags | record.flags().bits()) & ENCRYPTED != 0 {
        return Err(ZipError::file(name.as_ref(), "zip: entry is encrypted"));
    }
    let same = header.starts_with(b"PK\x03\x04")
        && local_name == name.as_ref()
        && flags == record.flags().bits()
        && u16_at(&header, 8) == record.compression_method().as_u16()
        && sizes_agree(&header, extra, Facts::of(record));
    if same {
        Ok((HEADER_LEN + name_len + extra_len) as u64)
    } else {
        Err(ZipError::file(name.as_ref(), "zip: not a valid zip file: entry does not agree with the directory"))
    }
}

/// Whether checksum and sizes are those of the directory; with a descriptor they may be left zero.
fn sizes_agree(header: &[u8], extra: &[u8], facts: Facts) -> bool {
    let mut zip64 =
        ExtraFields::new(extra).find(|(id, _)| *id == ExtraFieldId::ZIP64).map_or(&[][..], |(_, data)| data);
    let mut size = |declared: u32| {
        if declared != IN_EXTRA {
            return Some(declared.into());
        }
        let (size, rest) = zip64.split_first_chunk()?;
        zip64 = rest;
        Some(u64::from_le_bytes(*size))
    };
    let (uncompressed, compressed) = (size(u32_at(header, 22)), size(u32_at(header, 18)));
    let fits = |local: Option<u64>, actual| local == Some(actual) || (facts.described && local == Some(0));
    fits(Some(u32_at(header, 14).into()), facts.crc.into())
        && fits(compressed, facts.compressed)
        && fits(uncompressed, facts.uncompressed)
}
