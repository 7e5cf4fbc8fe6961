//! What `/metrics` tells. The names are an interface; labels are fixed words and statuses, never module paths. Another
//! one is a field, a line in `register`, and a row in `docs/metrics.md`, which a test compares.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use goproxy_engine::{Load, Observer};
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::Gauges;

mod exposition;
mod labels;
mod process;

pub(crate) use exposition::Exposition;
use labels::{Build, Cache, Fetch, Forked, Outcome, Reason, Rejected, Request, Router, Source};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Counts what happens. One for the process; also the engine's [`Observer`].
pub struct Metrics {
    registry: Registry,
    router: Family<Router, Counter>,
    requests: Histograms<Request>,
    fetches: Histograms<Fetch>,
    in_flight: Family<Source, Gauge>,
    cache: Family<Cache, Counter>,
    checksums: Family<Outcome, Counter>,
    scrubbed: Family<Outcome, Counter>,
    rejected: Family<Rejected, Counter>,
    read_ahead: Family<Outcome, Counter>,
    refused: Family<Reason, Counter>,
    fetch_refused: Family<Reason, Counter>,
    upstream: Family<Outcome, Counter>,
    spans: Family<Outcome, Counter>,
    forked: Family<Forked, Gauge>,
    response_bytes: Counter,
    stored_bytes: Counter,
    pub(crate) log_dropped: Counter,
    pub(crate) connections: Gauge,
    pub(crate) tls_failures: Counter,
}

/// What a response was, once it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) what: &'static str,
    pub(crate) status: u16,
    pub(crate) mode: Option<&'static str>,
    pub(crate) cache: Option<&'static str>,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

/// Where responses of one kind are counted, found once.
#[derive(Debug)]
pub(crate) struct Tally {
    requests: Histogram,
    router: Counter,
    cache: Option<Counter>,
}

impl Tally {
    /// One has ended.
    pub(crate) fn count(&self, metrics: &Metrics, bytes: u64, took: Duration) {
        self.requests.observe(took.as_secs_f64());
        self.router.inc();
        if let Some(cache) = &self.cache {
            cache.inc();
        }
        metrics.response_bytes.inc_by(bytes);
    }
}

