//! Objects in memory: repositories for tests, written with a few calls.

use super::{EntryKind, Kind, Object, Objects};
use crate::{Error, ObjectFormat, Oid, hash};
use std::collections::{BTreeMap, HashMap};

/// Objects in a map. Writing computes the ids that git would give.
///
/// ```
/// use goproxy_git::{MemoryObjects, ObjectFormat, Objects as _};
///
/// let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
/// let tree = objects.add_files(&[("go.mod", "module example.com/m\n"), ("cmd/x/main.go", "package main\n")]);
/// let commit = objects.add_commit(tree, &[], 1_700_000_000);
/// assert_eq!(objects.commit(&commit)?.map(|c| c.tree), Some(tree));
/// # Ok::<(), goproxy_git::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryObjects {
    format: ObjectFormat,
    objects: HashMap<Oid, Object>,
}

impl MemoryObjects {
    /// None yet.
    pub fn new(format: ObjectFormat) -> Self {
        Self { format, objects: HashMap::new() }
    }

    /// Any content.
    ///
    /// # Panics
    /// On content made to collide in SHA-1.
    #[expect(clippy::expect_used, reason = "a fixture: content is the test's own")]
    pub fn add(&mut self, kind: Kind, data: impl Into<Vec<u8>>) -> Oid {
        let data = data.into();
        let id = hash::object_id(self.format, kind, &data).expect("content that does not collide");
        self.objects.insert(id, Object { kind, data });
        id
    }

    /// A file's content, or a symbolic link's target.
    pub fn add_blob(&mut self, data: impl Into<Vec<u8>>) -> Oid {
        self.add(Kind::Blob, data)
    }

    /// A directory, from names and what they are, in any order.
    pub fn add_tree<N: AsRef<[u8]>>(&mut self, entries: &[(EntryKind, N, Oid)]) -> Oid {
        let mut entries: Vec<_> = entries.iter().map(|(kind, name, id)| (*kind, name.as_ref(), *id)).collect();
        entries.sort_by_key(|(kind, name, _)| match kind {
            EntryKind::Directory => [name, b"/".as_slice()].concat(),
            _ => name.to_vec(),
        });
        let mut data = Vec::new();
        for (kind, name, id) in entries {
            let mode: &[u8] = match kind {
                EntryKind::Directory => b"40000 ",
                EntryKind::File => b"100644 ",
                EntryKind::Symlink => b"120000 ",
                EntryKind::Submodule => b"160000 ",
            };
            data.extend([mode, name, b"\0", id.as_bytes()].concat());
        }
        self.add(Kind::Tree, data)
    }

    /// A directory with all its directories, from paths such as `cmd/x/main.go` and contents.
    pub fn add_files<P: AsRef<str>, C: AsRef<[u8]>>(&mut self, files: &[(P, C)]) -> Oid {
        let mut here: Vec<(EntryKind, &str, Oid)> = Vec::new();
        let mut below: BTreeMap<&str, Vec<(&str, &[u8])>> = BTreeMap::new();
        for (path, content) in files {
            match path.as_ref().split_once('/') {
                Some((dir, rest)) => below.entry(dir).or_default().push((rest, content.as_ref())),
                None => here.push((EntryKind::File, path.as_ref(), self.add_blob(content.as_ref()))),
            }
        }
        for (dir, files) in below {
            here.push((EntryKind::Directory, dir, self.add_files(&files)));
        }
        self.add_tree(&here)
    }

    /// A commit at a time in seconds since 1970.
    pub fn add_commit(&mut self, tree: Oid, parents: &[Oid], committed: i64) -> Oid {
        let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let who = format!("T <t@example.com> {committed} +0000");
        self.add(Kind::Commit, format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nMessage\n"))
    }

    /// An annotated tag.
    pub fn add_tag(&mut self, target: Oid, kind: Kind, name: &str) -> Oid {
        let kind = kind.name();
        self.add(
            Kind::Tag,
            format!("object {target}\ntype {kind}\ntag {name}\ntagger T <t@example.com> 0 +0000\n\n{name}\n"),
        )
    }

    /// Takes an object away, as a partial clone would miss it.
    pub fn remove(&mut self, id: &Oid) -> Option<Object> {
        self.objects.remove(id)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Oid, &Object)> {
        self.objects.iter()
    }
}

impl Objects for MemoryObjects {
    fn read(&self, id: &Oid, limit: u64) -> Result<Option<Object>, Error> {
        match self.objects.get(id) {
            Some(object) if object.data.len() as u64 > limit => {
                Err(Error::TooLarge(format!("object {id} has {} bytes, more than {limit}", object.data.len())))
            }
            found => Ok(found.cloned()),
        }
    }

    fn header(&self, id: &Oid) -> Result<Option<(Kind, u64)>, Error> {
        Ok(self.objects.get(id).map(|object| (object.kind, object.data.len() as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids are those of `git write-tree` and `git commit-tree` for the same content.
    #[test]
    fn ids_of_git() {
        let mut objects = MemoryObjects::default();
        assert_eq!(objects.add_blob("hello\n").to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(objects.add_files::<&str, &str>(&[]).to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let mut objects = MemoryObjects::new(ObjectFormat::Sha256);
        let empty = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
        assert_eq!(objects.add_files::<&str, &str>(&[]).to_string(), empty);
        let tree = objects.add_files(&[("a/b", "1"), ("a.b", "2"), ("a/c/d", "3")]);
        let entries = objects.tree(&tree).unwrap().unwrap();
        assert_eq!(entries.iter().map(|e| e.name.as_slice()).collect::<Vec<_>>(), [b"a.b".as_slice(), b"a"]);
        assert!(matches!(objects.commit(&tree), Err(Error::Corrupt(_))));
        assert!(matches!(objects.read(&tree, 3), Err(Error::TooLarge(_))));
    }
}
