//! Flags and their values, up to the next word that is none.

use std::ffi::OsString;

use crate::{
    commands::{Word, owner},
    failure::Failure,
    settings::{Given, TABLE, find, nearest},
};

/// A switch that wins over everything that follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Only {
    Help,
    Version,
}

/// A command line that is being read.
pub(super) struct Flags {
    /// What was not read yet.
    pub(super) args: std::vec::IntoIter<OsString>,
    /// In the order they were given.
    pub(super) given: Vec<Given>,
    pub(super) only: Option<Only>,
    /// The command, once its name was there: its own switches are known.
    pub(super) word: Option<&'static Word>,
    /// Those that are on.
    own: Vec<&'static str>,
}

impl Flags {
    pub(super) fn of(args: impl IntoIterator<Item = OsString>) -> Self {
        let args = args.into_iter().collect::<Vec<_>>().into_iter();
        Self { args, given: Vec::new(), only: None, word: None, own: Vec::new() }
    }

    /// Whether a switch of the command's own is on.
    pub(super) fn is_on(&self, switch: &str) -> bool {
        self.own.contains(&switch)
    }

    /// Takes flags up to the first word that is none; that word is the answer.
    pub(super) fn next_word(&mut self) -> Result<Option<OsString>, Failure> {
        while self.only.is_none() {
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
            ("h" | "help", _) => self.only = is_on()?.then_some(Only::Help),
            ("version", _) => self.only = is_on()?.then_some(Only::Version),
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
        self.given.push(Given { setting, text });
        Ok(())
    }
}

/// The words that Go's `strconv.ParseBool` knows.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
