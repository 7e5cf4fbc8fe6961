//! What reading ahead must not do.

use std::time::Duration;

use goproxy_testkit::{Answer, GitHost, GitRepo, ModuleFixture, SumDb, Upstream, wait_until};

use super::{ON, SOON, WHILE, asked, at, metric, reaches, reading};
use crate::support::{goproxy, home_with_git, router_with, upstream_with};

#[tokio::test]
async fn no_private_name_reaches_the_upstream() {
    let upstream = Upstream::start().await;
    let public = at("1.16", "example.com/public", &["corp.example/secret", "example.com/other"]);
    let other = at("1.20", "example.com/other", &[]);
    upstream.add_all([&public, &other]);
    let flags = [&ON[..], &["-exclude", "corp.example"]].concat();
    let proxy = router_with(&upstream, &flags).await;
    assert_eq!(proxy.get(&public.url_path("mod")).await.status, 200);
    asked(&upstream, &other, "mod", 1).await;
    // A private module itself, which is nowhere: what is read ahead of it would have to come from its own host.
    assert_ne!(proxy.get("/corp.example/secret/@v/v1.0.0.info").await.status, 200);
    tokio::time::sleep(WHILE).await;
    let named: Vec<_> = upstream.requests().into_iter().filter(|request| request.path.contains("corp")).collect();
    assert!(named.is_empty(), "{named:?}");
    assert_eq!(metric(&proxy, "failed").await, 0, "not tried at all");
}

#[tokio::test]
async fn a_failure_ahead_is_nobodys_answer() {
    let (upstream, module) = upstream_with("example.com/shaky", "v1.0.0").await;
    upstream.on(&module.url_path("zip"), Answer::text(501, "no\n"));
    let proxy = reading(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    reaches(&proxy, "failed", 1).await;
    upstream.heal();
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    let log = proxy.log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    assert!(!proxy.get("/metrics").await.text().contains("status=\"502\""), "no client saw it");
}

#[tokio::test]
async fn what_clients_do_not_follow_is_bounded() {
    let upstream = Upstream::start().await;
    let modules: Vec<_> = (0..120).map(|i| at("1.20", &format!("example.com/m{i}"), &[])).collect();
    upstream.add_all(&modules);
    let proxy = reading(&upstream).await;
    for module in &modules {
        assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    }
    tokio::time::sleep(WHILE).await;
    let zips = || upstream.count("*.zip");
    assert!(zips() <= 48, "{}", zips());
    // A client that follows gets the next ones.
    assert_eq!(proxy.get(&modules[0].url_path("zip")).await.status, 200);
    asked(&upstream, &modules[48], "zip", 1).await;
}

#[tokio::test]
async fn clients_share_what_is_on_its_way() {
    let (upstream, module) = upstream_with("example.com/shared", "v1.0.0").await;
    for ext in ["info", "mod", "zip"] {
        let body = match ext {
            "info" => module.info(),
            "mod" => module.mod_file(),
            _ => module.zip(),
        };
        upstream.on(&module.url_path(ext), Answer::new(200, "x/y", body).delay(Duration::from_millis(300)));
    }
    let proxy = std::sync::Arc::new(reading(&upstream).await);
    let clients: Vec<_> = (0..50)
        .map(|i| {
            let (proxy, path) = (std::sync::Arc::clone(&proxy), module.url_path(["info", "mod", "zip"][i % 3]));
            tokio::spawn(async move { proxy.get(&path).await.status })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.unwrap(), 200);
    }
    let counts = ["info", "mod", "zip"].map(|ext| upstream.count_of(&module, ext));
    assert_eq!((counts, upstream.total()), ([1, 1, 1], 3));
}

#[tokio::test]
async fn what_hangs_delays_nothing_else() {
    let (hanging, well) = (Upstream::start().await, Upstream::start().await);
    let slow: Vec<_> = (0..40).map(|i| at("1.16", &format!("example.com/slow{i}"), &[])).collect();
    let good: Vec<_> = (0..20).map(|i| ModuleFixture::new(&format!("example.com/good{i}"), "v1.0.0")).collect();
    hanging.add_all(&good);
    well.add_all(&good);
    for module in &slow {
        hanging.on(&format!("/{}/*", module.path()), Answer::hang());
    }
    let list = format!("{}|{}", hanging.url(), well.url());
    let proxy = goproxy().args(["-proxy", &list]).args(ON).start().await;
    let proxy = std::sync::Arc::new(proxy);
    let stuck: Vec<_> = slow
        .iter()
        .map(|module| {
            let (proxy, path) = (std::sync::Arc::clone(&proxy), module.url_path("info"));
            tokio::spawn(async move { proxy.get(&path).await.status })
        })
        .collect();
    asked(&hanging, &slow[39], "info", 1).await;
    for module in &good {
        for ext in ["info", "mod", "zip"] {
            let answer = tokio::time::timeout(Duration::from_secs(10), proxy.get(&module.url_path(ext))).await;
            assert_eq!(answer.expect("waits for nothing that hangs").status, 200);
        }
    }
    for client in stuck {
        client.abort();
    }
}

#[tokio::test]
async fn version_control_is_asked_by_requests_alone() {
    let (upstream, host) = (Upstream::start().await, GitHost::start().await);
    let old = at("1.16", "example.com/old", &["github.com/example/elsewhere"]);
    let elsewhere = ModuleFixture::new("github.com/example/elsewhere", "v1.0.0");
    upstream.add(&old);
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/example/elsewhere\n"), ("a.go", "package elsewhere\n")]);
    repo.tag("v1.0.0");
    host.add("example/elsewhere", &repo);
    let (home, list) = (home_with_git("github.com", &host, None), format!("{},direct", upstream.url()));
    let proxy = goproxy().home(&home).args(["-proxy", &list]).args(ON).start().await;
    assert_eq!(proxy.get(&old.url_path("mod")).await.status, 200);
    asked(&upstream, &elsewhere, "mod", 1).await;
    reaches(&proxy, "skipped", 1).await;
    assert_eq!(host.listings(), 0);
    let answer = proxy.get(&elsewhere.url_path("mod")).await;
    assert_eq!(answer.text(), "module github.com/example/elsewhere\n", "{}", proxy.log());
    assert!(host.listings() > 0);
}

#[tokio::test]
async fn the_first_connection_is_made_before_anybody_asks() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    sums.pad(3);
    upstream.attach(&sums);
    let args = ["-proxy", &upstream.url(), "-sumdb", "sums.example.org"];
    let proxy = goproxy().args(args).args(ON).env("GOSUMDB", sums.verifier_key()).start().await;
    assert!(wait_until(SOON, || upstream.total() == 1).await, "{}", proxy.log());
    assert_eq!(upstream.count("/sumdb/sums.example.org/supported"), 1, "and no module is named");
}
