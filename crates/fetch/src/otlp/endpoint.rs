//! One batch to the collector, and again where the protocol says so
//! (<https://opentelemetry.io/docs/specs/otlp/#failures-1>), within the time of the batch.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, header::RETRY_AFTER};
use reqwest::Url;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::{HttpClient, client::chain, retry::retry_after};

/// Requests for one batch.
const TRIES: u32 = 5;
/// The pause before the second try; it doubles, and varies by half so that instances do not return in step.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A collector, and how to speak to it.
pub(super) struct Endpoint {
    pub(super) client: HttpClient,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// For one batch, its pauses included.
    pub(super) timeout: Duration,
    /// When it may be asked again, if it has said so. At most [`retry_after`]'s bound away.
    pub(super) left_alone: Option<Instant>,
}

/// Why a batch did not arrive.
struct Failure {
    problem: String,
    /// Whether another try may mend it.
    passes: bool,
    /// How long the collector wants to be left alone.
    asked: Option<Duration>,
}

impl Endpoint {
    /// Posts a batch, at first not before the collector wants it.
    ///
    /// # Errors
    /// Why the batch is lost, without the URL, which may hold secrets.
    pub(super) async fn post(&mut self, body: Bytes) -> Result<(), String> {
        if let Some(moment) = self.left_alone.take() {
            sleep_until(moment).await;
        }
        let until = Instant::now() + self.timeout;
        let mut tries = 1;
        loop {
            let failure = match timeout_at(until, self.once(body.clone())).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failure)) => failure,
                Err(_) => return Err("the collector does not answer in time".to_owned()),
            };
            let pause = pause(tries).max(failure.asked.unwrap_or_default());
            if !failure.passes || tries == TRIES || Instant::now() + pause >= until {
                self.left_alone = failure.asked.map(|asked| Instant::now() + asked);
                return Err(failure.problem);
            }
            tracing::debug!(tries, "sending spans again: {}", failure.problem);
            sleep(pause).await;
            tries += 1;
        }
    }

    async fn once(&self, body: Bytes) -> Result<(), Failure> {
        // Our own client: its roots, proxies and time limits; it follows no redirects, and only these headers travel.
        let request = self.client.for_url(&self.url).post(self.url.clone()).headers(self.headers.clone()).body(body);
        let answer = request.send().await.map_err(|error| Failure {
            problem: chain(&error.without_url()),
            passes: true,
            asked: None,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let passes = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let asked = answer.headers().get(RETRY_AFTER).filter(|_| passes);
        let asked = asked.and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
        Err(Failure { problem: format!("the collector answers {status}"), passes, asked })
    }
}

fn pause(tries: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.pow(tries - 1)).mul_f64(1.0 + fastrand::f64() / 2.0)
}
