//! Lists, `@latest` and queries: what the original kept too long, too short, or let shrink.

use std::{fs, time::Duration};

use goproxy_testkit::{ModuleFixture, Upstream};

use crate::support::{router, router_with, upstream_with};

#[tokio::test]
async fn lists_shrank_when_go_rewrote_them() {
    let upstream = Upstream::start().await;
    upstream
        .add_all(&ModuleFixture::versions("example.com/list", &["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible"]));
    let proxy = router(&upstream).await;
    let whole = "v1.0.0\nv1.1.0\nv1.2.0\nv2.0.0+incompatible\n";
    assert_eq!(proxy.get("/example.com/list/@v/list").await.text(), whole);
    let file = proxy.download_dir().join("example.com/list/@v/list");
    assert_eq!(fs::read_to_string(&file).unwrap(), whole, "file:// readers find it");
    fs::write(&file, "v1.0.0\n").unwrap();
    assert_eq!(proxy.get("/example.com/list/@v/v1.0.0.info").await.status, 200);
    assert_eq!(proxy.get("/example.com/list/@v/list").await.text(), whole);
}

#[tokio::test]
async fn a_list_grew_by_what_was_merely_fetched() {
    let upstream = Upstream::start().await;
    let pseudo = "v0.0.0-20240102030405-abcdefabcdef";
    let module = ModuleFixture::new("example.com/untagged", pseudo);
    upstream.add(&module);
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200);
    let list = proxy.get("/example.com/untagged/@v/list").await;
    assert_eq!((list.status, list.text().as_str()), (200, ""), "a known module without versions");
}

#[tokio::test]
async fn branch_queries_were_cached_for_ever() {
    let upstream = Upstream::start().await;
    upstream.add_all(&ModuleFixture::versions("example.com/branch", &["v1.0.0", "v1.1.0"]));
    upstream.query("example.com/branch", "main", "v1.0.0");
    let proxy = router_with(&upstream, &["-cacheExpire", "1s"]).await;
    let ask = "/example.com/branch/@v/main.info";
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    upstream.query("example.com/branch", "main", "v1.1.0");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(proxy.get(ask).await.text().contains("v1.1.0"));
}

#[tokio::test]
async fn latest_ignored_the_freshness_setting() {
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("example.com/latest", "v1.0.0"));
    let proxy = router_with(&upstream, &["-cacheExpire", "3s"]).await;
    let ask = "/example.com/latest/@latest";
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    assert_eq!(upstream.count(ask), 1, "fresh for three seconds");
    upstream.add(&ModuleFixture::new("example.com/latest", "v1.1.0"));
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert!(proxy.get(ask).await.text().contains("v1.1.0"));
}

#[tokio::test]
async fn expired_lists_died_with_the_upstream() {
    let (upstream, _) = upstream_with("example.com/stale", "v1.0.0").await;
    let mut proxy = router_with(&upstream, &["-cacheExpire", "3s"]).await;
    let ask = "/example.com/stale/@v/list";
    assert_eq!(proxy.get(ask).await.header("x-cache"), Some("miss"));
    assert_eq!(proxy.get(ask).await.header("x-cache"), Some("hit"));
    upstream.stop().await;
    tokio::time::sleep(Duration::from_millis(3100)).await;
    for _ in 0..2 {
        let stale = proxy.get(ask).await;
        assert_eq!((stale.status, stale.text().as_str()), (200, "v1.0.0\n"));
        assert_eq!(stale.header("x-cache"), Some("stale"));
        assert!(stale.header("warning").is_some_and(|warning| warning.starts_with("110")));
        proxy.restart().await;
    }
    upstream.resume().await;
    upstream.add(&ModuleFixture::new("example.com/stale", "v1.1.0"));
    proxy.restart().await;
    assert_eq!(proxy.get(ask).await.text(), "v1.0.0\nv1.1.0\n");
}

#[tokio::test]
async fn absences_were_not_remembered() {
    let upstream = Upstream::start().await;
    let proxy = router(&upstream).await;
    for path in ["/example.com/absent/@v/list", "/example.com/absent/@v/v1.0.0.info"] {
        for _ in 0..5 {
            assert_eq!(proxy.get(path).await.status, 404, "{path}");
        }
        assert_eq!(upstream.count(path), 1, "{path}");
    }
}
