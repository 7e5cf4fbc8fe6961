//! Deltas: how to make an object from pieces of another and new bytes.

use super::{corrupt, inflate::Stream};
use crate::Error;

/// A delta whose two sizes have been read.
pub(super) struct Delta<'a, 'b> {
    stream: &'b mut Stream<'a>,
    /// Bytes of the object that it is based on, as declared.
    pub(super) base: u64,
    /// Bytes of the object that it makes, as declared.
    pub(super) result: u64,
}

/// What a delta is applied to.
pub(super) trait Base {
    fn len(&self) -> u64;

    /// Gives a piece that lies within.
    fn copy(&self, at: u64, len: u64, sink: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error>;
}

impl Base for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn copy(&self, at: u64, len: u64, sink: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        sink(&self[at as usize..][..len as usize])
    }
}

impl<'a, 'b> Delta<'a, 'b> {
    pub(super) fn open(stream: &'b mut Stream<'a>) -> Result<Self, Error> {
        let (base, result) = (size(stream)?, size(stream)?);
        Ok(Self { stream, base, result })
    }

    /// Gives the result to `sink`, piece by piece; exactly as much as declared, or an error.
    pub(super) fn apply(self, base: &impl Base, mut sink: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        if base.len() != self.base {
            return corrupt(format!("a delta on {} bytes whose base has {}", self.base, base.len()));
        }
        let (stream, mut left) = (self.stream, self.result);
        while let Some(code) = stream.byte()? {
            let (at, len) = if code & 0x80 != 0 { copy(stream, code)? } else { (0, u64::from(code)) };
            left = left.checked_sub(len).ok_or_else(|| Error::Corrupt("a delta makes more than it declares".into()))?;
            if code & 0x80 != 0 {
                // Neither sum is beyond 33 bits.
                if at + len > base.len() {
                    return corrupt("a delta copies from beyond its base");
                }
                base.copy(at, len, &mut sink)?;
            } else if code != 0 {
                insert(stream, usize::from(code), &mut sink)?;
            } else {
                return corrupt("a delta has an instruction that does not exist");
            }
        }
        if left > 0 { corrupt("a delta makes less than it declares") } else { Ok(()) }
    }
}

/// Seven bits a byte, the low ones first.
fn size(stream: &mut Stream<'_>) -> Result<u64, Error> {
    let (mut size, mut shift) = (0u64, 0);
    loop {
        let Some(byte) = stream.byte()? else { return corrupt("a delta without sizes") };
        let part = u64::from(byte & 0x7f);
        if shift > 63 || part << shift >> shift != part {
            return corrupt("a delta declares a size beyond 64 bits");
        }
        size |= part << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
}

/// The low bits of the code say which of four bytes of offset and three of length follow.
fn copy(stream: &mut Stream<'_>, code: u8) -> Result<(u64, u64), Error> {
    let mut values = [0u8; 8];
    for (bit, value) in values.iter_mut().take(7).enumerate() {
        if code & 1 << bit != 0 {
            let Some(byte) = stream.byte()? else { return corrupt("a delta ends within an instruction") };
            *value = byte;
        }
    }
    let [a, b, c, d, lengths @ ..] = values;
    let len = u64::from(u32::from_le_bytes(lengths));
    Ok((u64::from(u32::from_le_bytes([a, b, c, d])), if len == 0 { 0x10000 } else { len }))
}

fn insert(
    stream: &mut Stream<'_>,
    mut len: usize,
    sink: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    while len > 0 {
        let bytes = stream.fill()?;
        let bytes = &bytes[..bytes.len().min(len)];
        if bytes.is_empty() {
            return corrupt("a delta ends within an instruction");
        }
        sink(bytes)?;
        let taken = bytes.len();
        stream.consume(taken);
        len -= taken;
    }
    Ok(())
}
