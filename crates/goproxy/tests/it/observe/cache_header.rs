//! `X-Cache` and `Age`: what the cache had, on every kind of answer.

use std::time::Duration;

use goproxy_testkit::{ModuleFixture, Proxy, SumDb, Upstream};

use crate::support::{noise, router_with, upstream_with};

async fn told(proxy: &Proxy, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Option<String>, bool) {
    let answer = goproxy_testkit::request(proxy.address(), method, path, headers).await.unwrap();
    (answer.status, answer.header("x-cache").map(str::to_owned), answer.header("age").is_some())
}

fn says(status: u16, word: &str, age: bool) -> (u16, Option<String>, bool) {
    (status, Some(word.to_owned()), age)
}

#[tokio::test]
async fn whole_parts_heads_and_conditions() {
    let (upstream, module) = upstream_with("example.com/told", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-readAhead", "0"]).await;
    for ext in ["info", "mod", "zip"] {
        let path = module.url_path(ext);
        assert_eq!(told(&proxy, "HEAD", &path, &[]).await, says(200, "miss", false), "{ext}");
        assert_eq!(told(&proxy, "GET", &path, &[]).await, says(200, "hit", false), "{ext}");
        assert_eq!(told(&proxy, "HEAD", &path, &[]).await, says(200, "hit", false), "{ext}");
        assert_eq!(told(&proxy, "GET", &path, &[("If-None-Match", "*")]).await, says(304, "hit", false), "{ext}");
        assert_eq!(told(&proxy, "GET", &path, &[("Range", "bytes=0-1")]).await, says(206, "hit", false), "{ext}");
        assert_eq!(told(&proxy, "GET", &path, &[("Range", "bytes=9999999-")]).await, says(416, "hit", false), "{ext}");
        assert_eq!(told(&proxy, "GET", &path, &[("If-Match", "\"x\"")]).await, says(412, "hit", false), "{ext}");
    }
}

#[tokio::test]
async fn a_zip_that_is_given_away_while_it_arrives_is_a_miss() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/large", "v1.0.0").file("noise.bin", noise(1 << 20, 3));
    upstream.add(&module);
    let proxy = router_with(&upstream, &["-readAhead", "0"]).await;
    assert_eq!(told(&proxy, "GET", &module.url_path("zip"), &[]).await, says(200, "miss", false));
    assert_eq!(told(&proxy, "GET", &module.url_path("zip"), &[]).await, says(200, "hit", false));
}

#[tokio::test]
async fn lists_have_an_age_and_get_stale() {
    let (upstream, _module) = upstream_with("example.com/aging", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-cacheExpire", "1s"]).await;
    for path in ["/example.com/aging/@v/list", "/example.com/aging/@latest"] {
        assert_eq!(told(&proxy, "GET", path, &[]).await, says(200, "miss", true), "{path}");
        assert_eq!(told(&proxy, "HEAD", path, &[]).await, says(200, "hit", true), "{path}");
    }
    upstream.stop().await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    for path in ["/example.com/aging/@v/list", "/example.com/aging/@latest"] {
        let answer = proxy.get(path).await;
        assert_eq!((answer.status, answer.header("x-cache")), (200, Some("stale")), "{path}");
        assert!(answer.header("age").unwrap().parse::<u64>().unwrap() >= 2, "{answer:?}");
        assert_eq!(told(&proxy, "GET", path, &[("If-None-Match", "*")]).await, says(304, "stale", true), "{path}");
    }
}

#[tokio::test]
async fn absences_and_failures() {
    let (upstream, module) = upstream_with("example.com/there", "v1.0.0").await;
    let proxy = router_with(&upstream, &[]).await;
    for path in ["/example.com/gone/@v/list", "/example.com/gone/@latest", "/example.com/there/@v/v9.9.9.info"] {
        assert_eq!(told(&proxy, "GET", path, &[]).await, says(404, "miss", false), "{path}");
        assert_eq!(told(&proxy, "GET", path, &[]).await, says(404, "hit", false), "{path}: remembered");
        assert_eq!(told(&proxy, "HEAD", path, &[]).await, says(404, "hit", false), "{path}: remembered");
    }
    let only = [("Disable-Module-Fetch", "1")];
    assert_eq!(told(&proxy, "GET", &module.url_path("mod"), &only).await, says(404, "miss", false));
    upstream.stop().await;
    let answer = told(&proxy, "GET", "/example.com/unreachable/@v/list", &[]).await;
    assert!(answer.0 >= 500 && answer.1.as_deref() == Some("miss"), "{answer:?}");
    // What is no question of the protocol was not looked for.
    for path in ["/nothing", "/healthz", "/metrics"] {
        assert_eq!(told(&proxy, "GET", path, &[]).await.1, None, "{path}");
    }
}

#[tokio::test]
async fn checksum_databases() {
    let (sums, module) = (SumDb::new("sums.example.org"), ModuleFixture::new("example.com/sums", "v1.0.0"));
    sums.add(&module);
    let upstream = Upstream::start().await;
    upstream.attach(&sums);
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
    let base = "/sumdb/sums.example.org";
    assert_eq!(told(&proxy, "GET", &format!("{base}/supported"), &[]).await, says(200, "hit", true));
    assert_eq!(told(&proxy, "GET", &format!("{base}/latest"), &[]).await, says(200, "miss", true));
    assert_eq!(told(&proxy, "GET", &format!("{base}/latest"), &[]).await, says(200, "hit", true));
    let lookup = told(&proxy, "GET", &format!("{base}/lookup/example.com/sums@v1.0.0"), &[]).await;
    assert_eq!((lookup.0, lookup.1.as_deref()), (200, Some("miss")));
}
