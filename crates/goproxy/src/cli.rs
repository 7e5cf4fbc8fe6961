//! The command line, with the rules of Go's `flag` package: one dash or two, `-flag value` or `-flag=value`, switches
//! without a value, the first word that is no flag (or `--`) ends the flags.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use crate::{
    commands::{COMMANDS, Word, command, owner},
    completions::Shell,
    failure::Failure,
    settings::{Given, TABLE, find, nearest},
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
    let mut parser = Parser {
        args: args.into_iter().collect::<Vec<_>>().into_iter(),
        flags: Vec::new(),
        switch: None,
        word: None,
        own: Vec::new(),
    };
    let first = parser.flags()?;
    if let Some(command) = parser.switch.take() {
        return Ok(Invocation { command, flags: parser.flags });
    }
    let word = match first {
        Some(word) => word.to_string_lossy().into_owned(),
        None => "serve".to_owned(),
    };
    let Some(known) = command(&word) else {
        let hint = match nearest(&word, COMMANDS.iter().map(|word| word.name)) {
            Some(near) => format!("did you mean {near}?"),
            None => "see goproxy -help".to_owned(),
        };
        return Err(Failure::usage(format!("unknown command {word:?}; {hint}")));
    };
    parser.command(known)
}

struct Parser {
    args: std::vec::IntoIter<OsString>,
    flags: Vec<Given>,
    /// `-help` or `-version`: wins over everything that follows.
    switch: Option<Command>,
    /// The command, once its name was there: its own switches are known.
    word: Option<&'static Word>,
    /// Those that are on.
    own: Vec<&'static str>,
}

impl Parser {
    /// What follows a command's name.
    fn command(mut self, word: &'static Word) -> Result<Invocation, Failure> {
        if word.name == "token"
            && !self.args.as_slice().iter().any(|arg| arg == "-help" || arg == "--help" || arg == "-h")
        {
            return Ok(Invocation { command: Command::Token(NewToken::parse(self.args)?), flags: Vec::new() });
        }
        self.word = Some(word);
        let first = self.flags()?;
        if let Some(command) = self.switch {
            return Ok(Invocation { command, flags: self.flags });
        }
        let is_on = |switch| self.own.contains(&switch);
        let command = match (word.name, first) {
            ("run", Some(program)) => Command::Run(std::iter::once(program).chain(self.args).collect()),
            ("run", None) => {
                return Err(Failure::usage("run needs a command, for example goproxy run -- go build ./..."));
            }
            ("import", Some(folder)) => match self.flags()? {
                None => Command::Import(folder.into()),
                Some(extra) => return Err(unexpected(&extra)),
            },
            ("import", None) => {
                return Err(Failure::usage("import needs a folder, for example goproxy import /var/lib/athens"));
            }
            ("help", _) => Command::Help,
            ("auth", url) => Command::Auth(url.map(|url| url.to_string_lossy().into_owned())),
            ("completions", shell) => Command::Completions(Shell::named(shell.as_deref())?),
            (_, Some(extra)) => return Err(unexpected(&extra)),
            ("check-config", None) => Command::CheckConfig,
            ("verify", None) => Command::Verify(VerifyOptions { repair: is_on("repair"), offline: is_on("offline") }),
            ("healthcheck", None) => Command::HealthCheck { ready: is_on("ready") },
            ("man", None) => Command::Man,
            ("version", None) => Command::Version,
            (_, None) => Command::Serve,
        };
        Ok(Invocation { command, flags: self.flags })
    }

    /// Takes flags up to the first word that is none; that word is the answer.
    fn flags(&mut self) -> Result<Option<OsString>, Failure> {
        while self.switch.is_none() {
            let Some(argument) = self.args.next() else { return Ok(None) };
            let text = argument.to_string_lossy();
            match text.strip_prefix('-') {
                None | Some("") => return Ok(Some(argument)),
                Some("-") => return Ok(self.args.next()),
                Some(name) => {
                    let name = name.strip_prefix('-').unwrap_or(name).to_owned();
                    self.flag(&name, &argument)?;
                }
            }
        }
        Ok(None)
    }

    /// One flag, without its dashes; its value may be the next argument.
    fn flag(&mut self, flag: &str, argument: &OsString) -> Result<(), Failure> {
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        if name.is_empty() || name.starts_with('-') {
            return Err(Failure::usage(format!("bad flag syntax {:?}; see goproxy -help", argument.to_string_lossy())));
        }
        let is_on = || {
            let on = value.map_or(Some(true), truth);
            on.ok_or_else(|| Failure::usage(format!("-{name} is a switch; write -{name} without a value")))
        };
        let own = self.word.and_then(|word| word.switches.iter().find(|(switch, _)| *switch == name));
        match (name, own) {
            ("h" | "help", _) => self.switch = is_on()?.then_some(Command::Help),
            ("version", _) => self.switch = is_on()?.then_some(Command::Version),
            (_, Some((switch, _))) => {
                self.own.retain(|on| on != switch);
                self.own.extend(is_on()?.then_some(*switch));
            }
            _ => return self.setting(name, value, argument),
        }
        Ok(())
    }

    fn setting(&mut self, name: &str, value: Option<&str>, argument: &OsString) -> Result<(), Failure> {
        let Some(setting) = find(name) else {
            if let Some(Word { name: word, .. }) = owner(name) {
                return Err(Failure::usage(format!("-{name} belongs to {word}; write goproxy {word} -{name}")));
            }
            let hint = match nearest(name, TABLE.iter().map(|setting| setting.name).chain(["help", "version"])) {
                Some(near) => format!("did you mean -{near}?"),
                None => "see goproxy -help".to_owned(),
            };
            return Err(Failure::usage(format!("unknown flag -{name}; {hint}")));
        };
        let not_text = || Failure::usage(format!("the value of -{name} is not UTF-8; write it in UTF-8"));
        let text = match value {
            Some(_) if argument.to_str().is_none() => return Err(not_text()),
            Some(value) => value.to_owned(),
            None => {
                let next = self.args.next().ok_or_else(|| {
                    let example = setting.example;
                    Failure::usage(format!("-{name} needs a value, for example -{name} {example}"))
                })?;
                next.into_string().map_err(|_| not_text())?
            }
        };
        self.flags.push(Given { setting, text });
        Ok(())
    }
}

