//! Starting other programs in the foreground: ourselves under our own init, and the command of `goproxy run`. What
//! runs in the background for a fetch is started elsewhere, with a clean environment.

use std::{convert::Infallible, ffi::OsStr, os::unix::process::ExitStatusExt as _, process::ExitStatus};

use rustix::process::{Pid, Signal};
use tokio::signal::unix::{self, SignalKind};

/// A command that shares our terminal, environment and process group.
#[expect(clippy::disallowed_methods, reason = "a foreground program keeps our environment and process group")]
pub(crate) fn foreground(program: &OsStr) -> std::process::Command {
    std::process::Command::new(program)
}

/// The exit code of a shell for this status: the program's own, or 128 and the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// The signals that are passed on to a foreground program.
const FORWARDED: [(SignalKind, Signal); 6] = [
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// Passes signals on to a process that is our child.
pub(crate) struct Forwarder {
    streams: Vec<(unix::Signal, Signal)>,
    terminal: bool,
}

impl Forwarder {
    /// Begins to catch the signals: from now on they no longer end this process. Call it before the child is started,
    /// so that none is lost.
    pub(crate) fn new() -> std::io::Result<Self> {
        let streams = FORWARDED.iter().map(|(kind, signal)| Ok((unix::signal(*kind)?, *signal)));
        Ok(Self { streams: streams.collect::<std::io::Result<_>>()?, terminal: in_terminal_foreground() })
    }

    /// Passes on whatever arrives, for as long as it is polled.
    pub(crate) async fn forward_to(&mut self, child: Pid) -> Infallible {
        loop {
            let signal = self.next().await;
            // A key press in the terminal reached the child already: it is in the foreground with us, and a second
            // interrupt would mean "at once" to it.
            if !(self.terminal && matches!(signal, Signal::INT | Signal::QUIT)) {
                // Fails only when the child has just ended, which the caller sees by itself.
                let _ = rustix::process::kill_process(child, signal);
            }
        }
    }

    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (stream, signal) in &mut self.streams {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*signal);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Whether the terminal sends its interrupts to our process group.
fn in_terminal_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}
