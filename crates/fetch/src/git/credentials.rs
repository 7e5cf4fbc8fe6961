//! Credentials of the host for a git server that asks for some: `.netrc`, then git's own helpers and askpass programs
//! (gitcredentials(7)), through `git credential`. Kept for a few minutes, and never printed.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use goproxy_engine::{Result, blocking};
use reqwest::Url;

use super::{cli::env::ChildEnv, config::HostConfig};
use crate::{
    Secret,
    exec::{Exec, hostenv::Var},
    gocmd::failure::words,
    netrc::{Login, Netrc},
    wire,
};

/// Helpers that ask a server take a while; one that waits for somebody never ends.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// How long an answer is believed. Tokens of helpers live for an hour or so, and a refused one is asked for anew.
const LASTS: Duration = Duration::from_secs(300);

/// How long it is believed that there are none.
const LASTS_NONE: Duration = Duration::from_secs(30);

/// Answers that are kept at a time.
const KEPT: usize = 1024;

/// What knows the host's credentials.
pub(super) struct Credentials {
    git: Option<PathBuf>,
    env: ChildEnv,
    netrc: Option<PathBuf>,
    config: Arc<HostConfig>,
    kept: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Held while a helper runs, so that it runs once for all who ask.
type Slot = tokio::sync::Mutex<Option<Kept>>;

struct Kept {
    login: Option<Login>,
    approved: bool,
    until: Instant,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("git", &self.git).finish_non_exhaustive()
    }
}

impl Credentials {
    /// `host_env` is the environment of this process, `netrc` the file.
    pub(super) fn new(git: Option<PathBuf>, host_env: &[Var], netrc: Option<PathBuf>, config: Arc<HostConfig>) -> Self {
        Self { git, env: ChildEnv::new(host_env), netrc, config, kept: Mutex::default() }
    }

    /// Who to be for a URL, of the user in it if there is one.
    pub(super) async fn fill(&self, url: &Url) -> Option<Login> {
        if let Some(login) = self.of_netrc(url).await {
            return Some(login);
        }
        let helpers = self.config.credentials(url).await.ok().filter(|helpers| helpers.any)?;
        let slot = self.slot(url, helpers.by_path);
        let mut kept = slot.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > Instant::now()) {
            return kept.login.clone();
        }
        let login = self.ask(url).await;
        let lasts = if login.is_some() { LASTS } else { LASTS_NONE };
        *kept = Some(Kept { login: login.clone(), approved: false, until: Instant::now() + lasts });
        login
    }

    /// The server took it: a helper may store it.
    pub(super) async fn approve(&self, url: &Url, login: &Login) {
        let Some(slot) = self.known(url).await else { return };
        let mut kept = slot.lock().await;
        let ours = |kept: &&mut Kept| !kept.approved && kept.login.as_ref() == Some(login);
        if let Some(kept) = kept.as_mut().filter(ours) {
            kept.approved = true;
            self.tell("approve", url, login).await;
        }
    }

    /// The server did not take it: a helper is to forget it.
    pub(super) async fn reject(&self, url: &Url, login: &Login) {
        let Some(slot) = self.known(url).await else { return };
        let mut kept = slot.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.login.as_ref() == Some(login)) {
            // The next one asks again, but not everybody at once.
            *kept = None;
            self.tell("reject", url, login).await;
        }
    }

    /// Of the host, as libcurl reads it: without the port. An entry for the port is what `go` looks for, so it goes first.
    async fn of_netrc(&self, url: &Url) -> Option<Login> {
        let path = self.netrc.clone()?;
        let read = blocking(move || Ok(std::fs::read(path).unwrap_or_default())).await.ok()?;
        let netrc = Netrc::parse(&String::from_utf8_lossy(&read));
        let host = url.host_str()?;
        let with_port = url.port().and_then(|port| netrc.login(&format!("{host}:{port}")));
        let login = with_port.or_else(|| netrc.login(host))?;
        let user = url.username();
        (user.is_empty() || user == login.user).then_some(login)
    }

    async fn ask(&self, url: &Url) -> Option<Login> {
        let output = match self.credential("fill", url, None).await {
            Ok(output) => output,
            Err(why) => {
                tracing::debug!(host = url.host_str(), %why, "no credentials from git's helpers");
                return None;
            }
        };
        let text = String::from_utf8(output).ok()?;
        let get = |name: &str| text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| *key == name);
        let ((_, user), (_, password)) = (get("username")?, get("password")?);
        Some(Login { user: user.to_owned(), password: Secret::new(password) })
    }

    async fn tell(&self, verb: &str, url: &Url, login: &Login) {
        if let Err(why) = self.credential(verb, url, Some(login)).await {
            tracing::debug!(host = url.host_str(), %why, "git credential {verb}");
        }
    }

    /// `git credential`; why there is no output otherwise.
    async fn credential(&self, verb: &str, url: &Url, login: Option<&Login>) -> Result<Vec<u8>, String> {
        let git = self.git.as_ref().ok_or("no git program")?;
        let input = description(url, login).ok_or("a URL that git credential cannot be told")?;
        let run = Exec::new(git)
            .args(["credential", verb])
            .envs(self.env.vars().iter().cloned())
            .envs([("GIT_CEILING_DIRECTORIES".into(), "/".into())])
            .cwd(Path::new("/"))
            .input(input.into_bytes())
            .time_limit(TIME_LIMIT);
        let finished = Box::pin(run.run()).await.map_err(|e| e.to_string())?;
        let stderr = String::from_utf8_lossy(&finished.stderr);
        if finished.status.success() { Ok(finished.stdout) } else { Err(words::without_secrets(stderr.trim_end())) }
    }

    async fn known(&self, url: &Url) -> Option<Arc<Slot>> {
        let by_path = self.config.credentials(url).await.ok()?.by_path;
        self.lock().get(&key(url, by_path)).map(Arc::clone)
    }

    fn slot(&self, url: &Url, by_path: bool) -> Arc<Slot> {
        let mut all = self.lock();
        if all.len() >= KEPT {
            all.clear();
        }
        Arc::clone(all.entry(key(url, by_path)).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What answers are told apart by: scheme, user, host and port, and the path where helpers get to see it.
fn key(url: &Url, by_path: bool) -> String {
    let path = if by_path { url.path() } else { "" };
    format!("{}@{}{path}", url.username(), url.origin().ascii_serialization())
}

/// The input of git-credential(1). The path is left out by git itself unless `credential.useHttpPath` says otherwise.
fn description(url: &Url, login: Option<&Login>) -> Option<String> {
    let decode = |text: &str| String::from_utf8(wire::percent_decode(text)).ok();
    let host =
        url.port().map_or_else(|| url.host_str().map(str::to_owned), |p| Some(format!("{}:{p}", url.host_str()?)))?;
    let user = login.map_or_else(|| decode(url.username()), |login| Some(login.user.clone()))?;
    let password = login.map(|login| login.password.expose().to_owned()).unwrap_or_default();
    let path = decode(url.path().trim_start_matches('/'))?;
    let pairs = [
        ("protocol", url.scheme().to_owned()),
        ("host", host),
        ("path", path),
        ("username", user),
        ("password", password),
    ];
    // A line break would begin an attribute of its own.
    let sound = pairs.iter().all(|(_, value)| !value.contains(['\n', '\r', '\0']));
    let lines = pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}\n"));
    sound.then(|| lines.chain(["\n".to_owned()]).collect())
}

#[cfg(test)]
mod tests;
