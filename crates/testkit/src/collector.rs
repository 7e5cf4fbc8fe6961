//! A scripted OpenTelemetry collector: takes spans over OTLP/HTTP as JSON, and shows them.

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use serde_json::Value;

use crate::{
    answer::Answer,
    site::{Site, SiteOptions},
};

/// A running collector; what a [`Site`] can do, it can.
#[derive(Debug)]
pub struct Collector(Site);

/// A span, as it came.
#[derive(Clone, Debug)]
pub struct SpanSeen {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// The same, or empty.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// 1 internal, 2 server, 3 client.
    pub kind: u64,
    /// Nanoseconds since 1970.
    pub start: u128,
    /// Nanoseconds since 1970.
    pub end: u128,
    /// Texts and numbers, as texts.
    pub attributes: BTreeMap<String, String>,
    /// Whether its status is an error.
    pub failed: bool,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, String>,
}

impl Collector {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        Self(Site::start(SiteOptions::default(), |_| async { Answer::json("{}") }).await)
    }

    /// The spans that have arrived at `/v1/traces`.
    ///
    /// # Panics
    /// If something arrived that is not OTLP.
    pub fn spans(&self) -> Vec<SpanSeen> {
        let mut spans = Vec::new();
        for request in self.0.requests().iter().filter(|request| request.path == "/v1/traces") {
            assert_eq!((&*request.method, request.header("content-type")), ("POST", Some("application/json")));
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            for of_resource in list(&body["resourceSpans"]) {
                let resource = attributes(&of_resource["resource"]);
                for scope in list(&of_resource["scopeSpans"]) {
                    spans.extend(list(&scope["spans"]).iter().map(|span| seen(span, &resource)));
                }
            }
        }
        spans
    }

    /// Waits for a span of that trace and name, and gives all of the trace.
    pub async fn trace_with(&self, trace: &str, name: &str) -> Vec<SpanSeen> {
        for _ in 0..600 {
            let spans: Vec<_> = self.spans().into_iter().filter(|span| span.trace == trace).collect();
            if spans.iter().any(|span| span.name == name) {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no span {name} of {trace} among {:?}", self.spans());
    }
}

impl Deref for Collector {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.0
    }
}

fn seen(span: &Value, resource: &BTreeMap<String, String>) -> SpanSeen {
    SpanSeen {
        trace: text(&span["traceId"]),
        id: text(&span["spanId"]),
        parent: text(&span["parentSpanId"]),
        name: text(&span["name"]),
        kind: span["kind"].as_u64().expect("a kind"),
        start: text(&span["startTimeUnixNano"]).parse().expect("a time"),
        end: text(&span["endTimeUnixNano"]).parse().expect("a time"),
        attributes: attributes(span),
        failed: span["status"]["code"] == 2,
        resource: resource.clone(),
    }
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let value = |value: &Value| {
        value.get("stringValue").or_else(|| value.get("intValue")).map(text).expect("a text or a number")
    };
    list(&of["attributes"]).iter().map(|pair| (text(&pair["key"]), value(&pair["value"]))).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
