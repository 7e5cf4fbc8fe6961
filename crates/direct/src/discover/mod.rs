//! Where the repository of a module is: `cmd/go/internal/vcs`.
//!
//! What the path says by itself ([`gomod::vcs::known`]) comes first; else the host's `?go-get=1` page is asked, and what
//! it claims about a shorter path only counts if that path's own page says the same.

mod imports;
mod memo;
mod pages;
mod probe;
mod roots;
#[cfg(test)]
mod tests;
mod web;

use std::sync::{Arc, PoisonError, RwLock};

use gomod::{
    ModulePath, Patterns,
    vcs::{GoVcs, Known, Location, known},
};
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_fetch::{Access, GitClient, HttpClient};

pub(crate) use gomod::vcs::Vcs;

use self::{pages::Pages, probe::Probes, web::Web};

use crate::freshness::Freshness;

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The path of the repository's root: the module path or a prefix of it (`codeRoot`).
    pub(crate) prefix: String,
    pub(crate) vcs: Vcs,
    /// The repository's URL, or the proxy's.
    pub(crate) url: String,
    /// The fourth field of a go-import tag: where in the repository the prefix lies; empty for its root.
    pub(crate) subdirectory: String,
    /// What may be connected to on behalf of this module.
    pub(crate) access: Access,
}

/// The rules of the operator.
#[derive(Clone, Debug)]
pub(crate) struct DiscoveryOptions {
    /// GOINSECURE: modules that may come without TLS, or with TLS that cannot be verified.
    pub(crate) insecure: Patterns,
    pub(crate) govcs: GoVcs,
    /// How long an answer is believed; one that a page or repository is not there at most a minute.
    pub(crate) freshness: Freshness,
    /// What a client is told where the page of a module wants other credentials than there are.
    pub(crate) refused: ErrorKind,
}

/// Finds roots. What it learned is remembered for a while; nobody asks for the same page twice at a time.
#[derive(Debug)]
pub(crate) struct Discovery {
    insecure: RwLock<Patterns>,
    govcs: GoVcs,
    web: Arc<dyn Web>,
    pages: Pages,
    probes: Probes,
}

impl Discovery {
    /// Asks nobody yet.
    pub(crate) fn new(http: HttpClient, git: GitClient, options: DiscoveryOptions) -> Self {
        Self::with(Arc::new(web::Net { http, git }), options)
    }

    fn with(web: Arc<dyn Web>, options: DiscoveryOptions) -> Self {
        let DiscoveryOptions { insecure, govcs, freshness, refused } = options;
        Self {
            insecure: RwLock::new(insecure),
            govcs,
            pages: Pages::new(Arc::clone(&web), freshness.clone(), refused),
            probes: Probes::new(Arc::clone(&web), freshness, refused),
            web,
        }
    }

    /// Replaces GOINSECURE, for searches that begin from now on.
    pub(crate) fn set_insecure(&self, insecure: &Patterns) {
        *self.insecure.write().unwrap_or_else(PoisonError::into_inner) = insecure.clone();
    }

    /// The root of a module; `private` is whether its name must not leave the organisation, and so whether it may come
    /// from inside our own network.
    ///
    /// # Errors
    /// `NotFound` where there is none, in `go`'s words; `Refused` where GOVCS or the rules for URLs forbid the one there
    /// is; the kind that was chosen for it where a host wants credentials; otherwise why nobody answered.
    pub(crate) async fn find(&self, path: &ModulePath, private: bool) -> Result<Arc<Root>> {
        let insecure = self.insecure.read().unwrap_or_else(PoisonError::into_inner).matches(path);
        let access = Access { internal: private, insecure, credentials: self.web.groups(path) };
        let root = match known(path.as_str()).map_err(not_found)? {
            Some(known) => self.known(path, known, access).await?,
            None => imports::find(&self.pages, &self.govcs, path, access).await?,
        };
        Ok(Arc::new(root))
    }

    async fn known(&self, path: &ModulePath, known: Known, access: Access) -> Result<Root> {
        let Known { vcs, root: prefix, location } = known;
        if !path.as_str().starts_with(&prefix) {
            return Err(not_found(format!("mismatched repo: found {prefix} for {path}")));
        }
        self.govcs.check(vcs, &prefix, access.internal).map_err(refused)?;
        let url = match location {
            Location::Url(url) => url,
            Location::Schemeless(repository) => self.probes.url(vcs, repository, access).await?,
        };
        Ok(Root { prefix, vcs, url, subdirectory: String::new(), access })
    }
}

fn not_found(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::NotFound, message)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Refused, message)
}
