//! The tar against the files that `go` would see.

use std::{fs, path::PathBuf};

use goproxy_git::{FetchRequest, ObjectFormat};
use goproxy_testkit::{GitRepo, Home};

use super::{
    super::{GitClient, config::tests},
    *,
};
use crate::{Access, ClientOptions, HttpClient, ProxySettings};

struct World {
    repo: GitRepo,
    home: Home,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Option<Self> {
        let world = Self { repo: GitRepo::new()?, home: Home::new(), dir: tempfile::tempdir().unwrap() };
        world.home.instead_of("https://github.com/a/b", &world.repo.git_dir().display().to_string());
        Some(world)
    }

    fn client(&self, git: Option<PathBuf>) -> GitClient {
        let options = ClientOptions { proxies: ProxySettings::default(), netrc: None, ..ClientOptions::default() };
        let (http, time_limit) = (HttpClient::new(options).unwrap(), Duration::from_secs(60));
        let host_env = tests::env(self.home.path(), &[]);
        GitClient::new(GitOptions {
            http,
            git,
            host_env,
            time_limit,
            per_host: crate::HostLimits { at_once: 4, per_second: 1000 },
        })
    }

    /// The files of a directory as they are in the tar, unpacked.
    async fn unpacked(&self, dir: &str) -> Result<PathBuf> {
        let client = self.client(tests::git());
        let copy = self.dir.path().join("copy");
        goproxy_git::init(&copy, ObjectFormat::Sha1).unwrap();
        let head = Oid::from_hex(&self.repo.head()).unwrap();
        let request = FetchRequest { wants: vec![head], shallow: true, ..FetchRequest::default() };
        client.remote("https://github.com/a/b", Access::default()).await?.fetch(&request, &copy).await?;
        let tar = self.dir.path().join("x.tar");
        client.archive(&copy, &head, dir, &tar).await?;
        let to = self.dir.path().join("files");
        fs::create_dir_all(&to).unwrap();
        let untar = Exec::new(Path::new("/bin/sh")).args(["-c", "tar xf ../x.tar"]).envs(tests::env(&to, &[]));
        assert!(untar.cwd(&to).run().await.unwrap().status.success());
        Ok(to)
    }
}

#[tokio::test]
async fn conversions_are_those_of_go_and_of_nobody_elses_settings() {
    let Some(world) = World::new() else { return };
    // What the host says of its own files is not said of modules.
    world.home.write(".config/git/attributes", "*.txt eol=crlf\n");
    world.home.git_config("[core]\n\tautocrlf = true\n\teol = crlf\n[filter \"x\"]\n\tsmudge = echo smudged\n");
    let attributes = "*.crlf text eol=crlf\n*.id ident\n*.sub export-subst\n*.gone export-ignore\n*.x filter=x\n";
    world.repo.commit(&[
        (".gitattributes", attributes),
        ("a.txt", "1\n"),
        ("a.crlf", "1\n2\n"),
        ("a.id", "$Id$\n"),
        ("a.sub", "$Format:%H$\n"),
        ("a.gone", "here\n"),
        ("a.x", "pointer\n"),
        ("sub/b.crlf", "1\n"),
    ]);
    let files = world.unpacked("").await.unwrap();
    let read = |name: &str| fs::read_to_string(files.join(name)).unwrap();
    assert_eq!(
        (read("a.txt").as_str(), read("a.crlf").as_str(), read("sub/b.crlf").as_str()),
        ("1\n", "1\r\n2\r\n", "1\r\n")
    );
    assert!(read("a.id").starts_with("$Id: "));
    assert_eq!(
        (read("a.sub").as_str(), read("a.gone").as_str(), read("a.x").as_str()),
        ("$Format:%H$\n", "here\n", "pointer\n")
    );
}

#[tokio::test]
async fn one_directory_of_many() {
    let Some(world) = World::new() else { return };
    world.repo.commit(&[("a", "1"), ("sub/b", "2"), ("sub/c/d", "3"), ("other/e", "4")]);
    let files = world.unpacked("sub").await.unwrap();
    assert!(files.join("sub/c/d").is_file() && !files.join("a").exists() && !files.join("other").exists());
    let error = world.unpacked("nowhere").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert_eq!(world.unpacked("*").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn without_git_the_error_says_why_it_is_needed() {
    let Some(world) = World::new() else { return };
    let id = Oid::from_hex(&"1".repeat(40)).unwrap();
    let out = world.dir.path().join("x.tar");
    for git in [None, Some("/nonexistent".into())] {
        let error = world.client(git).archive(world.dir.path(), &id, "", &out).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains(".gitattributes"), "{error}");
    }
}
