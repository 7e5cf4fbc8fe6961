//! Which scheme leads to a repository that a path names without one (`example.com/x.git`).

use std::sync::Arc;

use gomod::vcs::is_secure_scheme;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_fetch::Access;

use super::{
    Vcs,
    memo::{Answer, Memo},
    web::Web,
};
use crate::freshness::Freshness;

impl Answer for String {
    fn weight(&self) -> usize {
        self.len()
    }
}

/// What was found of all repositories.
#[derive(Debug)]
pub(super) struct Probes {
    web: Arc<dyn Web>,
    memo: Arc<Memo<String>>,
    refused: ErrorKind,
}

impl Probes {
    pub(super) fn new(web: Arc<dyn Web>, freshness: Freshness, refused: ErrorKind) -> Self {
        Self { web, memo: Memo::new(freshness), refused }
    }

    /// The URL of `host/path`, by the first scheme that is allowed and works.
    ///
    /// # Errors
    /// In `go`'s words, and of the kind of the first answer; without any, of the first failure.
    pub(super) async fn url(&self, vcs: Vcs, repository: String, access: Access) -> Result<String> {
        let mut schemes = vcs.schemes().iter().filter(|scheme| access.insecure || is_secure_scheme(scheme));
        if vcs != Vcs::Git {
            // Whoever fetches it will find out by itself.
            return schemes
                .next()
                .map(|scheme| format!("{scheme}://{repository}"))
                .ok_or_else(|| none(access, &[], self.refused));
        }
        let urls: Vec<String> = schemes.map(|scheme| format!("{scheme}://{repository}")).collect();
        let (web, refused) = (Arc::clone(&self.web), self.refused);
        self.memo.get((repository, access), || async move { first(&*web, urls, access, refused).await }).await
    }
}

async fn first(web: &dyn Web, urls: Vec<String>, access: Access, refused: ErrorKind) -> Result<String> {
    let mut failures = Vec::new();
    for url in urls {
        match web.probe(&url, access).await {
            Ok(()) => return Ok(url),
            Err(error) => failures.push((url, error)),
        }
    }
    Err(none(access, &failures, refused))
}

fn none(access: Access, failures: &[(String, Error)], refused: ErrorKind) -> Error {
    let secure = if access.insecure { "" } else { "secure " };
    let message = format!("no {secure}protocol found for repository");
    let decisive = failures.iter().find(|(_, error)| error.kind().is_answer()).or_else(|| failures.first());
    let Some((_, cause)) = decisive else { return Error::new(ErrorKind::NotFound, message) };
    let told = |(url, error): &(String, Error)| match error.detail() {
        Some(detail) => format!("{url}: {error}: {detail}"),
        None => format!("{url}: {error}"),
    };
    let details: Vec<String> = failures.iter().map(told).collect();
    let kind = if cause.kind() == ErrorKind::Refused { refused } else { cause.kind() };
    Error::new(kind, format!("{message}: {cause}"))
        .with_retry_after(cause.retry_after())
        .with_detail(details.join("; "))
}
