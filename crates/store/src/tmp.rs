//! Temporary files: one directory for each process, kept by a lock on the file beside it, so that what a dead process
//! left is told from what a living one is writing.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use goproxy_engine::TempPath;

use crate::files;

/// Makes temporary files. Its directory is made when it is first needed, and again if somebody removes it.
#[derive(Debug)]
pub(crate) struct Tmp {
    root: PathBuf,
    own: Mutex<Option<OwnDir>>,
    next: AtomicU64,
}

impl Tmp {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, own: Mutex::new(None), next: AtomicU64::new(0) }
    }

    /// An empty file that nobody else has, open for reading and writing; the mode is left to the umask.
    pub(crate) fn file(&self) -> io::Result<(TempPath, File)> {
        match self.file_in(self.dir()?) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                *self.own.lock().unwrap_or_else(PoisonError::into_inner) = None;
                self.file_in(self.dir()?)
            }
            other => other,
        }
    }

    fn file_in(&self, dir: PathBuf) -> io::Result<(TempPath, File)> {
        let path = dir.join(format!("{:x}", self.next.fetch_add(1, Ordering::Relaxed)));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok((TempPath::new(path), file))
    }

    /// This process's directory.
    pub(crate) fn dir(&self) -> io::Result<PathBuf> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = &*own {
            return Ok(own.dir.clone());
        }
        let made = OwnDir::make(&self.root)?;
        let dir = made.dir.clone();
        *own = Some(made);
        Ok(dir)
    }
}

/// A directory and the lock that says its process lives. Removed with everything in it when dropped.
#[derive(Debug)]
struct OwnDir {
    dir: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl OwnDir {
    fn make(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        loop {
            let name = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
            let (dir, lock) = (root.join(&name), root.join(format!("{name}.lock")));
            let held = File::options().write(true).create_new(true).open(&lock)?;
            // Where locks are not supported nobody can take ours for a dead one's either.
            let _ = held.try_lock();
            // A sweep may have found the file before it was locked, and removed it.
            if is_same(&held, &lock) {
                std::fs::create_dir(&dir)?;
                return Ok(Self { dir, lock, _held: held });
            }
        }
    }
}

impl Drop for OwnDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
        let _ = std::fs::remove_file(&self.lock);
    }
}

/// Removes what dead processes left below `root`. The lock file goes last: a directory without one is dead, since the
/// lock is held before the directory is made.
pub(crate) fn sweep(root: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if !is_ours(&path) {
            continue;
        }
        if path.extension().is_some_and(|e| e == "lock") {
            sweep_locked(&path);
        } else if !path.with_extension("lock").exists() {
            remove(&path);
        }
    }
    Ok(())
}

/// Whether we give such names. Somebody may have made `tmp` a link to where others have their files.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((process, random)) = name.strip_suffix(".lock").unwrap_or(name).split_once('-') else { return false };
    let is = |text: &str, digit: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(digit);
    is(process, u8::is_ascii_digit) && random.len() == 16 && is(random, u8::is_ascii_hexdigit)
}

fn sweep_locked(lock: &Path) {
    let Ok(file) = files::open_own(File::options().write(true), lock) else { return };
    match file.try_lock() {
        Ok(()) if is_same(&file, lock) => {
            remove(&lock.with_extension(""));
            let _ = std::fs::remove_file(lock);
        }
        Ok(()) | Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(e)) => {
            tracing::warn!(lock = %lock.display(), error = %e, "cannot tell whether temporary files are in use");
        }
    }
}

fn remove(path: &Path) {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Ok(()) => tracing::info!(path = %path.display(), "removed what a dead process left"),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => tracing::warn!(path = %path.display(), error = %e, "cannot remove what a dead process left"),
    }
}

fn is_same(file: &File, path: &Path) -> bool {
    let (Ok(a), Ok(b)) = (file.metadata(), std::fs::symlink_metadata(path)) else { return false };
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn sweeps_the_dead_and_spares_the_living() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let living = Tmp::new(root.to_owned());
        let (kept, _file) = living.file().unwrap();
        let before = names(root);
        for name in ["1-00000000000dead0", "3-00000000000dead1"] {
            std::fs::create_dir(root.join(name)).unwrap();
            std::fs::write(root.join(name).join("0"), "half a zip").unwrap();
        }
        std::fs::write(root.join("1-00000000000dead0.lock"), "").unwrap();
        std::fs::write(root.join("2-00000000000dead2.lock"), "").unwrap();
        sweep(root).unwrap();
        assert_eq!(names(root), before);
        assert!(kept.as_ref().exists());
    }

    #[test]
    fn leaves_nothing_when_dropped_and_survives_removal() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("tmp");
        let tmp = Tmp::new(root.clone());
        let (a, _) = tmp.file().unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        let (b, _) = tmp.file().unwrap();
        assert!(b.as_ref().exists() && a.as_ref() != b.as_ref());
        drop((a, b, tmp));
        assert_eq!(names(&root), Vec::<String>::new());
    }
}
