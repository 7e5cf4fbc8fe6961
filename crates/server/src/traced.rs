//! The spans of a request that the server itself knows: the first one, and sending.

use goproxy_engine::trace::{self, Context, Parent, Stage, Tracer, Value};
use http::{HeaderMap, HeaderName};

/// <https://www.w3.org/TR/trace-context/>. `tracestate` is for programs that we are not, and is not read.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request that is part of a trace.
#[derive(Debug)]
pub(crate) struct Traced {
    context: Context,
    first: Stage,
    send: Stage,
    /// For logs.
    pub(crate) trace: String,
}

/// What became of the request.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    /// Without the query, and without what may not be seen.
    pub(crate) path: &'a str,
    pub(crate) what: &'static str,
    pub(crate) module: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) source: Option<&'static str>,
    pub(crate) cache: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) complete: bool,
}

impl Traced {
    /// Begins the first span, where the client says it is, or in a trace of its own.
    pub(crate) fn begin(tracer: &Tracer, headers: &HeaderMap) -> Box<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let parent = match (values.next(), values.next()) {
            (Some(value), None) => Parent::parse(value.as_bytes()),
            _ => None,
        };
        let context = tracer.begin(parent.as_ref());
        let first = Stage::first(&context, parent.map(|parent| parent.span), "request");
        Box::new(Self { trace: context.trace_hex(), context, first, send: Stage::NONE })
    }

    /// What happens within the request.
    pub(crate) fn context(&self) -> Context {
        self.context.clone()
    }

    /// The response is ready.
    pub(crate) fn sends(&mut self) {
        self.send = trace::stage_of(&self.context, "send");
    }

    /// All is over.
    pub(crate) fn end(mut self, ending: &Ending<'_>) {
        let aborted = (!ending.complete).then_some("aborted");
        self.send.ended(aborted);
        if !self.first.is_seen() {
            return;
        }
        self.first.rename(ending.what);
        for (name, text) in [
            ("http.request.method", Some(ending.method)),
            ("url.path", Some(ending.path)),
            ("goproxy.request_id", Some(ending.id)),
            ("goproxy.module", ending.module),
            ("goproxy.version", ending.version),
        ] {
            if let Some(text) = text {
                self.first.note(name, Value::Text(text.to_owned()));
            }
        }
        for (name, word) in
            [("goproxy.what", Some(ending.what)), ("goproxy.source", ending.source), ("goproxy.cache", ending.cache)]
        {
            if let Some(word) = word {
                self.first.note(name, Value::Word(word));
            }
        }
        self.first.note("http.response.status_code", Value::Number(ending.status.into()));
        self.first.note("http.response.body.size", Value::Number(i64::try_from(ending.bytes).unwrap_or(i64::MAX)));
        let failed = (ending.status >= 500).then_some("failed");
        self.first.ended(failed.or(aborted));
    }
}
