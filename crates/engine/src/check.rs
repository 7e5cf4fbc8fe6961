//! What content must be before it is committed or adopted. The only maker of [`Verified`].
//!
//! Each object is judged by itself: a bad zip says nothing about its version's `.info`.

use std::{fs::File, io::Read};

use gomod::{Info, ModuleVersion, Query};

use crate::{Error, ErrorKind, Kind, Object, Result, Staging, Verified, blocking};

/// The largest `.info` we believe in, in bytes. Real ones have some hundred.
pub const MAX_INFO: u64 = Info::MAX_LEN as u64;
/// The largest go.mod, in bytes.
pub const MAX_MOD: u64 = gomod::zip::MAX_GO_MOD;
/// The largest module zip, in bytes.
pub const MAX_ZIP: u64 = gomod::zip::MAX_ZIP;
/// The largest list, in bytes: a million versions.
pub const MAX_LIST: u64 = 64 << 20;
/// The largest answer of a checksum database, in bytes (a full data tile holds 256 records).
pub const MAX_SUM: u64 = 1 << 20;

/// Checks staged content as `object`, in the blocking pool.
///
/// # Errors
/// [`ErrorKind::Invalid`] with `go`'s words when the content does not hold, [`ErrorKind::Internal`] when our disk fails.
pub async fn verify(object: Object, staging: Staging) -> Result<Verified> {
    let filled = staging.finish().await?;
    blocking(move || {
        let sum = content(&object, &filled.file, filled.size)?;
        Ok(Verified { object, filled, sum })
    })
    .await
}

/// Checks an open file as `object`, and gives the `h1:` of a go.mod or a zip. Blocks. Reads from the file's start; its
/// position afterwards is unspecified.
///
/// # Errors
/// As [`verify`].
pub fn content(object: &Object, file: &File, size: u64) -> Result<Option<String>> {
    match object {
        Object::Module(version, Kind::Info) => info_of(version, &small(object, file, size, MAX_INFO)?).map(|()| None),
        Object::Module(_, Kind::Mod) => {
            let go_mod = small(object, file, size, MAX_MOD)?;
            gomod::modfile::check(&go_mod).map_err(|e| invalid(object, &e))?;
            Ok(Some(gomod::dirhash::hash_go_mod(&go_mod)))
        }
        Object::Module(version, Kind::Zip) => match gomod::zip::check(file, version) {
            Ok(summary) => Ok(Some(summary.hash)),
            // Says nothing about the zip: a good one must not be moved aside for it.
            Err(gomod::zip::ZipError::Read(e)) => Err(Error::internal(format!("reading {object}: {e}"))),
            Err(e) => Err(invalid(object, &e)),
        },
        Object::SumLookup(..) | Object::SumTile(..) => sum(object, &small(object, file, size, MAX_SUM)?).map(|()| None),
    }
}

/// Checks the shape of what a checksum database said; whether it is true, `sumdb` proves.
pub(crate) fn sum(object: &Object, body: &[u8]) -> Result<()> {
    match object {
        Object::SumLookup(_, version) => lookup_of(object, version, body),
        Object::SumTile(_, tile) => tile_of(object, *tile, body),
        Object::Module(..) => Err(invalid(object, &"not of a checksum database")),
    }
}

/// Checks the `.info` body that a query was answered with, and returns the version that it names.
///
/// # Errors
/// [`ErrorKind::Invalid`]: not JSON, no version, or a version that cannot be one of this module.
pub fn resolved(path: &gomod::ModulePath, query: &dyn std::fmt::Display, body: &[u8]) -> Result<ModuleVersion> {
    let bad = |why: &dyn std::fmt::Display| Error::new(ErrorKind::Invalid, format!("{path}@{query}: {why}"));
    let info = Info::parse(body).map_err(|e| bad(&e))?;
    let version = gomod::Version::parse(info.version()).map_err(|e| bad(&e))?;
    ModuleVersion::new(path.clone(), version).map_err(|e| bad(&e))
}

fn info_of(version: &ModuleVersion, body: &[u8]) -> Result<()> {
    let bad = |why: String| Error::new(ErrorKind::Invalid, format!("{version}: {why}"));
    let info = Info::parse(body).map_err(|e| bad(e.to_string()))?;
    if info.version() == version.version().as_str() {
        Ok(())
    } else {
        Err(bad(format!("source returned info for version {} instead of requested version", info.version())))
    }
}

fn lookup_of(object: &Object, version: &ModuleVersion, body: &[u8]) -> Result<()> {
    let lookup = gomod::sumdb::Lookup::parse(body).map_err(|e| invalid(object, &e))?;
    if lookup.names(version) { Ok(()) } else { Err(invalid(object, &"the record is not about this module version")) }
}

fn tile_of(object: &Object, tile: gomod::Tile, body: &[u8]) -> Result<()> {
    match tile.expected_len() {
        Some(expected) if expected == body.len() as u64 => Ok(()),
        Some(expected) => Err(invalid(object, &format!("tile has {} bytes, not {expected}", body.len()))),
        // A data tile: records, each followed by an empty line.
        None if body.ends_with(b"\n\n") && std::str::from_utf8(body).is_ok() => Ok(()),
        None => Err(invalid(object, &"data tile is not a sequence of records")),
    }
}

fn small(object: &Object, file: &File, size: u64, limit: u64) -> Result<Vec<u8>> {
    if size > limit {
        return Err(invalid(object, &format!("{size} bytes are more than the limit of {limit}")));
    }
    let mut body = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut file = file;
    std::io::Seek::rewind(&mut file)
        .and_then(|()| file.take(limit + 1).read_to_end(&mut body))
        .map_err(|e| Error::internal(format!("reading {object}: {e}")))?;
    Ok(body)
}

fn invalid(object: &Object, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, format!("{object}: {why}"))
}

/// What was asked for when something is resolved, for messages.
#[derive(Debug)]
pub(crate) enum Asked<'a> {
    Latest,
    Query(&'a Query),
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Query(query) => write!(f, "{query}"),
        }
    }
}
