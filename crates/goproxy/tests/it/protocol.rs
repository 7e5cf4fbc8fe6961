//! The protocol as clients see it, router mode, without a `go` command.

use std::time::Duration;

use goproxy_testkit::{Answer, Delivery, ModuleFixture, Upstream};

use crate::support::{goproxy, router, router_with, upstream_with};

#[tokio::test]
async fn each_endpoint_has_its_bytes_type_and_lifetime() {
    let (upstream, module) = upstream_with("github.com/Azure/Sdk!".trim_end_matches('!'), "v1.0.0-RC1").await;
    let proxy = router(&upstream).await;
    let immutable = "public, max-age=31536000, immutable";
    for (ext, body, kind) in [
        ("info", module.info(), "application/json"),
        ("mod", module.mod_file(), "text/plain; charset=utf-8"),
        ("zip", module.zip(), "application/zip"),
    ] {
        for path in [module.url_path(ext), module.url_path(ext).replace('!', "%21")] {
            let answer = proxy.get(&path).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
            assert_eq!(answer.body, body, "{path}");
            assert_eq!(answer.header("cache-control"), Some(immutable));
            let etag = answer.header("etag").unwrap().to_owned();
            assert!(etag.starts_with('"') && answer.header("last-modified").is_some());
            let again = proxy.get_with(&path, &[("If-None-Match", &etag)]).await;
            assert_eq!((again.status, again.body.len()), (304, 0));
            let part = proxy.get_with(&path, &[("Range", "bytes=1-3"), ("If-Range", &etag)]).await;
            assert_eq!((part.status, &part.body[..]), (206, &body[1..4]));
            let head = proxy.head(&path).await;
            assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()));
        }
        assert_eq!(upstream.count_of(&module, ext), 1, "{ext}");
    }
    let list = proxy.get("/github.com/!azure/!sdk/@v/list").await;
    assert_eq!(
        (list.text().as_str(), list.header("content-type")),
        ("v1.0.0-RC1\n", Some("text/plain; charset=utf-8"))
    );
    assert!(list.header("cache-control").is_some_and(|value| value.starts_with("public, max-age=")));
    assert_eq!(proxy.get("/github.com/!azure/!sdk/@latest").await.body, module.info());
}

#[tokio::test]
async fn bytes_of_the_upstream_are_kept_as_they_came() {
    let upstream = Upstream::start().await;
    let odd = "{ \"Time\":\"2024-01-02T05:04:05+02:00\", \"Version\" : \"v1.0.0\",\n\"Extra\":[1] }\n";
    let origin = r#"{"VCS":"git","URL":"https://example.com/odd","Hash":"0123456789012345678901234567890123456789"}"#;
    let modules = [
        ModuleFixture::new("example.com/odd", "v1.0.0").with_info(odd),
        ModuleFixture::new("example.com/odd", "v1.1.0").origin(origin).go_mod("module example.com/odd\r\n\r\ngo 1.20"),
    ];
    upstream.add_all(&modules);
    let mut proxy = router(&upstream).await;
    for _ in 0..2 {
        for module in &modules {
            assert_eq!(proxy.get(&module.url_path("info")).await.body, module.info());
            assert_eq!(proxy.get(&module.url_path("mod")).await.body, module.mod_file());
        }
        proxy.restart().await;
    }
}

#[tokio::test]
async fn upstreams_in_the_field() {
    let upstream = Upstream::start().await;
    upstream.add_all(&ModuleFixture::versions("example.com/field", &["v1.0.0", "v1.2.0", "v1.3.0-rc.1"]));
    upstream.add(&ModuleFixture::new("example.com/field", "v1.2.1-0.20240105030405-abcdefabcdef"));
    upstream.add_all(&[
        ModuleFixture::new("example.com/untagged", "v0.0.0-20240102030405-aaaaaaaaaaaa"),
        ModuleFixture::new("example.com/untagged", "v0.0.0-20240103030405-bbbbbbbbbbbb"),
    ]);
    upstream.set(|knobs| {
        (knobs.no_latest, knobs.pseudo_in_list, knobs.no_origin, knobs.reformat_info) = (true, true, true, true);
    });
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get("/example.com/field/@v/list").await.text(), "v1.0.0\nv1.2.0\nv1.3.0-rc.1\n");
    assert!(proxy.get("/example.com/field/@latest").await.text().contains("\"v1.2.0\""));
    assert!(proxy.get("/example.com/untagged/@latest").await.text().contains("bbbbbbbbbbbb"));
    upstream.on("/example.com/refused/*", Answer::text(403, "This module version is not available.\n"));
    let refused = proxy.get("/example.com/refused/@v/list").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("This module version is not available."));
    proxy.get("/example.com/refused/@v/list").await;
    assert_eq!(upstream.count("/example.com/refused/@v/list"), 1, "a refusal is remembered briefly");
}

