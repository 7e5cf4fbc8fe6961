//! Trying again: a few times, with growing pauses, and never before the moment that the other side asked for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use goproxy_engine::{Error, ErrorKind};
use reqwest::Url;

use crate::failure::Failure;

/// Requests for one object, all in all.
const TRIES: u32 = 3;
/// The pause before the second try; it doubles, and varies by half so that clients do not return in step.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How long a client may be kept waiting because the other side asked for it; longer waits are the client's own.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nobody is believed who asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Hosts that may be remembered at a time.
const HOSTS: usize = 1024;

/// Runs `once` until it succeeds, its failure is one that another try does not mend, or there were enough tries.
pub(crate) async fn retrying<T, F>(once: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut tries = 1;
    loop {
        let failure = match once().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let Some(pause) = pause_before_next(&failure, tries) else { return Err(failure) };
        tracing::debug!(tries, error = %failure.error, detail = failure.error.detail(), "trying again");
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// How long to wait before another try, `None` where there is none.
fn pause_before_next(failure: &Failure, tries: u32) -> Option<Duration> {
    let pause = match failure.error.retry_after() {
        _ if !failure.transient || tries >= TRIES => return None,
        Some(asked) if asked > PATIENCE => return None,
        Some(asked) => asked,
        None => FIRST_PAUSE * 2_u32.pow(tries - 1),
    };
    Some(pause.mul_f64(1.0 + fastrand::f64() / 2.0))
}

/// Hosts that asked to be left alone, and until when.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Mutex<HashMap<String, Instant>>);

impl Pauses {
    /// How long requests to this host have to wait still.
    pub(crate) fn left(&self, url: &Url) -> Option<Duration> {
        let until = *self.lock().get(&key(url))?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Remembers what a host asked for, if it is longer than a request waits by itself.
    pub(crate) fn remember(&self, url: &Url, asked: Duration) {
        if asked <= PATIENCE {
            return;
        }
        let now = Instant::now();
        let mut hosts = self.lock();
        if hosts.len() >= HOSTS {
            hosts.retain(|_, until| *until > now);
        }
        if hosts.len() < HOSTS {
            hosts.insert(key(url), now + asked);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        // A map of times has no state that a panic could leave half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The `Retry-After` header (RFC 9110 10.2.3): seconds, or an HTTP date in the future. At most five minutes.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // Digits that do not fit are a very long time.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(asked.min(LONGEST_PAUSE))
}

/// The error while a host is left alone.
pub(crate) fn paused(left: Duration) -> Failure {
    let error = Error::new(ErrorKind::Busy, "the upstream asked to come back later");
    Failure { error: error.with_retry_after(Some(left)), status: None, transient: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(value: &str) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(value, now).map(|d| d.as_secs())
    }

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        assert_eq!(seconds("30"), Some(30));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:50:07 GMT"), Some(30));
        assert_eq!(seconds("Sun Nov  6 08:50:07 1994"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:40:00 GMT"), Some(0));
    }

    #[test]
    fn retry_after_is_bounded_and_ignores_junk() {
        assert_eq!(seconds("86400"), Some(300));
        assert_eq!(seconds("99999999999999999999999"), Some(300));
        assert_eq!(seconds("Sat, 06 Nov 2094 08:49:37 GMT"), Some(300));
        for junk in ["", "-1", "soon", "1.5", "+5"] {
            assert_eq!(seconds(junk), None, "{junk}");
        }
    }

    #[test]
    fn pauses_hold_per_host_and_are_bounded() {
        let pauses = Pauses::default();
        let url = |text: &str| Url::parse(text).unwrap();
        pauses.remember(&url("https://a.example/x"), Duration::from_secs(60));
        assert!(pauses.left(&url("https://a.example/y")).unwrap() > Duration::from_secs(50));
        assert_eq!(pauses.left(&url("https://b.example/")), None);
        assert_eq!(pauses.left(&url("http://a.example/")), None);
        pauses.remember(&url("https://short.example/"), Duration::from_secs(1));
        assert_eq!(pauses.left(&url("https://short.example/")), None);
        for i in 0..2 * HOSTS {
            pauses.remember(&url(&format!("https://h{i}.example/")), Duration::from_secs(60));
        }
        assert_eq!(pauses.lock().len(), HOSTS);
    }
}
