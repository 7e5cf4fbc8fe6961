//! The `git` command for what our own client cannot do: ssh, directories, git://, dumb http, proxies and certificates of
//! the host's git configuration. Slower, and always right: it knows no filters, so it brings all of a commit.
//!
//! No text of a user is an argument: the URL was taken apart before and stands behind `--end-of-options`, objects are
//! named by full ids on standard input.

pub(in crate::git) mod env;
mod failure;
mod fetch;
mod here;
mod refs;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_git::{ObjectFormat, Refs};

use self::{env::ChildEnv, failure::Wrong, refs::Listed};
use super::{GitOptions, config::Way, receive};
use crate::{
    Access, HttpClient,
    credentials::child,
    exec::{Exec, ExecError, hostenv::Var},
};

/// Refs of the largest repositories are some ten megabytes.
const OUT_LIMIT: usize = 64 << 20;

/// No header of ours, and no module of a stranger, goes where a redirect leads.
const NO_REDIRECTS: &str = "http.followRedirects=false";

/// Of one pack, on its way.
const PACK_LIMIT: u64 = receive::LIMITS.bytes;

/// What the host's configuration may say and must not, for us. What `go` accepts is not refused: no fsck.
const CONFIG: &[&str] = &[
    "protocol.version=2",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.logAllRefUpdates=false",
    "core.commitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.fsckObjects=false",
    "transfer.fsckObjects=false",
    "transfer.bundleURI=false",
    // Packs stay packs, with an index that we read.
    "pack.indexVersion=2",
    "fetch.unpackLimit=1",
    "fetch.prune=false",
    "fetch.pruneTags=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "fetch.writeCommitGraph=false",
    "fetch.negotiationAlgorithm=default",
    "fetch.showForcedUpdates=false",
    "credential.interactive=false",
];

/// A remote that is spoken to through the `git` command.
pub(super) struct CliRemote {
    git: PathBuf,
    env: Vec<Var>,
    way: Way,
    http: HttpClient,
    access: Access,
    redirects: &'static str,
    time_limit: Duration,
    /// Of the last listing.
    listed: Mutex<Option<Listed>>,
    /// Where the host is, for a run over HTTP.
    pinned: Mutex<Option<String>>,
}

impl std::fmt::Debug for CliRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CliRemote").field("way", &self.way).finish_non_exhaustive()
    }
}

impl CliRemote {
    /// # Errors
    /// [`ErrorKind::Refused`] where `access` does not allow to go there; `Unavailable` where there is no `git`.
    pub(super) fn new(options: &GitOptions, way: &Way, access: Access) -> Result<Self> {
        way.check(access)?;
        let git = options.git.clone().ok_or_else(|| no_git(way))?;
        let own_agent = way.headers.iter().any(|(name, _)| name == http::header::USER_AGENT);
        // Git does not look where a redirect leads to: nobody but the operator's own hosts may send us elsewhere.
        let trusted = access.internal || way.rewritten || way.needs_git.is_some();
        let redirects = if trusted { "http.followRedirects=initial" } else { NO_REDIRECTS };
        Ok(Self {
            git,
            env: ChildEnv::new(&options.host_env).to(way.scheme.name(), way.own_ssh, own_agent),
            way: way.clone(),
            http: options.http.clone(),
            access,
            redirects,
            time_limit: options.time_limit,
            listed: Mutex::default(),
            pinned: Mutex::default(),
        })
    }

