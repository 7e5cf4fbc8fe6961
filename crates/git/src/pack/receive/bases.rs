//! Thin packs: adds the bases that the remote left out, so that the pack stands alone.

use super::{
    spool::Spool,
    table::{Table, WHOLE},
};
use crate::{
    Error, Objects, Oid,
    pack::{corrupt, entry::Header},
};
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
    let place = |id: &Oid| entries.binary_search_by(|&entry| table.id(entry).cmp(id.as_bytes())).ok();
    let here: Vec<_> = needed.iter().map(|id| place(id).map(|at| entries[at])).collect();
    drop(entries);
    check_circles(table, &here)?;
    let mut found = here.iter();
    needed.retain(|_| found.next().is_some_and(Option::is_none));
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

/// Whether all deltas end at something whole. What was made from an object elsewhere is read from the pack's own copy of it
/// later, if that has one: `here` is its entry, by the base's number. Such a copy may be based on what is based on it, or on
/// itself. Git makes no such packs.
fn check_circles(table: &Table, here: &[Option<u32>]) -> Result<(), Error> {
    let mut ways = vec![0; table.count() as usize];
    for (way, start) in (1u32..).zip(here.iter().flatten()) {
        let mut next = Some(*start);
        while let Some(entry) = next.map(|entry| entry as usize) {
            match ways[entry] {
                0 => ways[entry] = way,
                known if known == way => return corrupt("the pack has deltas that lead in circles"),
                _ => break,
            }
            next = match table.parents[entry] {
                WHOLE => None,
                parent => match parent.checked_sub(table.count()) {
                    Some(elsewhere) => here.get(elsewhere as usize).copied().flatten(),
                    None => Some(parent),
                },
            };
        }
    }
    Ok(())
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
