//! Being run: probes, metrics, signals, reload, sockets.

use std::{fs, time::Duration};

use goproxy_testkit::{Answer, GitHost, ModuleFixture, Upstream, wait_until};

use crate::{
    engine::{Engine, whatever_fetches},
    support::{PATIENCE, goproxy, home_with_git, noise, router, router_with, upstream_with},
};

whatever_fetches! {
    children_do_not_outlive_sigterm,
}

#[tokio::test]
async fn probes_metrics_and_the_access_log() {
    let (upstream, module) = upstream_with("example.com/metrics", "v1.0.0").await;
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get("/healthz").await.status, 200);
    assert_eq!(proxy.get("/readyz").await.status, 200);
    let answer = proxy.get(&module.url_path("info")).await;
    proxy.get(&module.url_path("info")).await;
    let metrics = proxy.get("/metrics").await.text();
    for sample in [
        "goproxy_router_request_total{mode=\"proxy\",status=\"200\"} 1",
        "goproxy_router_request_total{mode=\"cached\",status=\"200\"} 1",
    ] {
        assert!(metrics.contains(sample), "{sample}\n{metrics}");
    }
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert!(wait_until(PATIENCE, || proxy.log().contains(&id)).await, "{}", proxy.log());
    let log = proxy.log();
    let line = log.lines().find(|line| line.contains(&id)).unwrap();
    assert!(line.starts_with("goproxy.io: ") && line.contains(&format!("s 200 {}", module.url_path("info"))), "{line}");
}

#[tokio::test]
async fn sigterm_drains_and_leaves_no_children() {
    let (upstream, module) = upstream_with("example.com/drain", "v1.0.0").await;
    upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).delay(Duration::from_secs(1)));
    let mut proxy = router(&upstream).await;
    let (address, target) = (proxy.address(), module.url_path("zip"));
    let client = tokio::spawn(async move { goproxy_testkit::request(address, "GET", &target, &[]).await });
    assert!(wait_until(PATIENCE, || upstream.count(&module.url_path("zip")) == 1).await);
    let status = proxy.terminate(PATIENCE).await.expect("it ends");
    assert_eq!(client.await.unwrap().unwrap().body, module.zip(), "what was under way is finished");
    assert_eq!(status.code(), Some(0), "{}", proxy.log());
    assert!(
        proxy.log().contains("Making a graceful shutdown...") && proxy.log().contains("Successful server shutdown.")
    );
}

async fn children_do_not_outlive_sigterm(engine: Engine) {
    let host = GitHost::start().await;
    host.on("*", Answer::hang());
    let home = home_with_git("github.com", &host, None);
    let proxy =
        engine.goproxy().home(&home).env("CANARY_OF_CHILDREN", format!("{engine:?}")).args(["-drainTimeout", "500ms"]);
    let mut proxy = proxy.start().await;
    let address = proxy.address();
    tokio::spawn(async move { goproxy_testkit::request(address, "GET", "/github.com/a/b/@v/list", &[]).await });
    assert!(wait_until(PATIENCE, || host.total() > 0).await, "{}", proxy.log());
    assert!(proxy.terminate(PATIENCE).await.is_some());
    let left = || goproxy_testkit::processes_with_env("CANARY_OF_CHILDREN", &format!("{engine:?}"));
    assert!(wait_until(PATIENCE, || left().is_empty()).await, "{:?}", left());
}

#[tokio::test]
async fn sighup_reads_the_file_again() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    second.add(&ModuleFixture::new("example.com/reload", "v1.0.0"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("goproxy.toml");
    fs::write(&file, format!("proxy = \"{}\"\n", first.url())).unwrap();
    let proxy = goproxy().args(["-config", file.to_str().unwrap()]).start().await;
    assert_eq!(proxy.get("/example.com/reload/@v/list").await.status, 404);
    fs::write(&file, "proxy = 5\n").unwrap();
    proxy.hangup();
    assert!(wait_until(PATIENCE, || proxy.log().contains("proxy")).await);
    assert_eq!(proxy.get("/healthz").await.status, 200, "a bad file changes nothing");
    fs::write(&file, format!("proxy = \"{}\"\n", second.url())).unwrap();
    proxy.hangup();
    let mut status = 0;
    for _ in 0..100 {
        status = proxy.get("/example.com/reload/@v/list").await.status;
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200, "{}", proxy.log());
}

#[tokio::test]
async fn a_unix_socket() {
    let (upstream, module) = upstream_with("example.com/unix", "v1.0.0").await;
    let folder = tempfile::tempdir().unwrap();
    let (socket, cache) = (folder.path().join("goproxy.sock"), folder.path().join("cache"));
    let listen = format!("unix:{}", socket.display());
    let flags =
        ["-listen", &listen, "-proxy", &upstream.url(), "-cacheDir", cache.to_str().unwrap()].map(str::to_owned);
    // It says no http address, so it is not waited for by one.
    let running = tokio::spawn(goproxy().bare().args(flags).run());
    assert!(wait_until(PATIENCE, || socket.exists()).await);
    let answer = goproxy_testkit::request_unix(&socket, "GET", &module.url_path("info"), &[]).await.unwrap();
    assert_eq!(answer.body, module.info());
    running.abort();
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_stores_nothing() {
    let (upstream, module) = upstream_with("example.com/full", "v1.0.0").await;
    let folder = tempfile::tempdir().unwrap();
    let mounted = mount_tiny(folder.path());
    if !mounted {
        return goproxy_testkit::skipped("full disk: no right to mount a small file system");
    }
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    let big = ModuleFixture::new("example.com/full", "v1.1.0").file("noise.bin", noise(4 << 20, 1));
    upstream.add(&big);
    let refused = proxy.get(&big.url_path("zip")).await;
    // Where it had begun before the disk was full, the client sees that it has not all.
    let broken = refused.status == 200 && refused.body.len() < big.zip().len();
    assert!(broken || [500, 503, 507].contains(&refused.status), "{} of {}", refused.status, refused.body.len());
    assert!(!refused.text().contains(folder.path().to_str().unwrap()));
    assert_eq!(proxy.get(&module.url_path("info")).await.header("x-cache"), Some("hit"), "hits go on");
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "and what fits");
    let partial = crate::support::files(&proxy.download_dir()).into_iter().any(|file| file.ends_with("v1.1.0.zip"));
    assert!(!partial);
    drop(proxy);
    let _ = umount(folder.path());
}

/// A tmpfs of 2 MiB; needs root.
#[expect(clippy::disallowed_methods, reason = "a test that prepares its machine")]
fn mount_tiny(path: &std::path::Path) -> bool {
    let mut mount = std::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(path);
    mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
}

#[expect(clippy::disallowed_methods, reason = "a test that tidies its machine")]
fn umount(path: &std::path::Path) -> bool {
    std::process::Command::new("umount").arg(path).status().is_ok_and(|status| status.success())
}

#[tokio::test]
async fn json_access_log() {
    let (upstream, module) = upstream_with("example.com/json", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-accessLog", "json"]).await;
    let id = proxy.get(&module.url_path("info")).await.header("x-request-id").unwrap().to_owned();
    assert!(wait_until(PATIENCE, || proxy.log().contains(&id)).await);
    let log = proxy.log();
    let line: serde_json::Value = serde_json::from_str(log.lines().find(|line| line.contains(&id)).unwrap()).unwrap();
    assert_eq!((line["status"].as_u64(), line["method"].as_str()), (Some(200), Some("GET")));
}