impl Metrics {
    /// Everything at zero, for a build of that version.
    pub fn new(version: &str) -> Self {
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: version.to_owned() }).set(1);
        let mut metrics = Self {
            registry: Registry::default(),
            router: Family::default(),
            requests: Family::new_with_constructor(histogram),
            fetches: Family::new_with_constructor(histogram),
            in_flight: Family::default(),
            cache: Family::default(),
            checksums: Family::default(),
            scrubbed: Family::default(),
            rejected: Family::default(),
            read_ahead: Family::default(),
            refused: Family::default(),
            fetch_refused: Family::default(),
            upstream: Family::default(),
            spans: Family::default(),
            forked: Family::default(),
            response_bytes: Counter::default(),
            stored_bytes: Counter::default(),
            log_dropped: Counter::default(),
            connections: Gauge::default(),
            tls_failures: Counter::default(),
        };
        // There from the start: an alarm on what was never counted is none.
        for outcome in ["good", "adopted", "bad", "failed"] {
            drop(metrics.scrubbed.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["verified", "pinned", "mismatch", "unlisted", "failed", "fork"] {
            drop(metrics.checksums.get_or_create(&Outcome { outcome }));
        }
        for reason in ["queue", "disk"] {
            drop(metrics.fetch_refused.get_or_create(&Reason { reason }));
        }
        for outcome in ["2xx", "3xx", "4xx", "5xx", "timeout", "unreachable", "paused"] {
            drop(metrics.upstream.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["exported", "dropped", "failed"] {
            drop(metrics.spans.get_or_create(&Outcome { outcome }));
        }
        let _ = metrics.read_ahead.get_or_create(&Outcome { outcome: "fetched" });
        let _ = metrics.rejected.get_or_create(&Rejected { what: "zip" });
        let _ = metrics.refused.get_or_create(&Reason { reason: "missing" });
        metrics.registry.register("goproxy_build_info", "The running version", build);
        metrics.register();
        metrics
    }

    /// The encoder appends `_total` to the names of counters.
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("goproxy_router_request", "Requests by who answered and status", self.router.clone());
        r.register("goproxy_http_request_duration_seconds", "Time until the response ended", self.requests.clone());
        r.register("goproxy_fetch_duration_seconds", "Time that fetches from sources took", self.fetches.clone());
        r.register("goproxy_fetches_in_flight", "Running fetches from sources", self.in_flight.clone());
        r.register("goproxy_cache_requests", "Answers by what the cache had", self.cache.clone());
        r.register("goproxy_rejected", "What sources sent that does not hold", self.rejected.clone());
        r.register("goproxy_readahead", "Files fetched before anybody asked", self.read_ahead.clone());
        r.register("goproxy_checksums", "Module files compared with their sums", self.checksums.clone());
        r.register("goproxy_scrubbed_objects", "Cached objects that the scrub has read", self.scrubbed.clone());
        r.register("goproxy_access_refused", "Requests refused by why, where there are accounts", self.refused.clone());
        r.register("goproxy_fetches_refused", "Fetches that were not begun, by why", self.fetch_refused.clone());
        r.register("goproxy_upstream_requests", "Requests to upstreams by outcome", self.upstream.clone());
        r.register("goproxy_sumdb_forked", "Checksum databases that have signed two histories", self.forked.clone());
        r.register("goproxy_trace_spans", "Spans of traces by what became of them", self.spans.clone());
        r.register("goproxy_response_bytes", "Bytes of response bodies", self.response_bytes.clone());
        r.register("goproxy_stored_bytes", "Bytes committed to the store", self.stored_bytes.clone());
        r.register("goproxy_access_log_dropped", "Access log lines dropped", self.log_dropped.clone());
        r.register("goproxy_connections", "Open connections", self.connections.clone());
        r.register("goproxy_tls_handshake_failures", "TLS handshakes that failed", self.tls_failures.clone());
    }

    /// The page, with the store's figures of this moment.
    pub(crate) fn expose(&self, gauges: Gauges, form: Exposition) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry)?;
        for (name, help, value) in [
            ("used", "What the cached objects take", gauges.store_bytes),
            ("free", "What the store's file system has left", gauges.store_free_bytes),
            ("size", "The size of the store's file system", gauges.store_size_bytes),
        ] {
            let Some(value) = value else { continue };
            gauge(&mut page, &format!("goproxy_store_{name}_bytes"), help, value)?;
        }
        if let Some(Load { admitted, waiting, limit }) = gauges.load {
            let running = admitted.saturating_sub(waiting);
            let name = "goproxy_fetch_queue";
            gauge(&mut page, &format!("{name}_limit"), "How many fetches may run and wait", limit)?;
            write!(page, "# HELP {name} Fetches that run, and that wait for their turn.\n# TYPE {name} gauge\n")?;
            write!(page, "{name}{{state=\"running\"}} {running}\n{name}{{state=\"waiting\"}} {waiting}\n")?;
        }
        process::expose(&mut page)?;
        text::encode_eof(&mut page)?;
        Ok(form.render(page))
    }

    /// The scrub has read an object; the outcome is a fixed word.
    pub fn scrubbed(&self, outcome: &'static str) {
        self.scrubbed.get_or_create(&Outcome { outcome }).inc();
    }

    /// Somebody was not let in.
    pub(crate) fn access_refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// Where such responses are counted.
    pub(crate) fn tally(
        &self,
        what: &'static str,
        status: u16,
        mode: &'static str,
        cache: Option<&'static str>,
    ) -> Tally {
        Tally {
            requests: self.requests.get_or_create(&Request { what, status }).clone(),
            router: self.router.get_or_create(&Router { mode, status }).clone(),
            cache: cache.map(|result| self.cache.get_or_create(&Cache { what, result }).clone()),
        }
    }

    /// A response has ended.
    pub(crate) fn ended(&self, ended: Ended) {
        let Ended { what, status, mode, cache, bytes, took } = ended;
        self.requests.get_or_create(&Request { what, status }).observe(took.as_secs_f64());
        if let Some(mode) = mode {
            self.router.get_or_create(&Router { mode, status }).inc();
        }
        if let Some(result) = cache {
            self.cache.get_or_create(&Cache { what, result }).inc();
        }
        self.response_bytes.inc_by(bytes);
    }
}

/// Writes a gauge without labels.
fn gauge(page: &mut String, name: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
    write!(page, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}\n")
}

/// From a memory hit to a large module over a slow line.
fn histogram() -> Histogram {
    Histogram::new([0.0005, 0.002, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0])
}

impl Observer for Metrics {
    fn fetch_started(&self, source: &'static str, _: &'static str) {
        self.in_flight.get_or_create(&Source { source }).inc();
    }

    fn fetch_ended(&self, source: &'static str, what: &'static str, outcome: &'static str, took: Duration) {
        self.in_flight.get_or_create(&Source { source }).dec();
        self.fetches.get_or_create(&Fetch { source, what, outcome }).observe(took.as_secs_f64());
    }

    fn checksum(&self, outcome: &'static str) {
        self.checksums.get_or_create(&Outcome { outcome }).inc();
    }

    fn read_ahead(&self, outcome: &'static str, files: u64) {
        self.read_ahead.get_or_create(&Outcome { outcome }).inc_by(files);
    }

    fn rejected(&self, what: &'static str) {
        self.rejected.get_or_create(&Rejected { what }).inc();
    }

    fn stored(&self, bytes: u64) {
        self.stored_bytes.inc_by(bytes);
    }

    fn fetch_refused(&self, reason: &'static str) {
        self.fetch_refused.get_or_create(&Reason { reason }).inc();
    }

    fn upstream_answered(&self, outcome: &'static str) {
        self.upstream.get_or_create(&Outcome { outcome }).inc();
    }

    fn spans(&self, outcome: &'static str, spans: u64) {
        self.spans.get_or_create(&Outcome { outcome }).inc_by(spans);
    }

    fn forked(&self, database: &str, forked: bool) {
        self.forked.get_or_create(&Forked { database: database.to_owned() }).set(i64::from(forked));
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
