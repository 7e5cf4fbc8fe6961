//! What goes wrong with a git server: the error for the engine, and what may be tried instead.

use std::time::Duration;

use goproxy_engine::{Error, ErrorKind};
use goproxy_git::wire::WireError;
use http::StatusCode;

use crate::failure::Failure;

/// Why an exchange did not work.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) failure: Failure,
    pub(super) hint: Hint,
}

/// What may be tried instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The server does not speak the smart protocol here: the `git` command may reach it.
    Dumb,
    /// It does not take this message: what is remembered of it may be out of date, or it does not take the filter.
    Rejected,
    /// Nothing, or the same again.
    None,
}

impl Wrong {
    pub(super) fn new(kind: ErrorKind, message: String, detail: impl Into<String>, hint: Hint) -> Self {
        Self { failure: Failure::lasting(kind, message, detail), hint }
    }

    /// An answer with another status than 200.
    pub(super) fn answered(status: StatusCode, retry_after: Option<Duration>, host: &str, detail: String) -> Self {
        let (kind, message) = match status.as_u16() {
            404 | 410 => (ErrorKind::NotFound, format!("repository not found on {host}")),
            401 | 403 | 407 | 451 => (
                ErrorKind::Refused,
                format!("{host} asks for credentials that the proxy does not have, or refuses those it has"),
            ),
            code if code == 429 || code == 503 || retry_after.is_some() => {
                (ErrorKind::Busy, format!("{host} asks to come back later"))
            }
            500..=599 => (ErrorKind::Unavailable, format!("{host} answers with a server error")),
            _ => (ErrorKind::Unavailable, format!("{host} answers {status}")),
        };
        // What passes by itself is no reason to ask in another way.
        let passes = kind == ErrorKind::Busy || matches!(status.as_u16(), 502 | 504);
        let failure = Failure::lasting(kind, message, detail);
        let failure = Failure { transient: passes, ..failure.with_status(status).with_retry_after(retry_after) };
        Self { failure, hint: if passes { Hint::None } else { Hint::Rejected } }
    }

    /// An answer of git's protocol that cannot be used.
    pub(super) fn from_wire(error: WireError, host: &str) -> Self {
        let invalid = |message: String, detail, hint| Self::new(ErrorKind::Invalid, message, detail, hint);
        match error {
            WireError::Said(said) => Self::said(&said, host),
            WireError::Malformed(what) => {
                invalid(format!("{host} does not answer as git's protocol says"), what, Hint::Rejected)
            }
            WireError::TooLarge(what) => invalid(format!("{host}: {what}"), what, Hint::None),
            WireError::Pack(goproxy_git::Error::Missing(id)) => {
                invalid(format!("{host} sent an incomplete pack"), format!("no object {id}"), Hint::None)
            }
            WireError::Pack(goproxy_git::Error::Io(e)) => Error::internal(format!("writing a pack: {e}")).into(),
            WireError::Pack(goproxy_git::Error::Corrupt(what)) => {
                invalid(format!("{host} sent a damaged pack"), what, Hint::None)
            }
            WireError::Pack(goproxy_git::Error::TooLarge(what)) => {
                invalid(format!("{host} sent a pack that is too large: {what}"), String::new(), Hint::None)
            }
        }
    }

    /// The server's own word. It has none for a machine to read, so what git (`not our ref`) and JGit (`not valid`) say
    /// of objects that are not there is looked for.
    fn said(said: &str, host: &str) -> Self {
        let absent = ["not our ref", "not valid", "unadvertised object"].iter().any(|words| said.contains(words));
        let missing = ["repository not found", "not found"].iter().any(|words| said.to_lowercase().contains(words));
        let (kind, message) = match () {
            () if absent => (ErrorKind::NotFound, format!("{host} does not have the object any more: {said}")),
            () if missing => (ErrorKind::NotFound, format!("repository not found on {host}: {said}")),
            () => (ErrorKind::Invalid, format!("{host} says: {said}")),
        };
        let hint = if said.to_lowercase().contains("filter") { Hint::Rejected } else { Hint::None };
        Self::new(kind, message, said, hint)
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.failure.status
    }
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self { failure, hint: Hint::None }
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}
