//! What is asked for, and how each rival answers it.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    floor::{Floor, Objects},
    host::{Counts, Host},
    repositories::{OWNER, Shape},
    rivals::{Cost, Go, Ours},
    table::Rival,
};

/// A kind of answer, cold unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `.info` and `.mod`.
    Files,
    /// `.zip` alone; `go` cannot give it without `.info` and `.mod`.
    Zip,
    /// `.info`, `.mod` and `.zip`, as a client asks for a version that it does not know.
    All,
    /// The same of the tag that follows one that was fetched.
    Next,
    List,
    /// Fifty versions by a hundred clients at once.
    Storm,
}

impl Answer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Files => ".info .mod",
            Self::Zip => ".zip",
            Self::All => ".info .mod .zip",
            Self::Next => "next version",
            Self::List => "list",
            Self::Storm => "50 by 100 clients",
        }
    }
}

/// The version that is asked for, and the one before it.
const VERSION: &str = "v1.41.0";
const PREVIOUS: &str = "v1.40.0";

/// One repository at one latency.
pub(super) struct Bench<'a> {
    pub(super) host: &'a Host,
    pub(super) binary: &'a Path,
    pub(super) engine: &'a str,
    pub(super) work: &'a Path,
    pub(super) go: &'a Go,
    pub(super) repository: &'a Path,
    pub(super) shape: &'a Shape,
    /// `/<latency>/<filter|plain>`
    pub(super) prefix: String,
}

/// A measurement, what it asked of the remote, and the memory our process needed.
pub(super) struct Measured {
    pub(super) cost: Cost,
    pub(super) counts: Counts,
    pub(super) memory: f64,
}

impl Bench<'_> {
    /// `None` where a rival has no such answer.
    pub(super) fn measure(&self, rival: Rival, answer: Answer) -> Result<Option<Measured>> {
        self.host.counts()?;
        match rival {
            Rival::Ours => self.ours(answer).map(Some),
            Rival::Floor => self.floor(answer),
            Rival::GoEmpty => self.go_empty(answer),
            Rival::GoWarm => self.go_warm(answer),
        }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.host.port, self.prefix)
    }

    fn ours(&self, answer: Answer) -> Result<Measured> {
        let ours = Ours::start(self.binary, self.engine, &self.base(), self.work)?;
        let files = |version: &str, endings: &[&str]| -> Vec<String> {
            endings.iter().map(|ending| format!("@v/{version}.{ending}")).collect()
        };
        let all = ["info", "mod", "zip"];
        let get = |paths: &[String]| ours.get(self.shape.name, paths);
        let cost = match answer {
            Answer::Files => get(&files(VERSION, &all[..2]))?,
            Answer::Zip => get(&files(VERSION, &all[2..]))?,
            Answer::All => get(&files(VERSION, &all))?,
            Answer::Next => {
                get(&files(PREVIOUS, &all))?;
                self.host.counts()?;
                get(&files(VERSION, &all))?
            }
            Answer::List => get(&["@v/list".to_owned()])?,
            Answer::Storm => {
                let clients: Vec<_> = (0..100).map(|number| files(&version(number % 50), &all)).collect();
                ours.storm(self.shape.name, &clients)?
            }
        };
        Ok(Measured { cost, counts: self.host.counts()?, memory: ours.peak_memory()? })
    }

    /// The cheapest way of several is the floor: a small repository takes fewest requests, a large one fewest bytes.
    fn floor(&self, answer: Answer) -> Result<Option<Measured>> {
        let (previous, wanted) = match answer {
            Answer::List => (None, None),
            Answer::Storm => return Ok(None),
            _ => (Some(Objects::of(self.repository, PREVIOUS)?), Some(Objects::of(self.repository, VERSION)?)),
        };
        let base = format!("{}/{OWNER}/{}", self.prefix, self.shape.name);
        let started = std::time::Instant::now();
        let mut floor = Floor::open(self.host.port, &base)?;
        if answer != Answer::Next {
            floor.list()?;
        }
        match (answer, &wanted, &previous) {
            (Answer::Files, Some(wanted), _) if self.shape.files > 100 && self.prefix.ends_with("filter") => {
                floor.go_mod(wanted)?;
            }
            (Answer::Next, Some(wanted), Some(previous)) => floor.since(previous, wanted)?,
            (_, Some(wanted), _) => floor.whole(wanted)?,
            (_, None, _) => {}
        }
        let cost = Cost { seconds: started.elapsed().as_secs_f64(), cpu_seconds: 0.0 };
        Ok(Some(Measured { cost, counts: self.host.counts()?, memory: 0.0 }))
    }

    fn go_empty(&self, answer: Answer) -> Result<Option<Measured>> {
        let (go, base, name) = (self.go, self.base(), self.shape.name);
        let cost = match answer {
            Answer::Files => go.files(&base, name, VERSION, None)?,
            Answer::Zip | Answer::All => go.download(&base, name, &[VERSION], None)?,
            Answer::Next => return Ok(None),
            Answer::List => go.list(&base, name, None)?,
            Answer::Storm => {
                let versions: Vec<_> = (0..50).map(version).collect();
                go.download(&base, name, &versions.iter().map(String::as_str).collect::<Vec<_>>(), None)?
            }
        };
        Ok(Some(Measured { cost, counts: self.host.counts()?, memory: 0.0 }))
    }

    fn go_warm(&self, answer: Answer) -> Result<Option<Measured>> {
        if matches!(answer, Answer::Zip | Answer::All | Answer::Storm) {
            return Ok(None);
        }
        let (go, base, name) = (self.go, self.base(), self.shape.name);
        let clones = go.clones(&base, name, PREVIOUS).context("preparing clones")?;
        let cost = match answer {
            Answer::Files => go.files(&base, name, VERSION, Some(&clones))?,
            Answer::List => go.list(&base, name, Some(&clones))?,
            _ => go.download(&base, name, &[VERSION], Some(&clones))?,
        };
        Ok(Some(Measured { cost, counts: self.host.counts()?, memory: 0.0 }))
    }
}

fn version(number: usize) -> String {
    format!("v1.{number}.0")
}
