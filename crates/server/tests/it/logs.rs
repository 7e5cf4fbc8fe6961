//! The access log and the metrics, whose names are an interface.

use std::time::Duration;

use goproxy_engine::{CacheStatus, ErrorKind, Observer, Reply, Via};
use goproxy_server::AccessLogFormat;

use crate::support::{Running, reply};

#[tokio::test]
async fn text_lines() {
    let server = Running::start();
    server.fake.answer("a.b/new", Ok(Reply { cache: CacheStatus::Miss, via: Via::Direct, ..reply("x") }));
    server.fake.fail("a.b/gone", ErrorKind::NotFound, "gone");
    server.fake.fail("a.b/cold", ErrorKind::NotCached, "cold");
    let mut ids = Vec::new();
    for (target, end) in [
        ("/a.b/c/@v/list?x=1", " 200 /a.b/c/@v/list?x=1 [cached] id="),
        ("/a.b/new/@v/list", " 200 /a.b/new/@v/list [direct] id="),
        ("/a.b/gone/@v/list", " 404 /a.b/gone/@v/list [proxy] id="),
        ("/a.b/cold/@v/list", " 404 /a.b/cold/@v/list [cached] id="),
        ("/favicon.ico", " 404 /favicon.ico id="),
    ] {
        let answer = server.get(target).await;
        let line = server.log.line(target).await;
        let (seconds, rest) = line.strip_prefix("goproxy.io: ").unwrap().split_once('s').unwrap();
        assert!(seconds.len() >= 5 && seconds.as_bytes()[seconds.len() - 4] == b'.', "{line}");
        assert_eq!(rest, format!("{end}{}", answer.field("x-request-id")));
        ids.push(answer.field("x-request-id").to_owned());
    }
    // Probes and scrapes are not logged.
    for target in ["/healthz", "/readyz", "/metrics"] {
        server.get(target).await;
    }
    server.get("/last").await;
    server.log.line("/last").await;
    assert_eq!(server.log.text().lines().count(), ids.len() + 1, "{}", server.log.text());
}

#[tokio::test]
async fn json_lines() {
    let server = Running::start_with(|options| options.access_log = AccessLogFormat::Json);
    let answer = server.ask("HEAD /a.b/c/@v/list", &["User-Agent: GoCommand/1 \"quoted\""]).await;
    let line = server.log.line("/a.b/c/").await;
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    for (key, expected) in [
        ("id", answer.field("x-request-id")),
        ("method", "HEAD"),
        ("path", "/a.b/c/@v/list"),
        ("mode", "cached"),
        ("cache", "hit"),
        ("user_agent", "GoCommand/1 \"quoted\""),
    ] {
        assert_eq!(value[key], expected, "{line}");
    }
    assert_eq!((&value["status"], &value["bytes"], &value["aborted"]), (&200.into(), &0.into(), &false.into()));
    assert!(value["remote"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(value["seconds"].as_f64().unwrap() >= 0.0);
    value["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
}

#[tokio::test]
async fn no_lines() {
    let server = Running::start_with(|options| options.access_log = AccessLogFormat::Off);
    server.get("/a.b/c/@v/list").await;
    server.get("/healthz").await;
    assert_eq!(server.log.text(), "");
}

#[tokio::test]
async fn metrics() {
    let server = Running::start();
    let direct = Reply { cache: CacheStatus::Miss, via: Via::Direct, ..reply("xyz") };
    server.fake.answer("a.b/new", Ok(direct));
    server.fake.fail("a.b/gone", ErrorKind::NotFound, "gone");
    server.metrics.fetch_started("proxy", "zip");
    server.metrics.fetch_started("proxy", "zip");
    server.metrics.fetch_ended("proxy", "zip", "ok", Duration::from_secs(3));
    server.metrics.stored(77);
    for target in ["/a.b/c/@v/list", "/a.b/new/@v/v1.0.0.zip", "/a.b/gone/@latest", "/sumdb/x.y/latest", "/nothing"] {
        server.get(target).await;
    }
    let answer = server.get("/metrics").await;
    assert_eq!(answer.field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE goproxy_router_request_total counter",
        "goproxy_router_request_total{mode=\"cached\",status=\"200\"} 2",
        "goproxy_router_request_total{mode=\"direct\",status=\"200\"} 1",
        "goproxy_router_request_total{mode=\"proxy\",status=\"404\"} 1",
        "# TYPE goproxy_http_request_duration_seconds histogram",
        "goproxy_http_request_duration_seconds_count{what=\"list\",status=\"200\"} 1",
        "goproxy_http_request_duration_seconds_count{what=\"zip\",status=\"200\"} 1",
        "goproxy_http_request_duration_seconds_count{what=\"latest\",status=\"404\"} 1",
        "goproxy_http_request_duration_seconds_count{what=\"sumdb\",status=\"200\"} 1",
        "goproxy_http_request_duration_seconds_count{what=\"other\",status=\"404\"} 1",
        "# TYPE goproxy_fetch_duration_seconds histogram",
        "goproxy_fetch_duration_seconds_sum{source=\"proxy\",what=\"zip\",outcome=\"ok\"} 3.0",
        "goproxy_fetches_in_flight{source=\"proxy\"} 1",
        "goproxy_cache_requests_total{what=\"list\",result=\"hit\"} 1",
        "goproxy_cache_requests_total{what=\"zip\",result=\"miss\"} 1",
        "goproxy_stored_bytes_total 77",
        "goproxy_store_used_bytes 12",
        "goproxy_store_free_bytes 34",
        "goproxy_connections 1",
        "goproxy_access_log_dropped_total 0",
        "goproxy_build_info{version=\"0.0.0-test\"} 1",
    ] {
        assert!(answer.body.lines().any(|l| l == line), "no {line:?} in\n{}", answer.body);
    }
    assert!(!answer.body.contains("goproxy_store_size_bytes") && !answer.body.contains("a.b"), "{}", answer.body);
    let bytes = answer.body.lines().find_map(|line| line.strip_prefix("goproxy_response_bytes_total "));
    // Two bodies of ten bytes, one of three, the text of the failures.
    assert!(bytes.unwrap().parse::<u64>().unwrap() > 23);
    for line in answer.body.lines().filter(|line| !line.starts_with('#')) {
        let ours = line.starts_with("goproxy_") || line.starts_with("process_");
        assert!(ours && line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
    }

    let answer = server.ask("GET /metrics", &["Accept: application/openmetrics-text; version=1.0.0"]).await;
    assert_eq!(answer.field("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.body.contains("# TYPE goproxy_router_request counter\n") && answer.body.ends_with("# EOF\n"));
    assert!(answer.body.contains("goproxy_router_request_total{mode=\"direct\",status=\"200\"} 1\n"));
}
