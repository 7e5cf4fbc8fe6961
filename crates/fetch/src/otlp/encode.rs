//! Spans as OTLP's JSON: opentelemetry/proto/trace/v1/trace.proto, with numbers of 64 bits as texts and ids in
//! hexadecimal digits (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use goproxy_engine::trace::{Span, SpanKind, Value};
use serde_json::{Value as Json, json};

/// The body of a request that hands over these spans.
pub(super) fn body(resource: &BTreeMap<String, String>, spans: &[Span]) -> String {
    let attributes: Vec<Json> =
        resource.iter().map(|(name, value)| json!({ "key": name, "value": { "stringValue": value } })).collect();
    let spans: Vec<Json> = spans.iter().map(span).collect();
    let scope = json!({ "name": "goproxy", "version": env!("CARGO_PKG_VERSION") });
    let resource = json!({ "attributes": attributes });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] }] })
        .to_string()
}

fn span(span: &Span) -> Json {
    let kind = match span.kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
    };
    let mut attributes: Vec<Json> = span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    // A span without a status is one that went well.
    let mut status = json!({});
    if let Some(failure) = span.failure {
        attributes.push(attribute("error.type", &Value::Word(failure)));
        status = json!({ "code": 2, "message": failure });
    }
    json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "parentSpanId": span.parent.map_or_else(String::new, |parent| hex(&parent)),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end),
        "attributes": attributes,
        "status": status,
    })
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Word(word) => json!({ "stringValue": word }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": name, "value": value })
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_span_as_the_protocol_has_it() {
        let start = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001);
        let failed = Span {
            trace: [0x0a; 16],
            id: [0x0b; 8],
            parent: Some([0x0c; 8]),
            name: "fetch",
            kind: SpanKind::Client,
            start,
            end: start + Duration::from_nanos(5),
            attributes: vec![("goproxy.source", Value::Word("proxy")), ("n", Value::Number(7))],
            failure: Some("timeout"),
        };
        let resource = BTreeMap::from([("service.name".to_owned(), "p\"q".to_owned())]);
        let found: Json = serde_json::from_str(&body(&resource, &[failed])).unwrap();
        let expected = json!({ "resourceSpans": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "p\"q" } }] },
            "scopeSpans": [{
                "scope": { "name": "goproxy", "version": env!("CARGO_PKG_VERSION") },
                "spans": [{
                    "traceId": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
                    "spanId": "0b0b0b0b0b0b0b0b",
                    "parentSpanId": "0c0c0c0c0c0c0c0c",
                    "name": "fetch",
                    "kind": 3,
                    "startTimeUnixNano": "1700000000000000001",
                    "endTimeUnixNano": "1700000000000000006",
                    "attributes": [
                        { "key": "goproxy.source", "value": { "stringValue": "proxy" } },
                        { "key": "n", "value": { "intValue": "7" } },
                        { "key": "error.type", "value": { "stringValue": "timeout" } },
                    ],
                    "status": { "code": 2, "message": "timeout" },
                }],
            }],
        }] });
        assert_eq!(found, expected);
    }
}
