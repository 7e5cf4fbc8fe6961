//! Endpoints, lists of upstreams and lifetimes, each in every form.

use std::time::Duration;

use goproxy_testkit::{Answer, ModuleFixture, SumDb, Upstream};

use crate::{
    engine::{Engine, whatever_fetches},
    environment::{TOKEN, private_host},
    support::{goproxy, home_with_git, router, router_with, upstream_with},
};

whatever_fetches! {
    expired_answers_of_version_control_outlive_its_host,
}

const IMMUTABLE: Option<&str> = Some("public, max-age=31536000, immutable");

#[tokio::test]
async fn lists_latest_and_checksums_have_types_lifetimes_and_validators() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/kinds", "v1.0.0");
    upstream.add(&module).query("example.com/kinds", "main", "v1.0.0");
    sums.add(&module).pad(300);
    upstream.attach(&sums);
    let program = goproxy().args(["-proxy", &upstream.url(), "-sumdb", "sums.example.org", "-cacheExpire", "10m"]);
    let proxy = program.env("GOSUMDB", sums.verifier_key()).start().await;
    let (text, json) = ("text/plain; charset=utf-8", "application/json");
    let brief = Some("public, max-age=600");
    for (path, kind, lifetime) in [
        ("/example.com/kinds/@v/list", text, brief),
        ("/example.com/kinds/@latest", json, brief),
        ("/example.com/kinds/@v/main.info", json, brief),
        ("/sumdb/sums.example.org/latest", text, brief),
        ("/sumdb/sums.example.org/lookup/example.com/kinds@v1.0.0", text, IMMUTABLE),
        ("/sumdb/sums.example.org/tile/8/0/000", "application/octet-stream", IMMUTABLE),
        ("/sumdb/sums.example.org/tile/8/0/001.p/45", "application/octet-stream", IMMUTABLE),
        // Passed on without a proof.
        ("/sumdb/sums.example.org/tile/8/data/000", text, Some("public, max-age=0")),
    ] {
        let head = proxy.head(path).await;
        let whole = proxy.get(path).await;
        assert_eq!((head.status, head.body.len(), whole.status), (200, 0, 200), "{path}: {}", whole.text());
        let length = whole.body.len().to_string();
        for answer in [&head, &whole] {
            assert_eq!(answer.header("content-type"), Some(kind), "{path}");
            assert_eq!(answer.header("content-length"), Some(length.as_str()), "{path}");
            assert_eq!(answer.header("cache-control"), lifetime, "{path}");
            assert!(answer.header("last-modified").is_some() && answer.header("x-request-id").is_some(), "{path}");
        }
        let etag = whole.header("etag").unwrap();
        assert!(etag.starts_with('"'), "a strong one: {etag}");
        let again = proxy.get_with(path, &[("If-None-Match", etag)]).await;
        assert_eq!((again.status, again.body.len(), again.header("cache-control")), (304, 0, lifetime), "{path}");
        let since = whole.header("last-modified").unwrap();
        assert_eq!(proxy.get_with(path, &[("If-Modified-Since", since)]).await.status, 304, "{path}");
        let part = proxy.get_with(path, &[("Range", "bytes=2-4")]).await;
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[2..5]), "{path}");
        assert_eq!(part.header("content-range"), Some(format!("bytes 2-4/{length}").as_str()), "{path}");
        assert_eq!(proxy.get_with(path, &[("Range", "bytes=99999-")]).await.status, 416, "{path}");
        assert_eq!(proxy.request("POST", path, &[]).await.status, 405, "{path}");
    }
    let supported = proxy.get("/sumdb/sums.example.org/supported").await;
    assert_eq!((supported.status, supported.body.len()), (200, 0));
}

#[tokio::test]
async fn each_file_of_a_version_stands_alone() {
    for kept in ["info", "mod", "zip"] {
        let (upstream, module) = upstream_with("example.com/alone", "v1.0.0").await;
        for ext in ["info", "mod", "zip"] {
            if ext != kept {
                upstream.on(&module.url_path(ext), Answer::html("<html>broken</html>"));
            }
        }
        let proxy = router(&upstream).await;
        for ext in ["info", "mod", "zip"] {
            assert_eq!(proxy.get(&module.url_path(ext)).await.status == 200, ext == kept, "{kept} {ext}");
        }
    }
}

