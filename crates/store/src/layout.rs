//! Where everything lies. Paths are built from typed, escaped values only, never from the text of a request.
//!
//! `pkg/mod/cache/download` is Go's own tree (cmd/go/internal/modfetch/cache.go), which `go` may share with us;
//! `pkg/mod/cache/goproxy` beside it is ours alone.

use std::path::{Path, PathBuf};

use gomod::ModuleVersion;
use goproxy_engine::{Answer, Fact, Object};
use sha2::{Digest, Sha256};

use crate::record::to_hex;

/// The place of a finding.
#[derive(Debug)]
pub(crate) struct Place {
    /// The record's file.
    pub(crate) path: PathBuf,
    /// What it is about, in words for people: its first line.
    pub(crate) name: String,
    /// The word for the object in it.
    pub(crate) word: &'static str,
}

/// The two trees below a cache directory.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Go's tree: what `GOPROXY=file://` reads.
    pub(crate) download: PathBuf,
    /// Our tree: temporary files, answers, records.
    pub(crate) own: PathBuf,
}

impl Layout {
    pub(crate) fn new(cache_dir: &Path) -> Self {
        let cache = cache_dir.join("pkg/mod/cache");
        Self { download: cache.join("download"), own: cache.join("goproxy") }
    }

    /// The cache directory itself.
    pub(crate) fn root(&self) -> &Path {
        self.own.ancestors().nth(4).unwrap_or(&self.own)
    }

    /// The file of an object, or `None` if its database has a name that is no relative path.
    pub(crate) fn object(&self, object: &Object) -> Option<PathBuf> {
        Some(self.download.join(relative(object)?))
    }

    /// Where it says what was found out about an object: the three files of a version share one record.
    ///
    /// Records lie by hash in 256 folders. Beside the objects' own tree, a second one of their names would cost three
    /// more directories for each new module, which is most of the time that a small commit takes.
    pub(crate) fn record(&self, object: &Object) -> Option<Place> {
        let (name, word) = match object {
            Object::Module(mv, kind) => (version(mv), kind.extension()),
            Object::SumLookup(..) => (relative(object)?, "lookup"),
            Object::SumTile(..) => (relative(object)?, "tile"),
        };
        let hash = to_hex(&Sha256::digest(&name).into());
        let path = self.own.join("records").join(&hash[..2]).join(&hash[2..]);
        Some(Place { path, name, word })
    }

    /// The file of a remembered answer. `@q` keeps queries apart from modules: no module path has an `@`.
    pub(crate) fn answer(&self, answer: &Answer) -> Option<PathBuf> {
        let relative = match answer {
            Answer::List(path) => format!("{}/@v/list", path.escaped()),
            Answer::Latest(path) => format!("{}/@latest", path.escaped()),
            Answer::Query(path, query) => format!("{}/@q/{}.info", path.escaped(), query.escaped()),
            Answer::SumLatest(db) => format!("{}/latest", sumdb(db)?),
        };
        Some(self.own.join("answers").join(relative))
    }

    /// The file of an answer in Go's tree, for the answers that the original keeps there. Written for `file://`
    /// readers, who find an untagged module through `@latest` alone; never read, since `go` rewrites lists with what
    /// it has.
    pub(crate) fn go_answer(&self, answer: &Answer) -> Option<PathBuf> {
        Some(self.download.join(match answer {
            Answer::List(path) => format!("{}/@v/list", path.escaped()),
            Answer::Latest(path) => format!("{}/@latest", path.escaped()),
            Answer::Query(..) | Answer::SumLatest(_) => return None,
        }))
    }

    /// Where a fact is written down; `None` if its database has a name that is no relative path.
    pub(crate) fn fact(&self, fact: &Fact) -> Option<PathBuf> {
        let relative = match fact {
            Fact::TreeHead(db, key) => format!("{}+{key:08x}/head", sumdb(db)?),
            Fact::Fork(db, key) => format!("{}+{key:08x}/fork", sumdb(db)?),
            Fact::Sum(mv, kind) => {
                let hash = to_hex(&Sha256::digest(version(mv)).into());
                format!("sums/{}/{}.{}", &hash[..2], &hash[2..], kind.extension())
            }
        };
        Some(self.own.join("facts").join(relative))
    }

    /// Held by whoever writes a fact down.
    pub(crate) fn facts_lock(&self) -> PathBuf {
        self.own.join("facts/lock")
    }

    /// Where `go` keeps the h1 of a zip.
    pub(crate) fn ziphash(&self, mv: &ModuleVersion) -> PathBuf {
        self.download.join(format!("{}.ziphash", version(mv)))
    }

    /// How far the scrub is, and the lock of who does it.
    pub(crate) fn scrub(&self) -> PathBuf {
        self.own.join("scrub")
    }

    /// Where files that do not hold are moved.
    pub(crate) fn quarantine(&self) -> PathBuf {
        self.own.join("quarantine")
    }
}

fn relative(object: &Object) -> Option<String> {
    Some(match object {
        Object::Module(mv, kind) => format!("{}.{}", version(mv), kind.extension()),
        Object::SumLookup(db, mv) => {
            format!("{}/lookup/{}@{}", sumdb(db)?, mv.path().escaped(), mv.version().escaped())
        }
        Object::SumTile(db, tile) => format!("{}/{tile}", sumdb(db)?),
    })
}

fn version(mv: &ModuleVersion) -> String {
    format!("{}/@v/{}", mv.path().escaped(), mv.version().escaped())
}

/// The directory of a database. Its name is the one part that is no parsed type, so it is looked at here.
fn sumdb(name: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let holds = name.split('/').all(|e| !e.is_empty() && !e.starts_with('.') && e.bytes().all(plain));
    holds.then(|| format!("sumdb/{name}"))
}

#[cfg(test)]
mod tests {
    use super::sumdb;

    #[test]
    fn database_names_stay_below_their_directory() {
        assert_eq!(sumdb("sum.golang.org").as_deref(), Some("sumdb/sum.golang.org"));
        assert_eq!(sumdb("localhost.localdev/sumdb").as_deref(), Some("sumdb/localhost.localdev/sumdb"));
        for name in ["", ".", "..", "a/../b", "/a", "a/", "a//b", "a\\b", "a\0b", "a b", ".hidden"] {
            assert_eq!(sumdb(name), None, "{name:?}");
        }
    }
}
