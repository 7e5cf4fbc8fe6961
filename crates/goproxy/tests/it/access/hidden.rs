//! Private modules: who may not read them cannot tell those that are there from those that are not.

use std::time::{Duration, Instant};

use super::*;

/// All that may differ between two answers.
fn comparable(answer: &goproxy_testkit::Response) -> (u16, Vec<(String, String)>, usize) {
    let moving = |name: &str| ["date", "x-request-id"].contains(&name.to_ascii_lowercase().as_str());
    let headers = answer.headers.iter().filter(|(name, _)| !moving(name)).cloned().collect();
    (answer.status, headers, answer.body.len())
}

#[tokio::test]
async fn a_cached_private_module_looks_like_one_that_does_not_exist() {
    let world = World::new().await;
    let cache = world.filled().await;
    let proxy = world.builder().cache_dir(&cache).start().await;
    world.upstream.reset_log();
    let auth = bearer(NOBODY);
    // Names of the same length; the one exists and is in the cache, the other does not.
    let (there, absent) = (targets("private.example.com/app"), targets("private.example.com/xyz"));
    for (there, absent) in there.iter().zip(&absent) {
        for method in ["GET", "HEAD"] {
            for extra in [("If-None-Match", "*"), ("Range", "bytes=0-0"), ("Accept", "*/*")] {
                let headers = [("Authorization", auth.as_str()), extra];
                let (a, b) =
                    (proxy.request(method, there, &headers).await, proxy.request(method, absent, &headers).await);
                assert_eq!(comparable(&a), comparable(&b), "{method} {there}");
                assert_eq!(a.text().replace("/app", "/xyz"), b.text(), "{method} {there}");
                assert_eq!(a.status, 404, "{a:?}");
            }
        }
    }
    assert_eq!(world.upstream.total(), 0);
    // As coarse as it must be on a busy machine: neither side reads a file or asks a network.
    let timed = async |target: &str| {
        let begin = Instant::now();
        for _ in 0..50 {
            proxy.get_with(target, &[("Authorization", &auth)]).await;
        }
        begin.elapsed()
    };
    let (there, absent) = (timed(&there[5]).await, timed(&absent[5]).await);
    let slack = Duration::from_secs(2);
    assert!(there < absent * 5 + slack && absent < there * 5 + slack, "{there:?} {absent:?}");
}

#[tokio::test]
async fn a_hidden_answer_has_the_headers_of_a_real_absence() {
    let world = World::new().await;
    let proxy = world.start().await;
    let target = "/private.example.com/xyz/@v/list";
    let real = proxy.get_with("/github.com/!corp/xyz/@v/list", &[("Authorization", &bearer(CI))]).await;
    let hidden = proxy.get_with(target, &[("Authorization", &bearer(NOBODY))]).await;
    let names = |answer: &goproxy_testkit::Response| {
        let keep = |(name, value): &(String, String)| (name.clone(), (name != "content-length").then(|| value.clone()));
        comparable(answer).1.iter().map(keep).collect::<Vec<_>>()
    };
    assert_eq!((real.status, names(&real)), (hidden.status, names(&hidden)));
    assert!(hidden.text().starts_with("not found: private.example.com/xyz"), "{}", hidden.text());
}
