//! The original as a proxy of checksum databases.

use std::time::Duration;

use goproxy_testkit::{Answer, ModuleFixture, SumDb, SumDbSupport, Upstream};

use crate::support::{goproxy, router, router_with, upstream_with};

#[tokio::test]
async fn sumdb_failures_were_410_and_sent_clients_past_us() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    upstream.on("/sumdb/*", Answer::text(503, "out of order\n"));
    let proxy = router(&upstream).await;
    let supported = proxy.get("/sumdb/sum.golang.org/supported").await;
    assert_eq!((supported.status, supported.body.len()), (200, 0), "answered by us");
    for path in ["latest", "lookup/example.com/m@v1.0.0", "tile/8/0/000"] {
        let answer = proxy.get(&format!("/sumdb/sum.golang.org/{path}")).await;
        assert!((500..505).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
    upstream.stop().await;
    let answer = proxy.get("/sumdb/sum.golang.org/lookup/example.com/m@v1.0.1").await;
    assert!((500..505).contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn an_unknown_checksum_database_was_410_and_the_names_were_fixed() {
    let upstream = Upstream::start().await;
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org,gosum.io"]).await;
    for (name, status) in [("sums.example.org", 200), ("gosum.io", 200), ("sum.golang.org", 404), ("other", 404)] {
        let answer = proxy.get(&format!("/sumdb/{name}/supported")).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    assert_eq!(upstream.total(), 0);
    let by_default = router(&upstream).await;
    for name in ["sum.golang.org", "sum.golang.google.cn", "gosum.io"] {
        assert_eq!(by_default.get(&format!("/sumdb/{name}/supported")).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_quick_404_beat_the_mirror_that_knew() {
    let (quick, slow, sums) = (Upstream::start().await, Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/race", "v1.0.0");
    sums.pad(5).add(&module);
    let body = sums.lookup("example.com/race@v1.0.0").unwrap();
    slow.attach(&sums);
    slow.on("/sumdb/*/lookup/*", Answer::text(200, body.clone()).delay(Duration::from_millis(2500)));
    let list = format!("{},{}", quick.url(), slow.url());
    let program = goproxy().args(["-proxy", &list, "-sumdb", "sums.example.org"]);
    let proxy = program.env("GOSUMDB", sums.verifier_key()).start().await;
    let lookup = "/sumdb/sums.example.org/lookup/example.com/race@v1.0.0";
    for _ in 0..2 {
        // Two and a half seconds: the original gave up after two.
        let answer = proxy.get(lookup).await;
        assert_eq!((answer.status, answer.text()), (200, body.clone()), "{}", proxy.log());
    }
    assert_eq!(slow.count(lookup), 1, "and the original kept nothing");
}

#[tokio::test]
async fn a_down_checksum_database_is_never_absent() {
    let sums = SumDb::new("sums.example.org");
    for status in [500, 502, 503, 504, 429] {
        for support in [SumDbSupport::Failing(status), SumDbSupport::Down(status)] {
            let upstream = Upstream::start().await;
            upstream.attach(&sums).set(|knobs| knobs.sumdb = support);
            let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
            for path in ["lookup/example.com/m@v1.0.0", "tile/8/0/000", "latest"] {
                let answer = proxy.get(&format!("/sumdb/sums.example.org/{path}")).await;
                assert!((500..505).contains(&answer.status), "{support:?} {path}: {}", answer.status);
            }
        }
    }
}
