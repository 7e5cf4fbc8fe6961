//! Thin packs: adds the bases that the remote left out, so that the pack stands alone.

use super::{
    spool::Spool,
    table::{Table, WHOLE},
};
use crate::{Error, Objects, Oid, pack::entry::Header};
use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

/// Adds `needed` objects (unless they have turned out to be in the pack) and tells how many. If there are any, the pack's
/// checksum has been taken off.
pub(super) fn add(
    table: &mut Table,
    spool: &mut Spool,
    bases: &dyn Objects,
    mut needed: Vec<Oid>,
) -> Result<u32, Error> {
    if needed.is_empty() {
        return Ok(0);
    }
    let entries = table.sorted()?;
    needed.retain(|id| entries.binary_search_by(|&entry| table.id(entry).cmp(id.as_bytes())).is_err());
    drop(entries);
    if needed.is_empty() {
        return Ok(0);
    }
    spool.shorten(table.format.len())?;
    for id in &needed {
        // It has been read before, under the limit.
        let object = bases.read(id, u64::MAX)?.ok_or(Error::Missing(*id))?;
        let offset = spool.len();
        let mut entry = Entry { spool, crc: Crc::new() };
        entry.write_all(&Header::whole(object.kind, object.data.len() as u64))?;
        let mut deflate = ZlibEncoder::new(&mut entry, Compression::fast());
        deflate.write_all(&object.data)?;
        deflate.finish()?;
        let crc = entry.crc.sum();
        table.push(offset, crc, WHOLE, Some(id));
    }
    Ok(needed.len() as u32)
}

struct Entry<'a> {
    spool: &'a mut Spool,
    crc: Crc,
}

impl Write for Entry<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.crc.update(bytes);
        match self.spool.write(bytes) {
            Err(Error::Io(error)) => Err(error),
            _ => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
