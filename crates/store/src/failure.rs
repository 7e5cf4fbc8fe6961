//! What the operating system says, as errors: the client learns the class, the log learns path and cause.

use std::{io, path::Path};

use goproxy_engine::{Error, ErrorKind};
use rustix::io::Errno;

/// Classifies a failure to `action` (for the log: "opening", "publishing") the file at `path`.
pub(crate) fn at(action: &str, path: &Path, error: &io::Error) -> Error {
    let message = match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::DQUOT) => "the proxy's cache is full",
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => "the proxy is not allowed to use its cache",
        Some(Errno::MFILE | Errno::NFILE) => "the proxy has too many open files",
        Some(Errno::NAMETOOLONG) => "the name is too long for the proxy's cache",
        _ => "the proxy cannot use its cache",
    };
    Error::new(ErrorKind::Internal, message).with_detail(format!("{action} {}: {error}", path.display()))
}

/// For start-up, where no client reads it: path, cause and remedy in the message.
pub(crate) fn at_start(path: &Path, cause: &str, remedy: &str) -> Error {
    let path = path.display();
    Error::new(ErrorKind::Internal, format!("the cache directory cannot be used: {path}: {cause}; {remedy}"))
}

/// Whether nothing is at that name: it does not exist, a directory on the way is something else, or the name is one
/// that cannot exist.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG))
}

/// Whether this may only mean that nothing can be written for now: what is stored can still be served.
pub(crate) fn is_unwritable(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NOSPC | Errno::DQUOT | Errno::ACCESS | Errno::PERM | Errno::ROFS))
}
