//! Against real git (`git http-backend` behind a scripted site), and against servers that are odd or hostile.

mod hostile;
mod older;
mod real;
mod redirects;

use std::{path::PathBuf, time::Duration};

use goproxy_git::{FetchRequest, Filter, ObjectFormat, Objects as _, Odb, Oid};
use goproxy_testkit::{GitHost, GitRepo};

use super::{GitClient, GitOptions, HostLimits, Remote};
use crate::{Access, ClientOptions, Groups, HttpClient, ProxySettings};

/// What a private module may reach: this machine, over http.
const PRIVATE: Access = Access { internal: true, insecure: true, credentials: Groups::NONE };

fn options() -> ClientOptions {
    ClientOptions {
        response_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_secs(10),
        proxies: ProxySettings::default(),
        netrc: None,
        ..ClientOptions::default()
    }
}

/// A client without a `git` program.
fn client(options: ClientOptions) -> GitClient {
    let http = HttpClient::new(options).unwrap();
    let time_limit = Duration::from_secs(30);
    GitClient::new(GitOptions {
        http,
        git: None,
        host_env: Vec::new(),
        time_limit,
        per_host: HostLimits { at_once: 4, per_second: 1000 },
    })
}

async fn remote(url: &str) -> Remote {
    client(options()).remote(url, PRIVATE).await.unwrap()
}

/// A repository that is served at `/a/b`, with filters.
struct World {
    host: GitHost,
    repo: GitRepo,
    copy: tempfile::TempDir,
}

impl World {
    async fn new() -> Option<Self> {
        let repo = GitRepo::new()?;
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        let host = GitHost::start().await;
        host.add("a/b", &repo);
        let copy = tempfile::tempdir().unwrap();
        goproxy_git::init(copy.path(), ObjectFormat::Sha1).unwrap();
        Some(Self { host, repo, copy })
    }

    fn url(&self) -> String {
        format!("{}/a/b", self.host.url())
    }

    fn git_dir(&self) -> PathBuf {
        self.copy.path().to_owned()
    }

    /// The id of what git calls by `name`.
    fn id(&self, name: &str) -> Oid {
        Oid::from_hex(&self.repo.git(&["rev-parse", name])).unwrap()
    }

    /// Whether the copy has what git calls by `name`.
    fn has(&self, name: &str) -> bool {
        Odb::open(self.copy.path(), ObjectFormat::Sha1).unwrap().contains(&self.id(name)).unwrap()
    }

    /// The requests since the last time, as `GET` and `POST`, sorted: some are made at once.
    fn asked(&self) -> Vec<String> {
        let mut asked: Vec<_> = self.host.requests().iter().map(|request| request.method.clone()).collect();
        asked.sort_unstable();
        self.host.reset_log();
        asked
    }
}

fn wants(ids: &[Oid]) -> FetchRequest {
    FetchRequest { wants: ids.to_vec(), ..FetchRequest::default() }
}

fn shallow(id: Oid, filter: Option<Filter>) -> FetchRequest {
    FetchRequest { shallow: true, filter, ..wants(&[id]) }
}

const ROOT_ONLY: Filter = Filter::Shallow { levels: 1, blob_limit: 1 << 20 };
