//! Traces: spans arrive at a collector with their parents, names and attributes, and at nobody else.

use std::time::Duration;

use goproxy_testkit::{Answer, Collector, ModuleFixture, Proxy, ProxyBuilder, SpanSeen, Upstream, wait_until};

use crate::{
    environment::{TOKEN, private_host},
    support::{PATIENCE, goproxy, home_with_git, upstream_with},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

pub(super) fn traced(collector: &Collector) -> ProxyBuilder {
    goproxy().env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env("OTEL_BSP_SCHEDULE_DELAY", "50")
}

fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{SPAN}-{flags}")
}

/// The one span of that name.
pub(super) fn one<'a>(spans: &'a [SpanSeen], name: &str) -> &'a SpanSeen {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    found[0]
}

pub(super) fn number(n: u8) -> String {
    format!("{n:032x}")
}

pub(super) async fn ask(proxy: &Proxy, trace: &str, path: &str) -> u16 {
    let headers = [("traceparent", &*traceparent(trace, "01")), ("tracestate", "vendor=secret")];
    proxy.get_with(path, &headers).await.status
}

#[tokio::test]
async fn a_miss_a_hit_and_failures() {
    let (collector, (upstream, module)) = (Collector::start().await, upstream_with("example.com/seen", "v1.0.0").await);
    let flags = ["-proxy", &upstream.url(), "-readAhead", "0", "-accessLog", "json"];
    let program = traced(&collector).args(flags).env("OTEL_SERVICE_NAME", "modules");
    let proxy = program.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b").start().await;
    let path = module.url_path("mod");
    assert_eq!(ask(&proxy, TRACE, &path).await, 200);
    let spans = collector.trace_with(TRACE, "mod").await;
    let first = one(&spans, "mod");
    assert_eq!((&*first.parent, first.kind, first.failed), (SPAN, 2, false));
    assert_eq!(first.resource["service.name"], "modules");
    for (key, value) in [
        ("http.request.method", "GET"),
        ("url.path", &*path),
        ("http.response.status_code", "200"),
        ("goproxy.module", "example.com/seen"),
        ("goproxy.version", "v1.0.0"),
        ("goproxy.what", "mod"),
        ("goproxy.source", "proxy"),
        ("goproxy.cache", "miss"),
    ] {
        assert_eq!(first.attributes.get(key).map(String::as_str), Some(value), "{key}: {first:#?}");
    }
    for name in ["receive", "lookup", "wait", "send"] {
        assert_eq!(one(&spans, name).parent, first.id, "{name}");
    }
    let wait = one(&spans, "wait");
    for name in ["fetch", "check", "verify", "commit"] {
        let span = one(&spans, name);
        assert!(span.parent == wait.id && span.start >= wait.start && span.end <= wait.end + 1_000_000, "{spans:#?}");
    }
    let fetch = one(&spans, "fetch");
    assert_eq!((fetch.kind, &*fetch.attributes["goproxy.source"]), (3, "proxy"));
    // The upstream is told where it is, and nothing else of the client's.
    let asked = upstream.requests().into_iter().find(|request| request.path == path).unwrap();
    assert_eq!(asked.header("traceparent"), Some(&*format!("00-{TRACE}-{}-01", fetch.id)));
    assert_eq!(asked.header("tracestate"), None);
    assert_eq!(collector.requests()[0].header("x-key"), Some("a b"));

    // A hit has no wait; the log names the trace.
    assert_eq!(ask(&proxy, &number(2), &path).await, 200);
    let spans = collector.trace_with(&number(2), "mod").await;
    let names: std::collections::BTreeSet<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["lookup", "mod", "receive", "send"].into());
    assert_eq!(one(&spans, "mod").attributes["goproxy.cache"], "hit");
    assert!(wait_until(PATIENCE, || proxy.log().contains(&number(2))).await, "{}", proxy.log());

    // Absences are no failures, upstreams that break are.
    assert_eq!(ask(&proxy, &number(3), "/example.com/seen/@v/v1.9.0.info").await, 404);
    let spans = collector.trace_with(&number(3), "info").await;
    let fetch = one(&spans, "fetch");
    assert!(fetch.attributes["goproxy.answer"] == "not_found" && spans.iter().all(|span| !span.failed), "{spans:#?}");
    upstream.on("/example.com/broken/@v/list", Answer::text(500, "broken"));
    assert!(ask(&proxy, &number(4), "/example.com/broken/@v/list").await >= 500);
    let spans = collector.trace_with(&number(4), "list").await;
    assert!(one(&spans, "list").failed && one(&spans, "fetch").failed && one(&spans, "wait").failed, "{spans:#?}");
    // What is not a good header begins a trace of its own.
    proxy.get_with(&path, &[("traceparent", "00-nonsense")]).await;
    let own = || collector.spans().into_iter().any(|span| span.name == "mod" && span.parent.is_empty());
    assert!(wait_until(PATIENCE, own).await, "{:#?}", collector.spans());
    // Probes and the page of metrics are not traced.
    proxy.get_with("/healthz", &[("traceparent", &traceparent(&number(9), "01"))]).await;
    ask(&proxy, &number(10), &path).await;
    collector.trace_with(&number(10), "mod").await;
    assert!(collector.spans().iter().all(|span| span.trace != number(9)));
    let page = proxy.get("/metrics").await.text();
    assert!(page.contains("goproxy_trace_spans_total{outcome=\"dropped\"} 0"), "{page}");
    assert!(!page.contains("goproxy_trace_spans_total{outcome=\"exported\"} 0"), "{page}");
}

