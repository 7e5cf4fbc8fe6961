//! The files of one commit.

use std::collections::BTreeMap;

/// What is at a path. Paths are bytes: git does not care for UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    File(Vec<u8>),
    Program(Vec<u8>),
    Symlink(String),
    Submodule,
}

/// All files of a commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(BTreeMap<Vec<u8>, Item>);

impl Tree {
    /// Puts a file; what is in its way, a folder of that name or a file that would be its folder, goes.
    pub(super) fn put(&mut self, path: impl AsRef<[u8]>, item: Item) {
        let path = path.as_ref();
        let below = [path, b"/"].concat();
        self.0.retain(|other, _| {
            let folder = [other.as_slice(), b"/"].concat();
            !other.starts_with(&below) && !path.starts_with(&folder)
        });
        self.0.insert(path.to_vec(), item);
    }

    /// A regular file.
    pub(super) fn file(&mut self, path: impl AsRef<[u8]>, data: impl Into<Vec<u8>>) {
        self.put(path, Item::File(data.into()));
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.0.remove(path.as_bytes());
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (&Vec<u8>, &Item)> {
        self.0.iter()
    }

    /// The module paths that go.mod files name, as far as they are of the plainest form.
    pub(super) fn modules(&self) -> Vec<String> {
        let files = self.0.iter().filter(|(path, _)| path.ends_with(b"go.mod"));
        let texts = files.filter_map(|(_, item)| match item {
            Item::File(data) => std::str::from_utf8(data).ok(),
            Item::Program(_) | Item::Symlink(_) | Item::Submodule => None,
        });
        let plain = |text: &str| text.lines().next()?.strip_prefix("module ").map(str::to_owned);
        texts.filter_map(plain).filter(|path| path.bytes().all(|b| b.is_ascii_graphic() && b != b'"')).collect()
    }

    pub(super) fn paths(&self) -> Vec<Vec<u8>> {
        self.0.keys().cloned().collect()
    }
}
