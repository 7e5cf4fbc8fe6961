//! What no database vouches for is what it was when it was first seen; and private names stay here.

use goproxy_testkit::{Answer, ModuleFixture, wait_until};

use super::{NAME, facts, stored, verifying, world};
use crate::support::{PATIENCE, files, goproxy, upstream_with};

/// T10.
#[tokio::test]
async fn a_version_that_changed_was_served_once_the_cache_had_lost_it() {
    let (upstream, module) = upstream_with("example.com/Pinned", "v1.0.0").await;
    let mut proxy = goproxy().args(["-proxy", &upstream.url()]).start().await;
    for ext in ["mod", "zip"] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.status, 200);
    }
    proxy.kill9();
    std::fs::remove_dir_all(proxy.download_dir()).unwrap();
    proxy.restart().await;
    let other = ModuleFixture::new(module.path(), module.version()).file("other.go", "package pinned\n");
    upstream.on(&module.url_path("zip"), Answer::zip(other.zip()));
    for _ in 0..2 {
        let answer = proxy.get(&module.url_path("zip")).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(answer.text().contains("changed since it was first seen"), "{}", answer.text());
        assert!(!answer.text().contains("/facts/"), "paths are for the log: {}", answer.text());
    }
    assert!(wait_until(PATIENCE, || proxy.log().contains("/facts/sums/")).await, "{}", proxy.log());
    assert!(!stored(&proxy, "v1.0.0.zip"));
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "it has not changed");
    let pins: Vec<_> = facts(&proxy).filter(|file| file.extension().is_some_and(|e| e == "zip")).collect();
    assert_eq!(pins.len(), 1);
    std::fs::remove_file(&pins[0]).unwrap();
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, other.zip(), "the operator knows better");
}

/// T9: nobody is asked about private modules, and those of GONOSUMDB.
#[tokio::test]
async fn names_that_nobody_may_learn_were_looked_up() {
    let (upstream, sums, _) = world(3).await;
    let unsummed = ModuleFixture::new("unsummed.example/m", "v1.0.0");
    upstream.add(&unsummed);
    let program = verifying(&upstream, &sums).args(["-exclude", "private.example"]);
    let proxy = program.env("GONOSUMDB", "unsummed.example").start().await;
    for ext in ["info", "mod", "zip"] {
        assert_eq!(proxy.get(&unsummed.url_path(ext)).await.status, 200, "{}", proxy.log());
    }
    for module in ["private.example/m", "unsummed.example/m"] {
        let answer = proxy.get(&format!("/sumdb/{NAME}/lookup/{module}@v1.0.0")).await;
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    assert!(proxy.get("/private.example/m/@v/v1.0.0.mod").await.status >= 400);
    assert_eq!(upstream.count("/sumdb/*"), 0, "{:?}", upstream.requests());
    assert_eq!(files(&proxy.cache_dir().join("pkg/mod/cache/goproxy/facts/sums")).len(), 2, "both are pinned");
}
