//! The checksum database, reached the way `go` would reach it behind the same GOPROXY list: through the first upstream
//! that supports it, else directly (cmd/go/internal/modfetch/sumdb.go). Behind a firewall that lets only the upstream
//! through, that is the only way.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use goproxy_engine::{Error, ErrorKind, Result, SumSource};
use tokio::sync::Mutex;

use crate::{HttpClient, Upstream, failure::Failure};

/// How long an upstream's word is taken for whether it supports a database.
const YES_LASTS: Duration = Duration::from_secs(3600);
const NO_LASTS: Duration = Duration::from_secs(300);

/// A yes older than this is doubted where the same upstream then has nothing: the yes may have been that of a login page,
/// or of somebody who has been replaced.
const YES_SURE: Duration = Duration::from_secs(5);

/// A `supported` answer is empty; some proxies send a page with it.
const SUPPORTED_LIMIT: u64 = 64 << 10;

/// One entry of the GOPROXY list, as far as the databases are concerned.
#[derive(Clone, Debug)]
pub enum SumRoute {
    /// An upstream that may support the database.
    Proxy {
        /// The upstream, best shared with the module source so that its limits count for both.
        upstream: Upstream,
        /// Whether the next entry is asked after any failure (`|`), rather than after a definite no (`,`).
        on_any_error: bool,
    },
    /// `direct`: the database itself.
    Direct,
    /// `off`: no network.
    Off,
}

/// The databases by name, and the ways to them.
#[derive(Debug)]
pub struct SumProxy {
    databases: BTreeMap<String, Database>,
    routes: Vec<SumRoute>,
}

/// Where a database is.
#[derive(Clone, Copy, Debug)]
pub struct SumTarget<'a> {
    /// Its name, as in `/sumdb/<name>/`.
    pub name: &'a str,
    /// Its base URL.
    pub url: &'a str,
    /// Ask nobody else, as `go` does where GOSUMDB has a URL.
    pub only_there: bool,
}

#[derive(Debug)]
struct Database {
    direct: Upstream,
    only_there: bool,
    /// What each route said to `supported`.
    support: Vec<Mutex<Option<Support>>>,
}

#[derive(Clone, Debug)]
struct Support {
    at: Instant,
    answer: Result<bool, Failure>,
}

impl SumProxy {
    /// `routes` in the order of the list, empty where there are no upstreams. Of several databases of one name the last
    /// counts.
    ///
    /// # Errors
    /// A base URL that is not usable.
    pub fn new<'a>(
        client: &HttpClient,
        databases: impl IntoIterator<Item = SumTarget<'a>>,
        routes: Vec<SumRoute>,
    ) -> Result<Self> {
        let databases = databases.into_iter().map(|SumTarget { name, url, only_there }| {
            let direct = Upstream::new(client.clone(), url)?;
            let support = routes.iter().map(|_| Mutex::new(None)).collect();
            Ok((name.to_owned(), Database { direct, only_there, support }))
        });
        Ok(Self { databases: databases.collect::<Result<_>>()?, routes })
    }

    /// Whom to ask.
    async fn way<'a>(&self, name: &str, database: &'a Database) -> Result<Way<'a>> {
        let routes = if database.only_there { &[] } else { &*self.routes };
        for (route, slot) in routes.iter().zip(&database.support) {
            match route {
                SumRoute::Direct => break,
                SumRoute::Off => {
                    return Err(Error::new(ErrorKind::Refused, "checksum database access is switched off"));
                }
                SumRoute::Proxy { upstream, on_any_error } => match supported(name, upstream, slot).await {
                    Ok(true) => {
                        let prefix = format!("sumdb/{name}/");
                        return Ok(Way { upstream: upstream.clone(), prefix, yes: Some(slot) });
                    }
                    Ok(false) => {}
                    Err(failure) if *on_any_error => {
                        tracing::debug!(%upstream, error = %failure.error, "asking the next way to the checksum database");
                    }
                    Err(failure) => return Err(failure.error),
                },
            }
        }
        Ok(Way { upstream: database.direct.clone(), prefix: String::new(), yes: None })
    }

    #[cfg(test)]
    pub(crate) async fn grow_older(&self, by: Duration) {
        for slot in self.databases.values().flat_map(|database| &database.support) {
            if let Some(support) = &mut *slot.lock().await {
                support.at = support.at.checked_sub(by).expect("the machine has run for longer");
            }
        }
    }
}

