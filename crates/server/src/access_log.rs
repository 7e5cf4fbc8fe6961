//! The access log: one line for each request, written by a thread of its own, so that a slow or blocked stderr never
//! slows a request. When it cannot keep up, lines are dropped and counted.

mod line;
mod writer;

use std::{borrow::Cow, io::Write, sync::Arc, thread, time::Duration};

use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

pub(crate) use self::line::Line;
use self::writer::{Queue, write_lines};

/// How many bytes of lines may wait for the writer.
const WAITING: usize = 2 << 20;

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

/// Takes lines from requests.
#[derive(Debug)]
pub(crate) struct AccessLog {
    format: AccessLogFormat,
    queue: Option<Arc<Queue>>,
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
        let queue = if format == AccessLogFormat::Off {
            None
        } else {
            let queue = Arc::<Queue>::default();
            let lines = Arc::clone(&queue);
            thread::Builder::new().name("access-log".to_owned()).spawn(move || write_lines(&lines, sink))?;
            Some(queue)
        };
        Ok(Self { format, queue, redact: None, dropped })
    }

    /// Shows of targets what passes.
    pub(crate) fn redacting(mut self, redact: Option<Arc<dyn Redact>>) -> Self {
        self.redact = redact;
        self
    }

    /// Whether lines name modules and versions.
    pub(crate) fn names_modules(&self) -> bool {
        self.is_on() && self.format == AccessLogFormat::Json
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// Hands a line to the writer.
    pub(crate) fn log(&self, line: &Line<'_>) {
        let Some(queue) = &self.queue else { return };
        let (target, module) = (self.shown(line.target), line.module.map(|module| self.shown(module)));
        let line = Line { target: &target, module: module.as_deref(), ..line.clone() };
        queue.with(|waiting| {
            if waiting.lines.len() < WAITING {
                line.append(self.format, &mut waiting.lines);
            } else {
                self.dropped.inc();
            }
        });
    }

    /// What may be seen of a text.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact.as_ref().map_or(Cow::Borrowed(text), |redact| redact.redact(text))
    }

    /// Waits until everything logged before is written, but not for long.
    pub(crate) async fn flush(&self, limit: Duration) {
        let Some(queue) = &self.queue else { return };
        let (done, written) = oneshot::channel();
        queue.with(|waiting| waiting.flushed.push(done));
        let _ = tokio::time::timeout(limit, written).await;
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.with(|waiting| waiting.over = true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{line::tests::line, *};

    /// A sink that blocks until it is told to go on.
    struct Blocked(std::sync::mpsc::Receiver<()>);

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
        for _ in 0..WAITING / 16 {
            log.log(&line());
        }
        assert!(dropped.get() > 0);
        log.flush(Duration::from_millis(20)).await;
    }
}
