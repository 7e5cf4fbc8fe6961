//! The header of an entry of a pack: what it is, how large, and what a delta is based on.

use super::corrupt;
use crate::{Error, Kind, ObjectFormat, Oid};
use std::{fs::File, os::unix::fs::FileExt as _};

/// What an entry's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The object itself.
    Whole(Kind),
    /// A delta on the entry that begins so many bytes before this one.
    OffsetDelta(u64),
    /// A delta on an object.
    RefDelta(Oid),
}

/// What stands before an entry's deflated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) body: Body,
    /// Bytes of the data, inflated: as declared.
    pub(super) size: u64,
    /// Bytes of the header.
    pub(super) len: usize,
}

/// Longer than any header: 10 bytes of size and 32 of an id.
const LONGEST: usize = 48;

impl Header {
    /// From the beginning of an entry; none if it goes on.
    pub(super) fn parse(format: ObjectFormat, bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some((code, size, mut len)) = code_and_size(bytes)? else { return Ok(None) };
        let body = match code {
            1 => Body::Whole(Kind::Commit),
            2 => Body::Whole(Kind::Tree),
            3 => Body::Whole(Kind::Blob),
            4 => Body::Whole(Kind::Tag),
            6 => {
                let Some((distance, bytes)) = distance(&bytes[len..])? else { return Ok(None) };
                len += bytes;
                Body::OffsetDelta(distance)
            }
            7 => {
                let id = bytes.get(len..len + format.len());
                let Some(id) = id.and_then(|id| Oid::from_bytes(format, id)) else { return Ok(None) };
                len += format.len();
                Body::RefDelta(id)
            }
            _ => return corrupt(format!("a pack's entry of the unknown type {code}")),
        };
        Ok(Some(Self { body, size, len }))
    }

    /// Of the entry at `at` of a file.
    pub(super) fn read(format: ObjectFormat, file: &File, at: u64) -> Result<Self, Error> {
        let mut bytes = [0; LONGEST];
        let got = file.read_at(&mut bytes, at)?;
        match Self::parse(format, &bytes[..got])? {
            Some(header) => Ok(header),
            None => corrupt(format!("no pack entry at {at}: the file is too short")),
        }
    }

    /// As [`Header::parse`] reads it; of whole objects only.
    pub(super) fn whole(kind: Kind, size: u64) -> Vec<u8> {
        let code = match kind {
            Kind::Commit => 1u8,
            Kind::Tree => 2,
            Kind::Blob => 3,
            Kind::Tag => 4,
        };
        let mut bytes = vec![code << 4 | (size & 15) as u8];
        let mut rest = size >> 4;
        while rest > 0 {
            if let Some(last) = bytes.last_mut() {
                *last |= 0x80;
            }
            bytes.push((rest & 0x7f) as u8);
            rest >>= 7;
        }
        bytes
    }
}

/// Three bits of type, four of size, then seven of size a byte, the low ones first.
fn code_and_size(bytes: &[u8]) -> Result<Option<(u8, u64, usize)>, Error> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (mut size, mut shift, mut len, mut more) = (u64::from(first & 15), 4, 1, first & 0x80 != 0);
    while more {
        let Some(&byte) = bytes.get(len) else { return Ok(None) };
        let part = u64::from(byte & 0x7f);
        if shift > 63 || part << shift >> shift != part {
            return corrupt("a pack's entry declares a size beyond 64 bits");
        }
        size |= part << shift;
        (shift, len, more) = (shift + 7, len + 1, byte & 0x80 != 0);
    }
    Ok(Some((first >> 4 & 7, size, len)))
}

/// Seven bits a byte, the high ones first, one added at each continuation.
fn distance(bytes: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    let mut distance = 0u64;
    for (at, byte) in bytes.iter().enumerate() {
        if distance >= 1 << 56 {
            return corrupt("a delta's base lies beyond 64 bits");
        }
        distance = distance << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(Some((distance, at + 1)));
        }
        distance += 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        for size in [0, 1, 15, 16, 2047, 2048, u64::from(u32::MAX), u64::MAX] {
            let bytes = Header::whole(Kind::Blob, size);
            let header = Header { body: Body::Whole(Kind::Blob), size, len: bytes.len() };
            assert_eq!(Header::parse(ObjectFormat::Sha1, &bytes).unwrap(), Some(header));
            assert_eq!(Header::parse(ObjectFormat::Sha1, &bytes[..bytes.len() - 1]).unwrap(), None);
        }
        let offset = Header { body: Body::OffsetDelta(128), size: 1, len: 3 };
        assert_eq!(Header::parse(ObjectFormat::Sha1, &[0x61, 0x80, 0x00]).unwrap(), Some(offset));
        for bad in
            [&[0x00][..], &[0x51], &[0xbf; 12], &[0x61, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]
        {
            assert!(Header::parse(ObjectFormat::Sha1, bad).is_err(), "{bad:?}");
        }
    }
}
