//! Git over smart HTTP, as a forge serves it: `git http-backend` behind a scripted site, with tokens for private
//! repositories and `?go-get=1` pages.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    answer::Answer,
    git::GitRepo,
    git_backend::{GitServer, Hosted, Operation},
    site::{Site, SiteOptions},
    wire::Request,
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
    latency: Mutex<Duration>,
    operations: Mutex<Operations>,
}

/// What was asked of repositories.
#[derive(Clone, Copy, Debug, Default)]
struct Operations {
    listings: usize,
    fetches: usize,
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
        self.host(path, repo.git_dir(), None, GitServer::default());
    }

    /// The same for those only who send `token` as the password of Basic authentication, under any user name.
    pub fn add_private(&self, path: &str, repo: &GitRepo, token: &str) {
        self.host(path, repo.git_dir(), Some(token.to_owned()), GitServer::default());
    }

    /// Serves the repository in a folder, bare or a `.git`, as a server of this kind.
    pub fn serve(&self, path: &str, git_dir: &Path, server: GitServer) {
        self.host(path, git_dir.to_owned(), None, server);
    }

    /// Its repositories speak no newer version of the protocol than 0 from now on, as gopkg.in and the servers of old.
    pub fn speak_version_0(&self) {
        for hosted in self.state.repositories.lock().unwrap().iter_mut() {
            hosted.server = GitServer::Version0;
        }
    }

    /// Waits so long before each answer of a repository, as if the host were far away.
    pub fn latency(&self, latency: Duration) {
        *self.state.latency.lock().unwrap() = latency;
    }

    /// Serves a page that names the repository of `prefix` (`host/path`) and everything below it.
    pub fn go_import(&self, prefix: &str, vcs: &str, repository: &str) {
        let content = format!("{prefix} {vcs} {repository}");
        self.state.pages.lock().unwrap().push((prefix.to_owned(), content));
    }

    /// Takes a repository off the net.
    pub fn remove(&self, path: &str) {
        self.state.repositories.lock().unwrap().retain(|hosted| hosted.path != format!("/{path}"));
    }

    /// How many packs were asked for: clones and fetches, each round of a negotiation, without the listing of refs.
    pub fn fetches(&self) -> usize {
        self.state.operations.lock().unwrap().fetches
    }

    /// How many times refs were asked for: `ls-refs` in protocol v2, `info/refs` before it.
    pub fn listings(&self) -> usize {
        self.state.operations.lock().unwrap().listings
    }

    /// Forgets the operations counted so far, and what [`Site::reset_log`] forgets.
    pub fn reset_log(&self) {
        *self.state.operations.lock().unwrap() = Operations::default();
        self.site.reset_log();
    }

    fn host(&self, path: &str, git_dir: PathBuf, token: Option<String>, server: GitServer) {
        let hosted = Hosted { path: format!("/{path}"), git_dir, token, server };
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
        self.count(hosted.operation(&rest, &request));
        let latency = *self.latency.lock().unwrap();
        tokio::time::sleep(latency).await;
        hosted.answer(&rest, &request).await
    }

    fn count(&self, operation: Operation) {
        let mut operations = self.operations.lock().unwrap();
        match operation {
            Operation::Listing => operations.listings += 1,
            Operation::Fetch => operations.fetches += 1,
            Operation::Other => {}
        }
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
