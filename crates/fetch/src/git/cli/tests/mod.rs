//! Real `git` against repositories in directories, behind a scripted ssh, and over http.

mod failures;
mod fetching;
mod network;

use std::{ffi::OsString, fs, path::PathBuf};

use goproxy_git::{FetchRequest, ObjectFormat, Objects as _, Odb, Oid};
use goproxy_testkit::{GitRepo, Home, write_script};

use super::{
    super::{
        config::tests::{env, git},
        *,
    },
    *,
};
use crate::{ClientOptions, HttpClient, ProxySettings};

/// A remote repository, a home directory and a local copy.
struct World {
    repo: GitRepo,
    home: Home,
    copy: tempfile::TempDir,
    format: ObjectFormat,
    env: Vec<(&'static str, String)>,
}

impl World {
    /// `https://github.com/a/b` leads to the repository's directory.
    fn new() -> Option<Self> {
        let world = Self::with(GitRepo::new()?, ObjectFormat::Sha1);
        world.home.instead_of("https://github.com/a/b", &world.repo.git_dir().display().to_string());
        Some(world)
    }

    fn with(repo: GitRepo, format: ObjectFormat) -> Self {
        let copy = tempfile::tempdir().unwrap();
        goproxy_git::init(copy.path(), format).unwrap();
        Self { repo, home: Home::new(), copy, format, env: Vec::new() }
    }

    /// A repository with the other hash; nothing leads to it.
    fn sha256() -> Option<Self> {
        let repo = GitRepo::new()?;
        fs::remove_dir_all(repo.git_dir()).unwrap();
        repo.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
        Some(Self::with(repo, ObjectFormat::Sha256))
    }

    /// `https://github.com/a/b` leads to the repository by ssh, which is this script; `$last` is what to run there.
    fn with_ssh(script: &str) -> Option<Self> {
        let mut world = Self::with(GitRepo::new()?, ObjectFormat::Sha1);
        world.home.instead_of("https://github.com/a/b", &format!("git@git.corp:{}", world.repo.git_dir().display()));
        let ssh = world.home.path().join("ssh");
        write_script(&ssh, &format!("#!/bin/sh\necho \"$@\" >>\"$HOME/ssh.log\"\nfor last; do :; done\n{script}\n"));
        world.env.push(("GIT_SSH_COMMAND", ssh.display().to_string()));
        Some(world)
    }

    fn vars(&self) -> Vec<(OsString, OsString)> {
        let more: Vec<(&str, &str)> = self.env.iter().map(|(n, v)| (*n, v.as_str())).collect();
        env(self.home.path(), &more)
    }

    fn client(&self) -> GitClient {
        self.client_with(git())
    }

    fn client_with(&self, git: Option<PathBuf>) -> GitClient {
        let options = ClientOptions { proxies: ProxySettings::default(), netrc: None, ..ClientOptions::default() };
        let (http, time_limit) = (HttpClient::new(options).unwrap(), Duration::from_secs(60));
        GitClient::new(GitOptions {
            http,
            git,
            host_env: self.vars(),
            time_limit,
            per_host: HostLimits { at_once: 4, per_second: 1000 },
        })
    }

    async fn remote(&self) -> Remote {
        self.client().remote("https://github.com/a/b", Access::default()).await.unwrap()
    }

    fn id(&self, name: &str) -> Oid {
        Oid::from_hex(&self.repo.git(&["rev-parse", name])).unwrap()
    }

    async fn shallow(&self, remote: &Remote, names: &[&str]) -> Result<()> {
        self.fetch(remote, names, true).await
    }

    async fn whole(&self, remote: &Remote, names: &[&str]) -> Result<()> {
        self.fetch(remote, names, false).await
    }

    async fn fetch(&self, remote: &Remote, names: &[&str], shallow: bool) -> Result<()> {
        let wants = names.iter().map(|name| self.id(name)).collect();
        let request = FetchRequest { wants, shallow, ..FetchRequest::default() };
        remote.fetch(&request, self.copy.path()).await.map(|_| ())
    }

    fn has(&self, name: &str) -> bool {
        Odb::open(self.copy.path(), self.format).unwrap().contains(&self.id(name)).unwrap()
    }

    /// Whether all of these are here.
    fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    /// Git finds nothing wrong with the copy.
    fn fsck(&self) {
        self.repo.git(&["-C", &self.copy.path().display().to_string(), "fsck", "--full"]);
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap_or_default()
    }
}
