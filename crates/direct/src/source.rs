//! The source of modules that goes straight to git.

use std::{
    fmt::Display,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use gomod::{ModulePath, ModuleVersion, Patterns, Query, vcs::GoVcs};
use goproxy_engine::{
    Error, ErrorKind, Intake, Kind, Object, Resolved, Result, Source, Staging, Versions, Via,
    trace::{during, stage},
};
use goproxy_fetch::{GitClient, HttpClient, Upstream};
use tokio::sync::Semaphore;

use crate::{
    coderepo::{CodeRepo, Coordinates, Revision},
    content::Content,
    discover::{Discovery, DiscoveryOptions, Root, Vcs},
    freshness::Freshness,
    repository::{Copies, CopiesOptions, Copy, Purpose, View},
};

/// How to fetch from git.
#[derive(Clone, Debug)]
pub struct NativeOptions {
    /// For `?go-get=1` pages and module proxies that they name.
    pub http: HttpClient,
    /// The ways to git servers.
    pub git: GitClient,
    /// Where local copies of repositories are kept; made when it is needed.
    pub root: PathBuf,
    /// Bytes of all local copies together.
    pub cache_bytes: u64,
    /// How long what a repository advertises, and where it is, is believed.
    pub freshness: Duration,
    /// How long one answer may take.
    pub time_limit: Duration,
    /// How many zips are made at the same time; others wait.
    pub concurrency: usize,
    /// Modules that may come from inside our network.
    pub private: Patterns,
    /// Modules that may come over connections that prove nothing: GOINSECURE.
    pub insecure: Patterns,
    /// Which version control is allowed for which modules.
    pub govcs: GoVcs,
    /// What a client is told where a repository wants other credentials than there are.
    pub refused: ErrorKind,
    /// For what is kept in Mercurial, Subversion, Bazaar or Fossil: the `go` command, if there is one.
    pub others: Option<Arc<dyn Source>>,
}

/// Straight from git, without the `go` command. Clones share everything.
#[derive(Clone, Debug)]
pub struct Native(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: NativeOptions,
    copies: Copies,
    discovery: Discovery,
    freshness: Freshness,
    private: RwLock<Arc<Patterns>>,
    making: Semaphore,
}

/// Where one module comes from.
enum Place {
    Git(Git),
    /// What a go-import page names a proxy for.
    Proxy(Upstream),
    /// What only the `go` command fetches.
    Other(Arc<dyn Source>),
}

/// A module in a git repository.
struct Git {
    root: Arc<Root>,
    coordinates: Coordinates,
    copy: Arc<Copy>,
}

impl Native {
    /// Starts nothing and reads nothing yet.
    pub fn new(options: NativeOptions) -> Self {
        let freshness = Freshness::new(options.freshness);
        let copies = Copies::new(CopiesOptions {
            git: options.git.clone(),
            root: options.root.clone(),
            freshness: freshness.clone(),
            bytes: options.cache_bytes,
        });
        let rules = DiscoveryOptions {
            insecure: options.insecure.clone(),
            govcs: options.govcs.clone(),
            freshness: freshness.clone(),
            refused: options.refused,
        };
        let discovery = Discovery::new(options.http.clone(), options.git.clone(), rules);
        let private = RwLock::new(Arc::new(options.private.clone()));
        let making = Semaphore::new(options.concurrency.max(1));
        Self(Arc::new(Inner { options, copies, discovery, freshness, private, making }))
    }

    /// Does in the background what the first request would have to wait for.
    pub fn prepare(&self) {
        let (http, git) = (self.0.options.http.clone(), self.0.options.git.clone());
        tokio::task::spawn_blocking(move || http.prepare());
        tokio::spawn(async move { git.prepare().await });
    }

    /// Replaces the patterns of private modules, for requests that come from now on.
    pub fn set_private(&self, private: &Patterns) {
        *self.0.private.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(private.clone());
    }

    /// Replaces the time for which a repository's refs, and where it is, are believed.
    pub fn set_freshness(&self, period: Duration) {
        self.0.freshness.set(period);
    }

    /// Replaces the patterns of modules that may be insecure, likewise.
    pub fn set_insecure(&self, insecure: &Patterns) {
        self.0.discovery.set_insecure(insecure);
    }

    /// An answer within the time that one may take.
    async fn answer<T: Send>(
        &self,
        asked: &(dyn Display + Sync),
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let limit = self.0.options.time_limit;
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let text = format!("{asked}: version control took longer than {} seconds", limit.as_secs());
            Err(Error::new(ErrorKind::Timeout, text))
        })
    }

    /// A repository's refusal as the operator wants it told; those of our own rules are none of it.
    fn told<T>(&self, answer: Result<T>) -> Result<T> {
        answer.map_err(|error| match error.kind() {
            ErrorKind::Refused => as_kind(self.0.options.refused, &error),
            _ => error,
        })
    }
}

