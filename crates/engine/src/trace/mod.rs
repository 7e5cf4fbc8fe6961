//! Traces: what a request went through, in spans that somebody else collects (OpenTelemetry's model of them).
//!
//! Where nobody collects, a stage is a look at a variable of the task. The spans of the stages hold fixed words and no
//! names: what a request was about is told by its first span alone, whose words the server chooses.

mod context;
mod parent;
mod sampler;

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

pub use context::{Context, carried, current};
pub use parent::Parent;
pub use sampler::Sampler;

use futures_util::FutureExt as _;

use crate::{Error, Result};

/// A trace's number; never zero.
pub type TraceId = [u8; 16];
/// A span's number; never zero.
pub type SpanId = [u8; 8];

/// Takes the spans that have ended.
pub trait Collector: Send + Sync + std::fmt::Debug {
    /// Must return at once, and hold a bounded number of them.
    fn collect(&self, span: Span);
}

/// Which side of a conversation a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// A request that we answer.
    Server,
    /// A stage of it.
    Internal,
    /// A request of ours.
    Client,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A fixed word.
    Word(&'static str),
    /// A number.
    Number(i64),
}

/// Traces requests.
#[derive(Clone, Debug)]
pub struct Tracer {
    /// Who gets the spans.
    pub collector: Arc<dyn Collector>,
    /// Which requests are traced.
    pub sampler: Sampler,
}

impl Tracer {
    /// The first span of a request, whose client is perhaps in a trace already.
    pub fn begin(&self, parent: Option<&Parent>) -> Context {
        let trace = parent.map(|parent| parent.trace);
        let context = Context::new(Arc::clone(&self.collector), trace, true);
        let sampled = self.sampler.takes(&context.trace(), parent);
        if sampled { context } else { context.unsampled() }
    }
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its trace.
    pub trace: TraceId,
    /// Its own number.
    pub id: SpanId,
    /// Where it began; `None` for the first of a trace.
    pub parent: Option<SpanId>,
    /// A name of few values.
    pub name: &'static str,
    /// Which side it is.
    pub kind: SpanKind,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// More about it.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed, as a fixed word.
    pub failure: Option<&'static str>,
}

/// A span under way. Dropped before its end was told, it was `cancelled`.
#[derive(Debug)]
pub struct Stage(Option<Box<Live>>);

#[derive(Debug)]
struct Live {
    /// Of what happens within it.
    context: Context,
    parent: Option<SpanId>,
    name: &'static str,
    kind: SpanKind,
    began: (SystemTime, Instant),
    attributes: Vec<(&'static str, Value)>,
    failure: Option<&'static str>,
}

/// Begins a stage of what the task is doing, if somebody collects that.
pub fn stage(name: &'static str) -> Stage {
    Stage(current().filter(Context::is_sampled).map(|context| Live::begin(&context, name, SpanKind::Internal)))
}

/// The same of what is known to be in a trace.
pub fn stage_of(context: &Context, name: &'static str) -> Stage {
    Stage(context.is_sampled().then(|| Live::begin(context, name, SpanKind::Internal)))
}

/// The same for a request of ours.
pub fn request(name: &'static str) -> Stage {
    Stage(current().filter(Context::is_sampled).map(|context| Live::begin(&context, name, SpanKind::Client)))
}

/// Does the work of a stage; what happens in it is below it. No `async fn`, which would hold the work twice.
pub fn during<T>(stage: Stage, work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    carried(stage.context(), work).map(|result| stage.tell(result))
}

impl Live {
    fn begin(context: &Context, name: &'static str, kind: SpanKind) -> Box<Self> {
        Self::new(context.child(), Some(context.span()), name, kind)
    }

    fn new(context: Context, parent: Option<SpanId>, name: &'static str, kind: SpanKind) -> Box<Self> {
        let began = (SystemTime::now(), Instant::now());
        Box::new(Self { context, parent, name, kind, began, attributes: Vec::new(), failure: Some("cancelled") })
    }
}

impl Stage {
    /// Nobody collects it.
    pub const NONE: Self = Self(None);

    /// The first span of a request; `context` is its own, `parent` where the client was.
    pub fn first(context: &Context, parent: Option<SpanId>, name: &'static str) -> Self {
        Self(context.is_sampled().then(|| Live::new(context.clone(), parent, name, SpanKind::Server)))
    }

    /// Whether anybody will see it.
    pub const fn is_seen(&self) -> bool {
        self.0.is_some()
    }

    /// Says more about it.
    pub fn note(&mut self, name: &'static str, value: Value) {
        if let Some(live) = &mut self.0 {
            live.attributes.push((name, value));
        }
    }

    /// Says what it was, where that shows late.
    pub fn rename(&mut self, name: &'static str) {
        if let Some(live) = &mut self.0 {
            live.name = name;
        }
    }

    /// Ends with a result.
    pub fn tell<T>(mut self, result: Result<T>) -> Result<T> {
        self.end(result.as_ref().err());
        result
    }

    /// It has ended well, or with that error. That something does not exist is an answer and no failure.
    pub fn end(&mut self, error: Option<&Error>) {
        let (word, answer) = error.map_or(("ok", true), |error| (error.kind().as_str(), error.kind().is_answer()));
        if answer && error.is_some() {
            self.note("goproxy.answer", Value::Word(word));
        }
        self.ended((!answer).then_some(word));
    }

    /// It has ended well, or has failed for that reason.
    pub fn ended(&mut self, failure: Option<&'static str>) {
        if let Some(live) = &mut self.0 {
            live.failure = failure;
        }
        self.0 = None;
    }

    /// What happens within it.
    pub fn context(&self) -> Option<Context> {
        self.0.as_ref().map(|live| live.context.clone())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let (start, since) = self.began;
        self.context.collect(Span {
            trace: self.context.trace(),
            id: self.context.span(),
            parent: self.parent,
            name: self.name,
            kind: self.kind,
            start,
            end: start + since.elapsed(),
            attributes: std::mem::take(&mut self.attributes),
            failure: self.failure,
        });
    }
}

#[cfg(test)]
mod tests;
