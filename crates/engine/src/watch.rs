//! Reports each fetch to the observer exactly once, cancelled ones too.

use std::{future::Future, time::Instant};

use crate::{Observer, Result, trace};

/// Runs a fetch under the observer's eyes.
pub(crate) async fn watched<T>(
    observer: &dyn Observer,
    source: &'static str,
    what: &'static str,
    fetch: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut stage = trace::request("fetch");
    stage.note("goproxy.source", trace::Value::Word(source));
    stage.note("goproxy.what", trace::Value::Word(what));
    observer.fetch_started(source, what);
    let mut report = Report { observer, source, what, outcome: "cancelled", started: Instant::now() };
    let result = trace::during(stage, fetch).await;
    report.outcome = result.as_ref().map_or_else(|error| error.kind().as_str(), |_| "ok");
    result
}

struct Report<'a> {
    observer: &'a dyn Observer,
    source: &'static str,
    what: &'static str,
    outcome: &'static str,
    started: Instant,
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.observer.fetch_ended(self.source, self.what, self.outcome, self.started.elapsed());
    }
}
