//! Why there is no answer, in the words of `go`.

use goproxy_engine::{Error, ErrorKind};

/// What went wrong, as far as the rules look at it.
#[derive(Debug)]
pub(super) enum Failure {
    /// What `go` takes for `fs.ErrNotExist`: a revision that is not there, a directory that is no module. Where another
    /// answer is possible it goes on to that.
    Absent(String),
    /// There, and against the rules.
    Refused(String),
    /// The repository could not be asked.
    Repo(Error),
}

impl Failure {
    /// For the client: whatever is about the content of the repository does not exist.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Absent(words) | Self::Refused(words) => Error::new(ErrorKind::NotFound, words),
            Self::Repo(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Repo(error)
    }
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// An answer, or `None` for what the content of the repository makes impossible.
pub(super) fn possible<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(Failure::Repo(error)) => Err(Failure::Repo(error)),
        Err(_) => Ok(None),
    }
}
