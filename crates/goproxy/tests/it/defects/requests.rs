//! What clients could do to the original by asking in odd ways.

use std::fs;

use goproxy_testkit::{ModuleFixture, tree_hash};

use crate::support::{goproxy, router, router_with, upstream_with};

#[tokio::test]
async fn head_of_a_cold_zip_stored_an_empty_file() {
    let (upstream, module) = upstream_with("example.com/head", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let zip = module.url_path("zip");
    let head = proxy.head(&zip).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(module.zip().len().to_string().as_str()));
    assert_eq!(proxy.get(&zip).await.body, module.zip());
}

#[tokio::test]
async fn traversal_read_and_wrote_outside_the_cache() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let canary = proxy.scratch_dir().join("creds.zip");
    fs::write(&canary, "CANARY").unwrap();
    let before = tree_hash(proxy.scratch_dir());
    let absolute = canary.to_str().unwrap();
    for up in ["..", "%2e%2e", "%2E%2E", "..%2f..", "..%5c..", "%252e%252e"] {
        let climb = format!("{up}/").repeat(12);
        for target in
            [format!("/x/@v/{climb}{absolute}"), format!("/x.y/@v/{climb}creds.zip"), format!("/{climb}creds.zip")]
        {
            let answer = proxy.get(&target).await;
            assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
            assert!(!answer.text().contains("CANARY"), "{target}");
        }
    }
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
    assert_eq!(tree_hash(proxy.scratch_dir()), before);
}

#[tokio::test]
async fn private_names_leaked_by_capitals_double_slashes_and_dots() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-exclude", "github.com/MyOrg/*,*.Corp.example.com,github.com/corp"]).await;
    for target in [
        "/github.com/!my!org/priv/@v/list",
        "/github.com/%21my%21org/priv/@v/v1.0.0.info",
        "/github.com/!my!org/priv/@latest",
        "/github.com/!my!org/priv/@v/v1.0.0.zip",
        "/sumdb/sum.golang.org/lookup/github.com/!my!org/priv@v1.0.0",
        "//github.com/corp/p/@v/list",
        "/./github.com/corp/p/@v/list",
        "/%67ithub.com/corp/p/@v/list",
        "/github.com/corp/p%2Fq/@v/list",
        "/github.com/corp/p/@v/list?x=1",
    ] {
        let answer = proxy.get(target).await;
        assert!(answer.status >= 400, "{target}: {}", answer.status);
    }
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn patterns_matched_the_url_not_the_module_path() {
    let (upstream, module) = upstream_with("rsc.io/private", "v1.0.0").await;
    upstream.add(&ModuleFixture::new("github.com/corporate/open", "v1.0.0"));
    let proxy = router_with(&upstream, &["-exclude", "rsc.io/private/*,github.com/corp"]).await;
    assert_eq!(
        proxy.get(&module.url_path("info")).await.status,
        200,
        "a pattern of three elements matches no path of two"
    );
    assert_eq!(proxy.get("/github.com/corporate/open/@v/list").await.status, 200, "corp is not corporate");
}

#[tokio::test]
async fn other_methods_were_forwarded_and_their_answers_cached() {
    let (upstream, module) = upstream_with("example.com/post", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let before = tree_hash(&proxy.download_dir());
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let answer = proxy.request(method, &module.url_path("info"), &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(upstream.total(), 0);
    assert_eq!(tree_hash(&proxy.download_dir()), before);
}

#[tokio::test]
async fn any_path_was_forwarded() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router(&upstream).await;
    for target in
        ["/favicon.ico", "//", "/index.html", "/example.com/m/@v/", "/example.com/m/@v/v1.0.0.exe", "/a/@v/list"]
    {
        let status = proxy.get(target).await.status;
        assert!([400, 404].contains(&status), "{target}: {status}");
    }
    assert_eq!(proxy.get("/example.com/m/@v1.0.0.info").await.status, 404, "a version needs its @v/");
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn client_headers_travelled_to_the_upstream() {
    let (upstream, module) = upstream_with("example.com/headers", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let headers = [
        ("Authorization", "Basic c2VjcmV0OnNlY3JldA=="),
        ("Cookie", "session=1"),
        ("Range", "bytes=0-3"),
        ("If-None-Match", "\"x\""),
        ("Accept-Encoding", "gzip"),
        ("Cache-Control", "no-cache"),
        ("X-Forwarded-For", "10.0.0.1"),
    ];
    let answer = proxy.get_with(&module.url_path("zip"), &headers).await;
    assert_eq!(answer.status, 206, "a range on a miss is served from what was fetched whole");
    assert_eq!(answer.body, module.zip()[..4]);
    for request in upstream.requests() {
        for (name, value) in &headers {
            assert_ne!(request.header(name), Some(*value), "{name}");
        }
        assert_eq!(request.header("authorization"), None);
    }
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
}

#[tokio::test]
async fn a_get_with_a_query_string_never_sends_it_on() {
    let (upstream, module) = upstream_with("example.com/query", "v1.0.0").await;
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&format!("{}?token=secret", module.url_path("info"))).await.status, 200);
    assert!(upstream.requests().iter().all(|request| request.query().is_empty()));
}

#[tokio::test]
async fn unparsable_proxies_were_ignored() {
    for (flags, word) in [
        (["-proxy", "http://[::1"], "-proxy"),
        (["-proxy", "ftp://example.com"], "-proxy"),
        (["-exclude", "github.com/[a"], "-exclude"),
        (["-cacheExpire", "5"], "-cacheExpire"),
        (["-listen", "nonsense"], "-listen"),
    ] {
        let output = goproxy().args(flags).bare().run().await;
        assert_eq!(output.code, Some(64), "{flags:?}: {output:?}");
        assert!(output.stderr.contains(word) && output.stderr.contains(flags[1]), "{output:?}");
        assert_eq!(output.stderr.trim().lines().count(), 1, "{output:?}");
    }
    assert_eq!(goproxy().arg("-nonsense").bare().run().await.code, Some(2));
}