/// There is no `go` here.
fn needs_go(path: &ModulePath, vcs: Vcs) -> Error {
    let (name, program) = match vcs {
        Vcs::Hg => ("Mercurial", "hg"),
        Vcs::Svn => ("Subversion", "svn"),
        Vcs::Bzr => ("Bazaar", "bzr"),
        _ => ("Fossil", "fossil"),
    };
    let text = format!("{path}: is kept in {name}, which this proxy fetches with the go command only, and it has none");
    let remedy = format!("no go on PATH; install Go and {program} where goproxy runs");
    Error::new(ErrorKind::Internal, text).with_detail(remedy)
}

fn as_kind(kind: ErrorKind, error: &Error) -> Error {
    let told = Error::new(kind, error.message());
    match error.detail() {
        Some(detail) => told.with_detail(detail),
        None => told,
    }
}

impl Inner {
    async fn place(&self, path: &ModulePath) -> Result<Place> {
        let private = Arc::clone(&self.private.read().unwrap_or_else(PoisonError::into_inner));
        let find = self.discovery.find(path, private.matches(path));
        let root = during(stage("discover"), find).await?;
        match root.vcs {
            Vcs::Git => {
                let coordinates = Coordinates::new(path, &root.prefix, &root.subdirectory)?;
                let copy = self.copies.open(&root.url, root.access).await?;
                Ok(Place::Git(Git { root, coordinates, copy }))
            }
            Vcs::Mod => Upstream::named_by_page(self.options.http.clone(), &root.url, root.access).map(Place::Proxy),
            other => self.options.others.clone().map(Place::Other).ok_or_else(|| needs_go(path, other)),
        }
    }

    /// One file of a version, and those that come along.
    async fn files(&self, git: &Git, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Files> {
        let refs = git.copy.refs().await?.refs;
        let prefix = git.coordinates.tag_prefix();
        let below = |tag: &str| tag.strip_prefix(&*prefix).is_some_and(|rest| rest.contains('/'));
        let nested = refs.tags().any(|(tag, _)| below(tag));
        let view = git.view(purpose(kind, nested, git.coordinates.dir()));
        let revision = CodeRepo::new(git.coordinates.clone(), &view).version(version.version()).await?;
        let mut files = Vec::new();
        if kind == Kind::Zip {
            let content = Content {
                git: &self.options.git,
                copy: &git.copy,
                revision: &revision,
                module: version,
                nested,
                scratch: &self.options.root,
                making: &self.making,
            };
            files.push((Object::Module(version.clone(), Kind::Zip), content.zip(intake).await?));
        }
        files.extend(git.small_files(&revision, version, intake).await?);
        // What was asked for goes first.
        files.sort_by_key(|(object, _)| !matches!(object, Object::Module(_, of) if *of == kind));
        Ok(files)
    }
}

type Files = Vec<(Object, Staging)>;

/// A whole commit is fetched where all of it is the module's; of another one, what its directory needs is known only
/// when the way there is here.
fn purpose(kind: Kind, nested: bool, dir: &str) -> Purpose {
    if kind == Kind::Zip && !nested && dir.is_empty() { Purpose::Content } else { Purpose::Files }
}

impl Git {
    fn view(&self, purpose: Purpose) -> View {
        View::new(Arc::clone(&self.copy), self.coordinates.dir(), purpose)
    }

    async fn list(&self) -> Result<Versions> {
        let view = self.view(Purpose::Files);
        let versions = CodeRepo::new(self.coordinates.clone(), &view).versions().await?;
        let body = versions.iter().flat_map(|version| [version, "\n"]).collect::<String>().into();
        Ok(Versions { body, asked: view.asked() })
    }

    async fn latest(&self, path: &ModulePath, intake: &Intake<'_>) -> Result<Resolved> {
        let view = self.view(Purpose::Files);
        let repo = CodeRepo::new(self.coordinates.clone(), &view);
        let revision = repo.latest().await?;
        self.resolved(path, &repo, (revision, view.asked()), intake).await
    }