#[tokio::test]
async fn off_by_default_and_what_the_sampler_leaves_out() {
    let (upstream, module) = upstream_with("example.com/off", "v1.0.0").await;
    let asked = |path: &str| upstream.requests().into_iter().rfind(|request| request.path == path).unwrap();
    let flags = ["-proxy", &upstream.url(), "-readAhead", "0"].map(str::to_owned);
    let proxy = goproxy().args(flags.clone()).start().await;
    assert_eq!(ask(&proxy, TRACE, &module.url_path("mod")).await, 200);
    assert_eq!(asked(&module.url_path("mod")).header("traceparent"), None);
    // Left out by the client, or by the setting: the trace goes on, and nobody collects it here.
    let collector = Collector::start().await;
    let proxy = traced(&collector).args(flags.clone()).start().await;
    let header = traceparent(TRACE, "00");
    proxy.get_with(&module.url_path("mod"), &[("traceparent", &header)]).await;
    let said = asked(&module.url_path("mod")).header("traceparent").unwrap().to_owned();
    assert!(said.starts_with(&format!("00-{TRACE}-")) && said.ends_with("-00") && !said.contains(SPAN), "{said}");
    let proxy = traced(&collector).args(flags).env("OTEL_TRACES_SAMPLER", "always_off").start().await;
    ask(&proxy, TRACE, &module.url_path("mod")).await;
    assert!(asked(&module.url_path("mod")).header("traceparent").unwrap().ends_with("-00"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(collector.total(), 0);
}

#[tokio::test]
async fn the_last_spans_are_sent_at_the_end() {
    let (collector, (upstream, module)) = (Collector::start().await, upstream_with("example.com/last", "v1.0.0").await);
    let program = goproxy().args(["-proxy", &upstream.url(), "-otlpEndpoint", &collector.url()]);
    let mut proxy = program.env("OTEL_BSP_SCHEDULE_DELAY", "600000").start().await;
    assert_eq!(ask(&proxy, TRACE, &module.url_path("info")).await, 200);
    assert!(proxy.terminate(PATIENCE).await.is_some());
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.trace == TRACE && span.name == "info"), "{spans:#?}");
}

