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

/// Whether the terminal sends its interrupts to our process group. `/proc` says it in the terms of one PID namespace,
/// also where the group's leader is outside of ours (`unshare`, some container runtimes) and the system calls answer 0.
fn in_terminal_foreground() -> bool {
    std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| is_foreground(&stat))
}

/// proc_pid_stat(5): after the name, which may hold anything, come state, parent, process group, session, terminal and
/// the terminal's foreground group.
fn is_foreground(stat: &str) -> bool {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    match after_name.split_whitespace().collect::<Vec<_>>()[..] {
        [_, _, group, _, terminal, foreground, ..] => terminal != "0" && group == foreground,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foreground_is_read_from_proc() {
        for (stat, foreground) in [
            ("7 (goproxy) S 1 7 7 34816 7 4194304 0", true),
            ("1 (a) b) R 0 0 0 34816 0 4194304 0", true),
            ("7 (goproxy) S 1 7 7 34816 9 4194304 0", false),
            ("7 (goproxy) S 1 7 7 0 -1 4194304 0", false),
            ("", false),
        ] {
            assert_eq!(is_foreground(stat), foreground, "{stat}");
        }
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        for (raw, code) in [(0, 0), (7 << 8, 7), (9, 137), (15, 143)] {
            assert_eq!(exit_code(ExitStatus::from_raw(raw)), code, "{raw}");
        }
    }
}
