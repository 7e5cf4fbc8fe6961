//! Without rights: the same refusal for every endpoint and form of request, hit or miss, and nobody is asked.

use super::*;

/// Each form that a request for one target may have.
fn forms(etag: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    vec![
        ("GET", vec![]),
        ("HEAD", vec![]),
        ("GET", vec![("If-None-Match", etag.to_owned())]),
        ("GET", vec![("If-None-Match", "*".to_owned())]),
        ("GET", vec![("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT".to_owned())]),
        ("GET", vec![("Range", "bytes=0-0".to_owned())]),
        ("GET", vec![("Range", "bytes=99999999-".to_owned())]),
        ("GET", vec![("Disable-Module-Fetch", "true".to_owned())]),
    ]
}

/// Asks for everything in every form; all answers must have the status, and the upstream no request.
async fn all_are(world: &World, proxy: &Proxy, authorization: Option<&str>, expected: impl Fn(&str) -> u16) {
    world.upstream.reset_log();
    for target in world.modules.iter().flat_map(|module| targets(module.path())) {
        let etag = format!("\"{}\"", "0".repeat(64));
        for (method, headers) in forms(&etag) {
            let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.extend(authorization.map(|value| ("Authorization", value)));
            let answer = proxy.request(method, &target, &headers).await;
            let what = format!("{method} {target} {headers:?}: {answer:?}");
            assert_eq!(answer.status, expected(&target), "{what}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
            assert!(answer.header("vary").is_some_and(|vary| vary.starts_with("Authorization")), "{what}");
            for name in ["etag", "last-modified", "age", "x-cache", "content-range"] {
                assert_eq!(answer.header(name), None, "{what}");
            }
            assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{what}");
        }
    }
    assert_eq!(world.upstream.total(), 0, "{:?}", world.upstream.requests());
}

#[tokio::test]
async fn every_endpoint_in_every_form_hit_or_miss_refuses_and_asks_nobody() {
    let world = World::new().await;
    let cache = world.filled().await;
    let hits = world.builder().cache_dir(&cache).start().await;
    let misses = world.start().await;
    let private = |target: &str| target.contains("private.example.com");
    for proxy in [&hits, &misses] {
        all_are(&world, proxy, None, |_| 401).await;
        all_are(&world, proxy, Some(&bearer("wrong")), |_| 401).await;
        all_are(&world, proxy, Some(&basic("ann", "wrong")), |_| 401).await;
        all_are(&world, proxy, Some(&bearer(NOBODY)), |target| if private(target) { 404 } else { 403 }).await;
    }
}

#[tokio::test]
async fn who_may_is_answered_privately_in_every_form() {
    let world = World::new().await;
    let proxy = world.start().await;
    let auth = bearer(CI);
    let zip = world.modules[1].url_path("zip");
    for status in ["miss", "hit"] {
        let answer = proxy.get_with(&zip, &[("Authorization", &auth)]).await;
        assert_eq!((answer.status, answer.header("x-cache")), (200, Some(status)), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("private, max-age=31536000, immutable"));
        assert_eq!(answer.header("vary"), Some("Authorization, Disable-Module-Fetch"));
        let etag = answer.header("etag").unwrap();
        let again = proxy.get_with(&zip, &[("Authorization", &auth), ("If-None-Match", etag)]).await;
        assert_eq!((again.status, again.header("cache-control")), (304, answer.header("cache-control")));
        assert_eq!(again.header("vary"), answer.header("vary"));
        let part = proxy.get_with(&zip, &[("Authorization", &auth), ("Range", "bytes=0-1")]).await;
        assert_eq!((part.status, part.header("cache-control")), (206, answer.header("cache-control")));
    }
    for target in targets(world.modules[1].path()) {
        let answer = proxy.get_with(&target, &[("Authorization", &auth)]).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert!(answer.header("cache-control").unwrap().starts_with("private, "), "{target}");
    }
    let absent = proxy.get_with("/github.com/!corp/absent/@v/list", &[("Authorization", &auth)]).await;
    assert_eq!((absent.status, absent.header("cache-control")), (404, Some("no-store")));
}

#[tokio::test]
async fn what_names_no_module_needs_a_right_to_read_something() {
    let world = World::new().await;
    let proxy = world.start().await;
    for rest in ["supported", "latest", "tile/8/0/000"] {
        let target = format!("/sumdb/{SUMS}/{rest}");
        assert_eq!(proxy.get(&target).await.status, 401, "{target}");
        for auth in [bearer(CI), bearer(NOBODY)] {
            assert_eq!(proxy.get_with(&target, &[("Authorization", &auth)]).await.status, 200, "{target}");
        }
    }
    for target in ["/healthz", "/readyz"] {
        for headers in [&[][..], &[("Authorization", "junk")]] {
            assert_eq!(proxy.get_with(target, headers).await.status, 200, "{target}");
        }
    }
}

#[tokio::test]
async fn disguised_paths_are_no_way_round() {
    let world = World::new().await;
    let cache = world.filled().await;
    let proxy = world.builder().cache_dir(&cache).start().await;
    world.upstream.reset_log();
    for target in [
        "/%67ithub.com/!corp/!lib/@v/list",
        "/github.com/!corp/!lib/%40v/list",
        "/github.com/%21corp/!lib/@v/v1.0.0.zip",
        "/github.com/%43orp/%4cib/@v/list",
        "/github.com/Corp/Lib/@v/list",
        "//github.com/!corp/!lib/@v/list",
        "/./github.com/!corp/!lib/@v/list",
        "/absent.example.com/../github.com/!corp/!lib/@v/list",
        "/absent.example.com/%2e%2e/github.com/!corp/!lib/@v/list",
        "/cached-only//github.com/!corp/!lib/@v/list",
        "/cached-only/%67ithub.com/!corp/!lib/@v/v1.0.0.zip",
        "/github.com/!corp/!lib/@v/list?x=/absent.example.com/@v/list",
        "/metrics/../github.com/!corp/!lib/@v/list",
        "/healthz/../github.com/!corp/!lib/@v/list",
        "/%68ealthz/github.com/!corp/!lib/@v/list",
        "/sumdb/sums.example.org/lookup/%67ithub.com/!corp/!lib@v1.0.0",
        "/sumdb/sums.example.org/supported/../lookup/github.com/!corp/!lib@v1.0.0",
    ] {
        for auth in [None, Some(bearer(NOBODY))] {
            let headers: Vec<(&str, &str)> = auth.iter().map(|value| ("Authorization", value.as_str())).collect();
            let answer = proxy.request("GET", target, &headers).await;
            assert!((400..=404).contains(&answer.status), "{target}: {answer:?}");
            assert!(!answer.text().contains("v1.0.0\n"), "{target}: {answer:?}");
        }
    }
    assert_eq!(world.upstream.total(), 0, "{:?}", world.upstream.requests());
}
