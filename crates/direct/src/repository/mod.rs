//! What of remote repositories is on this machine, and how more of it gets here: one bare repository per remote, shared
//! by all modules and versions that come from it, and by all processes with this cache.

mod copies;
mod copy;
mod download;
mod fetching;
mod history;
mod local;
mod snapshot;
mod sweep;
#[cfg(test)]
pub(crate) mod tests;
mod view;
mod watched;
mod whole;

pub(crate) use copies::{Copies, CopiesOptions};
pub(crate) use copy::Copy;
pub(crate) use download::Part;
pub(crate) use view::{Purpose, View};
pub(crate) use watched::Watched;

use goproxy_engine::{Error, ErrorKind};
use goproxy_git::{Objects, Oid};

/// A remote sent whole packs without what it was asked for: nothing is absent, it does not say what it has.
pub(crate) fn incomplete() -> Error {
    Error::new(ErrorKind::Invalid, "the git server sent a pack without what was asked for")
}

/// Those that are not here.
pub(crate) fn absent(odb: &dyn Objects, ids: Vec<Oid>) -> Result<Vec<Oid>, goproxy_git::Error> {
    let mut absent = Vec::new();
    for id in ids {
        if !odb.contains(&id)? {
            absent.push(id);
        }
    }
    Ok(absent)
}

/// What git objects and packs did not give, as the engine has it. A damaged repository is an internal error here:
/// whoever reads it empties it (`Copy::{read, after}`).
fn from_git(error: goproxy_git::Error) -> Error {
    match error {
        goproxy_git::Error::TooLarge(what) => Error::new(ErrorKind::NotFound, what),
        other => Error::internal(format!("the local copy of a repository: {other}")),
    }
}

/// Tells what is damaged from what went wrong.
fn sound<T>(read: Result<T, goproxy_git::Error>) -> Result<Result<T, String>, Error> {
    match read {
        Ok(value) => Ok(Ok(value)),
        Err(goproxy_git::Error::Corrupt(what)) => Ok(Err(what)),
        Err(error) => Err(from_git(error)),
    }
}