    /// Lets the runs that follow connect to these addresses of the host only, over HTTP: git would look its name up on
    /// its own. None leave it to git.
    pub(super) fn pin(&self, addresses: &[IpAddr]) {
        let url = reqwest::Url::parse(&self.way.url).ok().filter(|_| self.way.scheme.is_http());
        let host = url.as_ref().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        let list: Vec<String> =
            addresses.iter().map(|ip| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }).collect();
        let setting =
            host.filter(|_| !list.is_empty()).map(|host| format!("http.curloptResolve={host}:{}", list.join(",")));
        *self.pinned.lock().unwrap_or_else(PoisonError::into_inner) = setting;
    }

    /// HEAD, branches and tags, with the hash that the repository uses.
    pub(super) async fn refs(&self) -> Result<(ObjectFormat, Refs)> {
        // Patterns, so that requests for review and the like, often the most of all refs, stay with git.
        let what = ["HEAD", "refs/heads/*", "refs/tags/*"];
        let (format, mut refs) = self.list(Path::new("/"), &what).await?;
        if format == ObjectFormat::Sha256 && refs.head.is_none() {
            // Outside of a repository, git does not know such an id in the file HEAD of a plain file server.
            let inside = Scratch::new(format).await?;
            refs.head = self.list(&inside.0, &what[..1]).await?.1.head;
        }
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Listed::new(&refs));
        Ok((format, refs))
    }

    async fn list(&self, dir: &Path, what: &[&str]) -> Result<(ObjectFormat, Refs)> {
        let args = ["ls-remote", "-q", "--end-of-options", &self.way.asked].into_iter().chain(what.iter().copied());
        let output = self.run(dir, args.collect(), Vec::new()).await.map_err(Wrong::into_error)?;
        refs::parse(&output)
            .ok_or_else(|| Error::new(ErrorKind::Invalid, format!("{}: refs that are none", self.way.url)))
    }

    /// Runs `git` with its standard output.
    async fn run(&self, dir: &Path, args: Vec<&str>, input: Vec<u8>) -> Result<Vec<u8>, Wrong> {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut env = self.env.clone();
        let credential = match self.way.configured(&self.http, self.access) {
            Some(entry) => Some(Box::pin(entry.credential()).await?),
            None => None,
        };
        // What stands in its environment on redirects gives way to arguments.
        let redirects = credential.as_ref().map_or(self.redirects, |credential| {
            child::add_to_git(&mut env, credential);
            NO_REDIRECTS
        });
        let settings = CONFIG.iter().copied().chain([redirects]).chain(pinned.as_deref());
        let settings = settings.flat_map(|setting| ["-c", setting]);
        let run = Exec::new(&self.git)
            .args(settings.chain(args))
            .envs(env)
            .envs([("GIT_CEILING_DIRECTORIES".into(), "/".into())])
            .cwd(dir)
            .input(input)
            .out_limit(OUT_LIMIT)
            .spool_limit(&dir.join("objects/pack"), PACK_LIMIT)
            .time_limit(self.time_limit);
        let finished = Box::pin(run.run()).await.map_err(|e| self.no_result(&e))?;
        if finished.status.success() {
            Ok(finished.stdout)
        } else {
            Err(Wrong::new(&self.way, &finished, credential.as_ref()))
        }
    }

    fn no_result(&self, error: &ExecError) -> Wrong {
        let asked = failure::asked(&self.way);
        let own = match error {
            ExecError::Missing(_) => no_git(&self.way),
            ExecError::TimeLimit(_, limit) => {
                let text = format!("{asked}: version control took longer than {} seconds", limit.as_secs());
                Error::new(ErrorKind::Timeout, text)
            }
            ExecError::Flood(..) => Error::new(ErrorKind::Invalid, format!("{asked}: the repository is too large")),
            ExecError::Start(..) | ExecError::Wait(..) => return Error::internal(error.to_string()).into(),
        };
        own.with_detail(error.to_string()).into()
    }
}

/// An empty repository, until this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    async fn new(format: ObjectFormat) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("goproxy-{}-{:016x}", std::process::id(), fastrand::u64(..)));
        let made = Self(dir.clone());
        let failed = move |e| Error::internal(format!("{}: {e}", dir.display()));
        let path = made.0.clone();
        blocking(move || goproxy_git::init(&path, format).map_err(failed)).await?;
        Ok(made)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn no_git(way: &Way) -> Error {
    let why = way.needs_git.unwrap_or("a server that speaks no smart protocol");
    let text =
        format!("{}: git: command not found on the proxy host, and only git can fetch it ({why})", failure::asked(way));
    Error::new(ErrorKind::Unavailable, text)
}
