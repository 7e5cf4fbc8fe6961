//! One GET, followed to its final answer. Requests are built from scratch; redirects are judged hop by hop; only a
//! plain 200 gives a body, everything else is an error that says what to do about it.

use std::time::{Duration, SystemTime};

use goproxy_engine::ErrorKind;
use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, LOCATION, RETRY_AFTER},
};
use reqwest::{Response, Url};

use crate::{
    HttpClient,
    body::Body,
    client::chain,
    credentials::Credential,
    failure::Failure,
    guard, retry,
    text::{self, ErrorText},
    wire,
};

/// Redirects that are followed for one request, as Go's and most clients' limit.
const MAX_REDIRECTS: usize = 10;

/// How long the text of a failed answer is waited for: it is only a courtesy.
const TEXT_PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for, and on whose behalf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) url: &'a Url,
    /// Sent to the origin that it belongs to, on whichever hop.
    pub(crate) credential: Option<&'a Credential>,
    /// Whether redirects may lead to internal addresses: only where the operator configured such an address, and not to
    /// the metadata of a cloud even then.
    pub(crate) inside: bool,
}

impl HttpClient {
    /// Asks once and gives the body of a 200 answer, at most `limit` bytes of it.
    ///
    /// # Errors
    /// `NotFound` for 404 and 410, `Refused` for 401, 403 and 451, both with the answer's text; `Busy` for 429, 503 and
    /// whatever says when to come back; `Timeout` and `Unavailable` for what went wrong on the way; `Invalid` for
    /// answers that are not what was asked for (partial or encoded content, forbidden redirects, too many bytes).
    pub(crate) async fn get(&self, target: Target<'_>, limit: u64) -> Result<Body, Failure> {
        let (url, response) = self.follow(target).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(&url, response).await);
        }
        if let Some(encoding) = foreign_encoding(response.headers()) {
            let detail = format!("{}: Content-Encoding: {encoding}", wire::shown(&url));
            return Err(invalid("the upstream sent compressed content that was not asked for", detail));
        }
        Body::new(response, wire::shown(&url), limit, self.options().idle_timeout).checked()
    }

    async fn refused(&self, url: &Url, response: Response) -> Failure {
        let (status, shown) = (response.status(), wire::shown(url));
        let retry_after = self.retry_after(url, status, response.headers());
        let said = if text::is_plain(response.headers()) {
            let window = self.options().idle_timeout.min(TEXT_PATIENCE);
            ErrorText::read(Body::new(response, shown.clone(), u64::MAX, window)).await
        } else {
            ErrorText::default()
        };
        refusal(status, &said, &shown, retry_after)
    }

    async fn follow(&self, target: Target<'_>) -> Result<(Url, Response), Failure> {
        let mut url = target.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url, target.credential).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok((url, response));
            }
            url = next_hop(&url, response.headers(), target.inside)?;
        }
        let detail = format!("more than {MAX_REDIRECTS} redirects from {}", wire::shown(target.url));
        Err(invalid("the upstream redirects without end", detail))
    }

    async fn send(&self, url: &Url, credential: Option<&Credential>) -> Result<Response, Failure> {
        if let Some(left) = self.pauses().left(url) {
            return Err(retry::paused(left));
        }
        let mut request = self.for_url(url).get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(header) = credential.and_then(|credential| credential.for_url(url)) {
            request = request.header(AUTHORIZATION, header.clone());
        }
        match tokio::time::timeout(self.options().response_timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(unreachable(&error.without_url(), url)),
            Err(_) => Err(slow(format!("no answer from {} in time", wire::shown(url)))),
        }
    }

    fn retry_after(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        let failed = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let value = headers.get(RETRY_AFTER).filter(|_| failed)?.to_str().ok()?;
        let asked = retry::retry_after(value, SystemTime::now())?;
        self.pauses().remember(url, asked);
        Some(asked)
    }
}

/// Where a redirect leads, if it may.
fn next_hop(from: &Url, headers: &HeaderMap, inside: bool) -> Result<Url, Failure> {
    let shown = wire::shown(from);
    let Some(location) = headers.get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()) else {
        let detail = format!("{shown}: a redirect without a Location");
        return Err(Failure::lasting(ErrorKind::Unavailable, "the upstream redirects to nowhere", detail));
    };
    let refused =
        |why: &str| Err(invalid("the upstream redirects to a place that is not allowed", format!("{shown}: {why}")));
    let Ok(mut to) = from.join(location) else { return refused("the Location is not a URL") };
    wire::strip_userinfo(&mut to);
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return refused("redirect from https to http"),
        (_, other) => return refused(&format!("redirect to the scheme {other}")),
    }
    let forbidden = if inside { guard::is_metadata(&to) && from.host() != to.host() } else { guard::is_internal(&to) };
    if forbidden {
        return refused(&format!("redirect to the internal address {}", wire::shown(&to)));
    }
    Ok(to)
}

