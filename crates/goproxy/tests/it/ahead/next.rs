//! What comes next after a request.

use goproxy_testkit::{ModuleFixture, Upstream};

use super::{WHILE, asked, at, metric, reaches, reading};
use crate::support::{go_client, router_with, upstream_with};

#[tokio::test]
async fn the_other_files_of_a_version_are_on_their_way() {
    for (first, others) in [("info", ["mod", "zip"]), ("zip", ["mod", "info"])] {
        let (upstream, module) = upstream_with("example.com/Next", "v1.0.0").await;
        let proxy = reading(&upstream).await;
        assert_eq!(proxy.get(&module.url_path(first)).await.status, 200);
        for ext in others {
            asked(&upstream, &module, ext, 1).await;
        }
        reaches(&proxy, "fetched", 2).await;
        assert_eq!(proxy.get(&module.url_path("mod")).await.body, module.mod_file());
        assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
        assert_eq!(proxy.get(&module.url_path("info")).await.body, module.info());
        assert_eq!(upstream.total(), 3, "each once: {:?}", upstream.requests());
        assert_eq!((metric(&proxy, "used").await, metric(&proxy, "wasted").await), (2, 0));
    }
}

#[tokio::test]
async fn a_walk_goes_on_where_go_would() {
    let upstream = Upstream::start().await;
    let old = at("1.16", "example.com/old", &["example.com/pruned", "example.com/left"]);
    let pruned = at("1.20", "example.com/pruned", &["example.com/below"]);
    let [below, left] = ["example.com/below", "example.com/left"].map(|path| at("1.20", path, &[]));
    upstream.add_all([&old, &pruned, &below, &left]);
    let proxy = reading(&upstream).await;
    assert_eq!(proxy.get(&pruned.url_path("mod")).await.status, 200);
    asked(&upstream, &pruned, "info", 1).await;
    tokio::time::sleep(WHILE).await;
    assert_eq!(upstream.count_of(&below, "mod"), 0, "go reads nothing below a pruned module");
    assert_eq!(proxy.get(&old.url_path("mod")).await.status, 200);
    for module in [&below, &left] {
        asked(&upstream, module, "mod", 1).await;
    }
    tokio::time::sleep(WHILE).await;
    for module in [&below, &left] {
        assert_eq!(upstream.count_of(module, "info") + upstream.count_of(module, "zip"), 0, "only on the way");
    }
}

#[tokio::test]
async fn a_build_walks_nowhere() {
    let upstream = Upstream::start().await;
    let old = at("1.16", "example.com/old", &["example.com/left"]);
    let left = at("1.20", "example.com/left", &[]);
    upstream.add_all([&old, &left]);
    let proxy = reading(&upstream).await;
    assert_eq!(proxy.get(&old.url_path("zip")).await.status, 200);
    reaches(&proxy, "fetched", 2).await;
    assert_eq!(proxy.get(&old.url_path("mod")).await.status, 200);
    tokio::time::sleep(WHILE).await;
    assert_eq!(upstream.count_of(&left, "mod"), 0);
    // The next one to ask for it may be another client.
    assert_eq!(proxy.get(&old.url_path("mod")).await.status, 200);
    asked(&upstream, &left, "mod", 1).await;
}

#[tokio::test]
async fn go_finds_everything_it_asks_for() {
    let Some(client) = go_client("read-ahead").await else { return };
    let upstream = Upstream::start().await;
    let app = ModuleFixture::new("example.com/app", "v1.0.0").requires("example.com/lib", "v1.0.0");
    let lib = ModuleFixture::new("example.com/lib", "v1.0.0").requires("example.com/base", "v1.0.0");
    let base = ModuleFixture::new("example.com/base", "v1.0.0");
    upstream.add_all([&app, &lib, &base]);
    let proxy = reading(&upstream).await;
    let client = client.proxy(&proxy.url());
    let folder = client.project(&[
        ("go.mod", "module example.org/p\n\ngo 1.20\n\nrequire example.com/app v1.0.0\n"),
        ("main.go", "package main\n\nimport _ \"example.com/app\"\n\nfunc main() {}\n"),
    ]);
    let output = client.run_in(&folder, &["build", "-mod=mod", "-o", "built", "."]).await;
    assert!(output.ok, "{}\n{}", output.stderr, proxy.log());
    for module in [&app, &lib, &base] {
        for ext in ["info", "mod", "zip"] {
            assert!(upstream.count_of(module, ext) <= 1, "{} {ext}: {:?}", module.name(), upstream.requests());
        }
    }
    assert!(metric(&proxy, "used").await > 0);
}

#[tokio::test]
async fn off_means_off_and_cached_only_starts_nothing() {
    let (upstream, module) = upstream_with("example.com/quiet", "v1.0.0").await;
    let off = router_with(&upstream, &["-readAhead", "0"]).await;
    assert_eq!(off.get(&module.url_path("info")).await.status, 200);
    let on = reading(&upstream).await;
    for ext in ["info", "mod", "zip"] {
        let answer = on.get_with(&module.url_path(ext), &[("Disable-Module-Fetch", "true")]).await;
        assert_eq!(answer.status, 404, "{ext}");
        assert_eq!(on.get(&format!("/cached-only{}", module.url_path(ext))).await.status, 404, "{ext}");
    }
    tokio::time::sleep(WHILE).await;
    assert_eq!(upstream.total(), 1, "{:?}", upstream.requests());
}
