//! The file of a pack on its way into a repository.

use crate::{Error, ObjectFormat, Oid, hash::Hasher};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

pub(super) struct Spool {
    directory: PathBuf,
    file: BufWriter<File>,
    temporary: Temporary,
    len: u64,
}

/// A file that is removed if it has not been renamed.
struct Temporary(PathBuf);

impl Spool {
    pub(super) fn new(git_dir: &Path) -> Result<Self, Error> {
        let directory = git_dir.join("objects/pack");
        let (file, temporary) = create(&directory, "tmp_pack_")?;
        Ok(Self { directory, file: BufWriter::with_capacity(256 << 10, file), temporary, len: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.len += bytes.len() as u64;
        Ok(self.file.write_all(bytes)?)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What has been written so far, for positioned reads, and the directory for other files.
    pub(super) fn file(&mut self) -> Result<(&File, &Path), Error> {
        self.file.flush()?;
        Ok((self.file.get_ref(), &self.directory))
    }

    /// Forgets the last bytes.
    pub(super) fn shorten(&mut self, bytes: usize) -> Result<(), Error> {
        self.file.flush()?;
        self.len -= bytes as u64;
        self.file.get_ref().set_len(self.len)?;
        io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.len))?;
        Ok(())
    }

    /// Puts another count into the header, and the checksum that is right now behind the entries.
    pub(super) fn renew(&mut self, format: ObjectFormat, count: u32) -> Result<Oid, Error> {
        let end = self.len;
        let (file, _) = self.file()?;
        file.write_all_at(&count.to_be_bytes(), 8)?;
        let (mut hasher, mut at, mut buffer) = (Hasher::new(format), 0, vec![0; 128 << 10]);
        while at < end {
            let piece = &mut buffer[..usize::try_from(end - at).unwrap_or(usize::MAX).min(128 << 10)];
            file.read_exact_at(piece, at)?;
            hasher.update(piece);
            at += piece.len() as u64;
        }
        let checksum = hasher.finish()?;
        self.write(checksum.as_bytes())?;
        Ok(checksum)
    }

    /// Gives the pack its name, then the index that `write` writes: whoever sees an index finds the pack. A pack that is
    /// there already is replaced by this one, which is the same or better.
    pub(super) fn publish(
        &mut self,
        checksum: &Oid,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.file.flush()?;
        let (index, temporary) = create(&self.directory, "tmp_idx_")?;
        write(&mut BufWriter::with_capacity(64 << 10, index))?;
        fs::rename(&self.temporary.0, self.directory.join(format!("pack-{checksum}.pack")))?;
        fs::rename(&temporary.0, self.directory.join(format!("pack-{checksum}.idx")))?;
        Ok(())
    }
}

/// Read-only as git's own, so that nobody edits them by mistake.
fn create(directory: &Path, prefix: &str) -> io::Result<(File, Temporary)> {
    let path = directory.join(format!("{prefix}{:016x}", fastrand::u64(..)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o444).open(&path)?;
    Ok((file, Temporary(path)))
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
