//! A walk over everything that lies where objects lie, entry by entry: what is held in memory is one open directory for
//! each level, however large the cache.

use std::{
    fs::{self, ReadDir},
    io,
    path::{Path, PathBuf},
};

use gomod::{ModuleRequest, Route, SumRequest, SumWhat, What};
use goproxy_engine::{Kind, Object};

use crate::{FsStore, layout::Layout};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lying {
    /// An object; what lies there may be anything.
    Object(Object),
    /// What `go` and the original keep beside objects: lists, branches, hashes of zips, locks.
    Beside,
    /// Neither.
    Foreign,
}

/// A walk; see [`FsStore::walk`]. Blocking.
#[derive(Debug)]
pub struct Walk {
    layout: Layout,
    start: Option<PathBuf>,
    open: Vec<ReadDir>,
}

impl FsStore {
    /// Everything in the tree of objects, in no order, with the paths of the files. An error is about what the path names:
    /// a folder that cannot be read.
    pub fn walk(&self) -> Walk {
        let layout = self.0.layout.clone();
        Walk { start: Some(layout.download.clone()), layout, open: Vec::new() }
    }
}

impl Iterator for Walk {
    type Item = (PathBuf, io::Result<Lying>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(folder) = self.start.take() {
                match fs::read_dir(&folder) {
                    Ok(entries) => self.open.push(entries),
                    // Removed meanwhile.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Some((folder, Err(e))),
                }
            }
            let Some(entry) = self.open.last_mut()?.next() else {
                self.open.pop();
                continue;
            };
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => return Some((self.layout.download.clone(), Err(e))),
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.start = Some(entry.path()),
                _ => {
                    let path = entry.path();
                    let lying = lying(&self.layout, &path);
                    return Some((path, Ok(lying)));
                }
            }
        }
    }
}

/// What a file is, by its name. The reader of requests reads names as well: it knows one spelling of each.
fn lying(layout: &Layout, path: &Path) -> Lying {
    let name = path.strip_prefix(&layout.download).ok().and_then(Path::to_str).filter(|name| !name.contains('%'));
    let Some(name) = name else { return Lying::Foreign };
    let object = match gomod::route::parse(&format!("/{name}"), "") {
        Ok(Route::Module(ModuleRequest { what, .. })) => match what {
            What::Info(version) => Object::Module(version, Kind::Info),
            What::Mod(version) => Object::Module(version, Kind::Mod),
            What::Zip(version) => Object::Module(version, Kind::Zip),
            What::List | What::Latest | What::Query(_) => return Lying::Beside,
        },
        Ok(Route::SumDb(SumRequest { name, what })) => match what {
            SumWhat::Lookup(version) => Object::SumLookup(name, version),
            SumWhat::Tile(tile) => Object::SumTile(name, tile),
            SumWhat::Latest | SumWhat::Supported => return Lying::Beside,
        },
        Err(_) => {
            let beside = [".ziphash", ".lock"].iter().any(|end| name.ends_with(end)) && name.contains("/@v/");
            return if beside { Lying::Beside } else { Lying::Foreign };
        }
    };
    if layout.object(&object).as_deref() == Some(path) { Lying::Object(object) } else { Lying::Foreign }
}
