//! Batches of spans, and collectors that do not take them at once.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use goproxy_engine::{
    Observer,
    trace::{Collector as _, Span, SpanKind},
};
use goproxy_testkit::{Answer, Collector, wait_until};

use super::client;
use crate::{Exporter, OtlpOptions};

/// Remembers what became of spans.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<&'static str>>);

impl Observer for Told {
    fn spans(&self, outcome: &'static str, _: u64) {
        self.0.lock().unwrap().push(outcome);
    }
    fn fetch_started(&self, _: &'static str, _: &'static str) {}
    fn fetch_ended(&self, _: &'static str, _: &'static str, _: &'static str, _: Duration) {}
    fn checksum(&self, _: &'static str) {}
    fn read_ahead(&self, _: &'static str, _: u64) {}
    fn rejected(&self, _: &'static str) {}
    fn stored(&self, _: u64) {}
    fn fetch_refused(&self, _: &'static str) {}
    fn upstream_answered(&self, _: &'static str) {}
    fn forked(&self, _: &str, _: bool) {}
}

fn exporter(collector: &Collector, timeout: Duration) -> (Exporter, Arc<Told>) {
    let told = Arc::new(Told::default());
    let options = OtlpOptions {
        url: format!("{}/v1/traces", collector.url()),
        headers: Vec::new(),
        resource: Default::default(),
        timeout,
        delay: Duration::from_millis(1),
        queue: 100,
    };
    (Exporter::start(&client(), options, Arc::clone(&told) as _).unwrap(), told)
}

fn span() -> Span {
    let (start, end) = (SystemTime::now(), SystemTime::now());
    let (trace, id, kind) = ([1; 16], [2; 8], SpanKind::Server);
    Span { trace, id, parent: None, name: "info", kind, start, end, attributes: Vec::new(), failure: None }
}

/// Sends a span and waits for what becomes of it.
async fn send(exporter: &Exporter, told: &Told) -> (&'static str, Duration) {
    let begun = Instant::now();
    exporter.collect(span());
    let outcome = || told.0.lock().unwrap().pop();
    let mut found = None;
    assert!(
        wait_until(Duration::from_secs(60), || {
            found = outcome();
            found.is_some()
        })
        .await
    );
    (found.unwrap(), begun.elapsed())
}

#[tokio::test]
async fn a_batch_is_sent_again_where_the_protocol_says_so() {
    for (status, again) in
        [(429, true), (502, true), (503, true), (504, true), (400, false), (413, false), (500, false)]
    {
        let collector = Collector::start().await;
        collector.first(1, "*", Answer::text(status, "no"));
        let (exporter, told) = exporter(&collector, Duration::from_secs(30));
        let (outcome, took) = send(&exporter, &told).await;
        let expected = if again { ("exported", 2) } else { ("failed", 1) };
        assert_eq!((outcome, collector.total()), expected, "{status}");
        assert!(!again || took >= Duration::from_millis(500), "{status}: {took:?}");
        let bodies: Vec<_> = collector.requests().into_iter().map(|request| request.body).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
    }
}

/// Also one that went away in the middle of the answer.
#[tokio::test]
async fn a_collector_that_starts_again_gets_what_waited() {
    let collector = Collector::start().await;
    collector.stop().await;
    let (exporter, told) = exporter(&collector, Duration::from_secs(30));
    exporter.collect(span());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(told.0.lock().unwrap().is_empty());
    collector.resume().await;
    collector.first(1, "*", Answer::raw(""));
    assert_eq!(send(&exporter, &told).await.0, "exported");
    assert!(!collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_says_when_to_come_back() {
    let collector = Collector::start().await;
    collector.first(1, "*", Answer::text(429, "later").retry_after(2));
    let (exporter, told) = exporter(&collector, Duration::from_secs(30));
    let (outcome, took) = send(&exporter, &told).await;
    assert_eq!((outcome, collector.total()), ("exported", 2));
    assert!(took >= Duration::from_secs(2), "{took:?}");
}

/// Longer than a batch may take: it is lost at once, and the next one waits.
#[tokio::test]
async fn a_collector_that_wants_to_be_left_alone_is() {
    let collector = Collector::start().await;
    collector.first(1, "*", Answer::text(503, "later").retry_after(3));
    let (exporter, told) = exporter(&collector, Duration::from_secs(1));
    let begun = Instant::now();
    assert_eq!(send(&exporter, &told).await.0, "failed");
    assert_eq!(send(&exporter, &told).await.0, "exported");
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(collector.total(), 2);
    // Once is once.
    collector.on("*", Answer::text(503, "later").retry_after(3600));
    assert_eq!(send(&exporter, &told).await.0, "failed");
    exporter.collect(span());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(collector.total(), 3);
}

#[tokio::test]
async fn tries_end() {
    let collector = Collector::start().await;
    collector.on("*", Answer::text(503, "no").retry_after(0));
    let (exporter, told) = exporter(&collector, Duration::from_secs(60));
    assert_eq!(send(&exporter, &told).await.0, "failed");
    assert_eq!(collector.total(), 5);
    // The time of a batch ends them too.
    let (exporter, told) = self::exporter(&collector, Duration::from_millis(1200));
    let (outcome, took) = send(&exporter, &told).await;
    assert_eq!(outcome, "failed");
    assert!((6..8).contains(&collector.total()) && took < Duration::from_secs(30), "{} {took:?}", collector.total());
}
