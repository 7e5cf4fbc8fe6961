//! The files below a directory of a commit, as far as they can matter for a module's zip.

use gomod::zip::{Candidate, MAX_NAME, MAX_NAMES, MAX_PATHS, Vendoring, is_go_mod};
use goproxy_git::{EntryKind, Error, Objects, Oid, TreeEntry};

use super::attributes::Converting;

/// Entries that are read: a few small directories can name one another until there are billions of files. It bounds
/// time, and memory where each directory on the way down is a large one.
const MOST_ENTRIES: usize = 2 * MAX_PATHS;

/// Attribute files are small; of larger ones the beginning decides nothing.
const MAX_ATTRIBUTES: u64 = 16 << 20;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) files: Vec<Candidate>,
    /// The blobs of `files`.
    pub(super) ids: Vec<Oid>,
    /// What is not here: without it the walk is not complete.
    pub(super) missing: Vec<Oid>,
    /// Which of them attributes may change.
    pub(super) converting: Converting,
    /// More files than any zip may hold.
    pub(super) too_many: bool,
    /// A path that `git archive` refuses.
    pub(super) invalid: Option<Vec<u8>>,
    /// Entries read so far.
    read: usize,
    /// Bytes of all names in `files`.
    names: u64,
}

/// A directory that is still to be looked at, or the rest of one.
struct Open {
    prefix: Vec<u8>,
    entries: std::vec::IntoIter<TreeEntry>,
}

/// Walks a directory in the order of git. Nested modules and vendored packages, of which nothing gets into the zip, are
/// passed by.
pub(super) fn walk(objects: &dyn Objects, root: &Oid, vendoring: Vendoring) -> Result<Walked, Error> {
    let mut walked = Walked::default();
    let Some(entries) = objects.tree(root)? else {
        walked.missing.push(*root);
        return Ok(walked);
    };
    walked.read = entries.len();
    let mut open = vec![Open { prefix: Vec::new(), entries: entries.into_iter() }];
    while let Some(dir) = open.last_mut() {
        walked.too_many |= walked.read > MOST_ENTRIES || walked.files.len() > MAX_PATHS || walked.names > MAX_NAMES;
        if walked.too_many || walked.invalid.is_some() {
            return Ok(walked);
        }
        let Some(entry) = dir.entries.next() else {
            open.pop();
            continue;
        };
        let path = [&dir.prefix, &*entry.name].concat();
        if is_invalid(&entry) {
            walked.invalid = Some(path);
            continue;
        }
        match entry.kind {
            EntryKind::Submodule => {}
            EntryKind::File | EntryKind::Symlink => walked.file(objects, path, &entry)?,
            EntryKind::Directory => open.extend(walked.directory(objects, path, &entry.id, vendoring)?),
        }
    }
    Ok(walked)
}

/// Whether git takes the entry into no index, so that `git archive` fails (`verify_path`): what would be its own
/// directory in a work tree, on Windows as well (`core.protectNTFS`).
fn is_invalid(entry: &TreeEntry) -> bool {
    let name = entry.name.to_ascii_lowercase();
    let rest = name.strip_prefix(b".git").or_else(|| name.strip_prefix(b"git~1"));
    let is_git = rest.is_some_and(|rest| {
        let end = rest.iter().position(|byte| !matches!(byte, b'.' | b' '));
        end.is_none_or(|end| matches!(rest[end], b':' | b'\\'))
    });
    is_git || matches!(&*name, b"." | b"..") || (entry.kind == EntryKind::Symlink && name == b".gitmodules")
}

impl Walked {
    fn file(&mut self, objects: &dyn Objects, path: Vec<u8>, entry: &TreeEntry) -> Result<(), Error> {
        if entry.name == b".gitattributes" {
            self.attributes(objects, &entry.id)?;
        }
        // A file that is not here yet is looked at again when it is.
        let size = objects.header(&entry.id)?.map_or(0, |(_, size)| size);
        self.push(Candidate { path, symlink: entry.kind == EntryKind::Symlink, size }, entry.id);
        Ok(())
    }

    fn push(&mut self, file: Candidate, id: Oid) {
        self.names += file.path.len() as u64;
        self.files.push(file);
        self.ids.push(id);
    }

    fn directory(
        &mut self,
        objects: &dyn Objects,
        path: Vec<u8>,
        id: &Oid,
        vendoring: Vendoring,
    ) -> Result<Option<Open>, Error> {
        let prefix = [&*path, b"/"].concat();
        if vendoring.omits(&[&*prefix, b"x"].concat()) {
            return Ok(None);
        }
        // No file that deep can be in a zip: one of them is named, and refused for its name.
        if prefix.len() > MAX_NAME {
            self.push(Candidate { path, symlink: false, size: 0 }, *id);
            return Ok(None);
        }
        let Some(entries) = objects.tree(id)? else {
            self.missing.push(*id);
            return Ok(None);
        };
        self.read += entries.len() + 1;
        let nested = entries.iter().any(|entry| entry.kind == EntryKind::File && is_go_mod(&entry.name));
        Ok((!nested).then(|| Open { prefix, entries: entries.into_iter() }))
    }

    /// Looks into an attribute file.
    pub(super) fn attributes(&mut self, objects: &dyn Objects, id: &Oid) -> Result<(), Error> {
        match objects.read(id, MAX_ATTRIBUTES) {
            Ok(Some(blob)) => self.converting.read(&blob.data),
            Ok(None) => self.missing.push(*id),
            Err(Error::TooLarge(_)) => self.converting.everything(),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
