//! A directory that one process has to itself, kept by a lock on the file beside it, so that what a dead process left is
//! told from what a living one is writing.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// A directory and the lock that says its process lives; programs that we start do not inherit it. Both are removed when
/// dropped, with everything in them.
#[derive(Debug)]
pub struct OwnDir {
    dir: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl OwnDir {
    /// Makes `<root>/<prefix><process>-<16 hexadecimal digits>`. Blocks.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn make(root: &Path, prefix: &str) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        loop {
            let name = format!("{prefix}{}-{:016x}", std::process::id(), fastrand::u64(..));
            let (dir, lock) = (root.join(&name), root.join(format!("{name}.lock")));
            let held = File::options().write(true).create_new(true).open(&lock)?;
            // A sweep that found the file before it was locked is waited for, and has removed it then. Where locks are
            // not supported nobody can take ours for a dead one's either.
            while held.lock().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
            if is_same(&held, &lock) {
                fs::create_dir(&dir)?;
                return Ok(Self { dir, lock, _held: held });
            }
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

impl Drop for OwnDir {
    fn drop(&mut self) {
        // What cannot be removed now, a sweep may.
        if remove_tree(&self.dir).is_ok() {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

/// Removes what dead processes left below `root` under names that begin so; `bury` is told each of their directories
/// first. Blocks.
///
/// # Errors
/// The root cannot be listed. What cannot be removed stays, and is logged.
pub fn sweep(root: &Path, prefix: &str, bury: impl Fn(&Path)) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if !is_ours(&path, prefix) {
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "lock") {
            sweep_locked(&path, &bury);
        } else if !path.with_extension("lock").exists() {
            // The lock is held before the directory is made, and removed after it.
            remove(&path);
        }
    }
    Ok(())
}

/// Whether we give such names. Somebody may have made the root a link to where others have their files.
fn is_ours(path: &Path, prefix: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let numbers = name.strip_suffix(".lock").unwrap_or(name).strip_prefix(prefix);
    let Some((process, random)) = numbers.and_then(|numbers| numbers.split_once('-')) else { return false };
    let is = |text: &str, digit: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(digit);
    is(process, u8::is_ascii_digit) && random.len() == 16 && is(random, u8::is_ascii_hexdigit)
}

fn sweep_locked(lock: &Path, bury: &impl Fn(&Path)) {
    // A pipe would be waited for.
    if !fs::symlink_metadata(lock).is_ok_and(|meta| meta.is_file()) {
        return;
    }
    let Ok(file) = File::options().write(true).open(lock) else { return };
    match file.try_lock() {
        Ok(()) if is_same(&file, lock) => {
            let dir = lock.with_extension("");
            bury(&dir);
            if remove(&dir) {
                let _ = fs::remove_file(lock);
            }
        }
        Ok(()) | Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(e)) => {
            tracing::warn!(lock = %lock.display(), error = %e, "cannot tell whether temporary files are in use");
        }
    }
}

/// Whether nothing is there any more.
fn remove(path: &Path) -> bool {
    match remove_tree(path) {
        Ok(()) => tracing::info!(path = %path.display(), "removed what a dead process left"),
        Err(e) => {
            tracing::warn!(path = %path.display(), error = %e, "cannot remove what a dead process left");
            return false;
        }
    }
    true
}

fn is_same(file: &File, path: &Path) -> bool {
    let (Ok(a), Ok(b)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Removes a tree, read-only directories too (module trees are); none is no error. Symbolic links are removed, not
/// followed. Blocks.
///
/// # Errors
/// Those of the file system.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path)?;
            fs::remove_dir_all(path)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_writable(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
