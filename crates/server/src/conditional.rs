//! Conditional requests: RFC 9110 13, in the order of 13.2.2.

use std::{
    io::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use httpdate::HttpDate;

use crate::hex;

/// What a representation is compared by.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// A strong entity tag with its quotes.
    pub(crate) etag: HeaderValue,
    /// Whole seconds; none if it is not known.
    pub(crate) modified: Option<SystemTime>,
}

/// What the preconditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answer as if there were none.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Whether a request has a precondition.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    let conditions = [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE];
    conditions.iter().any(|condition| headers.contains_key(condition))
}

impl Validators {
    /// The first 128 bits of the hash make the tag; a time at the epoch means that there is none.
    pub(crate) fn new(sha256: &[u8; 32], modified: SystemTime) -> Self {
        let mut tag = [b'"'; 34];
        hex::write(&sha256[..16], &mut tag[1..33]);
        let etag = HeaderValue::from_bytes(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        let seconds = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let modified = (seconds > 0).then(|| UNIX_EPOCH + Duration::from_secs(seconds));
        Self { etag, modified }
    }

    /// `Last-Modified`.
    pub(crate) fn last_modified(&self) -> Option<HeaderValue> {
        // RFC 9110 5.6.7: always 29 characters.
        let mut text = [0; 29];
        write!(&mut text[..], "{}", HttpDate::from(self.modified?)).ok()?;
        HeaderValue::from_bytes(&text).ok()
    }

    /// Evaluates the preconditions of a GET or HEAD.
    pub(crate) fn evaluate(&self, headers: &HeaderMap) -> Outcome {
        if headers.contains_key(header::IF_MATCH) {
            if !self.listed(headers, &header::IF_MATCH, |tag| tag.strip_prefix("W/").is_none()) {
                return Outcome::Failed;
            }
        } else if let (Some(at), Some(modified)) = (date(headers, &header::IF_UNMODIFIED_SINCE), self.modified)
            && modified > at
        {
            return Outcome::Failed;
        }
        if headers.contains_key(header::IF_NONE_MATCH) {
            if self.listed(headers, &header::IF_NONE_MATCH, |_| true) {
                return Outcome::NotModified;
            }
        } else if let (Some(at), Some(modified)) = (date(headers, &header::IF_MODIFIED_SINCE), self.modified)
            && modified <= at
        {
            return Outcome::NotModified;
        }
        Outcome::Proceed
    }

    /// Whether `Range` holds: there is no `If-Range`, or it names exactly this representation (13.1.5).
    pub(crate) fn range_applies(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::IF_RANGE) else { return true };
        let Ok(value) = value.to_str() else { return false };
        if value.starts_with('"') || value.starts_with("W/") {
            return value == self.etag;
        }
        self.modified.is_some() && httpdate::parse_http_date(value).ok() == self.modified
    }

    /// Whether the field's list of tags names our tag, among those that `counts`.
    fn listed(&self, headers: &HeaderMap, name: &HeaderName, counts: impl Fn(&str) -> bool) -> bool {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
            value.trim() == "*"
                || tags(value).any(|tag| counts(tag) && tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
        })
    }
}

/// The entity tags of a list, with their quotes and `W/`. Ends at the first thing that is none.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let open = if rest.starts_with("W/\"") { 3 } else { usize::from(rest.starts_with('"')) };
        if open == 0 {
            return None;
        }
        let close = open + rest[open..].find('"')? + 1;
        let (tag, after) = rest.split_at(close);
        rest = after;
        Some(tag)
    })
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"00000000000000000000000000000000\"";
    const OLD: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const NEW: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

    fn ours() -> Validators {
        Validators::new(&[0; 32], UNIX_EPOCH + Duration::from_millis(784_111_777_900))
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(k, v)| (HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    #[test]
    fn precedence() {
        use Outcome::{Failed, NotModified, Proceed};
        let weak = format!("W/{TAG}");
        let list = format!("\"a,b\", W/\"c\" ,{TAG}");
        let cases: &[(&[(&'static str, &str)], Outcome)] = &[
            (&[], Proceed),
            (&[("if-none-match", TAG)], NotModified),
            (&[("if-none-match", &weak)], NotModified),
            (&[("if-none-match", &list)], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], Proceed),
            (&[("if-none-match", "junk")], Proceed),
            (&[("if-none-match", "\"x"), ("if-none-match", TAG)], NotModified),
            (&[("if-modified-since", OLD)], Proceed),
            (&[("if-modified-since", NOW)], NotModified),
            (&[("if-modified-since", NEW)], NotModified),
            (&[("if-modified-since", "yesterday")], Proceed),
            // If-None-Match decides alone.
            (&[("if-none-match", "\"x\""), ("if-modified-since", NEW)], Proceed),
            (&[("if-none-match", TAG), ("if-modified-since", OLD)], NotModified),
            (&[("if-match", TAG)], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", &weak)], Failed),
            (&[("if-match", "\"x\"")], Failed),
            (&[("if-match", TAG), ("if-none-match", TAG)], NotModified),
            (&[("if-match", "\"x\""), ("if-none-match", TAG)], Failed),
            (&[("if-unmodified-since", OLD)], Failed),
            (&[("if-unmodified-since", NOW)], Proceed),
            // If-Match decides alone.
            (&[("if-match", TAG), ("if-unmodified-since", OLD)], Proceed),
        ];
        for (fields, outcome) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in *fields {
                map.append(*name, value.parse().unwrap());
            }
            assert_eq!(ours().evaluate(&map), *outcome, "{fields:?}");
        }
    }

    #[test]
    fn if_range_compares_strongly() {
        for (value, applies) in
            [(TAG, true), ("\"x\"", false), (&format!("W/{TAG}"), false), (NOW, true), (OLD, false), (NEW, false)]
        {
            assert_eq!(ours().range_applies(&headers(&[("if-range", value)])), applies, "{value}");
        }
        assert!(ours().range_applies(&HeaderMap::new()));
    }

    #[test]
    fn an_unknown_time_never_matches() {
        let ours = Validators::new(&[0; 32], UNIX_EPOCH);
        assert_eq!(ours.evaluate(&headers(&[("if-modified-since", NOW)])), Outcome::Proceed);
        assert!(!ours.range_applies(&headers(&[("if-range", "junk")])));
    }
}