#[tokio::test]
async fn an_incompatible_major_is_latest_only_before_go_mod() {
    let upstream = Upstream::start().await;
    upstream.set(|knobs| knobs.no_latest = true);
    upstream.add_all(&ModuleFixture::versions("example.com/modern", &["v1.0.0", "v2.0.0+incompatible"]));
    upstream.add(&ModuleFixture::new("example.com/old", "v1.0.0").go_mod("module example.com/old\n"));
    upstream.add(&ModuleFixture::new("example.com/old", "v2.0.0+incompatible"));
    upstream.add(&ModuleFixture::new("example.com/modern", "v1.0.0").go_mod("module example.com/modern\n\ngo 1.20\n"));
    upstream.add(&ModuleFixture::new("example.com/behind", "v1.0.0").go_mod("module example.com/behind\n"));
    upstream.add(&ModuleFixture::new("example.com/behind", "v2.0.0-rc.1+incompatible"));
    let proxy = router(&upstream).await;
    assert!(proxy.get("/example.com/behind/@latest").await.text().contains("\"v1.0.0\""));
    assert!(proxy.get("/example.com/modern/@latest").await.text().contains("\"v1.0.0\""));
    assert!(proxy.get("/example.com/old/@latest").await.text().contains("v2.0.0+incompatible"));
}

#[tokio::test]
async fn lists_of_upstreams_have_goproxy_semantics() {
    let (first, module) = upstream_with("example.com/both", "v1.0.0").await;
    let second = Upstream::start().await;
    second.add(&ModuleFixture::new("example.com/both", "v1.1.0"));
    let only = ModuleFixture::new("example.com/second", "v1.0.0");
    second.add(&only);
    let comma = goproxy().args(["-proxy", &format!("{},{}", first.url(), second.url())]).start().await;
    let pipe = goproxy().args(["-proxy", &format!("{}|{}", first.url(), second.url())]).start().await;
    assert_eq!(comma.get(&module.url_path("info")).await.status, 200);
    assert_eq!(comma.get(&only.url_path("info")).await.status, 200, "falls through on 404");
    let newer = "/example.com/both/@v/v1.1.0.info";
    for status in [500, 403] {
        first.on("/example.com/both/@v/v1.1.0.mod", Answer::text(status, "no\n"));
        first.on(newer, Answer::text(status, "no\n"));
        let expected = if status == 500 { 502 } else { 403 };
        assert_eq!(comma.get(newer).await.status, expected, "`,` stops at {status}");
        assert_eq!(pipe.get(newer).await.status, 200, "`|` goes on after {status}");
        assert_eq!(pipe.get("/example.com/both/@v/v1.1.0.mod").await.status, 200);
    }
}

