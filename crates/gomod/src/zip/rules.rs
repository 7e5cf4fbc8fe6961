//! What a module zip may hold: names and sizes, golang.org/x/mod/zip `CheckZip`.

use rawzip::{CreatorSystem, ZipFileHeaderRecord};

use super::collisions::{Clash, Place, Seen};
use super::{FileError, MAX_GO_MOD, MAX_LICENSE, MAX_NAME, MAX_ZIP, ZipError};
use crate::ModuleVersion;
use crate::path::check_file_path;

/// As many bad files are named; the rest are counted.
const MAX_NAMED: usize = 5;
/// File types in Unix modes.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;

/// The entries seen, and what was wrong with them.
pub(super) struct Rules {
    /// `path@version/`
    prefix: String,
    seen: Seen,
    uncompressed: u64,
    too_large: bool,
    bad: Vec<FileError>,
    more: u64,
}

/// Reads a name again, by the offset of its directory entry.
type NameAt<'a> = dyn Fn(u64) -> Result<Vec<u8>, ZipError> + 'a;

/// Why a file is refused, or why no more are looked at.
enum Refused {
    File(String),
    Zip(ZipError),
}

impl<S: Into<String>> From<S> for Refused {
    fn from(reason: S) -> Self {
        Self::File(reason.into())
    }
}

impl Rules {
    pub(super) fn new(module: &ModuleVersion) -> Self {
        let prefix = format!("{module}/");
        Self { prefix, seen: Seen::new(), uncompressed: 0, too_large: false, bad: Vec::new(), more: 0 }
    }

    /// Looks at the next entry. A bad file is noted; an error ends it all.
    pub(super) fn entry(&mut self, record: &ZipFileHeaderRecord<'_>, name_at: &NameAt<'_>) -> Result<(), ZipError> {
        let name = record.file_path();
        match self.check(record, name_at) {
            Ok(()) => Ok(()),
            Err(Refused::Zip(error)) => Err(error),
            Err(Refused::File(_)) if self.bad.len() >= MAX_NAMED => {
                self.more += 1;
                Ok(())
            }
            Err(Refused::File(reason)) => {
                self.bad.push(FileError::new(name.as_ref(), &reason));
                Ok(())
            }
        }
    }

    /// The size of all files; the error that comes first in the eyes of `go`.
    pub(super) fn finish(self) -> Result<u64, ZipError> {
        if self.too_large {
            Err(ZipError::ContentTooLarge)
        } else if self.bad.is_empty() {
            Ok(self.uncompressed)
        } else {
            Err(ZipError::Files { files: self.bad, more: self.more })
        }
    }

    fn check(&mut self, record: &ZipFileHeaderRecord<'_>, name_at: &NameAt<'_>) -> Result<(), Refused> {
        let raw = record.file_path();
        let name = raw.as_ref().strip_prefix(self.prefix.as_bytes());
        let name = name.ok_or_else(|| format!("path does not have prefix {:?}", self.prefix))?;
        let size = record.uncompressed_size_hint();
        check_type(record)?;
        let (name, is_dir) = match name.strip_suffix(b"/") {
            Some(name) => (name, true),
            None => (name, name.is_empty()),
        };
        if is_dir && size != 0 {
            return Err("zip: not a valid zip file: directory with content".into());
        }
        if raw.as_ref().len() == self.prefix.len() {
            return Ok(());
        }
        self.check_name(name, is_dir, record.central_directory_offset(), name_at)?;
        if is_dir { Ok(()) } else { self.check_file(name, size) }
    }

    fn check_name(&mut self, name: &[u8], is_dir: bool, entry: u64, name_at: &NameAt<'_>) -> Result<(), Refused> {
        let name = checked_name(name)?;
        let Err(clash) = self.seen.add(name, is_dir, entry) else { return Ok(()) };
        Err(match clash {
            Clash::Twice => format!("multiple entries for file {name:?}").into(),
            Clash::FileAndDir { len } => format!("entry {:?} is both a file and a directory", &name[..len]).into(),
            Clash::Folded { other, len } => {
                let other = self.first_name(other, name_at).map_err(Refused::Zip)?;
                format!("case-insensitive file name collision: {other:?} and {:?}", &name[..len]).into()
            }
            Clash::TooMany => Refused::Zip(ZipError::TooManyFiles),
        })
    }

    fn first_name(&self, place: Place, name_at: &NameAt<'_>) -> Result<String, ZipError> {
        let name = name_at(place.entry)?;
        let name = name.get(self.prefix.len()..).and_then(|name| name.get(..place.len)).unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    fn check_file(&mut self, name: &[u8], size: u64) -> Result<(), Refused> {
        let base = name.rsplit(|&b| b == b'/').next().unwrap_or(name);
        if base.eq_ignore_ascii_case(b"go.mod") {
            if base.len() != name.len() {
                return Err("go.mod file not in module root directory".into());
            }
            if name != b"go.mod" {
                return Err("go.mod files must have lowercase names".into());
            }
        }
        match self.uncompressed.checked_add(size).filter(|&total| total <= MAX_ZIP) {
            Some(total) => self.uncompressed = total,
            None => self.too_large = true,
        }
        match name {
            b"go.mod" if size > MAX_GO_MOD => {
                Err(format!("go.mod file too large (max size is {MAX_GO_MOD} bytes)").into())
            }
            b"LICENSE" if size > MAX_LICENSE => {
                Err(format!("LICENSE file too large (max size is {MAX_LICENSE} bytes)").into())
            }
            _ => Ok(()),
        }
    }
}

/// The name of a file relative to the module, if a zip may hold it; else why not.
pub(super) fn checked_name(name: &[u8]) -> Result<&str, String> {
    if !is_clean(name) {
        return Err("file path is not clean".to_owned());
    }
    let Ok(name) = std::str::from_utf8(name) else {
        return Err(format!("malformed file path {:?}: invalid UTF-8", String::from_utf8_lossy(name)));
    };
    check_file_path(name).map_err(|error| error.to_string())?;
    if name.len() > MAX_NAME { Err("file name too long".to_owned()) } else { Ok(name) }
}

/// Modes do not count, but what is no file to other programs is not let in. Only archives from Unix say so.
fn check_type(record: &ZipFileHeaderRecord<'_>) -> Result<(), Refused> {
    let from_unix = matches!(record.version_made_by().creator_system(), CreatorSystem::UNIX | CreatorSystem::MACOS);
    let is_dir = record.file_path().as_ref().ends_with(b"/");
    match record.external_attributes() >> 16 & TYPE {
        _ if !from_unix => Ok(()),
        0 | REGULAR => Ok(()),
        FOLDER if is_dir => Ok(()),
        SYMLINK => Err("file is a symbolic link".into()),
        _ => Err("not a regular file".into()),
    }
}

/// Whether Go's `path.Clean` leaves the path as it is.
pub(super) fn is_clean(path: &[u8]) -> bool {
    let relative = path.strip_prefix(b"/").unwrap_or(path);
    if matches!(path, b"." | b"/") {
        return true;
    }
    let mut climbing = relative.len() == path.len();
    relative.split(|&b| b == b'/').all(|element| {
        climbing &= element == b"..";
        !matches!(element, b"" | b".") && (element != b".." || climbing)
    })
}