/// A redirect leads to somebody else, who is told nothing.
#[tokio::test]
async fn a_redirect_carries_no_trace() {
    let (collector, other) = (Collector::start().await, Upstream::start().await);
    let (upstream, module) = upstream_with("example.com/moved", "v1.0.0").await;
    other.add(&module);
    let path = module.url_path("info");
    upstream.on(&path, Answer::redirect(302, &format!("{}{path}", other.url())));
    let proxy = traced(&collector).args(["-proxy", &upstream.url(), "-readAhead", "0"]).start().await;
    assert_eq!(ask(&proxy, TRACE, &path).await, 200, "{}", proxy.log());
    assert!(upstream.requests().iter().any(|request| request.header("traceparent").is_some()));
    assert!(other.total() > 0 && other.requests().iter().all(|request| request.header("traceparent").is_none()));
}

#[tokio::test]
async fn private_modules_are_named_to_nobody() {
    let Some((host, _repo)) = private_host().await else { return };
    let collector = Collector::start().await;
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let flags = ["-exclude", "github.com/acme", "-redactPrivate", "on", "-proxy", "off"];
    let proxy = traced(&collector).args(flags).home(&home).start().await;
    for (n, path) in ["@v/list", "@latest", "@v/v1.0.0.zip"].iter().enumerate() {
        ask(&proxy, &number(20 + n as u8), &format!("/github.com/acme/private/{path}")).await;
    }
    // Nor in questions that are refused, in paths that are none, and in other spellings.
    for (trace, path) in [
        (23, "/sumdb/sum.golang.org/lookup/github.com/acme/private@v1.0.0"),
        (24, "//github.com/acme/private/@v/list"),
        (25, "/github.com/%61cme/private/@v/list"),
    ] {
        ask(&proxy, &number(trace), path).await;
        let named = || collector.spans().iter().any(|span| span.trace == number(trace) && span.kind == 2);
        assert!(wait_until(PATIENCE, named).await, "{path}");
    }
    for (trace, name) in [(20, "list"), (21, "latest"), (22, "zip")] {
        let spans = collector.trace_with(&number(trace), name).await;
        let first = one(&spans, name);
        assert!(first.attributes["goproxy.module"].starts_with("private:"), "{first:#?}");
        assert!(spans.iter().any(|span| span.name == "fetch" && span.attributes["goproxy.source"] == "direct"));
    }
    let sent: String = collector.requests().iter().map(|r| String::from_utf8_lossy(&r.body).into_owned()).collect();
    assert!(!sent.contains("acme") && !sent.contains(TOKEN) && !sent.contains("secret"), "{sent}");
    assert!(host.total() > 0 && host.requests().iter().all(|request| request.header("traceparent").is_none()));
}

#[tokio::test]
async fn a_module_that_two_ask_for_is_fetched_in_one_of_their_traces() {
    let (collector, upstream) = (Collector::start().await, Upstream::start().await);
    let module = ModuleFixture::new("example.com/shared", "v1.0.0");
    upstream.add(&module);
    let path = module.url_path("info");
    let slow = Answer::json(module.info()).delay(Duration::from_millis(500));
    upstream.on(&path, slow);
    let proxy = traced(&collector).args(["-proxy", &upstream.url(), "-readAhead", "0"]).start().await;
    let (a, b) = (number(30), number(31));
    let (one_status, other_status) = tokio::join!(ask(&proxy, &a, &path), ask(&proxy, &b, &path));
    assert_eq!((one_status, other_status, upstream.count(&path)), (200, 200, 1));
    let (first, second) = (collector.trace_with(&a, "info").await, collector.trace_with(&b, "info").await);
    let fetches = |spans: &[SpanSeen]| spans.iter().filter(|span| span.name == "fetch").count();
    assert_eq!(fetches(&first) + fetches(&second), 1);
    assert!(one(&first, "wait").end - one(&first, "wait").start > 200_000_000);
    assert!(one(&second, "wait").end - one(&second, "wait").start > 200_000_000);
}
