//! Which files of a directory go into a module zip: golang.org/x/mod/zip `checkFiles`, rule by rule in its order.

use std::collections::HashSet;

use super::collisions::{Clash, Seen};
use super::rules::{checked_name, is_clean};
use super::{FileError, MAX_GO_MOD, MAX_LICENSE, MAX_ZIP, ZipError};
use crate::modfile;

/// As many bad files are named; the rest are counted.
const MAX_NAMED: usize = 5;

/// A file of a module's directory, or a symbolic link. Directories and submodules are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its path relative to the module's directory.
    pub path: Vec<u8>,
    /// Whether it is a symbolic link: those are left out, but their names count.
    pub symlink: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// What depends on the module's own go.mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vendoring {
    /// Whether its `go` line says 1.24 or later (golang/go#37397, golang/go#63395).
    modern: bool,
}

impl Vendoring {
    /// For the go.mod in the module's directory, if there is one.
    pub fn of(go_mod: Option<&[u8]>) -> Self {
        let go = go_mod.and_then(modfile::parse_lax).and_then(|file| file.go);
        Self { modern: go.as_deref().and_then(language).is_some_and(|version| version >= (1, 24)) }
    }

    /// Whether a file is a package of another module that was copied into `vendor`. If one file of a directory is, all
    /// of them are, and all below.
    pub fn omits(self, path: &[u8]) -> bool {
        const VENDOR: &[u8] = b"/vendor/";
        if self.modern && path == b"vendor/modules.txt" {
            return true;
        }
        let rest = if let Some(rest) = path.strip_prefix(&VENDOR[1..]) {
            rest
        } else if let Some(at) = path.windows(VENDOR.len()).position(|part| part == VENDOR) {
            // Before 1.24 the search began too early in the path; checksums depend on it.
            &path[if self.modern { at + VENDOR.len() } else { VENDOR.len() }..]
        } else {
            return false;
        };
        rest.contains(&b'/')
    }
}

/// Major and minor version of a `go` line.
fn language(go: &str) -> Option<(u32, u32)> {
    let (major, rest) = go.split_once('.')?;
    let minor: &str = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether a file is a go.mod, in any case: its directory is a module of its own then.
pub fn is_go_mod(base: &[u8]) -> bool {
    base.eq_ignore_ascii_case(b"go.mod")
}

/// The places of the files that the zip holds, in their order.
///
/// # Errors
/// In the words of the `go` command: [`ZipError::TreeTooLarge`], or the files that no zip may hold.
pub fn select(files: &[Candidate], vendoring: Vendoring) -> Result<Vec<usize>, ZipError> {
    let mut selection = Selection::new(files);
    let mut chosen = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        match selection.takes(at, file, vendoring) {
            Ok(true) => chosen.push(at),
            Ok(false) => {}
            Err(Refused::File(reason)) => selection.bad.push((at, reason)),
            Err(Refused::Zip(error)) => return Err(error),
        }
    }
    selection.finish().map(|()| chosen)
}

enum Refused {
    File(String),
    Zip(ZipError),
}

struct Selection<'a> {
    files: &'a [Candidate],
    /// Directories with a go.mod, each with its slash; the module's own is empty.
    modules: HashSet<&'a [u8]>,
    seen: Seen,
    left: u64,
    too_large: bool,
    bad: Vec<(usize, String)>,
}

impl<'a> Selection<'a> {
    fn new(files: &'a [Candidate]) -> Self {
        let regular = files.iter().filter(|file| !file.symlink).map(|file| split(&file.path));
        let modules = regular.filter(|(_, base)| is_go_mod(base)).map(|(dir, _)| dir).collect();
        Self { files, modules, seen: Seen::new(), left: MAX_ZIP, too_large: false, bad: Vec::new() }
    }

    fn takes(&mut self, at: usize, file: &Candidate, vendoring: Vendoring) -> Result<bool, Refused> {
        let path = &*file.path;
        if !is_clean(path) {
            return Err(Refused::File("file path is not clean".to_owned()));
        }
        if vendoring.omits(path) || self.is_nested(path) || path == b".hg_archival.txt" {
            return Ok(false);
        }
        let name = checked_name(path).map_err(Refused::File)?;
        if is_go_mod(path) && path != b"go.mod" {
            return Err(Refused::File("go.mod files must have lowercase names".to_owned()));
        }
        self.seen.add(name, false, at as u64).map_err(|clash| self.collision(name, &clash))?;
        if file.symlink {
            return Ok(false);
        }
        match self.left.checked_sub(file.size) {
            Some(left) => self.left = left,
            None => self.too_large = true,
        }
        match path {
            b"go.mod" if file.size > MAX_GO_MOD => {
                Err(Refused::File(format!("go.mod file too large (max size is {MAX_GO_MOD} bytes)")))
            }
            b"LICENSE" if file.size > MAX_LICENSE => {
                Err(Refused::File(format!("LICENSE file too large (max size is {MAX_LICENSE} bytes)")))
            }
            _ => Ok(true),
        }
    }

    /// Whether a directory above the file is a module of its own.
    fn is_nested(&self, path: &[u8]) -> bool {
        let mut ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
        ends.any(|end| self.modules.contains(&path[..end]))
    }

    fn collision(&self, name: &str, clash: &Clash) -> Refused {
        Refused::File(match *clash {
            Clash::Twice => format!("multiple entries for file {name:?}"),
            Clash::FileAndDir { len } => format!("entry {:?} is both a file and a directory", &name[..len]),
            Clash::Folded { other, len } => {
                let first = usize::try_from(other.entry).ok().and_then(|at| self.files.get(at));
                let first = first.and_then(|file| file.path.get(..other.len)).unwrap_or_default();
                let first = String::from_utf8_lossy(first);
                format!("case-insensitive file name collision: {first:?} and {:?}", &name[..len])
            }
            Clash::TooMany => return Refused::Zip(ZipError::TooManyFiles),
        })
    }

