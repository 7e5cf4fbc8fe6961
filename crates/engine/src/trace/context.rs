//! Where a task is in a trace.

use std::{fmt::Write as _, sync::Arc};

use futures_util::future::Either;

use super::{Collector, SpanId, TraceId};

tokio::task_local! {
    static CURRENT: Context;
}

/// A span, as seen by what happens within it. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Context {
    collector: Arc<dyn Collector>,
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

/// Where the running task is, if it is in a trace.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs work within a span. On the heap, so that work that is in no trace costs no memory for it.
pub fn carried<T>(context: Option<Context>, work: impl Future<Output = T>) -> impl Future<Output = T> {
    match context {
        Some(context) => Either::Left(Box::pin(CURRENT.scope(context, work))),
        None => Either::Right(work),
    }
}

impl Context {
    /// A new span; in a new trace, if none is given.
    pub fn new(collector: Arc<dyn Collector>, trace: Option<TraceId>, sampled: bool) -> Self {
        Self { collector, trace: trace.unwrap_or_else(numbered), span: numbered(), sampled }
    }

    /// The same, collected by nobody.
    pub(super) fn unsampled(self) -> Self {
        Self { sampled: false, ..self }
    }

    /// The same trace, and a new span.
    pub(super) fn child(&self) -> Self {
        Self { span: numbered(), ..self.clone() }
    }

    /// The trace.
    pub const fn trace(&self) -> TraceId {
        self.trace
    }

    /// The span.
    pub const fn span(&self) -> SpanId {
        self.span
    }

    /// Whether its spans are collected.
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    pub(super) fn collect(&self, span: super::Span) {
        self.collector.collect(span);
    }

    /// The trace as logs name it: 32 hexadecimal digits.
    pub fn trace_hex(&self) -> String {
        hex(&self.trace)
    }

    /// What is said to the next server: <https://www.w3.org/TR/trace-context/#traceparent-header>, version 00.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", hex(&self.trace), hex(&self.span), u8::from(self.sampled))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random number that is not zero. It has to be unique, and may be guessed.
fn numbered<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    while bytes == [0; N] {
        fastrand::fill(&mut bytes);
    }
    bytes
}
