//! Why the program ends before it did anything: one line for the terminal and an exit code.

use std::{io::Write as _, process::ExitCode};

/// A flag or command that does not exist, or lacks its argument: what Go's flag package exits with.
const USAGE: u8 = 2;
/// A setting with a bad value: `EX_USAGE` of sysexits.h.
const CONFIG: u8 = 64;
/// Everything that the machine refuses: the address is taken, the cache cannot be written.
const FATAL: u8 = 1;

/// One line without a final newline, and the code to exit with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: u8,
    line: String,
}

impl Failure {
    /// The command line cannot be understood: exit 2.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self { code: USAGE, line: line.into() }
    }

    /// A setting has a bad value: exit 64.
    pub(crate) fn config(line: impl Into<String>) -> Self {
        Self { code: CONFIG, line: line.into() }
    }

    /// The settings are fine, the machine is not: exit 1.
    pub(crate) fn fatal(line: impl Into<String>) -> Self {
        Self { code: FATAL, line: line.into() }
    }

    /// A chosen code: what a shell would exit with for a command that cannot be run (126, 127).
    pub(crate) fn with_code(code: u8, line: impl Into<String>) -> Self {
        Self { code, line: line.into() }
    }

    /// The line, without the program's name.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// Prints the line and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "goproxy: {}", one_line(&self.line));
        ExitCode::from(self.code)
    }
}

/// Values are quoted in messages as they were given; whatever they hold, the message stays one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_break_the_line() {
        assert_eq!(one_line("a\nb\tc\u{1b}[0m"), "a b c [0m");
    }
}
