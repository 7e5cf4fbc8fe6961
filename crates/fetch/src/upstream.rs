//! An upstream proxy: one entry of a GOPROXY list, over http, https or from a directory.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{Info, ModulePath, ModuleVersion, Query};
use goproxy_engine::{
    Error, ErrorKind, Intake, Kind, Object, Resolved, Result, Source, Staging, Turn, Turns, Versions, Via, check,
};
use reqwest::Url;

use crate::{
    Access, Groups, HttpClient,
    body::Body,
    credentials::Credential,
    failure::Failure,
    files::Files,
    get::{Scope, Target},
    guard,
    retry::retrying,
    wire::{self, escape_path},
};

/// How long a request waits for its turn before it is told to come back.
const QUEUE_PATIENCE: Duration = Duration::from_secs(30);

/// One upstream. Clones share its limits.
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    shown: String,
    turns: Turns,
}

#[derive(Debug)]
enum Place {
    Http(Box<Http>),
    Files(Files),
}

#[derive(Debug)]
struct Http {
    client: HttpClient,
    base: Url,
    /// Of its URL.
    credential: Option<Credential>,
    scope: Scope,
}

impl Upstream {
    /// An upstream at `url`, with or without a base path. Userinfo becomes its credentials and is shown nowhere; else
    /// what is configured for it counts, else `.netrc`. A query in the URL is sent with every request, as `go` does.
    ///
    /// # Errors
    /// What is no http, https or file URL, or would send a password in the clear; the text never holds the password.
    pub fn new(client: HttpClient, url: &str) -> Result<Self> {
        Self::within(client, url, None)
    }

    fn within(client: HttpClient, url: &str, access: Option<Access>) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::Internal, why);
        let mut base = Url::parse(url).map_err(|e| wrong(format!("invalid proxy URL: {e}")))?;
        base.set_fragment(None);
        let in_flight = client.options().in_flight.max(1);
        let place = match base.scheme() {
            "http" | "https" => {
                let credential = Credential::take(&mut base)?;
                let configured = || Scope::Configured { inside: guard::is_internal(&base) };
                let scope = access.map_or_else(configured, Scope::Named);
                Place::Http(Box::new(Http { client, base: base.clone(), credential, scope }))
            }
            "file" => Place::Files(Files::new(&base)?),
            other => return Err(wrong(format!("invalid proxy URL scheme {other} (must be https, http or file)"))),
        };
        Ok(Self(Arc::new(Inner { place, shown: wire::shown(&base), turns: Turns::new(in_flight, in_flight / 4) })))
    }

    /// A proxy that a go-import page names (`mod`): over http or https, and only where the module may connect to.
    ///
    /// # Errors
    /// As [`Upstream::new`], and what is not allowed.
    pub fn named_by_page(client: HttpClient, url: &str, access: Access) -> Result<Self> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("https") => {}
            Some("http") if access.insecure => {}
            _ => return Err(Error::new(ErrorKind::Invalid, "a go-import page names a module proxy that is not https")),
        }
        Self::within(client, url, Some(access))
    }

    /// Whether it is what listens at `address` on this machine, as far as its URL shows: no name but `localhost` is looked up.
    pub fn is_at(&self, address: SocketAddr) -> bool {
        let Place::Http(http) = &self.0.place else { return false };
        http.base.port_or_known_default() == Some(address.port()) && guard::means(&http.base, address.ip())
    }

    /// A small body, whole. `path` is percent-encoded, without a leading slash.
    pub(crate) async fn bytes(&self, path: &str, limit: u64) -> Result<Bytes, Failure> {
        self.bytes_for(path, Groups::NONE, limit).await
    }

    /// The same for a module.
    async fn bytes_for(&self, path: &str, groups: Groups, limit: u64) -> Result<Bytes, Failure> {
        let _turn = self.turn(path).await?;
        match &self.0.place {
            Place::Files(files) => Ok(files.bytes(path, limit).await?),
            Place::Http(http) => retrying(|| async { http.get(path, groups, limit).await?.bytes().await }).await,
        }
    }

    /// A body of any size, into a temporary file of the store. A body that breaks off is fetched again from its start,
    /// into a new file: another server behind the same name may have other bytes.
    async fn stage(&self, path: &str, groups: Groups, limit: u64, intake: &Intake<'_>) -> Result<Staging, Failure> {
        let _turn = self.turn(path).await?;
        match &self.0.place {
            Place::Files(files) => Ok(files.copy(path, limit, intake.stage().await?).await?),
            Place::Http(http) => retrying(|| async { fill(http.get(path, groups, limit).await?, intake).await }).await,
        }
    }

    /// Permission to ask for a path.
    async fn turn(&self, path: &str) -> Result<Turn<'_>> {
        if !wire::stays_below(path) {
            return Err(Error::new(ErrorKind::NotFound, "not found"));
        }
        match tokio::time::timeout(QUEUE_PATIENCE, self.0.turns.take()).await {
            Ok(Some(turn)) => Ok(turn),
            _ => Err(Error::new(ErrorKind::Busy, "too many requests to the upstream are under way")
                .with_detail(self.0.shown.clone())
                .with_retry_after(Some(Duration::from_secs(5)))),
        }
    }

    /// Which configured credentials are for a module.
    fn groups(&self, path: &ModulePath) -> Groups {
        match &self.0.place {
            Place::Http(http) => http.client.groups(path),
            Place::Files(_) => Groups::default(),
        }
    }

    /// `.info` in either of its places; what is no such JSON is refused here, since the answer decides what comes next.
    async fn resolve(&self, path: &str, groups: Groups) -> Result<Resolved> {
        let asked = SystemTime::now();
        let info = self.bytes_for(path, groups, check::MAX_INFO).await?;
        if let Err(error) = Info::parse(&info) {
            return Err(Error::new(ErrorKind::Invalid, format!("the upstream sent an invalid .info: {error}"))
                .with_detail(format!("{}/{path}", self.0.shown)));
        }
        Ok(Resolved { info, asked, extra: Vec::new() })
    }
}

