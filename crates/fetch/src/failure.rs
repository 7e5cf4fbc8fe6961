//! A try that did not work: the error for the engine, and what a retry needs to know.

use std::time::Duration;

use goproxy_engine::{Error, ErrorKind};
use http::StatusCode;

/// Why one try of a request failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<StatusCode>,
    /// Whether the same request may work a moment later.
    pub(crate) transient: bool,
}

impl Failure {
    /// Trying again will not help.
    pub(crate) fn lasting(kind: ErrorKind, message: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { error: Error::new(kind, message).with_detail(detail), status: None, transient: false }
    }

    /// Trying again may help.
    pub(crate) fn transient(kind: ErrorKind, message: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { transient: true, ..Self::lasting(kind, message, detail) }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { error: self.error.with_retry_after(retry_after), ..self }
    }
}

/// What our own side says (disk, a closed semaphore) is not mended by asking again.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, status: None, transient: false }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
