//! Opening what is on our disk, where somebody else may have put something.

use std::{fs::File, io, path::Path};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use crate::Error;

/// Opens a regular file for reading: follows no link in its last element, and waits for no pipe.
///
/// # Errors
/// [`Error::Corrupt`] for what is no regular file, the disk's for what cannot be opened.
pub fn open_regular(path: &Path) -> Result<File, Error> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file: File = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => file.into(),
        Err(Errno::LOOP | Errno::NXIO) => return foreign(path),
        Err(error) => return Err(io::Error::from(error).into()),
    };
    if file.metadata()?.is_file() { Ok(file) } else { foreign(path) }
}

fn foreign(path: &Path) -> Result<File, Error> {
    Err(Error::Corrupt(format!("{} is no regular file", path.display())))
}