/// An upstream to ask, and what to put before the path there.
struct Way<'a> {
    upstream: Upstream,
    prefix: String,
    /// Where it is remembered that this upstream said yes.
    yes: Option<&'a Mutex<Option<Support>>>,
}

impl Way<'_> {
    async fn ask(&self, path: &str, limit: u64) -> Result<Bytes, Failure> {
        self.upstream.bytes(&format!("{}{path}", self.prefix), limit).await
    }

    /// Forgets a yes that is not quite new.
    async fn doubt(&self) -> bool {
        let Some(slot) = self.yes else { return false };
        let mut slot = slot.lock().await;
        let old = slot.as_ref().is_some_and(|known| known.at.elapsed() > YES_SURE);
        if old {
            *slot = None;
        }
        old
    }
}

#[async_trait]
impl SumSource for SumProxy {
    async fn get(&self, name: &str, path: &str, limit: u64) -> Result<Bytes> {
        let Some(database) = self.databases.get(name) else {
            return Err(Error::new(ErrorKind::NotFound, format!("unsupported checksum database {name}")));
        };
        let way = self.way(name, database).await?;
        let failure = match way.ask(path, limit).await {
            Err(failure) if is_definite_no(&failure) => failure,
            answer => return Ok(answer?),
        };
        if way.doubt().await {
            let other = self.way(name, database).await?;
            if !other.yes.zip(way.yes).is_some_and(|(other, way)| std::ptr::eq(other, way)) {
                return Ok(other.ask(path, limit).await?);
            }
        }
        Err(failure.error)
    }

    async fn prepare(&self, name: &str) {
        if let Some(database) = self.databases.get(name)
            && let Err(error) = self.way(name, database).await
        {
            // Asked again when it is needed, and told then.
            tracing::debug!(name, %error, "no way to the checksum database yet");
        }
    }
}

/// The upstream's word, remembered. Those who ask while somebody asks wait and take the same answer, even a failure,
/// which is not remembered beyond that.
async fn supported(name: &str, upstream: &Upstream, slot: &Mutex<Option<Support>>) -> Result<bool, Failure> {
    let asked = Instant::now();
    let mut slot = slot.lock().await;
    if let Some(known) = slot.as_ref().filter(|known| known.at >= asked || known.is_fresh()) {
        return known.answer.clone();
    }
    let answer = match upstream.bytes(&format!("sumdb/{name}/supported"), SUPPORTED_LIMIT).await {
        Ok(_) => Ok(true),
        Err(failure) if is_definite_no(&failure) => Ok(false),
        Err(failure) => Err(failure),
    };
    *slot = Some(Support { at: Instant::now(), answer: answer.clone() });
    answer
}

impl Support {
    fn is_fresh(&self) -> bool {
        let lasts = match self.answer {
            Ok(true) => YES_LASTS,
            Ok(false) => NO_LASTS,
            Err(_) => return false,
        };
        self.at.elapsed() < lasts
    }
}

/// Proxies without the feature answer 404 where they follow the protocol; in the field also with the other ways of
/// saying that this path is not theirs.
fn is_definite_no(failure: &Failure) -> bool {
    match failure.status.map(|status| status.as_u16()) {
        Some(status) => matches!(status, 400 | 401 | 403 | 404 | 405 | 410 | 501),
        None => failure.error.kind() == ErrorKind::NotFound,
    }
}
