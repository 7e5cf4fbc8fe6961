//! One remote repository, by whichever way leads there.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{FetchRequest, ObjectFormat, Refs};
use reqwest::Url;

use super::{
    Shared, Way,
    cli::CliRemote,
    http::HttpRemote,
    wrong::{Hint, Wrong},
};
use crate::{Access, credentials, wire};

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
    key: String,
    host: String,
    way: Way,
    access: Access,
    /// None where only the `git` command can go.
    http: Option<HttpRemote>,
    cli: OnceLock<CliRemote>,
}

impl Remote {
    pub(super) async fn new(shared: &Arc<Shared>, url: &str, access: Access) -> Result<Self> {
        let way = shared.config.for_url(url).await?;
        // Where the operator's own configuration leads is the operator's choice.
        let access = Access { internal: access.internal || way.rewritten, ..access };
        let parsed = Url::parse(&way.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let (host, key) = match &parsed {
            Some(url) => (crate::reach::host(url), wire::shown(url)),
            // `user@host:path` and the like: told apart by all of it.
            None => (way.host.clone(), way.url.clone()),
        };
        let http = match parsed {
            Some(url) if way.needs_git.is_none() => Some(open(shared, url, &key, way.clone(), access)?),
            _ => None,
        };
        let (shared, url, cli) = (Arc::clone(shared), url.to_owned(), OnceLock::new());
        Ok(Self(Arc::new(Inner { shared, url, key, host, way, access, http, cli })))
    }

    /// The URL as it was asked for: `Origin.URL`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What the local copy is named by: where and how it is really fetched, without credentials. Equal for all URLs
    /// that lead to the same.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// HEAD, branches and tags, with the hash that the repository uses.
    pub async fn refs(&self) -> Result<(ObjectFormat, Refs)> {
        self.operate(async { self.http()?.refs().await }, async { self.cli()?.refs().await }).await
    }

    /// Fetches into a bare repository that nobody else fetches into meanwhile. Afterwards the wanted objects are there,
    /// and what they reach as far as depth and filter say (or more).
    ///
    /// # Errors
    /// `NotFound` where the remote does not have a wanted object (any more).
    pub async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<()> {
        let by_http = async { self.http()?.fetch(request, git_dir).await };
        self.operate(by_http, async { self.cli()?.fetch(request, git_dir).await }).await
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
        let Inner { shared, host, http, .. } = &*self.0;
        let _turn = shared.hosts.turn(host).await?;
        let work = async {
            let Some(http) = http.as_ref().filter(|http| !http.memory.is_dumb()) else { return by_cli.await };
            match by_http.await {
                Ok(value) => Ok(value),
                Err(wrong) if wrong.hint == Hint::Dumb && shared.options.git.is_some() => {
                    http.memory.learn_dumb();
                    by_cli.await
                }
                Err(wrong) => Err(wrong.failure.error),
            }
        };
        let limit = shared.options.time_limit;
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let message = format!("{host} took longer than {} s", limit.as_secs());
            Err(Error::new(ErrorKind::Timeout, message).with_detail(self.0.key.clone()))
        })
    }

    fn http(&self) -> Result<&HttpRemote> {
        self.0.http.as_ref().ok_or_else(|| Error::internal("a remote that is not reached over http"))
    }

    fn cli(&self) -> Result<&CliRemote> {
        let Inner { shared, way, access, cli, .. } = &*self.0;
        if let Some(cli) = cli.get() {
            return Ok(cli);
        }
        let new = CliRemote::new(&shared.options, way, *access)?;
        Ok(cli.get_or_init(|| new))
    }
}

/// A remote that we speak to ourselves, if it may be spoken to.
fn open(shared: &Arc<Shared>, mut asked: Url, key: &str, way: Way, access: Access) -> Result<HttpRemote> {
    if asked.scheme() == "http" && !access.insecure && !way.rewritten {
        return Err(Error::new(ErrorKind::Refused, format!("insecure URL: {key}")));
    }
    shared.options.http.for_access(&asked, access)?;
    let userinfo = match credentials::userinfo(&asked)? {
        Some(login) if asked.password().is_some() => Some(credentials::basic(&login)?),
        _ => None,
    };
    let mut identity = asked.clone();
    let _ = identity.set_password(None);
    wire::strip_userinfo(&mut asked);
    asked.set_query(None);
    asked.set_fragment(None);
    let (shared, memory) = (Arc::clone(shared), shared.memories.of(key));
    Ok(HttpRemote { shared, way, asked, identity, userinfo, access, memory })
}