/// Shown without credentials.
impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.shown)
    }
}

impl Http {
    /// One try at what is below the base path.
    async fn get(&self, path: &str, groups: Groups, limit: u64) -> Result<Body, Failure> {
        let mut url = self.base.clone();
        let base = self.base.path();
        url.set_path(&format!("{}/{path}", base.strip_suffix('/').unwrap_or(base)));
        let insecure = matches!(self.scope, Scope::Named(Access { insecure: true, .. }));
        let credential = self.client.credential(&url, self.credential.as_ref(), groups, insecure).await?;
        let traced = matches!(self.scope, Scope::Configured { .. });
        let target = Target { url: &url, credential: credential.as_ref(), scope: self.scope, traced };
        self.client.get(target, limit).await
    }
}

async fn fill(mut body: Body, intake: &Intake<'_>) -> Result<Staging, Failure> {
    let mut staging = intake.stage_wanted(body.announced()).await?;
    while let Some(chunk) = body.chunk().await? {
        staging.write(&chunk).await?;
    }
    Ok(staging)
}

#[async_trait]
impl Source for Upstream {
    fn via(&self) -> Via {
        Via::Proxy
    }

    async fn list(&self, path: &ModulePath) -> Result<Versions> {
        let asked = SystemTime::now();
        let body = self
            .bytes_for(&escape_path(&format!("{}/@v/list", path.escaped())), self.groups(path), check::MAX_LIST)
            .await?;
        Ok(Versions { body, asked })
    }

    async fn latest(&self, path: &ModulePath, _: &Intake<'_>) -> Result<Resolved> {
        self.resolve(&escape_path(&format!("{}/@latest", path.escaped())), self.groups(path)).await
    }

    fn latest_from_list(&self) -> bool {
        true
    }

    async fn query(&self, path: &ModulePath, query: &Query, _: &Intake<'_>) -> Result<Resolved> {
        self.resolve(&escape_path(&format!("{}/@v/{}.info", path.escaped(), query.escaped())), self.groups(path)).await
    }

    async fn fetch(&self, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Vec<(Object, Staging)>> {
        let limit = match kind {
            Kind::Info => check::MAX_INFO,
            Kind::Mod => check::MAX_MOD,
            Kind::Zip => check::MAX_ZIP,
        };
        let (module, name) = (version.path().escaped(), version.version().escaped());
        let path = escape_path(&format!("{module}/@v/{name}.{}", kind.extension()));
        let staging = self.stage(&path, self.groups(version.path()), limit, intake).await?;
        Ok(vec![(Object::Module(version.clone(), kind), staging)])
    }
}
