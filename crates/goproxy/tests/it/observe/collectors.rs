//! A collector that hangs, refuses or is gone is no matter of those who ask.

use std::time::{Duration, Instant};

use goproxy_testkit::{Answer, Collector, wait_until};

use super::traces::traced;
use crate::support::{PATIENCE, upstream_with};

#[tokio::test]
async fn a_collector_that_hangs_delays_nothing_and_costs_a_bounded_queue() {
    let (collector, (upstream, module)) = (Collector::start().await, upstream_with("example.com/hung", "v1.0.0").await);
    collector.pause();
    let program = traced(&collector).args(["-proxy", &upstream.url(), "-accessLog", "off"]);
    let proxy = program.env("OTEL_BSP_MAX_QUEUE_SIZE", "100").start().await;
    let path = module.url_path("info");
    let resident = async || {
        let page = proxy.get("/metrics").await.text();
        let line = page.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        (line.unwrap().parse::<u64>().unwrap(), page)
    };
    for _ in 0..300 {
        assert_eq!(proxy.get(&path).await.status, 200);
    }
    let ((before, _), begun) = (resident().await, Instant::now());
    for _ in 0..3000 {
        assert_eq!(proxy.get(&path).await.status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let (after, page) = resident().await;
    // 12000 spans would be some ten megabytes.
    assert!(after < before + (4 << 20), "{before} {after}");
    let dropped = page.lines().find_map(|line| line.strip_prefix("goproxy_trace_spans_total{outcome=\"dropped\"} "));
    assert!(dropped.unwrap().parse::<u64>().unwrap() > 5000, "{page}");
}

/// Whatever the collector does, clients are answered, what is lost is counted, and the log says so once.
#[tokio::test]
async fn a_collector_that_refuses_or_is_down() {
    for (name, answer) in [
        ("the collector answers 400", Some(Answer::text(400, "bad"))),
        ("the collector answers 503", Some(Answer::text(503, "later").retry_after(3600))),
        ("the collector answers 302", Some(Answer::redirect(302, "http://127.0.0.1:9/"))),
        ("the collector does not answer in time", Some(Answer::hang())),
        ("onnect", None),
    ] {
        let (collector, (upstream, module)) =
            (Collector::start().await, upstream_with("example.com/lost", "v1.0.0").await);
        match answer {
            Some(answer) => collector.on("*", answer),
            None => collector.stop().await,
        }
        let program = traced(&collector).args(["-proxy", &upstream.url(), "-accessLog", "off"]);
        let program = program.env("OTEL_EXPORTER_OTLP_TIMEOUT", "100").env("OTEL_BSP_MAX_QUEUE_SIZE", "100");
        let mut proxy = program.start().await;
        let begun = Instant::now();
        for _ in 0..400 {
            assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{name}: {:?}", begun.elapsed());
        let said = || proxy.log().matches("spans of traces are lost").count() == 1 && proxy.log().contains(name);
        assert!(wait_until(PATIENCE, said).await, "{name}: {}", proxy.log());
        let page = proxy.get("/metrics").await.text();
        let of = |outcome: &str| format!("goproxy_trace_spans_total{{outcome=\"{outcome}\"}} 0");
        assert!(page.contains(&of("exported")) && !page.contains(&of("failed")), "{name}: {page}");
        // Nor does it delay the end.
        let begun = Instant::now();
        assert!(proxy.terminate(PATIENCE).await.is_some());
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}: {:?}", begun.elapsed());
    }
}
