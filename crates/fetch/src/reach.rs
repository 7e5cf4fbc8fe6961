//! What is said where a host that somebody named gives no answer. The texts name the host, since the one who named it
//! has to find the mistake, and say the same of every address that is forbidden.

use std::time::SystemTime;

use goproxy_engine::{Error, ErrorKind};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use reqwest::Url;

use crate::{HttpClient, client::chain, failure::Failure, resolve::NoAddress, retry, wire};

/// There is no such host, or none that may be reached. Which of them, a stranger does not learn.
pub(crate) fn no_address(url: &Url, guarded: bool) -> Error {
    let (kind, what) = match guarded {
        true => (ErrorKind::NoHost, "host without a public address"),
        false => (ErrorKind::Unavailable, "cannot look up host"),
    };
    Error::new(kind, format!("{what}: {}", host(url))).with_detail(wire::shown(url))
}

/// No connection, or none that lasted to the head of an answer.
pub(crate) fn no_answer(error: &reqwest::Error, url: &Url, guarded: bool) -> Failure {
    let (host, detail) = (host(url), format!("{}: {}", wire::shown(url), chain(error)));
    if causes(error).any(|cause| cause.is::<NoAddress>()) {
        return no_address(url, guarded).with_detail(detail).into();
    }
    if error.is_timeout() {
        return Failure::lasting(ErrorKind::Timeout, format!("{host} does not answer in time"), detail);
    }
    if is_untrusted(error) {
        let message = format!("the certificate of {host} cannot be verified, or it does not speak TLS");
        return Failure::lasting(ErrorKind::Unavailable, message, detail);
    }
    Failure::transient(ErrorKind::Unavailable, format!("no connection to {host}, or it broke"), detail)
}

/// No answer in the time for one.
pub(crate) fn too_late(url: &Url) -> Failure {
    Failure::lasting(ErrorKind::Timeout, format!("{} does not answer in time", host(url)), wire::shown(url))
}

/// The same of an answer that broke off, stood still or did not end.
pub(crate) fn broken_off(failure: Failure, url: &Url) -> Failure {
    let host = host(url);
    let message = match failure.error.kind() {
        ErrorKind::Timeout => format!("{host} stopped sending"),
        ErrorKind::Invalid => format!("{host} sent more than the limit"),
        _ => format!("{host} broke off its answer"),
    };
    let detail = failure.error.detail().unwrap_or_default().to_owned();
    Failure { error: Error::new(failure.error.kind(), message).with_detail(detail), ..failure }
}

/// The host as it may be shown, with the port where the URL names one.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The TLS library wraps its errors so.
pub(crate) fn is_untrusted(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData)
    })
}

/// An `io::Error` that holds another error passes over it when asked for its source.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |&cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| cause.source())
    })
}

impl HttpClient {
    /// How long a failed answer asks to be left alone, which is remembered.
    pub(crate) fn asked_to_wait(
        &self,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<std::time::Duration> {
        let failed = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let value = headers.get(RETRY_AFTER).filter(|_| failed)?.to_str().ok()?;
        let asked = retry::retry_after(value, SystemTime::now())?;
        self.pauses().remember(url, asked);
        Some(asked)
    }
}
