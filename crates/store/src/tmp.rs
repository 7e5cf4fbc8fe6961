//! Temporary files, in a directory that this process has to itself.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use goproxy_engine::{TempPath, own_dir::OwnDir};

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
        let dir = self.dir(None)?;
        match self.file_in(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.file_in(&self.dir(Some(&dir))?),
            other => other,
        }
    }

    fn file_in(&self, dir: &Path) -> io::Result<(TempPath, File)> {
        let path = dir.join(format!("{:x}", self.next.fetch_add(1, Ordering::Relaxed)));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok((TempPath::new(path), file))
    }

    /// This process's directory; not `gone`, which another thread may have replaced by now.
    fn dir(&self, gone: Option<&Path>) -> io::Result<PathBuf> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = own.as_ref().filter(|own| Some(own.path()) != gone) {
            return Ok(own.path().to_owned());
        }
        let made = OwnDir::make(&self.root, "")?;
        Ok(own.insert(made).path().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    }

    #[test]
    fn the_second_to_miss_the_directory_removed_the_files_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let tmp = Tmp::new(dir.path().join("tmp"));
        let gone = tmp.dir(None).unwrap();
        std::fs::remove_dir_all(&gone).unwrap();
        let (first, _) = tmp.file().unwrap();
        let second = tmp.dir(Some(&gone)).unwrap();
        assert!(first.as_ref().starts_with(second) && first.as_ref().exists());
    }
}
