//! The files below a directory of a commit, as far as they can matter for a module's zip.

use gomod::zip::{Candidate, MAX_NAME, MAX_PATHS, Vendoring, is_go_mod};
use goproxy_git::{EntryKind, Error, Objects, Oid, TreeEntry};

/// Entries that are looked at: a few small directories can name one another until there are billions of files.
const MOST_ENTRIES: usize = 4 * MAX_PATHS;

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
    /// Whether an attribute file may convert contents.
    pub(super) converted: bool,
    /// More files than any zip may hold.
    pub(super) too_many: bool,
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
    let mut looked_at = 0;
    let mut open = vec![Open { prefix: Vec::new(), entries: entries.into_iter() }];
    while let Some(dir) = open.last_mut() {
        let Some(entry) = dir.entries.next() else {
            open.pop();
            continue;
        };
        looked_at += 1;
        if looked_at > MOST_ENTRIES || walked.files.len() > MAX_PATHS {
            walked.too_many = true;
            return Ok(walked);
        }
        let path = [&dir.prefix, &*entry.name].concat();
        match entry.kind {
            EntryKind::Submodule => {}
            EntryKind::File | EntryKind::Symlink => walked.file(objects, path, &entry)?,
            EntryKind::Directory => open.extend(walked.directory(objects, path, &entry.id, vendoring)?),
        }
    }
    Ok(walked)
}

impl Walked {
    fn file(&mut self, objects: &dyn Objects, path: Vec<u8>, entry: &TreeEntry) -> Result<(), Error> {
        if entry.name == b".gitattributes" {
            self.attributes(objects, &entry.id)?;
        }
        // A file that is not here yet is looked at again when it is.
        let size = objects.header(&entry.id)?.map_or(0, |(_, size)| size);
        self.files.push(Candidate { path, symlink: entry.kind == EntryKind::Symlink, size });
        self.ids.push(entry.id);
        Ok(())
    }

    fn directory(
        &mut self,
        objects: &dyn Objects,
        path: Vec<u8>,
        id: &Oid,
        vendoring: Vendoring,
    ) -> Result<Option<Open>, Error> {
        let prefix = [&*path, b"/"].concat();
        // No file that deep can be in a zip: one of them is named, and refused for its name.
        if prefix.len() > MAX_NAME {
            self.files.push(Candidate { path, symlink: false, size: 0 });
            self.ids.push(*id);
            return Ok(None);
        }
        if vendoring.omits(&[&*prefix, b"x"].concat()) {
            return Ok(None);
        }
        let Some(entries) = objects.tree(id)? else {
            self.missing.push(*id);
            return Ok(None);
        };
        let nested = entries.iter().any(|entry| entry.kind == EntryKind::File && is_go_mod(&entry.name));
        Ok((!nested).then(|| Open { prefix, entries: entries.into_iter() }))
    }

    /// Looks into an attribute file, with some caution: what only looks like it converts contents costs time.
    pub(super) fn attributes(&mut self, objects: &dyn Objects, id: &Oid) -> Result<(), Error> {
        const CONVERTING: [&[u8]; 3] = [b"crlf", b"ident", b"working-tree-encoding"];
        match objects.read(id, MAX_ATTRIBUTES) {
            Ok(Some(blob)) => {
                let says = |word: &[u8]| blob.data.windows(word.len()).any(|part| part == word);
                self.converted |= CONVERTING.into_iter().any(says);
            }
            Ok(None) => self.missing.push(*id),
            Err(Error::TooLarge(_)) => self.converted = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
