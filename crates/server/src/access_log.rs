//! The access log: one line for each request, written by a thread of its own, so that a slow or blocked stderr never
//! slows a request. When it cannot keep up, lines are dropped and counted.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::Write,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::{sync::oneshot, time::Instant};

/// How many lines may wait for the writer.
const WAITING: usize = 16 << 10;

/// How many bytes are written at once, at most.
const BATCH: usize = 64 << 10;

/// How long the writer lets lines gather. A writer that waits for each line is woken for each: that makes
/// a third of the processor time of a small answer (measured: 17.5 against 11.7 us, 11.0 without a log).
const GATHER: Duration = Duration::from_millis(10);

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// The original's, and more after it: `goproxy.io: 0.003s 200 /m/@v/list [cached] id=...`.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
    /// None.
    Off,
}

impl std::str::FromStr for AccessLogFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "off" => Ok(Self::Off),
            _ => Err("use text, json or off".to_owned()),
        }
    }
}

/// What a request target may show of itself in the access log.
pub trait Redact: Send + Sync + std::fmt::Debug {
    /// The text without what it may not show.
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str>;
}

/// What a line tells about a request.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: jiff::Timestamp,
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
    fn text(&self) -> String {
        let mut line = format!("goproxy.io: {:.3}s {} ", self.took.as_secs_f64(), self.status);
        escape(self.target, &mut line);
        let _ = self.mode.map_or(Ok(()), |mode| write!(line, " [{mode}]"));
        let _ = write!(line, " id={}", self.id);
        if let Some(user) = self.user {
            line.push_str(" user=");
            // A name is one word of the line.
            escape(&user.replace(' ', "_"), &mut line);
        }
        if self.aborted {
            let _ = write!(line, " aborted after {} bytes", self.bytes);
        }
        line.push('\n');
        line
    }

    fn json(&self) -> String {
        let mut line = serde_json::json!({
            "time": format!("{:.3}", self.time),
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
        })
        .to_string();
        line.push('\n');
        line
    }
}

/// Appends the text without what a terminal or a log reader would obey.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

enum Message {
    Line(String),
    Flush(oneshot::Sender<()>),
}

/// Takes lines from requests.
#[derive(Debug)]
pub(crate) struct AccessLog {
    format: AccessLogFormat,
    writer: Option<SyncSender<Message>>,
    redact: Option<Arc<dyn Redact>>,
    dropped: Counter,
}

impl AccessLog {
    /// Starts the writer, unless the log is off.
    pub(crate) fn start(
        format: AccessLogFormat,
        sink: Box<dyn Write + Send>,
        dropped: Counter,
    ) -> std::io::Result<Self> {
        let writer = if format == AccessLogFormat::Off {
            None
        } else {
            let (sender, receiver) = sync_channel(WAITING);
            thread::Builder::new().name("access-log".to_owned()).spawn(move || write_lines(&receiver, sink))?;
            Some(sender)
        };
        Ok(Self { format, writer, redact: None, dropped })
    }

    /// Shows of targets what passes.
    pub(crate) fn redacting(self, redact: Option<Arc<dyn Redact>>) -> Self {
        Self { redact, ..self }
    }

    /// Whether lines name modules and versions.
    pub(crate) fn names_modules(&self) -> bool {
        self.is_on() && self.format == AccessLogFormat::Json
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.writer.is_some()
    }

    /// Hands a line to the writer.
    pub(crate) fn log(&self, line: &Line<'_>) {
        let Some(writer) = &self.writer else { return };
        let (target, module) = (self.shown(line.target), line.module.map(|module| self.shown(module)));
        let line = Line { target: &target, module: module.as_deref(), ..line.clone() };
        let text = if self.format == AccessLogFormat::Json { line.json() } else { line.text() };
        if writer.try_send(Message::Line(text)).is_err() {
            self.dropped.inc();
        }
    }

    /// What may be seen of a text.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact.as_ref().map_or(Cow::Borrowed(text), |redact| redact.redact(text))
    }

    /// Waits until everything logged before is written, but not for long.
    pub(crate) async fn flush(&self, limit: Duration) {
        let (Some(writer), deadline) = (&self.writer, Instant::now() + limit) else { return };
        let (done, written) = oneshot::channel();
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(returned)) = writer.try_send(message) {
            if Instant::now() > deadline {
                return;
            }
            message = returned;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = tokio::time::timeout_at(deadline, written).await;
    }
}

/// Writes until all senders are gone. A sink that fails loses lines and nothing else.
fn write_lines(lines: &Receiver<Message>, mut sink: Box<dyn Write + Send>) {
    let mut batch = String::new();
    while let Ok(first) = lines.recv() {
        let mut flushed = Vec::new();
        for message in std::iter::once(first).chain(lines.try_iter()) {
            match message {
                Message::Line(line) => batch.push_str(&line),
                Message::Flush(done) => flushed.push(done),
            }
            if batch.len() >= BATCH {
                break;
            }
        }
        let _ = sink.write_all(batch.as_bytes()).and_then(|()| sink.flush());
        let more_wait = batch.len() >= BATCH;
        batch.clear();
        for done in flushed {
            let _ = done.send(());
        }
        if !more_wait {
            thread::sleep(GATHER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line<'static> {
        Line {
            time: "2026-11-05T10:00:00.5Z".parse().unwrap(),
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

    #[test]
    fn text_lines() {
        assert_eq!(line().text(), "goproxy.io: 0.003s 200 /a.b/c/@v/list?x=1 [cached] id=0123456789abcdef\n");
        let known = Line { user: Some("ci/a b\n"), ..line() };
        assert!(known.text().ends_with(" id=0123456789abcdef user=ci/a_b\\n\n"), "{}", known.text());
        let odd = Line { mode: None, aborted: true, target: "/a\x1b[0m\n\u{202e}é", status: 404, ..line() };
        let expected = "goproxy.io: 0.003s 404 /a\\u{1b}[0m\\n\\u{202e}é id=0123456789abcdef aborted after 7 bytes\n";
        assert_eq!(odd.text(), expected);
    }

    #[test]
    fn json_lines() {
        let odd = Line { user_agent: "x\"\ny", cache: None, ..line() };
        let value: serde_json::Value = serde_json::from_str(odd.json().trim_end()).unwrap();
        let expected = serde_json::json!({
            "time": "2026-11-05T10:00:00.500Z", "id": "0123456789abcdef", "method": "GET",
            "path": "/a.b/c/@v/list?x=1", "status": 200, "seconds": 0.003456, "bytes": 7, "aborted": false,
            "mode": "cached", "source": null, "cache": null, "what": "list", "module": "a.b/c", "version": null,
            "trace_id": null, "remote": "192.0.2.1:5", "client_certificate": "ci", "user": null,
            "user_agent": "x\"\ny",
        });
        assert_eq!(value, expected);
        assert_eq!(odd.json().matches('\n').count(), 1);
    }

    /// A sink that blocks until it is told to go on.
    struct Blocked(Receiver<()>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_blocked_sink_drops_lines_and_never_blocks() {
        let (_go_on, gate) = std::sync::mpsc::channel();
        let dropped = Counter::default();
        let log = AccessLog::start(AccessLogFormat::Text, Box::new(Blocked(gate)), dropped.clone()).unwrap();
        for _ in 0..WAITING + BATCH {
            log.log(&line());
        }
        assert!(dropped.get() > 0);
        log.flush(Duration::from_millis(20)).await;
    }
}
