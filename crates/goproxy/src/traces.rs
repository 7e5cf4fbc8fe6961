//! From settings to who traces requests: OpenTelemetry, if there is a collector.

use std::{sync::Arc, time::Duration};

use goproxy_engine::{Observer, trace::Tracer};
use goproxy_fetch::{Exporter, HttpClient, OtlpOptions};

use crate::{failure::Failure, settings::Loaded};

/// How long the last spans may take when the service ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// The traces of a service; nothing without a collector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(Option<(Exporter, Arc<Tracer>)>);

impl Traces {
    /// Starts to send, if there is somewhere to send to.
    pub(crate) fn start(loaded: &Loaded, client: &HttpClient, observer: Arc<dyn Observer>) -> Result<Self, Failure> {
        check(loaded)?;
        let Some(options) = options(loaded) else { return Ok(Self::default()) };
        let exporter = Exporter::start(client, options, observer);
        let exporter = exporter.map_err(|error| loaded.bad_value("otlpEndpoint", error.message()))?;
        let tracer = Tracer { collector: Arc::new(exporter.clone()), sampler: loaded.settings.logs.otel.sampler };
        Ok(Self(Some((exporter, Arc::new(tracer)))))
    }

    /// Who traces requests.
    pub(crate) fn tracer(&self) -> Option<Arc<Tracer>> {
        self.0.as_ref().map(|(_, tracer)| Arc::clone(tracer))
    }

    /// Sends what waits.
    pub(crate) async fn flush(&self) {
        if let Some((exporter, _)) = &self.0 {
            exporter.flush(LAST_SPANS).await;
        }
    }
}

/// Whether traces could be sent; connects to nobody.
pub(crate) fn check(loaded: &Loaded) -> Result<(), Failure> {
    let checked = options(loaded).map_or(Ok(()), |options| options.check());
    checked.map_err(|remedy| loaded.bad_value("otlpEndpoint", &remedy))
}

fn options(loaded: &Loaded) -> Option<OtlpOptions> {
    let logs = &loaded.settings.logs;
    let (endpoint, otel) = (logs.otlp.as_ref()?, logs.otel.clone());
    let mut url = endpoint.clone();
    if otel.exactly.as_ref() != Some(endpoint) && !url.ends_with("/v1/traces") {
        url = format!("{}/v1/traces", url.trim_end_matches('/'));
    }
    let (headers, resource) = (otel.headers, otel.resource);
    Some(OtlpOptions { url, headers, resource, timeout: otel.timeout, delay: otel.delay, queue: otel.queue })
}
