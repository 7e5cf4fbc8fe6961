//! Stages of a request that are seen in its trace: queues, and what version control does.

use std::time::Duration;

use goproxy_testkit::{Answer, Collector, ModuleFixture, SpanSeen, Upstream};

use super::traces::{ask, number, one, traced};
use crate::{
    environment::{TOKEN, private_host},
    support::home_with_git,
};

/// What version control does is below the fetch, stage by stage, and what it waits for.
#[tokio::test]
async fn straight_from_version_control() {
    let Some((host, _repo)) = private_host().await else { return };
    let collector = Collector::start().await;
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let flags = ["-proxy", "off", "-exclude", "github.com/acme", "-readAhead", "0"];
    let proxy = traced(&collector).args(flags).home(&home).start().await;
    let base = "/github.com/acme/private/@v";
    for (trace, ext, stages) in [
        (40, "info", &["discover", "resolve", "refs", "objects", "read"][..]),
        (41, "zip", &["discover", "resolve", "read", "archive"][..]),
    ] {
        assert_eq!(ask(&proxy, &number(trace), &format!("{base}/v1.0.0.{ext}")).await, 200, "{}", proxy.log());
        let spans = collector.trace_with(&number(trace), ext).await;
        let fetch = one(&spans, "fetch");
        for name in stages {
            let mut found = spans.iter().filter(|span| span.name == *name).peekable();
            assert!(found.peek().is_some(), "no {name} in {spans:#?}");
            for span in found {
                assert!(within(&spans, span, fetch) && !span.failed, "{name} in {spans:#?}");
                assert!(span.start >= fetch.start && span.end <= fetch.end + 1_000_000, "{name} in {spans:#?}");
            }
        }
        // The remote is asked in a request of ours.
        assert!(spans.iter().filter(|span| ["refs", "objects"].contains(&&*span.name)).all(|span| span.kind == 3));
    }
    // A hit asks nobody.
    ask(&proxy, &number(42), &format!("{base}/v1.0.0.zip")).await;
    let spans = collector.trace_with(&number(42), "zip").await;
    assert!(spans.iter().all(|span| span.name != "fetch" && span.name != "discover"), "{spans:#?}");
}

/// Whether a span is below another one.
fn within(spans: &[SpanSeen], span: &SpanSeen, above: &SpanSeen) -> bool {
    span.parent == above.id
        || spans.iter().find(|parent| parent.id == span.parent).is_some_and(|parent| within(spans, parent, above))
}

/// Who waits for a turn with an upstream sees that.
#[tokio::test]
async fn a_queue_is_a_stage() {
    let (collector, upstream) = (Collector::start().await, Upstream::start().await);
    for n in 0..2 {
        let module = ModuleFixture::new(&format!("example.com/queued{n}"), "v1.0.0");
        upstream.add(&module);
        upstream.on(&module.url_path("info"), Answer::json(module.info()).delay(Duration::from_millis(400)));
    }
    let flags = ["-proxy", &upstream.url(), "-readAhead", "0", "-upstreamLimit", "1"];
    let proxy = traced(&collector).args(flags).start().await;
    let path = |n: u8| format!("/example.com/queued{n}/@v/v1.0.0.info");
    let (trace, other) = (number(50), number(51));
    let (zero, one_) = (path(0), path(1));
    assert_eq!(tokio::join!(ask(&proxy, &trace, &zero), ask(&proxy, &other, &one_)), (200, 200));
    let mut all = collector.trace_with(&number(50), "info").await;
    all.extend(collector.trace_with(&number(51), "info").await);
    let queue = one(&all, "queue");
    assert!(queue.end - queue.start > 200_000_000, "{all:#?}");
    assert_eq!(all.iter().find(|span| span.id == queue.parent).unwrap().name, "fetch");
}
