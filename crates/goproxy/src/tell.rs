//! What commands that work through many files tell: results on standard output, progress on standard error.

use std::{
    convert::Infallible,
    io::{IsTerminal as _, Write as _, stderr, stdout},
    time::{Duration, Instant},
};

use crate::failure::one_line;

/// On a terminal a line is written over and over, elsewhere there is a new one now and then.
const ON_TERMINAL: Duration = Duration::from_millis(500);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Both streams of a command, from its start on.
#[derive(Debug)]
pub(crate) struct Teller {
    start: Instant,
    terminal: bool,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), terminal: stderr().is_terminal() }
    }

    /// Shows for ever how far it is.
    pub(crate) async fn show_progress(&self, so_far: impl Fn() -> String) -> Infallible {
        let period = if self.terminal { ON_TERMINAL } else { ELSEWHERE };
        loop {
            tokio::time::sleep(period).await;
            let (start, end) = if self.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
            let _ = write!(stderr(), "{start}{}{end}", so_far());
        }
    }

    /// So many bytes, and how fast, for people.
    pub(crate) fn volume(&self, bytes: u64) -> String {
        let took = self.start.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "for people, with one digit after the point")]
        let megabytes = bytes as f64 / 1e6;
        format!("{megabytes:.1} MB, {:.1} MB/s", megabytes / took.max(0.001))
    }

    /// A line of the result. A reader that went away is no failure.
    pub(crate) fn say(&self, line: &str) {
        if self.terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
        let _ = writeln!(stdout().lock(), "{}", one_line(line));
    }

    /// A remark that is no part of the result.
    pub(crate) fn remark(&self, line: &str) {
        let _ = writeln!(stderr(), "goproxy: {}", one_line(line));
    }
}
