//! The tree head: kept on disk, never going back, and a fork that stops everything.

use goproxy_testkit::{Answer, ModuleFixture, wait_until};

use crate::support::PATIENCE;

use super::{NAME, facts, lookup_of, stored, verifying, world};

fn head(proxy: &goproxy_testkit::Proxy) -> String {
    let file = facts(proxy).find(|file| file.ends_with("head")).expect("a head is written down");
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn the_head_went_back() {
    let (upstream, sums, module) = world(300).await;
    let old = sums.signed_tree();
    let mut proxy = verifying(&upstream, &sums).start().await;
    let newer = ModuleFixture::new(module.path(), "v1.1.0");
    upstream.add(&newer);
    sums.pad(300).add(&newer);
    assert_eq!(proxy.get(&newer.url_path("mod")).await.status, 200, "{}", proxy.log());
    assert_eq!(head(&proxy), sums.signed_tree());
    upstream.on(&format!("/sumdb/{NAME}/latest"), Answer::text(200, old));
    for _ in 0..2 {
        assert_eq!(
            proxy.get(&format!("/sumdb/{NAME}/latest")).await.text(),
            sums.signed_tree(),
            "an older one is told"
        );
        assert_eq!(head(&proxy), sums.signed_tree());
        proxy.kill9();
        std::fs::remove_dir_all(proxy.cache_dir().join("pkg/mod/cache/goproxy/answers")).unwrap();
        proxy.restart().await;
    }
}

#[tokio::test]
async fn a_fork_was_believed_after_a_restart() {
    let (upstream, sums, module) = world(300).await;
    let forked = sums.fork(200);
    let mut proxy = verifying(&upstream, &sums).start().await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200, "{}", proxy.log());
    let before = head(&proxy);
    let evil = ModuleFixture::new(module.path(), "v1.6.6").file("evil.go", "package summed\n");
    upstream.add(&evil).attach(&forked);
    forked.pad(400).add(&evil);
    for round in 0..3 {
        let answer = proxy.get(&evil.url_path("zip")).await;
        assert!((500..505).contains(&answer.status), "{round}: {} {}", answer.status, answer.text());
        assert!(!stored(&proxy, "v1.6.6.zip") && !stored(&proxy, "@v1.6.6"), "{round}");
        assert_eq!(head(&proxy), before, "{round}");
        assert!(wait_until(PATIENCE, || proxy.log().contains("SECURITY")).await, "{}", proxy.log());
        proxy.kill9();
        proxy.restart().await;
    }
    // Nobody has asked this process for anything yet: the alarm outlives the one that found it.
    gauge(&proxy, 1).await;
    let evidence = facts(&proxy).find(|file| file.ends_with("fork")).expect("evidence is written down");
    let text = std::fs::read_to_string(&evidence).unwrap();
    assert!(text.contains(before.trim_end()) && text.matches("go.sum database tree").count() == 2, "{text}");
    assert!(text.contains("\ntile/8/0/"), "{text}");
    // Everything stops, also what the true history has; what is in the cache is served.
    upstream.attach(&sums);
    let other = ModuleFixture::new(module.path(), "v1.2.0");
    upstream.add(&other);
    sums.add(&other);
    assert!(proxy.get(&other.url_path("zip")).await.status >= 500);
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200);
    let page = proxy.get(&lookup_of(&module)).await;
    assert!(page.status == 200 || page.status >= 500, "{}", page.status);
    // Somebody has looked.
    std::fs::remove_file(evidence).unwrap();
    assert_eq!(proxy.get(&other.url_path("zip")).await.status, 200, "{}", proxy.log());
    gauge(&proxy, 0).await;
}

/// Waits until the metrics say so of the database.
async fn gauge(proxy: &goproxy_testkit::Proxy, value: u8) {
    let sample = format!("goproxy_sumdb_forked{{database=\"{NAME}\"}} {value}");
    let mut page = String::new();
    for _ in 0..300 {
        page = proxy.get("/metrics").await.text();
        if page.lines().any(|line| line == sample) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no {sample} on\n{page}");
}

#[tokio::test]
async fn two_heads_of_one_size_are_a_fork() {
    let (upstream, sums, module) = world(20).await;
    let forked = sums.fork(10);
    let proxy = verifying(&upstream, &sums).start().await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200);
    forked.pad(3);
    while forked.len() < sums.len() {
        forked.add(&ModuleFixture::new("example.com/x", &format!("v1.0.{}", forked.len())));
    }
    upstream.attach(&forked);
    let answer = proxy.get("/sumdb/sums.example.org/lookup/example.com/x@v1.0.13").await;
    assert!(answer.status >= 500 && answer.text().contains("two histories"), "{} {}", answer.status, answer.text());
    assert!(facts(&proxy).any(|file| file.ends_with("fork")));
}

/// What two processes learn at the same time ends as the newer of both.
#[tokio::test]
async fn processes_with_one_cache_share_the_head() {
    let (upstream, sums, module) = world(30).await;
    let one = verifying(&upstream, &sums).start().await;
    let two = verifying(&upstream, &sums).cache_dir(one.cache_dir()).start().await;
    assert_eq!(one.get(&module.url_path("mod")).await.status, 200);
    for n in 0..6 {
        let next = ModuleFixture::new(module.path(), &format!("v1.3.{n}"));
        upstream.add(&next);
        sums.pad(40).add(&next);
        let (a, b) = (if n % 2 == 0 { &one } else { &two }, if n % 2 == 0 { &two } else { &one });
        assert_eq!(a.get(&next.url_path("mod")).await.status, 200, "{}", a.log());
        assert_eq!(
            b.get(&format!("/sumdb/{NAME}/lookup/example.com/!summed@v1.3.{n}")).await.status,
            200,
            "{}",
            b.log()
        );
        assert_eq!(head(&one), sums.signed_tree());
    }
}
