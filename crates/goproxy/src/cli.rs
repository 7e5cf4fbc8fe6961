//! The command line, with the rules of Go's `flag` package: one dash or two, `-flag value` or `-flag=value`, switches
//! without a value, the first word that is no flag (or `--`) ends the flags.

mod flags;

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use self::flags::{Flags, Only};
use crate::{
    commands::{COMMANDS, Word, command},
    completions::Shell,
    failure::Failure,
    settings::{Given, nearest},
    token::NewToken,
    verify::VerifyOptions,
};

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Serve: the default.
    Serve,
    /// Print the effective settings.
    CheckConfig,
    /// Serve privately for this program and its arguments.
    Run(Vec<OsString>),
    /// Look through the whole cache.
    Verify(VerifyOptions),
    /// Take over what another program has kept below that folder.
    Import(PathBuf),
    /// Ask a running service whether it is well: also whether it is ready.
    HealthCheck { ready: bool },
    /// Make a token for a client.
    Token(NewToken),
    /// Answer `go` about the URL that it asks for, or at its start.
    Auth(Option<String>),
    /// Print what a shell completes with.
    Completions(Shell),
    /// Print the manual page.
    Man,
    /// Print the version.
    Version,
    /// Print the help.
    Help,
}

/// A parsed command line.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    /// In the order they were given.
    pub(crate) flags: Vec<Given>,
}

/// Parses the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    let mut flags = Flags::of(args);
    let first = flags.next_word()?;
    if let Some(only) = flags.only {
        return Ok(Invocation { command: only.into(), flags: flags.given });
    }
    let name = first.map_or_else(|| "serve".to_owned(), |word| word.to_string_lossy().into_owned());
    let Some(word) = command(&name) else {
        let hint = match nearest(&name, COMMANDS.iter().map(|word| word.name)) {
            Some(near) => format!("did you mean {near}?"),
            None => "see goproxy -help".to_owned(),
        };
        return Err(Failure::usage(format!("unknown command {name:?}; {hint}")));
    };
    let asks_for_help = || flags.args.as_slice().iter().any(|arg| arg == "-help" || arg == "--help" || arg == "-h");
    if word.name == "token" && !asks_for_help() {
        return Ok(Invocation { command: Command::Token(NewToken::parse(flags.args)?), flags: Vec::new() });
    }
    flags.word = Some(word);
    of_word(word, flags)
}

/// What follows a command's name.
fn of_word(word: &Word, mut flags: Flags) -> Result<Invocation, Failure> {
    let first = flags.next_word()?;
    if word.name == "import"
        && first.is_some()
        && let Some(extra) = flags.next_word()?
    {
        return Err(unexpected(&extra));
    }
    let command = match (flags.only, word.name, first) {
        (Some(only), ..) => only.into(),
        (_, "run", Some(program)) => Command::Run(std::iter::once(program).chain(flags.args).collect()),
        (_, "run", None) => {
            return Err(Failure::usage("run needs a command, for example goproxy run -- go build ./..."));
        }
        (_, "import", Some(folder)) => Command::Import(folder.into()),
        (_, "import", None) => {
            return Err(Failure::usage("import needs a folder, for example goproxy import /var/lib/athens"));
        }
        (_, "help", _) => Command::Help,
        (_, "auth", url) => Command::Auth(url.map(|url| url.to_string_lossy().into_owned())),
        (_, "completions", shell) => Command::Completions(Shell::named(shell.as_deref())?),
        (_, _, Some(extra)) => return Err(unexpected(&extra)),
        (_, "check-config", None) => Command::CheckConfig,
        (_, "verify", None) => {
            Command::Verify(VerifyOptions { repair: flags.is_on("repair"), offline: flags.is_on("offline") })
        }
        (_, "healthcheck", None) => Command::HealthCheck { ready: flags.is_on("ready") },
        (_, "man", None) => Command::Man,
        (_, "version", None) => Command::Version,
        (_, _, None) => Command::Serve,
    };
    Ok(Invocation { command, flags: flags.given })
}

impl From<Only> for Command {
    fn from(only: Only) -> Self {
        match only {
            Only::Help => Self::Help,
            Only::Version => Self::Version,
        }
    }
}

fn unexpected(extra: &OsStr) -> Failure {
    Failure::usage(format!("unexpected argument {:?}; see goproxy -help", extra.to_string_lossy()))
}

#[cfg(test)]
mod tests;