    fn finish(self) -> Result<(), ZipError> {
        if self.too_large {
            return Err(ZipError::TreeTooLarge);
        }
        if self.bad.is_empty() {
            return Ok(());
        }
        let named = self.bad.iter().take(MAX_NAMED);
        let files = named.map(|(at, reason)| FileError::new(&self.files[*at].path, reason)).collect();
        Err(ZipError::Files { files, more: self.bad.len().saturating_sub(MAX_NAMED) as u64 })
    }
}

/// Directory, with its slash, and base name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.split_at(path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<Candidate> {
        let file = |path: &&str| {
            let (path, symlink) = path.strip_suffix('@').map_or((*path, false), |path| (path, true));
            Candidate { path: path.into(), symlink, size: 1 }
        };
        paths.iter().map(file).collect()
    }

    fn chosen(paths: &[&str], go: &str) -> Vec<String> {
        let files = files(paths);
        let go_mod = format!("module a.b/c\n{go}\n");
        let chosen = select(&files, Vendoring::of(Some(go_mod.as_bytes()))).unwrap();
        chosen.into_iter().map(|at| String::from_utf8(files[at].path.clone()).unwrap()).collect()
    }

    fn refused(paths: &[&str]) -> String {
        select(&files(paths), Vendoring::of(None)).unwrap_err().to_string()
    }

    #[test]
    fn vendored_packages_depend_on_the_go_line() {
        let all = ["a/vendor/b.go", "a/vendor/b/c.go", "vendor/modules.txt", "vendor/x.go", "vendor/x/y.go", "x.go"];
        for old in ["go 1.23", "", "go 1", "go v1.24", "go (\n1.24\n)", "go 1.24\ngo 1.24", "go \"1.24\"", "go 1.023"] {
            assert_eq!(chosen(&all, old), ["vendor/modules.txt", "vendor/x.go", "x.go"], "{old}");
        }
        for new in ["go 1.24", "go 1.24.3", "go 1.24rc1", "go 1.25", "go 2.0", "go 1.24.0.1", "nonsense\ngo 1.24beta"] {
            assert_eq!(chosen(&all, new), ["a/vendor/b.go", "vendor/x.go", "x.go"], "{new}");
        }
    }

    #[test]
    fn nested_modules_links_and_archival_notes_are_left_out() {
        let all = [
            ".hg_archival.txt",
            "a/GO.MOD",
            "a/b.go",
            "a/b:c",
            "d/go.mod@",
            "d/e.go",
            "go.mod",
            "l@",
            "sub/.hg_archival.txt",
        ];
        assert_eq!(chosen(&all, ""), ["d/e.go", "go.mod", "sub/.hg_archival.txt"]);
    }

    /// The tables `check_files/various*.txt` of golang.org/x/mod/zip.
    #[test]
    fn tables_of_x_mod() {
        let good = |go_mod| {
            let vendored =
                ["vendor/x/y", "vendor/modules.txt", "sub/go.mod", ".hg_archival.txt", "pkg/vendor/vendor.go"];
            [&["valid.go", go_mod], &vendored[..]].concat()
        };
        assert_eq!(chosen(&good("go.mod"), "go 1.23"), ["valid.go", "go.mod", "vendor/modules.txt"]);
        assert_eq!(chosen(&good("go.mod"), "go 1.24"), ["valid.go", "go.mod", "pkg/vendor/vendor.go"]);
        let bad = [&["not/../clean", "invalid.go'", "vendor/../clean/x"], &*good("GO.MOD"), &["valid.go"]].concat();
        let invalid = [
            "not/../clean: file path is not clean",
            "invalid.go': malformed file path \"invalid.go'\": invalid char '\\''",
            "vendor/../clean/x: file path is not clean",
            "GO.MOD: go.mod files must have lowercase names",
            "valid.go: multiple entries for file \"valid.go\"",
        ];
        assert_eq!(refused(&bad), invalid.join("\n"));
    }

    #[test]
    fn what_no_zip_may_hold() {
        assert_eq!(refused(&["a:b.txt"]), "a:b.txt: malformed file path \"a:b.txt\": invalid char ':'");
        assert_eq!(
            refused(&["aux.go@"]),
            "aux.go: malformed file path \"aux.go\": \"aux\" disallowed as path element component on Windows"
        );
        assert_eq!(refused(&["Go.mod"]), "Go.mod: go.mod files must have lowercase names");
        assert_eq!(refused(&["a/x", "b", "A/y"]), "A/y: case-insensitive file name collision: \"a\" and \"A\"");
        assert_eq!(refused(&["a", "a/x"]), "a/x: entry \"a\" is both a file and a directory");
        assert_eq!(refused(&["a/../b"]), "a/../b: file path is not clean");
        let huge = |path: &str, size| [Candidate { path: path.into(), symlink: false, size }];
        let error = |path, size| select(&huge(path, size), Vendoring::of(None)).map_err(|e| e.to_string());
        assert_eq!(error("x", MAX_ZIP), Ok(vec![0]));
        assert_eq!(error("x", MAX_ZIP + 1), Err("module source tree too large (max size is 524288000 bytes)".into()));
        assert_eq!(error("LICENSE", 16 << 20), Ok(vec![0]));
        let too_large = "go.mod: go.mod file too large (max size is 16777216 bytes)";
        assert_eq!(error("go.mod", (16 << 20) + 1), Err(too_large.into()));
    }
}
