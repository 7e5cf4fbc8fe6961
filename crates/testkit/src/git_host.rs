//! Git over smart HTTP, as a forge serves it: `git http-backend` behind a scripted site, with tokens for private
//! repositories and `?go-get=1` pages.

use std::{
    ops::Deref,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    answer::Answer,
    git::GitRepo,
    site::{Site, SiteOptions},
    wire::{Request, find},
};

/// A running host; what a [`Site`] can do, it can.
///
/// It also answers as a forward proxy: with `HTTP_PROXY` set to its url and `GOINSECURE` for the domain, the `go`
/// command finds go-import pages of any host here.
#[derive(Debug)]
pub struct GitHost {
    site: Site,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    repositories: Mutex<Vec<Hosted>>,
    /// (import prefix, the tag's content)
    pages: Mutex<Vec<(String, String)>>,
    older: AtomicBool,
}

#[derive(Clone, Debug)]
struct Hosted {
    /// `/owner/name`
    path: String,
    work_tree: PathBuf,
    token: Option<String>,
}

impl GitHost {
    /// Starts a host without repositories.
    pub async fn start() -> Self {
        let state = Arc::<State>::default();
        let handler = {
            let state = state.clone();
            move |request| {
                let state = state.clone();
                async move { state.answer(request).await }
            }
        };
        Self { site: Site::start(SiteOptions::default(), handler).await, state }
    }

    /// Serves `repo` at `/path`, with or without `.git` after it; what is committed later shows at once.
    pub fn add(&self, path: &str, repo: &GitRepo) {
        self.host(path, repo, None);
    }

    /// The same for those only who send `token` as the password of Basic authentication, under any user name.
    pub fn add_private(&self, path: &str, repo: &GitRepo, token: &str) {
        self.host(path, repo, Some(token.to_owned()));
    }

    /// Serves a page that names the repository of `prefix` (`host/path`) and everything below it.
    pub fn go_import(&self, prefix: &str, vcs: &str, repository: &str) {
        let content = format!("{prefix} {vcs} {repository}");
        self.state.pages.lock().unwrap().push((prefix.to_owned(), content));
    }

    /// Speaks no newer version of the protocol than 0 from now on, as gopkg.in and the servers of old.
    pub fn speak_version_0(&self) {
        self.state.older.store(true, Ordering::Relaxed);
    }

    /// Takes a repository off the net.
    pub fn remove(&self, path: &str) {
        self.state.repositories.lock().unwrap().retain(|hosted| hosted.path != format!("/{path}"));
    }

    /// How many packs were asked for: clones and fetches, without the listing of refs.
    pub fn fetches(&self) -> usize {
        self.requests().iter().filter(|request| request.method == "POST").count()
    }

    /// How many times refs were asked for.
    pub fn listings(&self) -> usize {
        self.count("*/info/refs")
    }

    fn host(&self, path: &str, repo: &GitRepo, token: Option<String>) {
        let hosted = Hosted { path: format!("/{path}"), work_tree: repo.path().to_owned(), token };
        self.state.repositories.lock().unwrap().push(hosted);
    }
}

impl Deref for GitHost {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl State {
    async fn answer(&self, request: Request) -> Answer {
        if request.query().split('&').any(|pair| pair == "go-get=1") {
            return self.page(&request);
        }
        let found = self.repositories.lock().unwrap().iter().find_map(|hosted| {
            let rest = request.path.strip_prefix(&hosted.path)?;
            let rest = rest.strip_prefix(".git").unwrap_or(rest);
            rest.starts_with('/').then(|| (hosted.clone(), rest.to_owned()))
        });
        let Some((hosted, rest)) = found else { return Answer::text(404, "repository not found\n") };
        if !hosted.token.as_ref().is_none_or(|token| authorized(&request, token)) {
            return Answer::text(401, "who are you?\n").header("WWW-Authenticate", "Basic realm=\"git\"");
        }
        backend(&hosted, &rest, &request, !self.older.load(Ordering::Relaxed)).await
    }

    fn page(&self, request: &Request) -> Answer {
        let wanted = format!("{}{}", request.host(), request.path);
        let pages = self.pages.lock().unwrap();
        let below =
            |prefix: &str| wanted.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match pages.iter().find(|(prefix, _)| below(prefix)) {
            Some((_, content)) => Answer::html(format!(
                "<!DOCTYPE html>\n<html><head><meta name=\"go-import\" content=\"{content}\"></head></html>\n"
            )),
            None => Answer::text(404, "no such page\n"),
        }
    }
}

fn authorized(request: &Request, token: &str) -> bool {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let credentials =
        basic.and_then(|value| STANDARD.decode(value).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    credentials.is_some_and(|pair| pair.split_once(':').is_some_and(|(_, password)| password == token))
}

/// Runs the CGI program (RFC 3875) for one request.
async fn backend(hosted: &Hosted, rest: &str, request: &Request, newer: bool) -> Answer {
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_PROJECT_ROOT", &hosted.work_tree)
        .env("PATH_INFO", format!("/.git{rest}"))
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .env("REQUEST_METHOD", &request.method)
        .env("QUERY_STRING", request.query())
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("CONTENT_TYPE", request.header("content-type").unwrap_or(""))
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding").unwrap_or(""))
        .env("GIT_PROTOCOL", request.header("git-protocol").filter(|_| newer).unwrap_or(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("piped");
    // Written beside the reading: the program may answer before it has read everything.
    let body = request.body.clone();
    let writer = tokio::spawn(async move {
        let _ = stdin.write_all(&body).await;
    });
    let output = child.wait_with_output().await.expect("git ends");
    let _ = writer.await;
    parse_cgi(&output.stdout)
}

fn parse_cgi(output: &[u8]) -> Answer {
    let Some(end) = find(output, b"\r\n\r\n") else { return Answer::text(500, "git http-backend said nothing\n") };
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let fields: Vec<_> = head.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
    let status = fields.iter().find(|(name, _)| *name == "Status").and_then(|(_, value)| value.get(..3)?.parse().ok());
    let answer = Answer::new(status.unwrap_or(200), "text/plain", output[end + 4..].to_vec());
    fields.iter().filter(|(name, _)| *name != "Status").fold(answer, |answer, (name, value)| answer.header(name, value))
}
