//! The page at `/`: what this is, and how to point `go` at it. HTML for browsers, plain text for everybody else.
//!
//! It repeats the host that the client asked for, if that is one, and nothing else of the request. Nobody may keep it, so
//! that nobody sees the host of another client.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, header::HeaderName, uri::Scheme};

use crate::{
    body::ReplyBody,
    peer::{Channel, Peer},
    reply,
};

mod html;
mod place;
mod steps;

use place::Place;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// What the page tells of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The running version; empty is not told.
    pub version: String,
    /// What `go` may not look up in a checksum database, as GONOSUMDB has it; empty is nothing, or not told.
    pub unlisted: String,
    /// The checksum databases that clients may use through us.
    pub databases: Vec<String>,
    /// GOSUMDB for clients, if it is not sum.golang.org.
    pub go_sumdb: Option<String>,
}

/// What else decides what is on the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State<'a> {
    pub(crate) about: &'a About,
    /// Whether clients need credentials.
    pub(crate) accounts: bool,
    pub(crate) ready: bool,
}

/// Whether the path asks for the page; `prefix` is empty or begins with a slash and does not end with one.
pub(crate) fn is_home(path: &str, prefix: &str) -> bool {
    path == "/" || (!prefix.is_empty() && path.strip_prefix(prefix).is_some_and(|rest| matches!(rest, "" | "/")))
}

/// The page for this request.
pub(crate) fn page<B>(request: &Request<B>, peer: &Peer, prefix: &str, state: State<'_>) -> Response<ReplyBody> {
    let place = Place { scheme: scheme(request, peer), host: host(request), prefix };
    let wants_html = wants_html(request.headers());
    let steps = steps::steps(&place, state);
    let text = if wants_html { html::page(&steps, state) } else { steps::text(&steps, state) };
    let mut response = reply::text(StatusCode::OK, text, request.method());
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if wants_html {
        headers.insert(header::CONTENT_TYPE, HTML);
        headers.insert(header::CONTENT_SECURITY_POLICY, html::policy());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    debug_assert!(matches!(*request.method(), Method::GET | Method::HEAD), "others are refused before");
    response
}

/// The host that the client asked for; `None` where it wrote no host.
fn host<B>(request: &Request<B>) -> Option<&str> {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let named = authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
    named.filter(|host| place::is_host(host))
}

/// How the client reached us, as far as we can know: what ends TLS in front of us says so. Who lies deceives himself.
fn scheme<B>(request: &Request<B>, peer: &Peer) -> Scheme {
    let forwarded = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    if forwarded || matches!(peer.channel, Channel::Tls { .. }) { Scheme::HTTPS } else { Scheme::HTTP }
}

/// Browsers name HTML; `curl` and Go's clients take anything.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
            && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_for_who_names_it() {
        let accept = |value: &str| wants_html(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]));
        assert!(accept("text/html,application/xhtml+xml,*/*;q=0.8") && accept("text/plain, Text/HTML;q=0.5"));
        for other in ["*/*", "text/plain", "text/html;q=0", "text/html; q=0.0", "", "text/htmlx"] {
            assert!(!accept(other), "{other}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }

    #[test]
    fn home_is_at_the_root_and_at_the_prefix() {
        for (path, prefix, home) in [
            ("/", "", true),
            ("", "", false),
            ("//", "", false),
            ("/", "/go", true),
            ("/go", "/go", true),
            ("/go/", "/go", true),
            ("/go//", "/go", false),
            ("/gox", "/go", false),
            ("/go/index.html", "/go", false),
        ] {
            assert_eq!(is_home(path, prefix), home, "{path} {prefix}");
        }
    }
}
