//! Which files a zip holds.

use gomod::{
    ModuleVersion,
    zip::{Candidate, MAX_GO_MOD, Vendoring, ZipError, select},
};
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{EntryKind, Objects, Oid, TreeEntry};

use super::{internal, refused, tree};

/// The files of a zip, in their order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) files: Vec<File>,
    /// The repository's LICENSE, which a module in a subdirectory without one of its own gets.
    pub(super) license: Option<Oid>,
    /// Its size, which the rules count, too.
    pub(super) license_size: Option<u64>,
    /// The module's directory in the repository.
    pub(super) dir: String,
    converted: bool,
}

/// A file of a plan.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the module.
    pub(super) path: String,
    pub(super) id: Oid,
}

/// A plan, or what it takes to make one.
#[derive(Debug)]
pub(crate) enum Planned {
    /// The rules are satisfied, as far as what is here tells: sizes of contents that are not count as nothing.
    Ready(Plan),
    /// Objects that have to be here first.
    Missing(Vec<Oid>),
}

impl Plan {
    /// The contents that writing needs, each once.
    pub(crate) fn blobs(&self) -> Vec<Oid> {
        let mut ids: Vec<_> = self.files.iter().map(|file| file.id).chain(self.license).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether attributes may convert contents: then `git archive` has to.
    pub(crate) fn converted(&self) -> bool {
        self.converted
    }
}

/// Plans the zip of the module in `dir` of the commit with the root directory `root`. Blocks.
///
/// # Errors
/// What the rules refuse, in the words of `go`: not found.
pub(crate) fn plan(objects: &dyn Objects, root: &Oid, dir: &str, module: &ModuleVersion) -> Result<Planned> {
    look(objects, root, dir).map_err(|why| match why {
        Why::Rules(error) => refused(module, &error),
        Why::Git(path) => {
            let text = format!("{module}: git archive: error: invalid path '{}'", path.escape_ascii());
            Error::new(ErrorKind::NotFound, text)
        }
        Why::Objects(error) => internal(&error),
    })
}

enum Why {
    Rules(ZipError),
    /// A path that git refuses.
    Git(Vec<u8>),
    Objects(goproxy_git::Error),
}

impl From<goproxy_git::Error> for Why {
    fn from(error: goproxy_git::Error) -> Self {
        Self::Objects(error)
    }
}

fn look(objects: &dyn Objects, root: &Oid, dir: &str) -> Result<Planned, Why> {
    // Directories above the module: their attributes and the LICENSE.
    let (mut above, mut at) = (Vec::new(), *root);
    for element in dir.split('/').filter(|element| !element.is_empty() && *element != ".") {
        let Some(entries) = objects.tree(&at)? else { return Ok(Planned::Missing(vec![at])) };
        let next = entries.iter().find(|e| e.kind == EntryKind::Directory && e.name == element.as_bytes());
        let Some(next) = next.map(|entry| entry.id) else { return Ok(Planned::Ready(Plan::default())) };
        above.push(entries);
        at = next;
    }
    let vendoring = match go_mod(objects, &at)? {
        GoMod::Missing(id) => return Ok(Planned::Missing(vec![id])),
        GoMod::Read(go_mod) => Vendoring::of(go_mod.as_deref()),
    };
    let mut walked = tree::walk(objects, &at, vendoring)?;
    for attributes in above.iter().filter_map(|entries| blob(entries, b".gitattributes")) {
        walked.attributes(objects, &attributes)?;
    }
    if let Some(path) = walked.invalid {
        return Err(Why::Git(path));
    }
    if walked.too_many {
        return Err(Why::Rules(ZipError::TooManyFiles));
    }
    if !walked.missing.is_empty() {
        return Ok(Planned::Missing(walked.missing));
    }
    let license = above.first().and_then(|root| license(root)).filter(|_| !has_license(&walked.files));
    chosen(objects, walked, license, vendoring, dir).map(Planned::Ready)
}

fn chosen(
    objects: &dyn Objects,
    mut walked: tree::Walked,
    license: Option<Oid>,
    vendoring: Vendoring,
    dir: &str,
) -> Result<Plan, Why> {
    let license_size =
        license.map(|id| objects.header(&id)).transpose()?.map(|header| header.map_or(0, |(_, size)| size));
    let (dir, converted) = (dir.to_owned(), walked.converting.any_of(&walked.files));
    let plan = Plan { dir, converted, license, license_size, files: Vec::new() };
    if converted {
        // The rules judge what comes out of the conversion; what is needed of the commit is everything.
        return Ok(plan);
    }
    if let (Some(id), Some(size)) = (license, license_size) {
        walked.files.push(Candidate { path: b"LICENSE".to_vec(), symlink: false, size });
        walked.ids.push(id);
    }
    let places = select(&walked.files, vendoring).map_err(Why::Rules)?;
    let planned = |place: usize| {
        let file = &walked.files[place];
        File { path: String::from_utf8_lossy(&file.path).into_owned(), id: walked.ids[place] }
    };
    Ok(Plan { files: places.into_iter().map(planned).collect(), ..plan })
}

enum GoMod {
    Missing(Oid),
    Read(Option<Vec<u8>>),
}

/// The go.mod of the module's own directory, if it is a file.
fn go_mod(objects: &dyn Objects, dir: &Oid) -> Result<GoMod, goproxy_git::Error> {
    let Some(entries) = objects.tree(dir)? else { return Ok(GoMod::Missing(*dir)) };
    let regular = entries.iter().find(|entry| entry.kind == EntryKind::File && entry.name == b"go.mod");
    let Some(entry) = regular else { return Ok(GoMod::Read(None)) };
    match objects.read(&entry.id, MAX_GO_MOD) {
        Ok(Some(blob)) => Ok(GoMod::Read(Some(blob.data))),
        Ok(None) => Ok(GoMod::Missing(entry.id)),
        // Refused for its size in a moment.
        Err(goproxy_git::Error::TooLarge(_)) => Ok(GoMod::Read(None)),
        Err(error) => Err(error),
    }
}

/// A symbolic link counts as one.
fn has_license(files: &[Candidate]) -> bool {
    files.iter().any(|file| file.path == b"LICENSE")
}

/// The LICENSE of a repository: of a symbolic link its target, as `git cat-file` gives it.
fn license(root: &[TreeEntry]) -> Option<Oid> {
    blob(root, b"LICENSE")
}

/// A file, or the target of a symbolic link: git reads attributes from either.
fn blob(entries: &[TreeEntry], name: &[u8]) -> Option<Oid> {
    let entry = entries.iter().find(|entry| entry.name == name)?;
    matches!(entry.kind, EntryKind::File | EntryKind::Symlink).then_some(entry.id)
}
