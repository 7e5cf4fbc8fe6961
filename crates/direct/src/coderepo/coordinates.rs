//! Where in its repository a module is: `newCodeRepo` of `cmd/go/internal/modfetch/coderepo.go`.

use gomod::ModulePath;
use goproxy_engine::{Error, ErrorKind, Result};

/// A module path, split by what its parts mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coordinates {
    pub(super) path: ModulePath,
    /// The path of the repository's root.
    pub(super) root: String,
    /// Where the module is expected, relative to the root; with a major version it may be in `dir/vN`, too.
    pub(super) dir: String,
    /// The path without its major version; for messages.
    pub(super) stem: String,
    /// The major version at the end of the path: empty, `/v2`, `.v2`, `.v2-unstable`.
    pub(super) major: String,
}

impl Coordinates {
    /// `subdirectory` is the fourth field of a go-import tag; empty as a rule.
    pub(crate) fn new(path: &ModulePath, root_prefix: &str, subdirectory: &str) -> Result<Self> {
        let absent = |words: String| Error::new(ErrorKind::NotFound, words);
        if below(path.as_str(), root_prefix).is_none() {
            return Err(absent(format!("{path}: mismatched repo: found {root_prefix} for {path}")));
        }
        let (stem, major) = path.split_major();
        let whole = root_prefix == path.as_str();
        let stem = if whole { path.as_str() } else { stem };
        let dir = below(stem, root_prefix).ok_or_else(|| {
            absent(format!("{path}: repository rooted at {root_prefix} cannot contain module {path}"))
        })?;
        let dir = match subdirectory {
            "" => dir.trim_matches('/').to_owned(),
            subdirectory => {
                Some(join(dir, subdirectory)).filter(|dir| !dir.is_empty()).unwrap_or_else(|| ".".to_owned())
            }
        };
        Ok(Self {
            path: path.clone(),
            root: root_prefix.to_owned(),
            dir,
            stem: stem.to_owned(),
            major: major.to_owned(),
        })
    }

    /// Where the module is expected, relative to the repository's root.
    pub(crate) fn dir(&self) -> &str {
        &self.dir
    }

    /// What stands before the version in a tag of the module: `dir/`.
    pub(crate) fn tag_prefix(&self) -> String {
        if self.dir.is_empty() { String::new() } else { format!("{}/", self.dir) }
    }

    /// The major version of pseudo-versions: empty for v0 and v1, otherwise `v2`.
    pub(super) fn pseudo_major(&self) -> &str {
        let major = self.major.trim_start_matches(['/', '.']);
        major.strip_suffix("-unstable").unwrap_or(major)
    }

    /// `gopkg.in/x.v2-unstable`, which uses no tags.
    pub(super) fn is_unstable(&self) -> bool {
        self.path.as_str().starts_with("gopkg.in/") && self.path.as_str().ends_with("-unstable")
    }
}

/// What `path` has below a whole-element prefix of it.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')).then_some(rest)
}

/// Joins paths in a repository and cleans the result, as Go's `path.Join` does.
pub(super) fn join(dir: &str, name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in dir.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, root: &str, subdirectory: &str) -> Option<(String, String, String)> {
        let path = ModulePath::parse(path).unwrap();
        let at = Coordinates::new(&path, root, subdirectory).ok()?;
        Some((at.dir, at.stem, at.major))
    }

    #[test]
    fn parts() {
        for (path, root, subdirectory, expected) in [
            ("github.com/a/b", "github.com/a/b", "", ("", "github.com/a/b", "")),
            ("github.com/a/b/c/v2", "github.com/a/b", "", ("c", "github.com/a/b/c", "/v2")),
            ("github.com/a/b/v2", "github.com/a/b", "", ("", "github.com/a/b", "/v2")),
            ("x.org/m/v2", "x.org/m/v2", "", ("", "x.org/m/v2", "/v2")),
            ("gopkg.in/yaml.v2", "gopkg.in/yaml.v2", "", ("", "gopkg.in/yaml.v2", ".v2")),
            (
                "gopkg.in/a/b.v2-unstable",
                "gopkg.in/a/b.v2-unstable",
                "",
                ("", "gopkg.in/a/b.v2-unstable", ".v2-unstable"),
            ),
            ("x.org/m/v2", "x.org/m", "sub/dir", ("sub/dir", "x.org/m", "/v2")),
            ("x.org/m/c", "x.org/m", "sub/../dir/", ("c/dir", "x.org/m/c", "")),
        ] {
            let (dir, stem, major) = at(path, root, subdirectory).unwrap();
            assert_eq!((dir.as_str(), stem.as_str(), major.as_str()), expected, "{path}");
        }
        assert_eq!(at("github.com/a/bc", "github.com/a/b", ""), None);
        assert_eq!(at("x.org/m", "x.org/m/c", ""), None);
    }

    #[test]
    fn majors() {
        for (path, pseudo) in
            [("x.org/m", ""), ("x.org/m/v3", "v3"), ("gopkg.in/m.v0", "v0"), ("gopkg.in/m.v2-unstable", "v2")]
        {
            let path = ModulePath::parse(path).unwrap();
            assert_eq!(Coordinates::new(&path, path.as_str(), "").unwrap().pseudo_major(), pseudo);
        }
    }

    #[test]
    fn paths_are_cleaned() {
        for (dir, name, joined) in [
            ("", "go.mod", "go.mod"),
            ("a/b", "go.mod", "a/b/go.mod"),
            ("a", "../../x", "../x"),
            ("..", "../x", "../../x"),
            ("", ".", ""),
        ] {
            assert_eq!(join(dir, name), joined);
        }
    }
}
