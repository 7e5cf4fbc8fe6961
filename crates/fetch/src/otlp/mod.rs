//! Sends spans to an OpenTelemetry collector: OTLP over HTTP, as JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Whoever ends a span puts it into a queue and goes on; a full queue drops it. One task empties the queue, a batch at a
//! time: a collector that hangs, or wants to be left alone, costs a queue and a batch of memory, and no request any time.

mod encode;
mod endpoint;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_engine::{
    Error, ErrorKind, Observer, Result,
    trace::{Collector, Span},
};
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use reqwest::Url;
use tokio::sync::{mpsc, oneshot};

use self::endpoint::Endpoint;
use crate::HttpClient;

/// How many spans are sent at once (OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 512 by default, too).
const BATCH: usize = 512;

/// How often at most the log says that spans do not arrive.
const COMPLAIN_EVERY: Duration = Duration::from_mins(5);

/// Where spans go, and what is said about us.
#[derive(Clone, Debug)]
pub struct OtlpOptions {
    /// The collector, with its path: `https://collector.example/v1/traces`.
    pub url: String,
    /// Sent with every request; may hold secrets.
    pub headers: Vec<(String, String)>,
    /// Attributes of the resource: `service.name` and whatever tells this instance from others.
    pub resource: BTreeMap<String, String>,
    /// For one batch, however often it is sent.
    pub timeout: Duration,
    /// How long spans gather before they are sent.
    pub delay: Duration,
    /// How many spans may wait.
    pub queue: usize,
}

/// A place for spans. Clones share it.
#[derive(Clone, Debug)]
pub struct Exporter {
    queue: mpsc::Sender<Message>,
    observer: Arc<dyn Observer>,
}

#[derive(Debug)]
enum Message {
    Span(Box<Span>),
    Flush(oneshot::Sender<()>),
}

/// What sends them.
struct Sender {
    endpoint: Endpoint,
    options: OtlpOptions,
    observer: Arc<dyn Observer>,
    complained: Option<Instant>,
}

impl OtlpOptions {
    /// Whether spans can be sent so.
    ///
    /// # Errors
    /// The remedy. Shows no header.
    pub fn check(&self) -> std::result::Result<(), String> {
        self.parsed().map(drop)
    }

    fn parsed(&self) -> std::result::Result<(Url, HeaderMap), String> {
        let url = Url::parse(&self.url).map_err(|error| format!("it is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("write the http or https URL of an OTLP/HTTP receiver, most often with port 4318".to_owned());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
                return Err("OTEL_EXPORTER_OTLP_HEADERS must be name=value, with commas between them".to_owned());
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok((url, headers))
    }
}

impl Exporter {
    /// Starts the task that sends. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// See [`OtlpOptions::check`].
    pub fn start(client: &HttpClient, options: OtlpOptions, observer: Arc<dyn Observer>) -> Result<Self> {
        let (url, headers) = options.parsed().map_err(|remedy| Error::new(ErrorKind::Internal, remedy))?;
        let (queue, waiting) = mpsc::channel(options.queue.max(1));
        let endpoint = Endpoint { client: client.clone(), url, headers, timeout: options.timeout, left_alone: None };
        let sender = Sender { endpoint, options, observer: Arc::clone(&observer), complained: None };
        tokio::spawn(sender.run(waiting));
        Ok(Self { queue, observer })
    }

    /// Sends what waits, but not for long.
    pub async fn flush(&self, limit: Duration) {
        let (done, sent) = oneshot::channel();
        let flush = async {
            if self.queue.send(Message::Flush(done)).await.is_ok() {
                // The task is gone only with the runtime.
                let _ = sent.await;
            }
        };
        let _ = tokio::time::timeout(limit, flush).await;
    }
}

impl Collector for Exporter {
    fn collect(&self, span: Span) {
        if self.queue.try_send(Message::Span(Box::new(span))).is_err() {
            self.observer.spans("dropped", 1);
        }
    }
}

impl Sender {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        while let Some(first) = waiting.recv().await {
            let flushed = self.gather(first, &mut waiting, &mut batch).await;
            if !batch.is_empty() {
                self.send(&batch).await;
                batch.clear();
            }
            if let Some(done) = flushed {
                // Who asked may have gone on.
                let _ = done.send(());
            }
        }
    }

    /// Waits for a batch, its time, or somebody who wants it sent now.
    async fn gather(
        &self,
        first: Message,
        waiting: &mut mpsc::Receiver<Message>,
        batch: &mut Vec<Span>,
    ) -> Option<oneshot::Sender<()>> {
        let until = tokio::time::Instant::now() + self.options.delay;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Span(span) => batch.push(*span),
                Message::Flush(done) => return Some(done),
            }
            if batch.len() >= BATCH {
                break;
            }
            next = tokio::time::timeout_at(until, waiting.recv()).await.ok().flatten();
        }
        None
    }

    async fn send(&mut self, batch: &[Span]) {
        let body = encode::body(&self.options.resource, batch);
        let problem = self.endpoint.post(body.into()).await.err();
        self.observer.spans(if problem.is_some() { "failed" } else { "exported" }, batch.len() as u64);
        let Some(problem) = problem else { return };
        if self.complained.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY) {
            self.complained = Some(Instant::now());
            tracing::warn!(spans = batch.len(), "spans of traces are lost: {problem}");
        }
    }
}
