//! What `git` says when it fails: what it means, and what may be tried instead.

use goproxy_engine::{Error, ErrorKind};

use super::super::config::{Scheme, Way};
use crate::{
    credentials::{Credential, echo},
    exec::Finished,
    gocmd::failure::{cause::Cause, host, words},
};

/// A failure, and the way out of it.
#[derive(Debug)]
pub(super) struct Wrong {
    error: Error,
    pub(super) hint: Hint,
}

/// What may be tried instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The server does not give single objects, or no history that is cut off: everything is to be asked for.
    Everything,
    /// The books of the local repository are wrong: a killed `git` left a lock, a ref names what is not here.
    Books,
    /// Nothing.
    None,
}

/// What servers and git itself say of ids that no ref names, and of histories that are cut off.
const EVERYTHING: &[&str] = &["unadvertised object", "not our ref", "not valid", "shallow", "does not support --depth"];

/// As in [`crate::gocmd`]: what git says of what somebody killed left behind.
const BOOKS: &[&str] = &[
    ".lock': File exists",
    "shallow file has changed",
    "fatal: bad object",
    "did not send all necessary objects",
    "missing necessary objects",
    "bad ref",
    "cannot lock ref",
    "unable to read sha1 file",
    "unresolved deltas",
];

impl Wrong {
    pub(super) fn new(way: &Way, finished: &Finished, credential: Option<&Credential>) -> Self {
        let text = String::from_utf8_lossy(&finished.stderr);
        let text = echo::without(&text, way.headers.iter().map(|(_, value)| value));
        let text = match credential {
            Some(credential) => credential.cut(&text),
            None => text,
        };
        let cause = Cause::of_program(&text);
        // Behind `insteadOf` lies what is no business of the client's.
        let named = if way.scheme == Scheme::File { None } else { host::of(&text) };
        let host =
            named.unwrap_or_else(|| if way.host.is_empty() { "the proxy host".to_owned() } else { way.host.clone() });
        let detail = format!(
            "git for {}: {}: {}",
            way.url,
            finished.status,
            words::without_secrets(&words::without_remote(text.trim_end()))
        );
        let error = Error::new(cause.kind(), cause.message(&asked(way), &host, &text)).with_detail(detail);
        Self { error, hint: hint(&text, error_is_final(cause)) }
    }

    pub(super) fn into_error(self) -> Error {
        self.error
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self { error, hint: Hint::None }
    }
}

/// A repository that does not exist, or that is closed, does not open because something else is asked of it.
fn error_is_final(cause: Cause) -> bool {
    matches!(cause.kind(), ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::Busy | ErrorKind::Internal)
}

fn hint(text: &str, is_final: bool) -> Hint {
    let own = |line: &&str| !line.trim_start().starts_with("remote:");
    if text.lines().filter(own).any(|line| BOOKS.iter().any(|sign| line.contains(sign))) {
        return Hint::Books;
    }
    if !is_final && EVERYTHING.iter().any(|sign| text.contains(sign)) { Hint::Everything } else { Hint::None }
}

/// What the client asked for: the URL before `insteadOf`, without user and password.
pub(super) fn asked(way: &Way) -> String {
    words::without_secrets(&way.asked)
}
