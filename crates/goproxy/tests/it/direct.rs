//! Which engine fetches from version control, and what it may do.

use std::{fs, time::Duration};

use goproxy_testkit::{GitHost, GitRepo, ProxyBuilder, wait_until};

use crate::{
    engine::{Engine, path_without_go, whatever_fetches},
    environment::private_host,
    support::{PATIENCE, goproxy, home_with_git},
};

whatever_fetches! {
    sighup_changes_what_may_be_insecure,
    insecure_of_the_settings_and_of_the_environment,
}

/// A repository with one version of `git.lab.example/lib`, and the page that names it, over plain http.
async fn lab() -> Option<(GitHost, GitRepo)> {
    let repo = GitRepo::new()?;
    repo.commit(&[("go.mod", "module git.lab.example/lib\n"), ("lib.go", "package lib\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("lib", &repo);
    host.go_import("git.lab.example/lib", "git", "https://git.lab.example/lib");
    Some((host, repo))
}

/// Pages come over plain http from the host, as behind a company proxy; https leads nowhere.
fn behind(host: &GitHost, program: ProxyBuilder) -> ProxyBuilder {
    let program = program.env("HTTP_PROXY", host.url()).env("HTTPS_PROXY", "http://127.0.0.1:1");
    program.env("NO_PROXY", "127.0.0.1")
}

const LIST: &str = "/git.lab.example/lib/@v/list";

async fn insecure_of_the_settings_and_of_the_environment(engine: Engine) {
    let Some((host, _repo)) = lab().await else { return };
    let home = home_with_git("git.lab.example", &host, None);
    let start = || behind(&host, engine.goproxy().home(&home).env("GOPRIVATE", "git.lab.example"));
    for program in [start().args(["-insecure", "git.lab.example"]), start().env("GOINSECURE", "*.lab.example")] {
        let proxy = program.start().await;
        let answer = proxy.get(LIST).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "v1.0.0\n"), "{}", proxy.log());
    }
    let proxy = start().args(["-insecure", "other.example"]).start().await;
    let answer = proxy.get(LIST).await;
    assert!(answer.status >= 500, "there is nothing at https: {} {}", answer.status, answer.text());
}

async fn sighup_changes_what_may_be_insecure(engine: Engine) {
    let Some((host, _repo)) = lab().await else { return };
    let home = home_with_git("git.lab.example", &host, None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("goproxy.toml");
    fs::write(&file, "proxy = 'off'\n").unwrap();
    let program = engine.goproxy().args(["-config", file.to_str().unwrap(), "-cacheExpire", "0"]).home(&home);
    let proxy = behind(&host, program).start().await;
    assert!(proxy.get(LIST).await.status >= 400);
    assert_eq!(host.total(), 0, "nobody is asked");
    fs::write(&file, "proxy = 'off'\nexclude = 'git.lab.example'\ninsecure = 'git.lab.example'\n").unwrap();
    proxy.hangup();
    let mut answer = proxy.get(LIST).await;
    for _ in 0..100 {
        if answer.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = proxy.get(LIST).await;
    }
    assert_eq!((answer.status, answer.text().as_str()), (200, "v1.0.0\n"), "{}", proxy.log());
}

/// A public module's page leads to an address of the internal network.
#[tokio::test]
async fn what_is_inside_is_reached_where_it_is_allowed_only() {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module git.lab.example/lib\n"), ("lib.go", "package lib\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("lib", &repo);
    // By a name: the address is the company proxy's as well, and that is nobody's repository.
    let inside = host.url().replace("127.0.0.1", "localhost");
    host.go_import("git.lab.example/lib", "git", &format!("{inside}/lib"));
    for (allowed, status) in [("", 502), ("127.0.0.0/8,corp.example", 502), ("localhost", 200), ("*host", 200)] {
        let program = Engine::Native.goproxy().args(["-insecure", "git.lab.example", "-allowInside", allowed]);
        let proxy = behind(&host, program).env("NO_PROXY", "127.0.0.1,localhost").start().await;
        host.reset_log();
        let answer = proxy.get(LIST).await;
        assert_eq!(answer.status, status, "{allowed:?}: {} {}", answer.text(), proxy.log());
        assert_eq!(host.listings() > 0, status == 200, "{allowed:?}");
    }
}

#[tokio::test]
async fn without_go_only_direct_go_fails() {
    let without_go = || goproxy().env("PATH", path_without_go());
    let output = without_go().args(["check-config", "-direct", "go"]).bare().run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
    let remedy = "goproxy: direct: bad value \"go\" (flag -direct): there is no go command on PATH; \
                  install Go, or leave -direct out\n";
    assert_eq!(output.stderr, remedy);
    let output = without_go().args(["-direct", "go"]).try_start().await.expect_err("it does not start");
    assert_eq!((output.code, output.stderr.as_str()), (Some(64), remedy));
    let proxy = without_go().start().await;
    assert!(!proxy.log().contains("PATH"), "nothing is missing: {}", proxy.log());
}

#[tokio::test]
async fn what_is_not_in_git_needs_go_and_says_so() {
    let host = GitHost::start().await;
    host.go_import("hg.lab.example/lib", "hg", "https://hg.lab.example/lib");
    let program = Engine::Native.goproxy().args(["-exclude", "hg.lab.example", "-insecure", "hg.lab.example"]);
    let proxy = behind(&host, program).start().await;
    let answer = proxy.get("/hg.lab.example/lib/@v/list").await;
    assert_eq!(answer.status, 500, "{} {}", answer.text(), proxy.log());
    assert!(answer.text().contains("Mercurial") && answer.text().contains("go command"), "{}", answer.text());
    let said = || proxy.log().contains("install Go and hg");
    assert!(wait_until(PATIENCE, said).await, "{}", proxy.log());
}

#[tokio::test]
async fn refused_credentials_are_404_or_403_as_the_operator_says() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    for (flags, status) in [(vec![], 404), (vec!["-directRefused", "404"], 404), (vec!["-directRefused", "403"], 403)] {
        let proxy = Engine::Native.goproxy().args(flags).home(&home).start().await;
        for path in ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.zip", "@v/main.info"] {
            let answer = proxy.get(&format!("/github.com/acme/private/{path}")).await;
            assert_eq!(answer.status, status, "{path}: {} {}", answer.text(), proxy.log());
            assert!(answer.text().contains("github.com"), "the host is named: {}", answer.text());
            assert!(!answer.text().contains(&host.url()), "not where it really is: {}", answer.text());
        }
    }
}
