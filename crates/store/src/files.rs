//! The few file operations that everything rests on: open what is a plain file, publish at once, make durable.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
    time::SystemTime,
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, RenameFlags},
    io::Errno,
};
use sha2::{Digest, Sha256};

use crate::failure;

/// What an open file is, so that a change is noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Modification time in nanoseconds since the epoch.
    pub(crate) mtime: i128,
    pub(crate) modified: SystemTime,
    /// Status change time in nanoseconds since the epoch: nobody who writes the file can set it back.
    pub(crate) ctime: i128,
    id: (u64, u64),
    links: u64,
}

impl Stamp {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        Self::from(&file.metadata()?)
    }

    fn from(meta: &std::fs::Metadata) -> io::Result<Self> {
        let nanos = |seconds, nanos| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Ok(Self {
            size: meta.len(),
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            modified: meta.modified()?,
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
            id: (meta.dev(), meta.ino()),
            links: meta.nlink(),
        })
    }

    /// Whether this is the same file with the same content, as far as its writers are honest.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        (self.size, self.mtime, self.id) == (other.size, other.mtime, other.id)
    }

    /// Whether any name leads to it.
    pub(crate) const fn is_linked(&self) -> bool {
        self.links > 0
    }

    /// Whether the name still leads to this very file.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.id)
    }
}

/// What is at a name.
#[derive(Debug)]
pub(crate) enum Opened {
    Absent,
    /// Something that is no regular file: a symbolic link, a directory, a pipe.
    Foreign,
    File(File, Stamp),
}

/// Opens a regular file for reading, following no link in its last element and waiting for no pipe.
pub(crate) fn open_regular(path: &Path) -> io::Result<Opened> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file: File = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd.into(),
        Err(Errno::LOOP | Errno::NXIO) => return Ok(Opened::Foreign),
        Err(e) if failure::is_absence(&e.into()) => return Ok(Opened::Absent),
        Err(e) => return Err(e.into()),
    };
    let meta = file.metadata()?;
    if meta.is_file() { Ok(Opened::File(file, Stamp::from(&meta)?)) } else { Ok(Opened::Foreign) }
}

/// Opens a file of our own with these rights: as [`open_regular`], but what is no regular file is an error, since nobody
/// but us has any business there.
pub(crate) fn open_own(rights: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let foreign = || io::Error::other("is no file of ours; move it away");
    let opened = rights.custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|e| match Errno::from_io_error(&e) {
        Some(Errno::LOOP | Errno::NXIO) => foreign(),
        _ => e,
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(foreign()) }
}

/// The first `size` bytes of a file.
pub(crate) fn read(file: &File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// SHA-256 of a whole file.
pub(crate) fn sha256(file: &File) -> io::Result<[u8; 32]> {
    let (mut hasher, mut buffer, mut offset) = (Sha256::new(), vec![0; 256 << 10], 0);
    loop {
        match file.read_at(&mut buffer, offset)? {
            0 => return Ok(hasher.finalize().into()),
            n => {
                hasher.update(&buffer[..n]);
                offset += n as u64;
            }
        }
    }
}

/// Has the next reading come from the disk, and not from memory, where no bit rots; afterwards, leaves the memory to files
/// that somebody asks for.
pub(crate) fn forget_pages(file: &File) {
    // Advice: what does not follow it loses nothing but that.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// What came of an attempt to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    Done,
    /// The name is taken, by whatever.
    Taken,
}

/// Gives the file `from` the name `to`, unless something has it. Missing directories of `to` are made, durably.
/// `from` may still exist afterwards.
pub(crate) fn place(from: &Path, to: &Path) -> io::Result<Placed> {
    match place_once(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            make_dir(parent(to)?)?;
            place_once(from, to)
        }
        other => other,
    }
}

fn place_once(from: &Path, to: &Path) -> io::Result<Placed> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(Placed::Done),
        Err(Errno::EXIST) => Ok(Placed::Taken),
        // Old network file systems, and system call filters that do not know the call.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => link(from, to),
        Err(e) => Err(e.into()),
    }
}

/// [`place_once`] where rename cannot be told to keep what is there.
fn link(from: &Path, to: &Path) -> io::Result<Placed> {
    match rustix::fs::linkat(CWD, from, CWD, to, AtFlags::empty()) {
        Ok(()) => Ok(Placed::Done),
        Err(Errno::EXIST) => Ok(Placed::Taken),
        Err(e) => Err(e.into()),
    }
}

/// Gives the file `from` the name `to`, in place of whatever file has it.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(parent(to)?)?;
            std::fs::rename(from, to)
        }
        other => other,
    }
}

/// Makes a directory and those above it; each new one's entry is made durable.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    match std::fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            make_dir(parent(dir)?)?;
            make_dir_below(dir)
        }
        Ok(()) => sync_dir(parent(dir)?),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// The last step of [`make_dir`], where the parent exists: another writer may have been faster.
fn make_dir_below(dir: &Path) -> io::Result<()> {
    match std::fs::create_dir(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => sync_dir(parent(dir)?),
    }
}

/// Makes the entries of a directory durable, where the file system knows how to.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    let result = File::open(dir)?.sync_all();
    match result.as_ref().err().and_then(Errno::from_io_error) {
        Some(Errno::INVAL | Errno::BADF | Errno::NOTSUP) => Ok(()),
        _ => result,
    }
}

/// The directory of a path that has one.
pub(crate) fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::other(format!("{} has no parent directory", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_publish_where_rename_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b, to) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("to"));
        std::fs::write(&a, "first").unwrap();
        std::fs::write(&b, "second").unwrap();
        assert_eq!(link(&a, &to).unwrap(), Placed::Done);
        assert_eq!(link(&b, &to).unwrap(), Placed::Taken);
        assert_eq!(std::fs::read(&to).unwrap(), b"first");
    }

    #[test]
    fn pipes_and_links_are_foreign() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        for path in [&pipe, &link, &dir.path().to_owned()] {
            assert!(matches!(open_regular(path).unwrap(), Opened::Foreign), "{}", path.display());
        }
        assert!(matches!(open_regular(&link.join("below")).unwrap(), Opened::Absent));
    }
}
