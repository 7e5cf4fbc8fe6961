//! What our engine asks of a git host, counted.

use std::{fs, sync::Arc, time::Duration};

use goproxy_testkit::{GitHost, GitRepo, Request};

use crate::{engine::Engine, support::home_with_git};

/// A repository with some versions, `v1.0.0`, `v1.1.0` and so on, and its host.
async fn versions(count: usize) -> Option<(GitHost, GitRepo)> {
    let repo = GitRepo::new()?;
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    for n in 0..count {
        let content = format!("package lib // {n}\n");
        repo.commit(&[("go.mod", "module github.com/acme/lib\n"), ("a/b/lib.go", &content)]);
        repo.tag(&format!("v1.{n}.0"));
    }
    let host = GitHost::start().await;
    host.add("acme/lib", &repo);
    Some((host, repo))
}

fn asks(request: &Request, command: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(&format!("command={command}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_versions_for_a_hundred_clients() {
    let Some((host, _repo)) = versions(50).await else { return };
    let home = home_with_git("github.com", &host, None);
    let proxy = Arc::new(Engine::Native.goproxy().home(&home).start().await);
    let clients = (0..100).map(|client| {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            for file in ["info", "mod", "zip"] {
                let path = format!("/github.com/acme/lib/@v/v1.{}.0.{file}", client % 50);
                let answer = proxy.get(&path).await;
                assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let requests = host.requests();
    let count = |command| requests.iter().filter(|request| asks(request, command)).count();
    assert_eq!(count("ls-refs"), 1);
    assert!(count("fetch") <= 10, "{} operations for 50 versions", count("fetch"));
    assert!(host.peak() <= 2, "one operation at a time; the first has two requests");
    for request in &requests {
        let agent = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
        assert!(agent.is_some_and(|(_, value)| value.starts_with("goproxy/")), "{agent:?}");
    }
}

#[tokio::test]
async fn sighup_changes_how_long_refs_are_believed() {
    let Some((host, repo)) = versions(1).await else { return };
    let home = home_with_git("github.com", &host, None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("goproxy.toml");
    fs::write(&file, "cacheExpire = '1h'\n").unwrap();
    let proxy = Engine::Native.goproxy().args(["-config", file.to_str().unwrap()]).home(&home).start().await;
    let list = || async { proxy.get("/github.com/acme/lib/@v/list").await.text() };
    assert_eq!(list().await, "v1.0.0\n");
    repo.tag("v1.1.0");
    assert_eq!(list().await, "v1.0.0\n");
    fs::write(&file, "cacheExpire = '1s'\n").unwrap();
    proxy.hangup();
    let mut versions = list().await;
    for _ in 0..100 {
        if versions == "v1.0.0\nv1.1.0\n" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        versions = list().await;
    }
    assert_eq!(versions, "v1.0.0\nv1.1.0\n", "{}", proxy.log());
}