#[tokio::test]
async fn commas_fall_through_on_404_and_410_only_and_bars_on_everything() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let modules: Vec<_> = (0..9).map(|n| ModuleFixture::new("example.com/hops", &format!("v1.{n}.0"))).collect();
    second.add_all(&modules);
    let comma = goproxy().args(["-proxy", &format!("{},{}", first.url(), second.url())]).start().await;
    let bar = goproxy().args(["-proxy", &format!("{}|{}", first.url(), second.url())]).start().await;
    for (module, (answer, through_comma)) in modules.iter().zip([
        (Answer::text(404, "no\n"), 200),
        (Answer::text(410, "no\n"), 200),
        (Answer::text(400, "no\n"), 502),
        (Answer::text(401, "no\n"), 403),
        (Answer::text(403, "no\n"), 403),
        (Answer::text(451, "no\n"), 403),
        (Answer::text(500, "no\n"), 502),
        // Lies are not believed, and the next source is tried.
        (Answer::html("<html></html>"), 200),
        (Answer::json("{\"Version\":\"v9.9.9\"}"), 200),
    ]) {
        first.on(&module.url_path("info"), answer.clone());
        assert_eq!(comma.get(&module.url_path("info")).await.status, through_comma, "{answer:?}");
        assert_eq!(bar.get(&module.url_path("info")).await.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn a_folder_is_an_upstream() {
    let (upstream, module) = upstream_with("example.com/Folder", "v1.0.0").await;
    let filled = router(&upstream).await;
    for path in [module.url_path("info"), module.url_path("mod"), module.url_path("zip")] {
        assert_eq!(filled.get(&path).await.status, 200);
    }
    assert_eq!(filled.get("/example.com/!folder/@v/list").await.status, 200);
    let url = format!("file://{}", filled.download_dir().display());
    let proxy = goproxy().args(["-proxy", &url]).start().await;
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.body, body, "{ext}");
    }
    assert_eq!(proxy.get("/example.com/!folder/@v/list").await.text(), "v1.0.0\n");
    assert_eq!(proxy.get("/example.com/missing/@v/list").await.status, 404);
}

#[tokio::test]
async fn a_freshness_of_nothing_asks_each_time() {
    let (upstream, _) = upstream_with("example.com/always", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-cacheExpire", "0"]).await;
    let ask = "/example.com/always/@v/list";
    for number in 1..=3 {
        assert_eq!(proxy.get(ask).await.text(), "v1.0.0\n");
        assert_eq!(upstream.count(ask), number);
    }
}

async fn expired_answers_of_version_control_outlive_its_host(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let proxy = engine.goproxy().args(["-cacheExpire", "1s"]).home(&home).start().await;
    let paths = ["@v/list", "@latest", "@v/v1.info"].map(|path| format!("/github.com/acme/private/{path}"));
    let mut fresh = Vec::new();
    for path in &paths {
        fresh.push(proxy.get(path).await.body);
    }
    host.stop().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for (path, body) in paths.iter().zip(fresh) {
        let stale = proxy.get(path).await;
        assert_eq!((stale.status, stale.header("x-cache")), (200, Some("stale")), "{path}: {}", proxy.log());
        assert_eq!(stale.body, body, "{path}");
    }
}

#[tokio::test]
async fn checksums_go_below_the_base_path_of_the_upstream() {
    let upstream = Upstream::builder().base("/artifactory/api/go").start().await;
    let (sums, module) = (SumDb::new("sums.example.org"), ModuleFixture::new("example.com/base", "v1.0.0"));
    sums.add(&module);
    upstream.attach(&sums);
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
    let lookup = proxy.get("/sumdb/sums.example.org/lookup/example.com/base@v1.0.0").await;
    assert_eq!((lookup.status, lookup.text()), (200, sums.lookup("example.com/base@v1.0.0").unwrap()));
}

#[tokio::test]
async fn cached_only_below_a_prefix_and_for_every_kind() {
    let (upstream, module) = upstream_with("example.com/kept", "v1.0.0").await;
    upstream.query("example.com/kept", "main", "v1.0.0");
    let proxy = router_with(&upstream, &["-pathPrefix", "/go"]).await;
    let base = "/example.com/kept";
    let paths = [format!("{base}/@v/list"), format!("{base}/@latest"), format!("{base}/@v/main.info")];
    let paths: Vec<String> = paths.into_iter().chain(["info", "mod", "zip"].map(|ext| module.url_path(ext))).collect();
    for (filled, status) in [(false, 404), (true, 200)] {
        for path in &paths {
            if filled {
                assert_eq!(proxy.get(&format!("/go{path}")).await.status, 200);
            }
            let asked = upstream.total();
            assert_eq!(proxy.get(&format!("/go/cached-only{path}")).await.status, status, "{path}");
            let header = [("Disable-Module-Fetch", "1")];
            assert_eq!(proxy.get_with(&format!("/go{path}"), &header).await.status, status, "{path}");
            assert_eq!(upstream.total(), asked, "{path}");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_hangs_is_a_504_in_time() {
    let upstream = Upstream::start().await;
    upstream.on("*", Answer::hang());
    let proxy = router_with(&upstream, &["-responseTimeout", "300ms"]).await;
    let answer = tokio::time::timeout(Duration::from_secs(30), proxy.get("/example.com/hang/@v/v1.0.0.info")).await;
    assert_eq!(answer.expect("in time").status, 504);
}
