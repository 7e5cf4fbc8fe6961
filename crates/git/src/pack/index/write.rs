//! Writes an index, byte for byte as `git index-pack` does.

use super::MAGIC;
use crate::{Error, Oid, hash::Hasher};
use std::io::Write;

/// What an index says of an object.
#[derive(Clone, Copy)]
pub(in crate::pack) struct Row<'a> {
    pub(in crate::pack) id: &'a [u8],
    pub(in crate::pack) crc: u32,
    pub(in crate::pack) offset: u64,
}

/// Writes the index of the pack with the checksum `pack`; `row` gives rows by number, sorted by id.
pub(in crate::pack) fn write<'a>(
    out: &mut dyn Write,
    pack: &Oid,
    count: u32,
    row: impl Fn(u32) -> Row<'a>,
) -> Result<(), Error> {
    let mut out = Hashing { out, hasher: Hasher::new(pack.format()) };
    out.put(&MAGIC)?;
    let mut before = 0;
    for first in 0..=u8::MAX {
        while before < count && row(before).id.first().is_some_and(|&byte| byte <= first) {
            before += 1;
        }
        out.put(&before.to_be_bytes())?;
    }
    (0..count).try_for_each(|at| out.put(row(at).id))?;
    (0..count).try_for_each(|at| out.put(&row(at).crc.to_be_bytes()))?;
    // Offsets beyond 31 bits have a table of their own, in the same order.
    let mut large = 0u32;
    for at in 0..count {
        let small = u32::try_from(row(at).offset).ok().filter(|small| small >> 31 == 0);
        out.put(&small.unwrap_or(1 << 31 | large).to_be_bytes())?;
        large += u32::from(small.is_none());
    }
    let offsets = (0..count).map(|at| row(at).offset);
    offsets.filter(|offset| offset >> 31 != 0).try_for_each(|offset| out.put(&offset.to_be_bytes()))?;
    out.put(pack.as_bytes())?;
    let Hashing { out, hasher } = out;
    out.write_all(hasher.finish()?.as_bytes())?;
    Ok(out.flush()?)
}

struct Hashing<'w> {
    out: &'w mut dyn Write,
    hasher: Hasher,
}

impl Hashing<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        Ok(self.out.write_all(bytes)?)
    }
}
