//! Loose objects: `objects/ab/cdef...`, deflated with the header in front. Only the `git` command writes them.

use super::chain::within;
use crate::{Error, Kind, Object, Oid, open_regular, pack::corrupt};
use flate2::read::ZlibDecoder;
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

type Reader = BufReader<ZlibDecoder<File>>;

fn path(git_dir: &Path, id: &Oid) -> PathBuf {
    let hex = id.to_string();
    git_dir.join("objects").join(&hex[..2]).join(&hex[2..])
}

pub(super) fn contains(git_dir: &Path, id: &Oid) -> Result<bool, Error> {
    Ok(path(git_dir, id).try_exists()?)
}

pub(super) fn header(git_dir: &Path, id: &Oid) -> Result<Option<(Kind, u64)>, Error> {
    Ok(open(git_dir, id)?.map(|(kind, size, _)| (kind, size)))
}

pub(super) fn read(git_dir: &Path, id: &Oid, limit: u64) -> Result<Option<Object>, Error> {
    let Some((kind, size, reader)) = open(git_dir, id)? else { return Ok(None) };
    within(size, limit)?;
    let mut data = Vec::new();
    reader.take(size.saturating_add(1)).read_to_end(&mut data).map_err(|error| bad(error, id))?;
    if data.len() as u64 != size {
        return corrupt(format!("loose object {id} has another size than it declares"));
    }
    Ok(Some(Object { kind, data }))
}

/// `blob 12\0` and what follows.
fn open(git_dir: &Path, id: &Oid) -> Result<Option<(Kind, u64, Reader)>, Error> {
    let file = match open_regular(&path(git_dir, id)) {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let (mut reader, mut header) = (BufReader::new(ZlibDecoder::new(file)), Vec::new());
    reader.by_ref().take(32).read_until(0, &mut header).map_err(|error| bad(error, id))?;
    match parse(&header) {
        Some((kind, size)) => Ok(Some((kind, size, reader))),
        None => corrupt(format!("loose object {id} has no header")),
    }
}

fn parse(header: &[u8]) -> Option<(Kind, u64)> {
    let (word, size) = str::from_utf8(header.strip_suffix(b"\0")?).ok()?.split_once(' ')?;
    let kind = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].into_iter().find(|kind| kind.name() == word)?;
    Some((kind, size.parse().ok()?))
}

/// Errors that are not the disk's are the decompressor's.
fn bad(error: io::Error, id: &Oid) -> Error {
    match error.raw_os_error() {
        Some(_) => error.into(),
        None => Error::Corrupt(format!("loose object {id} is not deflated data")),
    }
}

/// Gives the ids that begin with some digits, in no order.
pub(super) fn with_prefix(git_dir: &Path, hex: &str, mut found: impl FnMut(Oid)) -> Result<(), Error> {
    for first in 0..=u8::MAX {
        let first = format!("{first:02x}");
        if !first.starts_with(&hex[..hex.len().min(2)]) {
            continue;
        }
        let entries = match fs::read_dir(git_dir.join("objects").join(&first)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|rest| Oid::from_hex(&format!("{first}{rest}")));
            id.filter(|id| id.to_string().starts_with(hex)).into_iter().for_each(&mut found);
        }
    }
    Ok(())
}
