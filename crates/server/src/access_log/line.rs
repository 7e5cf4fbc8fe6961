//! A line of the access log, in both forms.

use std::{fmt::Write as _, time::Duration};

use super::AccessLogFormat;

/// What a line tells about a request.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    /// The request target as it came.
    pub(crate) target: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
    /// The bytes of the body that were given to the connection.
    pub(crate) bytes: u64,
    /// The client left, or the response failed, before it was complete.
    pub(crate) aborted: bool,
    pub(crate) mode: Option<&'a str>,
    pub(crate) cache: Option<&'a str>,
    /// A fixed word for what was asked for.
    pub(crate) what: &'a str,
    pub(crate) module: Option<&'a str>,
    /// A version, or a query such as a branch.
    pub(crate) version: Option<&'a str>,
    /// The trace that the request is part of: 32 hexadecimal digits.
    pub(crate) trace: Option<&'a str>,
    pub(crate) remote: &'a str,
    /// The common name in the client's certificate.
    pub(crate) client_certificate: Option<&'a str>,
    /// Who asked, where there are accounts.
    pub(crate) user: Option<&'a str>,
    pub(crate) user_agent: &'a str,
}

impl Line<'_> {
    pub(super) fn append(&self, format: AccessLogFormat, out: &mut String) {
        match format {
            AccessLogFormat::Json => self.json(began(self.took), out),
            AccessLogFormat::Text | AccessLogFormat::Off => self.text(out),
        }
        out.push('\n');
    }

    fn text(&self, line: &mut String) {
        // Whole numbers: formatting a float costs as much as the rest of the line.
        let milliseconds = (self.took.as_micros() + 500) / 1000;
        let _ = write!(line, "goproxy.io: {}.{:03}s {} ", milliseconds / 1000, milliseconds % 1000, self.status);
        escape(self.target, line);
        if let Some(mode) = self.mode {
            line.extend([" [", mode, "]"]);
        }
        line.extend([" id=", self.id]);
        if let Some(user) = self.user {
            line.push_str(" user=");
            // A name is one word of the line.
            escape(&user.replace(' ', "_"), line);
        }
        if self.aborted {
            let _ = write!(line, " aborted after {} bytes", self.bytes);
        }
    }

    fn json(&self, began: jiff::Timestamp, line: &mut String) {
        let value = serde_json::json!({
            "time": format!("{began:.3}"),
            "id": self.id,
            "method": self.method,
            "path": self.target,
            "status": self.status,
            "seconds": (self.took.as_secs_f64() * 1e6).round() / 1e6,
            "bytes": self.bytes,
            "aborted": self.aborted,
            "mode": self.mode,
            "source": self.mode.filter(|mode| *mode != "cached" && self.cache != Some("hit")),
            "cache": self.cache,
            "what": self.what,
            "module": self.module,
            "version": self.version,
            "trace_id": self.trace,
            "remote": self.remote,
            "client_certificate": self.client_certificate,
            "user": self.user,
            "user_agent": self.user_agent,
        });
        let _ = write!(line, "{value}");
    }
}

/// When what has just ended began.
fn began(took: Duration) -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    now.checked_sub(took).unwrap_or(now)
}

/// Appends the text without what a terminal or a log reader would obey.
fn escape(text: &str, out: &mut String) {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return out.push_str(text);
    }
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::access_log) fn line() -> Line<'static> {
        Line {
            id: "0123456789abcdef",
            method: "GET",
            target: "/a.b/c/@v/list?x=1",
            status: 200,
            took: Duration::from_micros(3456),
            bytes: 7,
            aborted: false,
            mode: Some("cached"),
            cache: Some("hit"),
            what: "list",
            module: Some("a.b/c"),
            version: None,
            trace: None,
            remote: "192.0.2.1:5",
            client_certificate: Some("ci"),
            user: None,
            user_agent: "Go-http-client/1.1",
        }
    }

    fn text(line: &Line<'_>) -> String {
        let mut out = String::new();
        line.append(AccessLogFormat::Text, &mut out);
        out
    }

    fn json(line: &Line<'_>) -> String {
        let mut out = String::new();
        line.json("2026-11-05T10:00:00.5Z".parse().unwrap(), &mut out);
        out
    }

    #[test]
    fn text_lines() {
        assert_eq!(text(&line()), "goproxy.io: 0.003s 200 /a.b/c/@v/list?x=1 [cached] id=0123456789abcdef\n");
        let known = Line { user: Some("ci/a b\n"), ..line() };
        assert!(text(&known).ends_with(" id=0123456789abcdef user=ci/a_b\\n\n"), "{}", text(&known));
        let odd = Line { mode: None, aborted: true, target: "/a\x1b[0m\n\u{202e}é", status: 404, ..line() };
        let expected = "goproxy.io: 0.003s 404 /a\\u{1b}[0m\\n\\u{202e}é id=0123456789abcdef aborted after 7 bytes\n";
        assert_eq!(text(&odd), expected);
    }

    #[test]
    fn json_lines() {
        let odd = Line { user_agent: "x\"\ny", cache: None, ..line() };
        let value: serde_json::Value = serde_json::from_str(json(&odd).trim_end()).unwrap();
        let expected = serde_json::json!({
            "time": "2026-11-05T10:00:00.500Z", "id": "0123456789abcdef", "method": "GET",
            "path": "/a.b/c/@v/list?x=1", "status": 200, "seconds": 0.003456, "bytes": 7, "aborted": false,
            "mode": "cached", "source": null, "cache": null, "what": "list", "module": "a.b/c", "version": null,
            "trace_id": null, "remote": "192.0.2.1:5", "client_certificate": "ci", "user": null,
            "user_agent": "x\"\ny",
        });
        assert_eq!(value, expected);
        assert_eq!(json(&odd).matches('\n').count(), 0);
    }
}
