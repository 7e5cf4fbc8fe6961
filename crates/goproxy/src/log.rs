//! Logs to standard error: lines that begin with `goproxy.io: ` and have no time, as the original's users know them,
//! or JSON objects.

use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use goproxy_server::Redact as _;

use tracing::{Event, Level as TracingLevel, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt::{self, FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use crate::{
    names::Names,
    settings::{Format, Level, Logs},
};

/// The running log, to change its level.
pub(crate) struct Log {
    handle: reload::Handle<Targets, Registry>,
    level: Mutex<Level>,
}

impl Log {
    /// Starts logging for the whole program; only the first call has an effect.
    pub(crate) fn start(logs: &Logs, names: &Names) -> Self {
        let (filter, handle) = reload::Layer::new(targets(logs.level));
        let lines = fmt::layer().with_writer(Stderr(names.clone())).with_ansi(false);
        let layer = match logs.format {
            Format::Text => lines.event_format(Lines).boxed(),
            Format::Json => lines.json().flatten_event(true).boxed(),
        };
        // Fails only when a log is running already.
        let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
        Self { handle, level: Mutex::new(logs.level) }
    }

    /// Changes how much is logged.
    pub(crate) fn set_level(&self, level: Level) {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = level;
        // Fails only when the log is gone.
        let _ = self.handle.reload(targets(level));
    }

    /// SIGUSR1 logs more by one level, SIGUSR2 less. The line that says so is one of the new level's, so that it is
    /// seen.
    pub(crate) fn step(&self, signal: &str, more: bool) {
        let level = *self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let level = if more { level.more() } else { level.less() };
        self.set_level(level);
        let text = format!("{signal}: logLevel is {} until SIGHUP or a restart", level.word());
        match level {
            Level::Error => tracing::error!("{text}"),
            Level::Warn => tracing::warn!("{text}"),
            Level::Info | Level::Debug => tracing::info!("{text}"),
        }
    }
}

/// Our own crates at the chosen level; what libraries say only from warnings on.
fn targets(level: Level) -> Targets {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    Targets::new().with_target("goproxy", level).with_target("gomod", level).with_default(level.min(LevelFilter::WARN))
}

/// Standard error. Of what is no debugging, whole lines pass through what hides private names.
struct Stderr(Names);

enum Line {
    Whole(io::Stderr),
    Hiding(Names),
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line::Hiding(self.0.clone())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line {
        if *meta.level() > TracingLevel::INFO { Line::Whole(io::stderr()) } else { self.make_writer() }
    }
}

impl Write for Line {
    /// The subscriber writes a line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::Whole(stderr) => stderr.write_all(line)?,
            Self::Hiding(names) => io::stderr().write_all(names.redact(&String::from_utf8_lossy(line)).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The text format.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut fields = String::new();
        context.field_format().format_fields(Writer::new(&mut fields), event)?;
        let level = match *event.metadata().level() {
            TracingLevel::ERROR => "error: ",
            TracingLevel::WARN => "warning: ",
            TracingLevel::INFO => "",
            TracingLevel::DEBUG => "debug: ",
            TracingLevel::TRACE => "trace: ",
        };
        writeln!(writer, "goproxy.io: {level}{}", one_line(fields.trim_end()))
    }
}

/// What an upstream or a program said may hold line breaks and terminal codes; a log line is one line all the same.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => line.push('\t'),
            '\n' => line.push_str(" | "),
            '\r' => {}
            c if c.is_control() => {
                // Writing to a String never fails.
                let _ = write!(line, "{}", c.escape_default());
            }
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_one_line() {
        assert_eq!(one_line("a\nb\r\nc\u{1b}[31m"), "a | b | c\\u{1b}[31m");
    }
}
