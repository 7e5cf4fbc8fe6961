//! Statuses and texts of failures. One exhaustive match decides the status of each kind of error, so that a new kind
//! forces a decision; one function bounds what a client gets to read.

use std::time::Duration;

use gomod::{Route, RouteError};
use goproxy_engine::{Error, ErrorKind};
use http::StatusCode;

use crate::{Gate, Wanted};

/// How many bytes and lines of a message a client gets: what `go` prints of it
/// (cmd/go/internal/web/api.go `formatErrorDetail`).
const MAX_BYTES: usize = 640;
const MAX_LINES: usize = 8;

/// For how long others may keep a 404.
const ABSENCE: Duration = Duration::from_mins(1);

/// When to come back if we are too busy and nobody said when.
const BUSY: Duration = Duration::from_secs(5);

/// A failure as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// `text/plain`, bounded, ends with a line feed.
    pub(crate) text: String,
    pub(crate) retry_after: Option<Duration>,
    /// For how long caches may keep it; none is `no-store`.
    pub(crate) max_age: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        Self { status, text: client_text(status, message), retry_after: None, max_age: None }
    }
}

impl Failure {
    /// For a client that may not know everything: a page or a repository of one module can name others in its errors.
    pub(crate) fn told(error: &Error, gate: &dyn Gate, route: &Route) -> Self {
        let asked = match Wanted::from(route) {
            Wanted::Module(path) => Some(path),
            Wanted::Checksums | Wanted::Metrics => None,
        };
        let failure = Self::from(error);
        Self { text: client_text(failure.status, &gate.told(error.message(), asked)), ..failure }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let status = status(error.kind());
        let busy = (error.kind() == ErrorKind::Busy).then_some(BUSY);
        Self {
            retry_after: error.retry_after().or(busy),
            max_age: (error.kind() == ErrorKind::NotFound).then_some(ABSENCE),
            ..Self::new(status, error.message())
        }
    }
}

impl From<&RouteError> for Failure {
    fn from(error: &RouteError) -> Self {
        match error {
            RouteError::NotFound(text) => Self { max_age: Some(ABSENCE), ..Self::new(StatusCode::NOT_FOUND, text) },
            RouteError::BadRequest(text) => Self::new(StatusCode::BAD_REQUEST, text),
            RouteError::TooLong => Self::new(StatusCode::URI_TOO_LONG, "the request path is too long"),
        }
    }
}

/// `go` takes 404 for "does not exist" and asks the next proxy; so only what authoritatively does not exist is 404, and
/// what may not be asked for elsewhere.
pub(crate) const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotCached => StatusCode::NOT_FOUND,
        ErrorKind::Refused => StatusCode::FORBIDDEN,
        ErrorKind::Invalid | ErrorKind::Unavailable | ErrorKind::NoHost => StatusCode::BAD_GATEWAY,
        ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The text for the client: without what `go` would refuse to print, at most 8 lines and 640 bytes, up to the first
/// blank line. A 404 begins with `not found: `, as those of other proxies do.
fn client_text(status: StatusCode, message: &str) -> String {
    let prefix = if status == StatusCode::NOT_FOUND && !message.starts_with("not found") { "not found: " } else { "" };
    let mut text = String::from(prefix);
    for (i, line) in message.trim_start().lines().take(MAX_LINES).enumerate() {
        let line: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| is_graphic(*c)).collect();
        if line.trim().is_empty() {
            break;
        }
        if i > 0 {
            text.push('\n');
        }
        text.push_str(line.trim_end());
    }
    if text.len() == prefix.len() {
        text.push_str(status.canonical_reason().unwrap_or("error"));
    }
    text.truncate(text.floor_char_boundary(MAX_BYTES - 1));
    text.push('\n');
    text
}

/// Whether a terminal shows it and nothing else happens: no control, no format (bidirectional overrides), no private
/// use. `go` drops a body with any other character whole.
const fn is_graphic(c: char) -> bool {
    !matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        for (kind, code, max_age) in [
            (ErrorKind::NotFound, 404, true),
            (ErrorKind::NotCached, 404, false),
            (ErrorKind::Refused, 403, false),
            (ErrorKind::Invalid, 502, false),
            (ErrorKind::Unavailable, 502, false),
            (ErrorKind::NoHost, 502, false),
            (ErrorKind::Busy, 503, false),
            (ErrorKind::Timeout, 504, false),
            (ErrorKind::Internal, 500, false),
        ] {
            let failure = Failure::from(&Error::new(kind, "m"));
            assert_eq!((failure.status.as_u16(), failure.max_age.is_some()), (code, max_age), "{kind:?}");
        }
    }

    #[test]
    fn when_to_come_back() {
        let failure = Failure::from(&Error::new(ErrorKind::Busy, "m"));
        assert_eq!(failure.retry_after, Some(BUSY));
        let error = Error::new(ErrorKind::Unavailable, "m").with_retry_after(Some(Duration::from_secs(30)));
        assert_eq!(Failure::from(&error).retry_after, Some(Duration::from_secs(30)));
        assert_eq!(Failure::from(&Error::new(ErrorKind::Timeout, "m")).retry_after, None);
    }

    #[test]
    fn texts() {
        let text = |message| client_text(StatusCode::BAD_GATEWAY, message);
        assert_eq!(text("a"), "a\n");
        assert_eq!(text("a\nb\n\nsecret"), "a\nb\n");
        assert_eq!(text("a\n \t \nsecret"), "a\n");
        assert_eq!(text("\n\na\r\nb\n"), "a\nb\n");
        assert_eq!(text("1\n2\n3\n4\n5\n6\n7\n8\n9"), "1\n2\n3\n4\n5\n6\n7\n8\n");
        assert_eq!(text("red \x1b[31m\tand \u{202e}back\0"), "red [31m and back\n");
        assert_eq!(text(""), "Bad Gateway\n");
        assert_eq!(text("日本"), "日本\n");
        let not_found = |message| client_text(StatusCode::NOT_FOUND, message);
        assert_eq!(not_found("no such path"), "not found: no such path\n");
        assert_eq!(not_found("not found: x"), "not found: x\n");
        assert_eq!(not_found(""), "not found: Not Found\n");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for pad in 0..4 {
            let text = client_text(StatusCode::BAD_GATEWAY, &format!("{}{}", "x".repeat(pad), "日".repeat(400)));
            assert!((MAX_BYTES - 3..=MAX_BYTES).contains(&text.len()), "{}", text.len());
            assert!(text.ends_with("日\n"));
        }
    }
}