fn unexpected(extra: &OsStr) -> Failure {
    Failure::usage(format!("unexpected argument {:?}; see goproxy -help", extra.to_string_lossy()))
}

/// The words that Go's `strconv.ParseBool` knows.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &str) -> Result<Invocation, String> {
        parse(args.split(' ').filter(|a| !a.is_empty()).map(OsString::from)).map_err(|f| f.line().to_owned())
    }

    fn flags(args: &str) -> Vec<(&'static str, String)> {
        line(args).expect(args).flags.into_iter().map(|given| (given.setting.name, given.text)).collect()
    }

    #[test]
    fn one_dash_or_two_with_or_without_an_equals_sign() {
        for args in ["-listen :1", "--listen :1", "-listen=:1", "--listen=:1", "serve -listen :1", "-listen :1 serve"] {
            assert_eq!(flags(args), [("listen", ":1".to_owned())], "{args}");
        }
        assert_eq!(
            flags("-proxy= -exclude -x -sumdb a=b"),
            [("proxy", String::new()), ("exclude", "-x".to_owned()), ("sumdb", "a=b".to_owned()),]
        );
    }

    #[test]
    fn commands() {
        let run = |args: &[&str]| Command::Run(args.iter().map(OsString::from).collect());
        for (args, command) in [
            ("", Command::Serve),
            ("--", Command::Serve),
            ("serve", Command::Serve),
            ("check-config -listen :1", Command::CheckConfig),
            ("-listen :1 check-config -proxy off", Command::CheckConfig),
            ("verify", Command::Verify(VerifyOptions::default())),
            ("-cacheDir /x verify -repair", Command::Verify(VerifyOptions { repair: true, offline: false })),
            ("verify -offline -cacheDir=/x", Command::Verify(VerifyOptions { repair: false, offline: true })),
            ("verify -repair=false", Command::Verify(VerifyOptions::default())),
            ("healthcheck", Command::HealthCheck { ready: false }),
            ("healthcheck -listen :1 -ready", Command::HealthCheck { ready: true }),
            ("completions zsh", Command::Completions(Shell::Zsh)),
            ("man", Command::Man),
            ("version", Command::Version),
            ("-version", Command::Version),
            ("-version=true -unknown", Command::Version),
            ("-version=false", Command::Serve),
            ("import /x -cacheDir /y", Command::Import("/x".into())),
            ("import -cacheDir /y -- /x", Command::Import("/x".into())),
            ("help", Command::Help),
            ("help run", Command::Help),
            ("-h", Command::Help),
            ("--help", Command::Help),
            ("run -help", Command::Help),
            ("token -help", Command::Help),
            ("auth", Command::Auth(None)),
            ("auth https://goproxy.io/x", Command::Auth(Some("https://goproxy.io/x".into()))),
            ("run -- go build ./...", run(&["go", "build", "./..."])),
            ("run -listen :1 go build -v", run(&["go", "build", "-v"])),
            ("run -- -x -- y", run(&["-x", "--", "y"])),
        ] {
            assert_eq!(line(args).expect(args).command, command, "{args}");
        }
    }

    #[test]
    fn mistakes_are_one_line() {
        for (args, error) in [
            ("-cachedir x", "unknown flag -cachedir; did you mean -cacheDir?"),
            ("-verbose", "unknown flag -verbose; see goproxy -help"),
            ("--verbose=1", "unknown flag -verbose; see goproxy -help"),
            ("-listen", "-listen needs a value, for example -listen 127.0.0.1:8081"),
            ("-=x", "bad flag syntax \"-=x\"; see goproxy -help"),
            ("---listen", "bad flag syntax \"---listen\"; see goproxy -help"),
            ("-help=maybe", "-help is a switch; write -help without a value"),
            ("sevre", "unknown command \"sevre\"; did you mean serve?"),
            ("-", "unknown command \"-\"; see goproxy -help"),
            ("serve extra", "unexpected argument \"extra\"; see goproxy -help"),
            ("check-config extra", "unexpected argument \"extra\"; see goproxy -help"),
            ("run", "run needs a command, for example goproxy run -- go build ./..."),
            ("-repair verify", "-repair belongs to verify; write goproxy verify -repair"),
            ("serve -offline", "-offline belongs to verify; write goproxy verify -offline"),
            ("healthcheck -repair", "-repair belongs to verify; write goproxy verify -repair"),
            ("-ready", "-ready belongs to healthcheck; write goproxy healthcheck -ready"),
            ("completions", "completions needs a shell: bash, zsh or fish"),
            ("completions tcsh", "completions needs a shell: bash, zsh or fish"),
            ("man x", "unexpected argument \"x\"; see goproxy -help"),
            ("verify /x", "unexpected argument \"/x\"; see goproxy -help"),
            ("import", "import needs a folder, for example goproxy import /var/lib/athens"),
            ("import /x /y", "unexpected argument \"/y\"; see goproxy -help"),
            ("token", "token: it needs a name; write goproxy token NAME [-expires 90d]"),
            ("run -verbose -- x", "unknown flag -verbose; see goproxy -help"),
        ] {
            assert_eq!(line(args).expect_err(args), error, "{args}");
        }
    }
}
