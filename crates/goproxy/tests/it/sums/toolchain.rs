//! Toolchains: programs that `go` runs, so that only the database's word counts for them (CVE-2026-42501).

use goproxy_testkit::{Answer, ModuleFixture};

use super::{stored, verifying, world};

#[tokio::test]
async fn another_toolchain_was_served_where_gonosumdb_says_not_to_ask() {
    let (upstream, sums, _) = world(30).await;
    let toolchain = ModuleFixture::new("golang.org/toolchain", "v0.0.1-go1.26.1.linux-amd64").file("bin/go", "true\n");
    let other = ModuleFixture::new(toolchain.path(), toolchain.version()).file("bin/go", "evil\n");
    sums.add(&toolchain);
    upstream.add(&toolchain);
    let proxy = verifying(&upstream, &sums).env("GONOSUMDB", "golang.org/*").start().await;
    upstream.on(&toolchain.url_path("zip"), Answer::zip(other.zip()));
    let answer = proxy.get(&toolchain.url_path("zip")).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(!stored(&proxy, ".zip"));
    upstream.heal();
    assert_eq!(proxy.get(&toolchain.url_path("zip")).await.body, toolchain.zip(), "{}", proxy.log());
}
