//! Samples, and a cache directory that is looked at from outside.

use std::{
    fs,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use gomod::{ModulePath, ModuleVersion, Tile, Version};
use goproxy_engine::{Blob, Kind, Object, Result, Staging, Store, Stored, check};
use goproxy_store::FsStore;
use sha2::{Digest, Sha256};

/// A cache directory of its own.
pub(crate) struct Home {
    dir: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        Self { dir: temp.path().to_owned(), _temp: Some(temp) }
    }

    /// A directory that somebody else made and removes.
    pub(crate) fn at(dir: PathBuf) -> Self {
        Self { dir, _temp: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn store(&self) -> FsStore {
        FsStore::open(self.path()).unwrap()
    }

    /// A path below Go's download directory.
    pub(crate) fn download(&self, relative: &str) -> PathBuf {
        self.path().join("pkg/mod/cache/download").join(relative)
    }

    /// The record of a version, or of a file of a checksum database, by its name in Go's tree.
    pub(crate) fn record(&self, name: &str) -> PathBuf {
        let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        self.own(&format!("records/{}/{}", &hash[..2], &hash[2..]))
    }

    /// What a record says, without its first line, which names what it is about.
    pub(crate) fn findings(&self, name: &str) -> String {
        let text = fs::read_to_string(self.record(name)).unwrap();
        text.strip_prefix(&format!("# {name}\n")).unwrap().to_owned()
    }

    /// A path below our own directory.
    pub(crate) fn own(&self, relative: &str) -> PathBuf {
        self.path().join("pkg/mod/cache/goproxy").join(relative)
    }

    /// Writes a file as another program would.
    pub(crate) fn plant(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.download(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// How many files were moved aside.
    pub(crate) fn quarantined(&self) -> usize {
        files(&self.own("quarantine")).len()
    }

    /// How many temporary files there are.
    pub(crate) fn temporary(&self) -> usize {
        files(&self.own("tmp")).iter().filter(|name| !name.ends_with(".lock")).count()
    }
}

/// All files below a directory, as sorted relative names; none if there is no directory.
pub(crate) fn files(root: &Path) -> Vec<String> {
    fn walk(root: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

pub(crate) fn module(path: &str) -> ModulePath {
    ModulePath::parse(path).unwrap()
}

pub(crate) fn version(path: &str, version: &str) -> ModuleVersion {
    ModuleVersion::new(module(path), Version::parse(version).unwrap()).unwrap()
}

pub(crate) fn object(path: &str, v: &str, kind: Kind) -> Object {
    Object::Module(version(path, v), kind)
}

pub(crate) fn tile(path: &str) -> Object {
    Object::SumTile("sum.golang.org".into(), Tile::parse(path).unwrap())
}

pub(crate) fn info(v: &str) -> Vec<u8> {
    format!(r#"{{"Version":"{v}","Time":"2024-05-06T07:08:09Z"}}"#).into_bytes()
}

/// A lookup answer of the right shape: what the store keeps is not verified further here.
pub(crate) fn lookup(mv: &ModuleVersion) -> Vec<u8> {
    let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    format!(
        "7\n{path} {v} {hash}\n{path} {v}/go.mod {hash}\n\n\
         go.sum database tree\n9\n{root}\n\n\u{2014} sum.golang.org Az3grkzgUx8jIGXXvGJVbBV1Gu3lVPOCQVZJv5m1\n",
        path = mv.path(),
        v = mv.version(),
    )
    .into_bytes()
}

/// A module zip, entries stored without compression.
pub(crate) fn zip(mv: &ModuleVersion, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, content) in files {
        let name = format!("{mv}/{name}");
        let (mut entry, config) = archive.new_file(&name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}

/// A zip with a go.mod and one file with `text` in it.
pub(crate) fn small_zip(mv: &ModuleVersion, text: &str) -> Vec<u8> {
    let go_mod = format!("module {}\n", mv.path());
    zip(mv, &[("go.mod", go_mod.as_bytes()), ("a.go", text.as_bytes())])
}

pub(crate) async fn stage(store: &FsStore, content: &[u8]) -> Result<Staging> {
    let mut staging = store.stage().await?;
    staging.write(content).await?;
    Ok(staging)
}

/// The way of everything that is fetched: stage, check, commit.
pub(crate) async fn commit(store: &FsStore, object: &Object, content: &[u8]) -> Result<Stored> {
    let staging = stage(store, content).await?;
    store.commit(check::verify(object.clone(), staging).await?).await
}

/// All bytes of a stored object.
pub(crate) fn content(stored: &Stored) -> Vec<u8> {
    match &stored.blob {
        Blob::Bytes(bytes) => bytes.to_vec(),
        Blob::File(file) => {
            let mut bytes = vec![0; usize::try_from(stored.size).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        }
    }
}

/// What `open` gives, as bytes.
pub(crate) async fn opened(store: &FsStore, object: &Object) -> Option<Vec<u8>> {
    store.open(object).await.unwrap().map(|stored| content(&stored))
}
