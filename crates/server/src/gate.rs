//! Who may ask for what: the server's questions about it. Whoever answers them knows accounts and rules.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use gomod::{ModulePath, Route, SumWhat};

/// Decides about requests. One that is there closes everything that it does not open.
#[async_trait]
pub trait Gate: Send + Sync + 'static {
    /// Decides about a request with this `Authorization` header, if it has one. Must not look at what is cached.
    async fn admit(&self, authorization: Option<&[u8]>, wanted: Wanted<'_>) -> Admission;

    /// What a client may read of an error: no names of private modules but what it asked for, which it may read.
    fn told<'a>(&self, message: &'a str, asked: Option<&ModulePath>) -> Cow<'a, str>;

    /// The values of `WWW-Authenticate`.
    fn challenges(&self) -> &[&'static str];
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Something of this module, its checksums included.
    Module(&'a ModulePath),
    /// What a checksum database says of itself: tree heads and tiles, which name no module.
    Checksums,
    /// The page of metrics.
    Metrics,
}

impl<'a> From<&'a Route> for Wanted<'a> {
    fn from(route: &'a Route) -> Self {
        match route {
            Route::Module(request) => Self::Module(&request.path),
            Route::SumDb(request) => match &request.what {
                SumWhat::Lookup(version) => Self::Module(version.path()),
                SumWhat::Supported | SumWhat::Latest | SumWhat::Tile(_) => Self::Checksums,
            },
        }
    }
}

/// The decision, and about whom.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Their name, for the access log.
    pub user: Option<Arc<str>>,
    /// The decision.
    pub verdict: Verdict,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Allowed,
    /// 401: it has no credentials, and needs some.
    Missing,
    /// 401: its credentials are not good, whatever it asks for. The word says why, for the metrics.
    Bad(&'static str),
    /// 403.
    Forbidden,
    /// 404: that there is such a module is not theirs to know.
    Hidden,
    /// 503: the credentials cannot be judged at the moment. The word says why.
    Later(&'static str, Duration),
}

impl Verdict {
    /// The word under which a refusal is counted.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Allowed => None,
            Self::Missing => Some("missing"),
            Self::Bad(reason) | Self::Later(reason, _) => Some(reason),
            Self::Forbidden => Some("forbidden"),
            Self::Hidden => Some("hidden"),
        }
    }
}
