//! `[[credentials]]`: who gets them, and who does not.

use std::{fs, path::PathBuf};

use goproxy_testkit::{Answer, GitHost, GitRepo, Proxy, ProxyBuilder, Recorder, Upstream, wait_until, write_script};
use tempfile::TempDir;

use crate::{
    engine::{Engine, path_without_go, whatever_fetches},
    environment::{TOKEN, private_host},
    support::{PATIENCE, goproxy, home_with_git, upstream_with},
};

whatever_fetches! {
    git_gets_a_token_from_a_file_which_may_change,
    a_token_for_some_modules_was_lent_to_others,
}

/// A configuration, and what lies beside it.
struct Config(TempDir);

impl Config {
    fn new(text: &str) -> Self {
        let config = Self(TempDir::new().unwrap());
        config.write(text);
        config
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.path("goproxy.toml"), text).unwrap();
    }

    fn flags(&self) -> [String; 2] {
        ["-config".to_owned(), self.path("goproxy.toml").display().to_string()]
    }
}

fn row(url: &str, rest: &str) -> String {
    format!("[[credentials]]\nurl = '{url}'\n{rest}\n")
}

async fn reloaded(proxy: &Proxy) {
    let before = proxy.log().matches("SIGHUP: ").count();
    proxy.hangup();
    assert!(wait_until(PATIENCE, || proxy.log().matches("SIGHUP: ").count() > before).await, "{}", proxy.log());
}

async fn git_gets_a_token_from_a_file_which_may_change(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let Some(rotated) = GitRepo::new() else { return };
    rotated.commit(&[("go.mod", "module github.com/acme/rotated\n")]);
    rotated.tag("v1.0.0");
    host.add_private("acme/rotated", &rotated, "the-next-t0k3n");
    let home = home_with_git("github.com", &host, None);
    let config = Config::new("");
    fs::write(config.path("token"), format!("{TOKEN}\n")).unwrap();
    let token = format!("tokenFile = '{}'", config.path("token").display());
    let fresh = "cacheExpire = '1s'\n";
    config.write(&(fresh.to_owned() + &row(&format!("{}/acme", host.url()), &token)));
    let calls = Recorder::new(&["go", "git"]);
    let path = if engine == Engine::Native { path_without_go() } else { calls.path() };
    let builder = engine.goproxy().args(config.flags()).home(&home).env("PATH", path);
    let proxy = builder.env("GOPRIVATE", "github.com/acme").start().await;
    let mod_file = "/github.com/acme/private/@v/v1.0.0.mod";
    assert_eq!(proxy.get(mod_file).await.text(), "module github.com/acme/private\n", "{}", proxy.log());
    assert!(proxy.get("/github.com/acme/rotated/@v/list").await.status >= 400, "another token");
    fs::write(config.path("token"), "the-next-t0k3n\n").unwrap();
    assert!(
        becomes(&proxy, "/github.com/acme/rotated/@latest", |status| status == 200).await,
        "the file has changed: {}",
        proxy.log()
    );
    config.write(fresh);
    reloaded(&proxy).await;
    let gone = |status: u16| status >= 400;
    assert!(becomes(&proxy, "/github.com/acme/rotated/@v/list", gone).await, "SIGHUP took it away: {}", proxy.log());
    for call in calls.calls("git").iter().chain(&calls.calls("go")) {
        assert!(!call.contains(TOKEN) && !call.to_lowercase().contains("extraheader"), "{call}");
    }
    assert!(!proxy.log().contains(TOKEN) && !proxy.log().contains("next-t0k3n"), "{}", proxy.log());
}