fn foreign_encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    values
        .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
        .find(|v| !v.trim().eq_ignore_ascii_case("identity"))
}

/// What an answer other than 200 means. `said` is its text, where it is one.
fn refusal(status: StatusCode, said: &ErrorText, shown: &str, retry_after: Option<Duration>) -> Failure {
    let detail = format!("{shown}: {status}");
    let or = |text: &str| said.clone().unwrap_or(text);
    let failure = match status.as_u16() {
        404 | 410 => Failure::lasting(ErrorKind::NotFound, or("not found"), detail),
        401 | 403 | 451 => Failure::lasting(ErrorKind::Refused, or(&format!("the upstream refuses: {status}")), detail),
        code if code == 429 || code == 503 || retry_after.is_some() => {
            Failure::transient(ErrorKind::Busy, format!("the upstream is busy: {status}"), detail)
        }
        // What will never be implemented or is too old to be spoken does not change by asking again.
        code @ 500..=599 => Failure {
            transient: code != 501 && code != 505,
            ..Failure::lasting(ErrorKind::Unavailable, format!("the upstream failed: {status}"), detail)
        },
        200..=299 => invalid("the upstream sent something other than the whole object", detail),
        _ => Failure::lasting(ErrorKind::Unavailable, or(&format!("the upstream answered {status}")), detail),
    };
    failure.with_status(status).with_retry_after(retry_after)
}

/// No connection, or none that lasted to the head of an answer.
fn unreachable(error: &reqwest::Error, url: &Url) -> Failure {
    let detail = format!("{}: {}", wire::shown(url), chain(error));
    if error.is_timeout() {
        return slow(detail);
    }
    // The TLS library wraps its errors so; a certificate does not become valid by asking again.
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let untrusted = causes.any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData)
    });
    let failure = Failure::transient(ErrorKind::Unavailable, "the upstream cannot be reached", detail);
    Failure { transient: !untrusted, ..failure }
}

fn slow(detail: String) -> Failure {
    Failure::lasting(ErrorKind::Timeout, "the upstream did not answer in time", detail)
}

fn invalid(message: &str, detail: impl Into<String>) -> Failure {
    Failure::lasting(ErrorKind::Invalid, message, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(from: &str, location: &str, inside: bool) -> Option<String> {
        let headers = HeaderMap::from_iter([(LOCATION, http::HeaderValue::from_str(location).unwrap())]);
        next_hop(&Url::parse(from).unwrap(), &headers, inside).ok().map(Into::into)
    }

    #[test]
    fn redirects_lead_to_public_places_over_no_worse_a_connection() {
        let from = "https://proxy.example/a/b";
        assert_eq!(hop(from, "c", false).as_deref(), Some("https://proxy.example/a/c"));
        assert_eq!(hop(from, "//cdn.example/c?sig=1", false).as_deref(), Some("https://cdn.example/c?sig=1"));
        assert_eq!(hop("http://p.example/", "https://p.example/", false).as_deref(), Some("https://p.example/"));
        for refused in
            ["http://proxy.example/", "file:///etc/passwd", "ftp://proxy.example/", "javascript:1", "https://"]
        {
            assert_eq!(hop(from, refused, false), None, "{refused}");
            assert_eq!(hop(from, refused, true), None, "{refused}");
        }
    }

    #[test]
    fn redirects_of_internal_upstreams_led_to_the_credentials_of_the_machine() {
        for metadata in [
            "http://169.254.169.254/latest/meta-data/",
            "//0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://100.100.100.200/",
            "http://metadata.google.internal./computeMetadata/v1/",
        ] {
            assert_eq!(hop("http://10.1.2.3/x", metadata, true), None, "{metadata}");
            assert_eq!(hop("http://proxy.example/x", metadata, false), None, "{metadata}");
        }
        assert!(hop("http://10.1.2.3/x", "http://minio:9000/bucket/y", true).is_some());
        assert!(hop("http://169.254.1.1/x", "/y", true).is_some(), "the operator's own choice");
    }

    #[test]
    fn redirects_of_public_upstreams_do_not_lead_inside() {
        for internal in [
            "https://127.0.0.1/",
            "//127.0.0.1",
            "https://192.168.1.1/",
            "https://10.0.0.1/",
            "https://localhost:8443/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
        ] {
            assert_eq!(hop("https://proxy.example/", internal, false), None, "{internal}");
            assert!(hop("https://10.1.1.1/", internal, true).is_some(), "{internal}");
        }
    }
}
