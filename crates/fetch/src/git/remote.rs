//! One remote repository, by whichever way leads there.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{FetchRequest, ObjectFormat, Refs};

use super::{
    Shared,
    cli::CliRemote,
    config::{Scheme, Way},
    http::HttpRemote,
    wrong::{Hint, Wrong},
};
use crate::Access;

/// What became of a fetch that the remote has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// What came is there.
    Done,
    /// The repository that it went into is damaged, and says how: it has to be begun anew.
    Damaged(String),
}

/// A remote repository. Dropping a future of it ends what it does. Clones are cheap.
///
/// Errors: `NotFound` where the server says that there is no such repository; `Refused` where it wants other credentials
/// than there are; `Unavailable`, `Timeout`, `Busy` and `Invalid` for what went wrong.
#[derive(Clone, Debug)]
pub struct Remote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    url: String,
    /// What the local copy is named by.
    key: String,
    way: Way,
    access: Access,
    /// None where only the `git` command can go.
    http: Option<HttpRemote>,
    cli: OnceLock<CliRemote>,
}

impl Remote {
    pub(super) async fn new(shared: &Arc<Shared>, url: &str, access: Access) -> Result<Self> {
        let way = shared.config.for_url(url).await?;
        way.check(access)?;
        // Where the operator's own configuration leads is the operator's choice.
        let access = Access { internal: access.internal || way.rewritten, ..access };
        let by_http = way.scheme.is_http() && way.needs_git.is_none();
        let key = key(shared, &way, access);
        let http = if by_http { Some(HttpRemote::new(shared, way.clone(), access, &key)?) } else { None };
        let (shared, url, cli) = (Arc::clone(shared), url.to_owned(), OnceLock::new());
        Ok(Self(Arc::new(Inner { shared, url, key, way, access, http, cli })))
    }

    /// The URL as it was asked for: `Origin.URL`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What the local copy is named by: where and how it is really fetched, without credentials, and for which modules
    /// only. Equal for all URLs that lead to the same.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// HEAD, branches and tags, with the hash that the repository uses.
    pub async fn refs(&self) -> Result<(ObjectFormat, Refs)> {
        self.operate(async { self.http()?.refs().await }, async { self.cli().await?.refs().await }).await
    }

    /// Fetches into a bare repository that nobody else fetches into meanwhile. Afterwards the wanted objects are there,
    /// and what they reach as far as depth and filter say (or more).
    ///
    /// # Errors
    /// `NotFound` where the remote does not have a wanted object (any more).
    pub async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<Fetched> {
        let by_http = async { self.http()?.fetch(request, git_dir).await };
        let by_cli = async { self.cli().await?.fetch(request, git_dir).await.map(|()| Fetched::Done) };
        self.operate(by_http, by_cli).await
    }

    /// Whether [`FetchRequest::filter`] is honoured, as far as is known; trees and blobs can be wanted by id then.
    pub fn filters(&self) -> bool {
        self.0.http.as_ref().is_some_and(HttpRemote::filters)
    }

    /// One operation, in its turn and its time, by the way that is known to lead there.
    async fn operate<T>(
        &self,
        by_http: impl Future<Output = Result<T, Wrong>>,
        by_cli: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Inner { shared, way, http, .. } = &*self.0;
        let _turn = shared.hosts.turn(&way.host).await?;
        let work = async {
            let Some(http) = http.as_ref().filter(|http| !http.memory.is_dumb()) else { return by_cli.await };
            match by_http.await {
                Ok(value) => Ok(value),
                Err(wrong) if wrong.hint == Hint::Dumb && shared.options.git.is_some() => {
                    http.memory.learn_dumb();
                    by_cli.await
                }
                Err(wrong) => Err(Box::pin(http.without_secrets(wrong.failure.error)).await),
            }
        };
        let limit = shared.options.time_limit;
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let message = format!("{} took longer than {} s", way.host, limit.as_secs());
            Err(Error::new(ErrorKind::Timeout, message).with_detail(self.0.way.url.clone()))
        })
    }

    fn http(&self) -> Result<&HttpRemote> {
        self.0.http.as_ref().ok_or_else(|| Error::internal("a remote that is not reached over http"))
    }

    /// The `git` command looks names up itself, so they are judged before each run.
    async fn cli(&self) -> Result<&CliRemote> {
        let Inner { shared, way, access, cli, .. } = &*self.0;
        let local = way.scheme == Scheme::File;
        let addresses = if local { Vec::new() } else { shared.options.http.vetted(&way.host, *access).await? };
        let cli = match cli.get() {
            Some(cli) => cli,
            None => {
                let new = CliRemote::new(&shared.options, way, *access)?;
                cli.get_or_init(|| new)
            }
        };
        cli.pin(&addresses);
        Ok(cli)
    }
}

/// What was fetched with a credential for some modules is not what the page of another module leads to, even if it names
/// the same place.
fn key(shared: &Shared, way: &Way, access: Access) -> String {
    match way.configured(&shared.options.http, access).and_then(|entry| entry.modules()) {
        Some(modules) => format!("{} for {modules}", way.url),
        None => way.url.clone(),
    }
}
