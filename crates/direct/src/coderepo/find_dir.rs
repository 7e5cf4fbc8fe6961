//! The directory of a module in a commit and its go.mod: `findDir` of `cmd/go/internal/modfetch/coderepo.go`.

use bytes::Bytes;
use gomod::{modfile, path::split_path_version, semver};
use goproxy_git::Oid;

use super::{
    CodeRepo,
    coordinates::join,
    failure::{Failure, Result},
};

/// Where a module is.
#[derive(Debug)]
pub(super) struct Dir {
    pub(super) dir: String,
    /// `None` at the root of a repository from before modules.
    pub(super) go_mod: Option<Bytes>,
}

/// A go.mod and the module path it declares; empty if none.
struct GoMod {
    data: Bytes,
    path: String,
}

impl CodeRepo<'_> {
    /// Where in a commit the module is. The failure's words stand alone, as `go` has them about the version.
    pub(super) async fn find_dir(&self, commit: &Oid, version: &str) -> Result<Dir> {
        let at = &self.at;
        let rev = self.code_rev(version);
        let absent = |words: String| Err(Failure::Absent(format!("{words} at revision {rev}")));
        let file = join(&at.dir, "go.mod");
        let first = self.go_mod_at(commit, &file).await?;
        let first_fits = first.as_ref().is_some_and(|m| self.fits(&m.path));
        let versioned = at.major.starts_with('/') && at.root != at.path.as_str();
        if versioned {
            let dir = join(&at.dir, &at.major[1..]);
            let file2 = join(&dir, "go.mod");
            if let Some(second) = self.go_mod_at(commit, &file2).await? {
                let major = &at.major;
                return match (is_major(&second.path, major), first_fits) {
                    (true, true) => {
                        absent(format!("{}/{file} and ...{major}/go.mod both have ...{major} module paths", at.stem))
                    }
                    (true, false) => Ok(Dir { dir, go_mod: Some(second.data) }),
                    _ if second.path.is_empty() => absent(format!("{}/{file2} is missing module path", at.root)),
                    _ => absent(format!("{}/{file2} has non-...{major} module path {:?}", at.root, second.path)),
                };
            }
        }
        match first {
            Some(first) if first_fits => Ok(Dir { dir: at.dir.clone(), go_mod: Some(first.data) }),
            Some(first) => absent(self.misfit(&file, &first.path, versioned, version)),
            None if at.dir.is_empty() && !at.major.starts_with('/') => Ok(Dir { dir: String::new(), go_mod: None }),
            None if versioned => absent(format!("missing {0}/go.mod and ...{1}/go.mod", at.stem, at.major)),
            None => absent(format!("missing {}/go.mod", at.stem)),
        }
    }

    /// The go.mod of a module that is there, made up if need be.
    pub(super) fn go_mod(&self, dir: &Dir) -> Bytes {
        dir.go_mod.clone().unwrap_or_else(|| modfile::synthesized(&self.at.path).into())
    }

    async fn go_mod_at(&self, commit: &Oid, file: &str) -> Result<Option<GoMod>> {
        let data = self.repo.file(commit, file).await?.map(Bytes::from);
        Ok(data.map(|data| GoMod { path: modfile::module_path(&data).unwrap_or_default(), data }))
    }

    /// Whether a module path has our major version. Unsuffixed paths may stand for any of gopkg.in, which a defect of
    /// old `go` commands allowed (golang/go#34254).
    fn fits(&self, path: &str) -> bool {
        is_major(path, &self.at.major) || self.at.major.is_empty() && path.starts_with("gopkg.in/")
    }

    /// What is wrong with the module path of the go.mod in the expected place.
    fn misfit(&self, file: &str, path: &str, versioned: bool, version: &str) -> String {
        let major = &self.at.major;
        let also = if versioned { format!(" (and ...{major}/go.mod does not exist)") } else { String::new() };
        if path.is_empty() {
            return format!("{file} is missing module path{also}");
        }
        if !major.is_empty() {
            return format!("{file} has non-...{major} module path {path:?}{also}");
        }
        if split_path_version(path).is_none() {
            return format!("{file} has malformed module path {path:?}{also}");
        }
        format!("{file} has post-{} module path {path:?}{also}", semver::major(version))
    }
}

/// Whether the versions of the module path `path` may be those of a path that ends in `major`.
fn is_major(path: &str, major: &str) -> bool {
    let Some((_, own)) = split_path_version(path).filter(|_| !path.is_empty()) else { return false };
    if major.is_empty() {
        let own = own.trim_start_matches(['/', '.']);
        return matches!(own.strip_suffix("-unstable").unwrap_or(own), "" | "v0" | "v1");
    }
    // Forks of a `.vN` path may live at `/vN`, so only what follows counts.
    !own.is_empty() && own[1..] == major[1..]
}
