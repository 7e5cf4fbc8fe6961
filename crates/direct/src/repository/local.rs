//! The directory of one local copy: who uses it, who fetches into it, and what a killed process has left in it.
//!
//! Whoever uses a copy holds a shared lock on its `in-use` file, so that no process removes it meanwhile; whoever
//! fetches into it holds an exclusive lock on `fetching`. Locks go with the process that held them.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How long a lock of another process is waited for at a time.
const PATIENCE: Duration = Duration::from_millis(50);

/// A copy that nobody removes while this value lives, unless it is let go.
#[derive(Debug)]
pub(super) struct Local {
    dir: PathBuf,
    in_use: File,
}

/// The right to fetch into a copy.
#[derive(Debug)]
pub(super) struct Turn {
    _fetching: File,
}

impl Local {
    /// Uses the copy in `dir`, which may not be there yet.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        loop {
            fs::create_dir_all(&dir)?;
            // Between these steps, a sweep may move the directory away.
            let in_use = match lock_file(&dir.join("in-use")) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            in_use.lock_shared()?;
            let local = Self { dir: dir.clone(), in_use };
            if local.compared()? {
                return Ok(local);
            }
        }
    }

    /// Lets a sweep remove it, although this value lives.
    pub(super) fn let_go(&self) {
        // What fails here keeps the copy.
        let _ = self.in_use.unlock();
    }

    /// Whether the directory is still the one that was opened. Then it stays from now on.
    pub(super) fn hold(&self) -> bool {
        self.in_use.try_lock_shared().is_ok() && self.compared().unwrap_or_default()
    }

    fn compared(&self) -> io::Result<bool> {
        let held = self.in_use.metadata()?;
        match fs::metadata(self.dir.join("in-use")) {
            Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The bare repository.
    pub(super) fn git_dir(&self) -> PathBuf {
        self.dir.join("git")
    }

    /// Remembers that it was used just now, for who has to choose what to remove.
    pub(super) fn touch(&self) {
        // Only the order of removal depends on it.
        let _ = self.in_use.set_modified(SystemTime::now());
    }

    /// Waits until no other process fetches into it, and removes what a killed one has left.
    pub(super) async fn turn(&self) -> io::Result<Turn> {
        // For who was using it when somebody removed it.
        fs::create_dir_all(&self.dir)?;
        let fetching = lock_file(&self.dir.join("fetching"))?;
        loop {
            match fetching.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PATIENCE).await,
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
        remove_leftovers(&self.git_dir())?;
        Ok(Turn { _fetching: fetching })
    }
}

impl Turn {
    /// Removes everything that was fetched: the repository is damaged, or has become too many pieces. Whoever reads it
    /// goes on with the files that are open.
    pub(super) fn empty(&self, local: &Local) -> io::Result<()> {
        match fs::remove_dir_all(local.git_dir()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

/// Half packs, and the lock files of a `git` that was killed: it would refuse to fetch for their sake. Nobody else
/// writes now.
fn remove_leftovers(git_dir: &Path) -> io::Result<()> {
    let half = |name: &str| name.starts_with("tmp_") || name.starts_with(".tmp") || name.ends_with(".lock");
    for dir in [git_dir.to_owned(), git_dir.join("objects/pack")] {
        let entries = match fs::read_dir(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(half) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_fetches_at_a_time_and_finds_no_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let local = Local::open(dir.path().join("a/b")).unwrap();
        let pack = local.git_dir().join("objects/pack");
        fs::create_dir_all(&pack).unwrap();
        for left in [pack.join("tmp_pack_x"), local.git_dir().join("shallow.lock")] {
            fs::write(left, "half").unwrap();
        }
        fs::write(pack.join("pack-1.pack"), "whole").unwrap();
        let turn = local.turn().await.unwrap();
        assert_eq!(fs::read_dir(&pack).unwrap().count(), 1);
        assert!(!local.git_dir().join("shallow.lock").exists());

        let other = Local::open(dir.path().join("a/b")).unwrap();
        assert!(tokio::time::timeout(2 * PATIENCE, other.turn()).await.is_err(), "somebody fetches");
        drop(turn);
        other.turn().await.unwrap().empty(&other).unwrap();
        assert!(!local.git_dir().exists());
    }
}