/// Within the time for which absences are remembered.
async fn becomes(proxy: &Proxy, target: &str, is_so: impl Fn(u16) -> bool) -> bool {
    for _ in 0..60 {
        if is_so(proxy.get(target).await.status) {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    false
}

/// A page of a stranger's module may name any repository.
async fn a_token_for_some_modules_was_lent_to_others(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    let keys = format!("token = '{TOKEN}'\nmodules = ['github.com/acme/private']");
    let config = Config::new(&row(&host.url(), &keys));
    let proxy = engine.goproxy().args(config.flags()).home(&home).env("GOPRIVATE", "github.com").start().await;
    for (module, status) in [("github.com/acme/private", 200), ("github.com/acme/private.git", 404)] {
        let answer = proxy.get(&format!("/{module}/@v/v1.0.0.info")).await;
        assert_eq!(answer.status, status, "{module}: {} {}", answer.text(), proxy.log());
    }
    assert!(!proxy.log().contains(TOKEN));
}

fn router(config: &Config, proxies: &str) -> ProxyBuilder {
    goproxy().args(["-proxy", proxies]).args(config.flags())
}

#[tokio::test]
async fn an_upstream_gets_what_its_path_says_and_where_it_redirects_to_gets_nothing() {
    let (upstream, module) = upstream_with("example.com/m", "v1.0.0").await;
    let elsewhere = Upstream::start().await;
    elsewhere.add(&module);
    let url = upstream.url();
    let base = Upstream::builder().base("/go").start().await;
    base.add(&module);
    let rows = row(&format!("{}/go/", base.url().trim_end_matches("/go")), "token = 'in-go'\nheader = 'bearer'");
    let config = Config::new(
        &(rows + &row(&url, "username = 'bot'\npassword = 'of-host'") + &row(&format!("{url}/other"), "token = 'no'")),
    );
    let proxy = router(&config, &format!("{}|{url}", base.url())).start().await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    assert!(
        base.requests().iter().all(|request| request.header("authorization") == Some("Bearer in-go")),
        "{:?}",
        base.requests()
    );
    base.on("*", Answer::redirect(302, &format!("{}{}", elsewhere.url(), module.url_path("mod"))));
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "{}", proxy.log());
    assert!(
        elsewhere.total() > 0 && elsewhere.requests().iter().all(|request| request.header("authorization").is_none())
    );
    base.heal();
    let above = format!("{}/above{}", base.url().trim_end_matches("/go"), module.url_path("zip"));
    base.on("*", Answer::redirect(302, &above));
    proxy.get(&module.url_path("zip")).await;
    let left = base.requests().into_iter().filter(|request| request.target.starts_with("/above")).collect::<Vec<_>>();
    assert!(!left.is_empty() && left.iter().all(|request| request.header("authorization").is_none()), "{left:?}");
    let sent = upstream.requests();
    assert!(
        !sent.is_empty() && sent.iter().all(|r| r.header("authorization") == Some("Basic Ym90Om9mLWhvc3Q=")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_command_ran_for_each_request_or_told_its_secret() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let config = Config::new("");
    let (script, runs) = (config.path("token"), config.path("runs"));
    let say = |what: &str| write_script(&script, &format!("#!/bin/sh\necho run >>{}\n{what}\n", runs.display()));
    say("echo '{\"token\":\"tok\",\"expires\":\"2999-01-01T00:00:00Z\"}'");
    config.write(&row(&upstream.url(), &format!("command = ['{}', 'x']", script.display())));
    let proxy = router(&config, &upstream.url()).start().await;
    let ask = async |n: u32| proxy.get(&format!("/example.com/m{n}/@v/list")).await.status;
    assert_eq!(tokio::join!(ask(1), ask(2), ask(3), ask(4)), (404, 404, 404, 404), "{}", proxy.log());
    assert_eq!(ask(5).await, 404);
    assert_eq!(fs::read_to_string(&runs).unwrap().lines().count(), 1, "one run for all");
    let basic = "Basic eC1hY2Nlc3MtdG9rZW46dG9r";
    assert!(upstream.requests().iter().all(|request| request.header("authorization") == Some(basic)));
    say("echo 'the-secret' ; echo 'the-secret' >&2; exit 3");
    config.write(&row(&upstream.url(), &format!("command = ['{}', 'y']", script.display())));
    reloaded(&proxy).await;
    let answer = proxy.get("/example.com/new/@v/list").await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(answer.text().contains("the proxy cannot get its credential for 127.0.0.1"), "{}", answer.text());
    assert!(
        proxy.log().contains(&format!("the credential for {}/: its command failed (exit status: 3)", upstream.url()))
    );
    assert!(!proxy.log().contains("the-secret"), "{}", proxy.log());
}

#[tokio::test]
async fn a_row_with_a_mistake_is_refused_at_the_start_and_changes_nothing_at_sighup() {
    let host = GitHost::start().await;
    for (keys, remedy) in [
        ("tokenFile = '/nowhere/token'", "cannot be read"),
        ("tokenEnv = 'NO_SUCH_TOKEN'", "NO_SUCH_TOKEN is not set"),
        ("command = ['/nowhere/program']", "does not exist"),
        ("token = ''", "holds no secret"),
        ("token = 'canary'\npassword = 'canary'", "exactly one of"),
    ] {
        let config = Config::new(&row(&host.url(), keys));
        for command in [None, Some("check-config")] {
            let output = goproxy().bare().args(config.flags()).args(command).run().await;
            assert_eq!(output.code, Some(64), "{keys}: {output:?}");
            assert!(
                output.stderr.contains("goproxy.toml:1: [[credentials]]") && output.stderr.contains(remedy),
                "{output:?}"
            );
            assert!(!output.stderr.contains("canary"), "{output:?}");
        }
    }
    let config = Config::new(&row(&host.url(), "token = 'canary'"));
    let proxy = goproxy().args(config.flags()).start().await;
    config.write(&row(&host.url(), "token = 'canary'\nheader = 'x'"));
    reloaded(&proxy).await;
    assert!(proxy.log().contains("SIGHUP: nothing changed: "), "{}", proxy.log());
    let shown =
        goproxy().args(Config::new(&row(&host.url(), "token = 'canary'")).flags()).arg("check-config").run().await;
    assert!(shown.stdout.contains("token = \"xxxxx\"") && !shown.stdout.contains("canary"), "{shown:?}");
}
