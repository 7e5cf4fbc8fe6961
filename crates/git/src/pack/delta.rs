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

impl<'a, 'b> Delta<'a, 'b> {
    pub(super) fn open(stream: &'b mut Stream<'a>) -> Result<Self, Error> {
        let (base, result) = (size(stream)?, size(stream)?);
        Ok(Self { stream, base, result })
    }

    /// Gives the result to `sink`, piece by piece; exactly as much as declared, or an error.
    pub(super) fn apply(self, base: &[u8], mut sink: impl FnMut(&[u8])) -> Result<(), Error> {
        if base.len() as u64 != self.base {
            return corrupt(format!("a delta on {} bytes whose base has {}", self.base, base.len()));
        }
        let (stream, mut left) = (self.stream, self.result);
        let mut book = |bytes: usize| {
            left = left
                .checked_sub(bytes as u64)
                .ok_or_else(|| Error::Corrupt("a delta makes more than it declares".into()))?;
            Ok::<(), Error>(())
        };
        while let Some(code) = stream.byte()? {
            if code & 0x80 != 0 {
                let (at, len) = copy(stream, code)?;
                let Some(piece) = at.checked_add(len).and_then(|end| base.get(at..end)) else {
                    return corrupt("a delta copies from beyond its base");
                };
                book(len)?;
                sink(piece);
            } else if code != 0 {
                book(usize::from(code))?;
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
fn copy(stream: &mut Stream<'_>, code: u8) -> Result<(usize, usize), Error> {
    let mut values = [0u8; 8];
    for (bit, value) in values.iter_mut().take(7).enumerate() {
        if code & 1 << bit != 0 {
            let Some(byte) = stream.byte()? else { return corrupt("a delta ends within an instruction") };
            *value = byte;
        }
    }
    let [a, b, c, d, lengths @ ..] = values;
    let len = u32::from_le_bytes(lengths) as usize;
    Ok((u32::from_le_bytes([a, b, c, d]) as usize, if len == 0 { 0x10000 } else { len }))
}

fn insert(stream: &mut Stream<'_>, mut len: usize, sink: &mut impl FnMut(&[u8])) -> Result<(), Error> {
    while len > 0 {
        let bytes = stream.fill()?;
        let bytes = &bytes[..bytes.len().min(len)];
        if bytes.is_empty() {
            return corrupt("a delta ends within an instruction");
        }
        sink(bytes);
        let taken = bytes.len();
        stream.consume(taken);
        len -= taken;
    }
    Ok(())
}
