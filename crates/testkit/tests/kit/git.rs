//! Real git and `go` in direct mode against the git host.

use goproxy_testkit::{GitHost, GitRepo, GitServer, GoClient, Home, Recorder};

use crate::or_skip;

fn repository() -> Option<GitRepo> {
    let repo = GitRepo::new()?;
    repo.commit(&[("go.mod", "module git.example.com/corp/priv.git\n\ngo 1.17\n"), ("p.go", "package p\n")]);
    repo.tag("v1.0.0");
    repo.commit(&[("p.go", "package p // more\n")]);
    repo.annotated_tag("v1.1.0");
    repo.commit(&[("p.go", "package p // and more\n")]);
    Some(repo)
}

#[tokio::test]
async fn hashes_and_dates_are_the_same_in_every_run() {
    let repo = or_skip!("git", repository());
    let again = repository().unwrap();
    assert_eq!(repo.head(), again.head());
    let version = repo.pseudo_version();
    assert!(version.starts_with("v0.0.0-20240102030605-") && repo.head().starts_with(&version[22..]), "{version}");
}

#[tokio::test]
async fn a_private_repository_needs_its_token() {
    let (repo, go) = (or_skip!("git", repository()), or_skip!("go", GoClient::find().await));
    let host = GitHost::start().await;
    host.add_private("corp/priv", &repo, "s3cret");

    let (home, anonymous) = (Home::new(), Home::new());
    home.instead_of("https://git.example.com/", &format!("{}/", host.url_with_userinfo("x:s3cret")));
    anonymous.instead_of("https://git.example.com/", &format!("{}/", host.url()));
    let go = go.proxy("direct");

    let refused = go.fresh().home(&anonymous).list_versions("git.example.com/corp/priv.git").await;
    assert!(refused.is_err());
    assert_eq!(host.fetches(), 0);

    let go = go.home(&home);
    assert_eq!(go.list_versions("git.example.com/corp/priv.git").await.unwrap(), ["v1.0.0", "v1.1.0"]);
    let downloaded = go.download("git.example.com/corp/priv.git@main").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    assert!(downloaded.stdout.contains("v1.1.1-0.2024") && downloaded.stdout.contains(&repo.head()));
    assert!(host.fetches() >= 1 && host.listings() >= 1);
}

#[tokio::test]
async fn netrc_authenticates_git() {
    let repo = or_skip!("git", repository());
    let host = GitHost::start().await;
    host.add_private("corp/priv", &repo, "s3cret");
    let home = Home::new();
    home.netrc("127.0.0.1", "anybody", "s3cret");
    let output = tokio::process::Command::new("git")
        .args(["ls-remote", &format!("{}/corp/priv.git", host.url())])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .output()
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("refs/tags/v1.1.0"), "{output:?}");
}

#[tokio::test]
async fn a_go_import_page_leads_to_a_repository() {
    let (repo, go) = (or_skip!("git", repository()), or_skip!("go", GoClient::find().await));
    repo.commit(&[("go.mod", "module vanity.example/lib\n\ngo 1.17\n")]);
    repo.tag("v1.2.0");
    let host = GitHost::start().await;
    host.add("corp/lib", &repo);
    host.go_import("vanity.example/lib", "git", "https://git.example.com/corp/lib");
    let home = Home::new();
    home.instead_of("https://git.example.com/", &format!("{}/", host.url()));
    let recorder = Recorder::new(&["git"]);

    // The host is a forward proxy for plain http; https goes nowhere, so that `go` falls back.
    let go = go
        .proxy("direct")
        .home(&home)
        .env("GOINSECURE", "vanity.example")
        .env("HTTP_PROXY", &host.url())
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("PATH", recorder.path().to_str().unwrap());
    let downloaded = go.download("vanity.example/lib@v1.2.0").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    assert!(host.requests().iter().any(|request| request.host() == "vanity.example"));
    assert!(recorder.calls("git").iter().any(|call| call.contains("ls-remote")));
}

#[tokio::test]
async fn what_is_removed_is_gone() {
    let repo = or_skip!("git", repository());
    let host = GitHost::start().await;
    host.add("a/b", &repo);
    let listing = || async {
        let target = "/a/b/info/refs?service=git-upload-pack";
        goproxy_testkit::request(host.address(), "GET", target, &[]).await.unwrap().status
    };
    assert_eq!(listing().await, 200);
    host.remove("a/b");
    assert_eq!(listing().await, 404);
}

/// Refs and a shallow fetch of everything, asked as `git` asks.
async fn fetched(url: &str, folder: &std::path::Path, filter: bool) -> bool {
    let mut command = tokio::process::Command::new("git");
    command.args(["clone", "-q", "--bare", "--no-tags"]);
    if filter {
        command.args(["--depth=1", "--filter=tree:0"]);
    }
    command.arg(url).arg(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder);
    command.output().await.unwrap().status.success()
}

#[tokio::test]
async fn servers_of_every_kind() {
    let repo = or_skip!("git", repository());
    let host = GitHost::start().await;
    let servers = [GitServer::Filters, GitServer::NoFilters, GitServer::Version0, GitServer::Dumb];
    for (index, server) in servers.into_iter().enumerate() {
        let path = format!("kind/n{index}");
        host.serve(&path, &repo.git_dir(), server);
        let (url, folder) = (format!("{}/{path}", host.url()), tempfile::tempdir().unwrap());
        host.reset_log();
        assert!(fetched(&url, &folder.path().join("all"), false).await, "{server:?}");
        assert_eq!(host.listings(), 1, "{server:?}");
        assert_eq!(host.fetches() > 0, server != GitServer::Dumb, "{server:?}");
        if server != GitServer::Dumb {
            assert!(fetched(&url, &folder.path().join("part"), true).await, "{server:?}");
        }
        let pack = |name: &str| {
            let packs = std::fs::read_dir(folder.path().join(name).join("objects/pack")).unwrap();
            packs.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
        };
        if server == GitServer::Filters {
            assert!(pack("part") < pack("all"), "the filter was honoured");
        }
    }
}

#[tokio::test]
async fn a_host_far_away() {
    let repo = or_skip!("git", repository());
    let host = GitHost::start().await;
    host.add("a/b", &repo);
    host.latency(std::time::Duration::from_millis(300));
    let start = std::time::Instant::now();
    let target = "/a/b/info/refs?service=git-upload-pack";
    assert_eq!(goproxy_testkit::request(host.address(), "GET", target, &[]).await.unwrap().status, 200);
    assert!(start.elapsed().as_millis() >= 300);
}
