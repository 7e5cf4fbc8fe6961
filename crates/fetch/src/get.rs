//! One GET, followed to its final answer. Requests are built from scratch; redirects are judged hop by hop; only a
//! plain 200 gives a body, everything else is an error that says what to do about it.

use std::time::Duration;

use goproxy_engine::{ErrorKind, trace};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING},
};
use reqwest::{Response, Url};

use crate::{
    Access, HttpClient,
    body::Body,
    client::chain,
    credentials::Credential,
    failure::Failure,
    reach, redirect, retry,
    text::{self, ErrorText},
    wire,
};

/// <https://www.w3.org/TR/trace-context/>
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Redirects that are followed for one request, as Go's and most clients' limit.
const MAX_REDIRECTS: usize = 10;

/// How long the text of a failed answer is waited for: it is only a courtesy.
const TEXT_PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for, and on whose behalf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) url: &'a Url,
    /// Sent to the place that it belongs to, on whichever hop.
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) scope: Scope,
    /// Whether it may learn of which trace the request is.
    pub(crate) traced: bool,
}

/// Whose word the URL is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    /// The operator's: it may be anywhere. Redirects may lead to internal addresses only if it is one itself, and not to
    /// the metadata of a cloud even then.
    Configured { inside: bool },
    /// A page's, or that of a redirect from outside: names are judged when the connection is made.
    Named(Access),
}

impl Scope {
    fn of_redirects(self) -> Access {
        match self {
            Self::Configured { inside } => Access { internal: inside, ..Access::default() },
            Self::Named(access) => access,
        }
    }
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
            return Err(self.refused(&url, response, target.credential).await);
        }
        if let Some(encoding) = foreign_encoding(response.headers()) {
            let detail = format!("{}: Content-Encoding: {encoding}", wire::shown(&url));
            return Err(invalid("the upstream sent compressed content that was not asked for", detail));
        }
        Body::new(response, wire::shown(&url), limit, self.options().idle_timeout).checked()
    }

    async fn refused(&self, url: &Url, response: Response, credential: Option<&Credential>) -> Failure {
        let (status, shown) = (response.status(), wire::shown(url));
        let retry_after = self.asked_to_wait(url, status, response.headers());
        let said = if text::is_plain(response.headers()) {
            let window = self.options().idle_timeout.min(TEXT_PATIENCE);
            ErrorText::read(Body::new(response, shown.clone(), u64::MAX, window)).await
        } else {
            ErrorText::default()
        };
        let said = match credential {
            Some(credential) => said.map(|said| credential.cut(&said)),
            None => said,
        };
        refusal(status, &said, &shown, retry_after)
    }

    async fn follow(&self, target: Target<'_>) -> Result<(Url, Response), Failure> {
        let (mut url, mut target) = (target.url.clone(), target);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url, target).await?;
            if !redirect::leads_on(response.status()) {
                return Ok((url, response));
            }
            target.scope = self.led_on_by(&url, &response, target.scope);
            url = redirect::next_hop(&url, response.headers(), target.scope.of_redirects(), self.inside())?;
        }
        let detail = format!("more than {MAX_REDIRECTS} redirects from {}", wire::shown(target.url));
        Err(invalid("the upstream redirects without end", detail))
    }

    /// Whose word a redirect is: that of the machine at the other end of the very connection that it came over, whatever
    /// its name leads to by now. On our own network that is the operator's, who configured it; elsewhere a stranger's.
    fn led_on_by(&self, url: &Url, response: &Response, scope: Scope) -> Scope {
        let (lookup, name) = (&self.options().lookup, url.host_str().unwrap_or_default());
        match scope {
            Scope::Configured { inside: false } if lookup.led_inside(name, response.remote_addr()) => {
                Scope::Configured { inside: true }
            }
            Scope::Configured { inside: false } => Scope::Named(Access::default()),
            other => other,
        }
    }

    async fn send(&self, url: &Url, target: Target<'_>) -> Result<Response, Failure> {
        let answered = |outcome| self.options().observer.upstream_answered(outcome);
        if let Some(left) = self.pauses().left(url) {
            answered("paused");
            return Err(retry::paused(left));
        }
        let named = match target.scope {
            Scope::Configured { .. } => None,
            Scope::Named(access) => Some(access),
        };
        let client = match named {
            None => self.for_url(url),
            Some(access) => self.for_access(url, access)?,
        };
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(header) = target.credential.and_then(|credential| credential.for_url(url)) {
            request = request.header(AUTHORIZATION, header.clone());
        }
        // Not where a redirect leads: whoever that is has no part in our traces.
        if let (true, Some(context)) = (target.traced && url.origin() == target.url.origin(), trace::current()) {
            request = request.header(TRACEPARENT, context.traceparent());
        }
        match tokio::time::timeout(self.options().response_timeout, request.send()).await {
            Ok(Ok(response)) => {
                answered(class(response.status()));
                Ok(response)
            }
            Ok(Err(error)) => {
                answered("unreachable");
                Err(match named {
                    None => unreachable(&error.without_url(), url),
                    Some(access) => reach::no_answer(&error.without_url(), url, !access.internal),
                })
            }
            Err(_) => {
                answered("timeout");
                Err(slow(format!("no answer from {} in time", wire::shown(url))))
            }
        }
    }
}

/// The word under which an answer is counted.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

pub(crate) fn foreign_encoding(headers: &HeaderMap) -> Option<String> {
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
    let failure = Failure::transient(ErrorKind::Unavailable, "the upstream cannot be reached", detail);
    // A certificate does not become valid by asking again.
    Failure { transient: !reach::is_untrusted(error), ..failure }
}

fn slow(detail: String) -> Failure {
    Failure::lasting(ErrorKind::Timeout, "the upstream did not answer in time", detail)
}

fn invalid(message: &str, detail: impl Into<String>) -> Failure {
    Failure::lasting(ErrorKind::Invalid, message, detail)
}
