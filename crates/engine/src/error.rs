//! Why an answer cannot be given. Kinds are cut by what the caller does next: fall through, tell the client, try again.

use std::{sync::Arc, time::Duration};

/// What went wrong, as far as anybody has to act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Authoritatively does not exist (404). The only kind that `,` in a GOPROXY list falls through on.
    NotFound,
    /// Not in the cache, and the request forbids to look elsewhere (404, not cacheable).
    NotCached,
    /// The source answered and refuses: 401, 403, 451 of an upstream, or our own policy (403).
    Refused,
    /// The source answered with something that is not what it claims to be (502). Never stored.
    Invalid,
    /// The source cannot be reached, or answers with a failure of its own (502).
    Unavailable,
    /// The host that a public module names has no public address (502). What a proxy has said before counts more.
    NoHost,
    /// The source asks to come back later, or our own queue is full (503).
    Busy,
    /// The source took longer than its limit (504).
    Timeout,
    /// Our own side failed: disk full, permission, a missing program (500).
    Internal,
}

impl ErrorKind {
    /// The lower-case word used in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotCached => "not_cached",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
            Self::NoHost => "no_host",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// Whether this is an answer of the source, rather than a failure to get one. Answers are remembered briefly and
    /// end stale serving; failures are not believed, and remembered only to spare those who get a stale answer instead.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::NotFound | Self::Refused)
    }
}

/// A failure with two texts: one that `go` prints for the client, one for the log.
///
/// Cheap to clone, since every client that waits for the same fetch gets the same error.
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    detail: Option<String>,
    retry_after: Option<Duration>,
    remembered: bool,
}

impl Error {
    /// An error with the text for the client: what `go` should print, without paths, commands or credentials.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), detail: None, retry_after: None, remembered: false }))
    }

    /// Our own side failed: the client learns no more than that, the log learns the cause.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "internal error of the proxy, see its log").with_detail(detail)
    }

    /// Adds what only the log may hold (paths, stderr, operating system errors).
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self(Arc::new(Inner { detail: Some(detail.into()), ..self.take() }))
    }

    /// The same, to be acted on in another way.
    pub(crate) fn with_kind(self, kind: ErrorKind) -> Self {
        Self(Arc::new(Inner { kind, ..self.take() }))
    }

    /// The same for those who ask again: the log has the detail already.
    #[must_use]
    pub fn told(self) -> Self {
        Self(Arc::new(Inner { detail: None, remembered: true, ..self.take() }))
    }

    /// Adds when to come back.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self(Arc::new(Inner { retry_after, ..self.take() }))
    }

    /// What the caller should do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text for the client. May be several lines; the server bounds it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The text for the log only.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// When the source asked to come back, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether this is what was found for somebody who asked a moment ago: nobody was asked now.
    pub fn is_remembered(&self) -> bool {
        self.0.remembered
    }

    fn take(self) -> Inner {
        Arc::unwrap_or_clone(self.0)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// The result of everything that may have to ask a source.
pub type Result<T, E = Error> = std::result::Result<T, E>;
