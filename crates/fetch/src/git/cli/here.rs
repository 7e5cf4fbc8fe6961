//! What a bare repository has already, and its books: the files beside the objects that `git` goes by.

use std::{collections::HashSet, fs, io, path::PathBuf};

use goproxy_engine::{Error, Result};
use goproxy_git::{EntryKind, Kind, Objects as _, Odb, Oid};

/// A bare repository, blocking.
#[derive(Clone, Debug)]
pub(super) struct Here(pub(super) PathBuf);

impl Here {
    /// Whether the wanted objects are here with all that is in them: a fetch leaves its pack even if it fails later.
    pub(super) fn has_content(&self, wants: &[Oid]) -> Result<bool> {
        let Some(odb) = self.open(wants)? else { return Ok(true) };
        let mut seen = HashSet::new();
        wants.iter().try_fold(true, |all, id| Ok(all && has_all(&odb, id, &mut seen)?)).map_err(from_git)
    }

    /// The first wanted object that is not here, or whose history ends where it does not begin.
    pub(super) fn first_missing(&self, wants: &[Oid], history: bool) -> Result<Option<Oid>> {
        let Some(odb) = self.open(wants)? else { return Ok(None) };
        let mut seen = HashSet::new();
        let missing = wants.iter().find_map(|id| {
            let here = if history { has_history(&odb, *id, &mut seen) } else { odb.contains(id) };
            here.map(|here| (!here).then_some(*id)).transpose()
        });
        missing.transpose().map_err(from_git)
    }

    /// Whether some history is cut off, as far as git knows.
    pub(super) fn is_shallow(&self) -> bool {
        fs::metadata(self.0.join("shallow")).is_ok_and(|meta| meta.len() > 0)
    }

    /// Removes what a killed `git` left: nobody else fetches into this repository now.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for lock in ["shallow.lock", "packed-refs.lock", "config.lock"] {
            ignore_absent(fs::remove_file(self.0.join(lock)))?;
        }
        let Ok(packs) = fs::read_dir(self.0.join("objects/pack")) else { return Ok(()) };
        for entry in packs {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("tmp_") {
                ignore_absent(fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Forgets what git knows of the objects here; they stay.
    pub(super) fn clear_books(&self) -> io::Result<()> {
        self.sweep()?;
        for book in ["packed-refs", "shallow", "FETCH_HEAD"] {
            ignore_absent(fs::remove_file(self.0.join(book)))?;
        }
        Ok(())
    }

    /// Notes that these are here with all they follow, as refs, so that the next fetch brings what is new. One file, and
    /// no names of others: of two thousand tags, each would be a file with a lock.
    pub(super) fn note(&self, complete: &[Oid]) -> io::Result<()> {
        let mut lines: Vec<String> = complete.iter().map(|id| format!("{id} refs/remote/{id}\n")).collect();
        lines.sort_unstable();
        let text: String = std::iter::once("# pack-refs with: sorted \n".to_owned()).chain(lines).collect();
        let temporary = self.0.join("packed-refs.lock");
        fs::write(&temporary, text)?;
        fs::rename(temporary, self.0.join("packed-refs"))
    }

    /// The disk, ours.
    pub(super) fn failed(&self, error: &io::Error) -> Error {
        Error::internal(format!("{}: {error}", self.0.display()))
    }

    fn open(&self, wants: &[Oid]) -> Result<Option<Odb>> {
        let Some(format) = wants.first().map(Oid::format) else { return Ok(None) };
        Odb::open(&self.0, format).map(Some).map_err(from_git)
    }
}

/// A commit's directories and files, without those of submodules.
fn has_all(odb: &Odb, id: &Oid, seen: &mut HashSet<Oid>) -> Result<bool, goproxy_git::Error> {
    let mut trees = Vec::new();
    match odb.header(id)? {
        None => return Ok(false),
        Some((Kind::Commit, _)) => trees.extend(odb.commit(id)?.map(|commit| commit.tree)),
        Some((Kind::Tree, _)) => trees.push(*id),
        // What a tag leads to is asked for by its own id.
        Some((Kind::Blob | Kind::Tag, _)) => {}
    }
    while let Some(tree) = trees.pop() {
        if !seen.insert(tree) {
            continue;
        }
        let Some(entries) = odb.tree(&tree)? else { return Ok(false) };
        for entry in entries {
            match entry.kind {
                EntryKind::Directory => trees.push(entry.id),
                EntryKind::File | EntryKind::Symlink if seen.insert(entry.id) && !odb.contains(&entry.id)? => {
                    return Ok(false);
                }
                _ => {}
            }
        }
    }
    Ok(true)
}

/// All commits down to the first.
fn has_history(odb: &Odb, from: Oid, seen: &mut HashSet<Oid>) -> Result<bool, goproxy_git::Error> {
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        match odb.header(&id)? {
            None => return Ok(false),
            Some((Kind::Commit, _)) => next.extend(odb.commit(&id)?.map(|commit| commit.parents).unwrap_or_default()),
            Some(_) => {}
        }
    }
    Ok(true)
}

fn ignore_absent(done: io::Result<()>) -> io::Result<()> {
    done.or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
}

fn from_git(error: goproxy_git::Error) -> Error {
    Error::internal(format!("the local copy of a repository: {error}"))
}