    async fn query(&self, path: &ModulePath, query: &Query, intake: &Intake<'_>) -> Result<Resolved> {
        let view = self.view(Purpose::Files);
        let repo = CodeRepo::new(self.coordinates.clone(), &view);
        let revision = repo.query(query).await?;
        self.resolved(path, &repo, (revision, view.asked()), intake).await
    }

    /// `.info` and `.mod`.
    async fn small_files(&self, revision: &Revision, version: &ModuleVersion, intake: &Intake<'_>) -> Result<Files> {
        let info = intake.stage_bytes(&revision.info(&self.root.url)).await?;
        let go_mod = intake.stage_bytes(&revision.go_mod).await?;
        let object = |kind| Object::Module(version.clone(), kind);
        Ok(vec![(object(Kind::Info), info), (object(Kind::Mod), go_mod)])
    }

    async fn resolved(
        &self,
        path: &ModulePath,
        repo: &CodeRepo<'_>,
        (revision, asked): (Revision, SystemTime),
        intake: &Intake<'_>,
    ) -> Result<Resolved> {
        let info = revision.info(&self.root.url);
        // What the rules made is a version of the path. They may make a pseudo-version that they do not accept: of a
        // commit whose own tag is retracted.
        let extra = match ModuleVersion::new(path.clone(), revision.version.clone()) {
            Ok(version) if repo.version(version.version()).await.is_ok() => {
                self.small_files(&revision, &version, intake).await?
            }
            _ => Vec::new(),
        };
        Ok(Resolved { info, asked, extra })
    }
}

/// `@latest` of a proxy that may not have that endpoint.
async fn proxied_latest(upstream: &Upstream, path: &ModulePath, intake: &Intake<'_>) -> Result<Resolved> {
    let absent = match upstream.latest(path, intake).await {
        Err(error) if error.kind() == ErrorKind::NotFound => error,
        answer => return answer,
    };
    let Ok(list) = gomod::list::parse(&upstream.list(path).await?.body) else { return Err(absent) };
    let newest = list.highest_compatible().or_else(|| list.highest_incompatible()).or_else(|| list.newest_pseudo());
    let query = newest.and_then(|version| Query::parse(version.as_str()).ok()).ok_or(absent)?;
    upstream.query(path, &query, intake).await
}

#[async_trait]
impl Source for Native {
    fn via(&self) -> Via {
        Via::Direct
    }

    async fn list(&self, path: &ModulePath) -> Result<Versions> {
        let work = async {
            match self.0.place(path).await? {
                Place::Git(git) => self.told(git.list().await),
                Place::Proxy(upstream) => self.told(upstream.list(path).await),
                Place::Other(source) => source.list(path).await,
            }
        };
        self.answer(path, work).await
    }

    async fn latest(&self, path: &ModulePath, intake: &Intake<'_>) -> Result<Resolved> {
        let work = async {
            match self.0.place(path).await? {
                Place::Git(git) => self.told(git.latest(path, intake).await),
                Place::Proxy(upstream) => self.told(proxied_latest(&upstream, path, intake).await),
                Place::Other(source) => source.latest(path, intake).await,
            }
        };
        self.answer(path, work).await
    }

    async fn query(&self, path: &ModulePath, query: &Query, intake: &Intake<'_>) -> Result<Resolved> {
        let work = async {
            match self.0.place(path).await? {
                Place::Git(git) => self.told(git.query(path, query, intake).await),
                Place::Proxy(upstream) => self.told(upstream.query(path, query, intake).await),
                Place::Other(source) => source.query(path, query, intake).await,
            }
        };
        self.answer(path, work).await
    }

    async fn fetch(&self, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Files> {
        let work = async {
            match self.0.place(version.path()).await? {
                Place::Git(git) => self.told(Box::pin(self.0.files(&git, version, kind, intake)).await),
                Place::Proxy(upstream) => self.told(upstream.fetch(version, kind, intake).await),
                Place::Other(source) => source.fetch(version, kind, intake).await,
            }
        };
        // It holds all that making a zip needs.
        Box::pin(self.answer(version, work)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_in_a_directory_cost_the_whole_repository() {
        assert_eq!(purpose(Kind::Zip, false, "sub"), Purpose::Files);
        assert_eq!(purpose(Kind::Zip, true, ""), Purpose::Files);
        assert_eq!(purpose(Kind::Mod, false, ""), Purpose::Files);
        assert_eq!(purpose(Kind::Zip, false, ""), Purpose::Content);
    }
}