#[tokio::test]
async fn proxy_off_serves_the_cache_and_asks_nobody() {
    let (upstream, module) = upstream_with("example.com/off", "v1.0.0").await;
    let filled = router(&upstream).await;
    assert_eq!(filled.get(&module.url_path("zip")).await.status, 200);
    let off = goproxy().args(["-proxy", "off"]).cache_dir(filled.cache_dir()).start().await;
    assert_eq!(off.get(&module.url_path("zip")).await.body, module.zip());
    let answer = off.get(&module.url_path("info")).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[tokio::test]
async fn disable_module_fetch_and_cached_only() {
    let (upstream, module) = upstream_with("example.com/cached", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let info = module.url_path("info");
    let header = [("Disable-Module-Fetch", "true")];
    let answer = proxy.get_with(&info, &header).await;
    assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")));
    assert_eq!(answer.header("vary"), Some("Disable-Module-Fetch"));
    assert_eq!(proxy.get(&format!("/cached-only{info}")).await.status, 404);
    assert_eq!(proxy.get("/cached-only/example.com/cached/@v/list").await.status, 404);
    assert_eq!(upstream.total(), 0);
    assert_eq!(proxy.get(&info).await.status, 200);
    assert_eq!(proxy.get_with(&info, &header).await.status, 200);
    assert_eq!(proxy.get(&format!("/cached-only{info}")).await.status, 200);
}

#[tokio::test]
async fn a_path_prefix_moves_everything_but_the_probes() {
    let (upstream, module) = upstream_with("example.com/prefix", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-pathPrefix", "/go"]).await;
    assert_eq!(proxy.get(&format!("/go{}", module.url_path("info"))).await.status, 200);
    assert_eq!(proxy.get("/go/sumdb/sum.golang.org/supported").await.status, 200);
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 404);
    assert_eq!(proxy.get("/healthz").await.status, 200);
    assert_eq!(proxy.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn versions_must_be_canonical() {
    let (upstream, _) = upstream_with("example.com/canonical", "v1.0.0").await;
    let proxy = router(&upstream).await;
    for version in ["v1", "main", "v1.0.0+meta", "v01.0.0", "latest", "v2.0.0"] {
        for ext in ["mod", "zip"] {
            let answer = proxy.get(&format!("/example.com/canonical/@v/{version}.{ext}")).await;
            assert_eq!(answer.status, 404, "{version}.{ext}: {}", answer.text());
        }
    }
    for query in ["latest", "upgrade", "patch", ">=v1.0.0", "%3Ev1"] {
        assert!(proxy.get(&format!("/example.com/canonical/@v/{query}.info")).await.status >= 400, "{query}");
    }
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn fetches_are_shared_and_survive_a_leaver() {
    let (upstream, module) = upstream_with("example.com/herd", "v1.0.0").await;
    let zip = module.url_path("zip");
    upstream.on(&zip, Answer::zip(module.zip()).delay(Duration::from_millis(600)));
    let proxy = router(&upstream).await;
    let address = proxy.address();
    let ask = || {
        let zip = zip.clone();
        tokio::spawn(async move { goproxy_testkit::request(address, "GET", &zip, &[]).await.unwrap() })
    };
    let leaver = ask();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let clients: Vec<_> = (0..40).map(|_| ask()).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    leaver.abort();
    for client in clients {
        assert_eq!(client.await.unwrap().body, module.zip());
    }
    assert_eq!(upstream.count(&zip), 1);
}

#[tokio::test]
async fn two_truths_for_one_version_and_all_get_the_same() {
    let (upstream, module) = upstream_with("example.com/two", "v1.0.0").await;
    let other = ModuleFixture::new("example.com/two", "v1.0.0").file("other.go", "package two\n");
    let zip = module.url_path("zip");
    for _ in 0..20 {
        upstream.first(1, &zip, Answer::zip(module.zip()).delay(Duration::from_millis(50)));
        upstream.first(1, &zip, Answer::zip(other.zip()));
    }
    let one = router(&upstream).await;
    let two = goproxy().args(["-proxy", &upstream.url()]).cache_dir(one.cache_dir()).start().await;
    let (a, b) = (one.address(), two.address());
    let clients: Vec<_> = (0..20)
        .map(|i| {
            let (address, zip) = (if i % 2 == 0 { a } else { b }, zip.clone());
            tokio::spawn(async move { goproxy_testkit::request(address, "GET", &zip, &[]).await.unwrap().body })
        })
        .collect();
    let mut bodies = Vec::new();
    for client in clients {
        bodies.push(client.await.unwrap());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "two processes on one cache");
}

#[tokio::test]
async fn busy_upstreams_are_left_alone_for_as_long_as_they_ask() {
    let (upstream, module) = upstream_with("example.com/busy", "v1.0.0").await;
    upstream.on("*", Answer::text(429, "slow down\n").retry_after(30));
    let proxy = router(&upstream).await;
    let answer = proxy.get(&module.url_path("info")).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 20);
    let asked = upstream.total();
    for _ in 0..5 {
        assert_eq!(proxy.get(&module.url_path("mod")).await.status, 503);
    }
    assert_eq!(upstream.total(), asked, "zero requests while it asked for peace");
}

#[tokio::test]
async fn a_passing_failure_is_retried() {
    let (upstream, module) = upstream_with("example.com/flaky", "v1.0.0").await;
    upstream.first(1, &module.url_path("info"), Answer::text(502, "try again\n"));
    upstream.first(1, &module.url_path("zip"), Answer::zip(module.zip()).delivery(Delivery::Reset(20)));
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
}

#[tokio::test]
async fn hanging_misses_do_not_stop_hits() {
    let (upstream, module) = upstream_with("example.com/hanging", "v1.0.0").await;
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    upstream.pause();
    let address = proxy.address();
    let stuck: Vec<_> = (0..60)
        .map(|i| {
            tokio::spawn(async move {
                let target = format!("/example.com/hanging{i}/@v/list");
                goproxy_testkit::request(address, "GET", &target, &[]).await.map(drop)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        let hit = tokio::time::timeout(Duration::from_secs(5), proxy.get(&module.url_path("info"))).await;
        assert_eq!(hit.expect("hits go on").status, 200);
    }
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn absences_are_remembered_briefly() {
    let upstream = Upstream::start().await;
    upstream.on("/example.com/absent/*", Answer::text(404, "not found: example.com/absent: said the upstream\n"));
    let proxy = router_with(&upstream, &["-cacheExpire", "4s"]).await;
    for _ in 0..5 {
        let answer = proxy.get("/example.com/absent/@v/list").await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.text().trim(), "not found: example.com/absent: said the upstream", "the text is passed on");
    }
    assert_eq!(upstream.count("/example.com/absent/@v/list"), 1);
    upstream.heal();
    upstream.add(&ModuleFixture::new("example.com/absent", "v1.0.0"));
    tokio::time::sleep(Duration::from_millis(4100)).await;
    assert_eq!(proxy.get("/example.com/absent/@v/list").await.status, 200);
}

#[tokio::test]
async fn answers_in_use_are_refreshed_before_they_expire() {
    let (upstream, _) = upstream_with("example.com/used", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-cacheExpire", "12s"]).await;
    let ask = "/example.com/used/@v/list";
    proxy.get(ask).await;
    tokio::time::sleep(Duration::from_millis(9500)).await;
    assert_eq!(proxy.get(ask).await.header("x-cache"), Some("hit"));
    let refreshed = goproxy_testkit::wait_until(Duration::from_secs(10), || upstream.count(ask) == 2).await;
    assert!(refreshed, "the use past three quarters of its life renews it");
}

#[tokio::test]
async fn credentials_go_to_their_host_only_and_nowhere_else() {
    let (upstream, module) = upstream_with("example.com/secret", "v1.0.0").await;
    let elsewhere = Upstream::start().await;
    elsewhere.on("/zip", Answer::zip(module.zip()));
    upstream.on(&module.url_path("zip"), Answer::redirect(302, &format!("{}/zip", elsewhere.url())));
    let url = upstream.url_with_userinfo("robot:canary-password");
    let proxy = goproxy().args(["-proxy", &url, "-logLevel", "debug"]).start().await;
    assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200);
    upstream.stop().await;
    let failed = proxy.get("/example.com/secret/@v/v1.0.1.info").await;
    let basic = "Basic cm9ib3Q6Y2FuYXJ5LXBhc3N3b3Jk";
    assert!(upstream.requests().iter().all(|request| request.header("authorization") == Some(basic)));
    assert!(elsewhere.requests().iter().all(|request| request.header("authorization").is_none()));
    for text in [proxy.log(), failed.text(), proxy.get("/metrics").await.text()] {
        assert!(!text.contains("canary-password") && !text.contains("cm9ib3Q6"), "{text}");
    }
}
