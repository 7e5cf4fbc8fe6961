//! Getting a secret: from a file, a variable or a program. No error text holds anything of one, nor of what a program
//! printed.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use goproxy_engine::blocking;
use serde::Deserialize;

use crate::{
    Secret,
    exec::{Exec, ExecError, hostenv::Var},
};

/// A token is a line; some are long.
const LIMIT: usize = 64 << 10;

/// A program that asks a service for a token takes a moment.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long a token without an end is used.
const LASTS: Duration = Duration::from_secs(600);

/// Tokens are not used up to their last second: clocks differ, and a fetch takes a while.
const MARGIN: Duration = Duration::from_secs(60);

/// Where a password or token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// It stands in the configuration.
    Literal(Secret),
    /// The first line of a file, which is read for each use.
    File(PathBuf),
    /// An environment variable of this process.
    Variable(String),
    /// A program and its arguments: what it prints.
    Command(Vec<String>),
}

impl SecretFrom {
    /// Whether its file, its variable, its program is there. Starts nothing.
    pub(super) fn is_there(&self) -> Result<(), String> {
        match self {
            Self::Literal(secret) => first_line(secret.expose()).map(drop),
            Self::File(path) => of_file(path).map(drop),
            Self::Variable(name) => of_variable(name).map(drop),
            Self::Command(args) => match args.first() {
                Some(program) if Path::new(program).is_file() => Ok(()),
                _ => Err("the program of command does not exist; correct its path".to_owned()),
            },
        }
    }
}

/// A secret, and for how long it need not be asked for again.
pub(super) struct Got {
    pub(super) secret: Secret,
    pub(super) user: Option<String>,
    pub(super) lasts: Option<Duration>,
}

/// What programs print that know more than a token. GitHub's own answer has `expires_at`.
#[derive(Deserialize)]
struct Printed {
    #[serde(alias = "password")]
    token: String,
    username: Option<String>,
    #[serde(alias = "expires_at")]
    expires: Option<String>,
}

pub(super) async fn get(from: &SecretFrom, env: &[Var]) -> Result<Got, String> {
    let plain = |secret| Got { secret, user: None, lasts: None };
    match from {
        SecretFrom::Literal(secret) => Ok(plain(secret.clone())),
        SecretFrom::Variable(name) => of_variable(name).map(plain),
        SecretFrom::File(path) => {
            let path = path.clone();
            let read = blocking(move || Ok(of_file(&path))).await.map_err(|error| error.to_string())?;
            read.map(plain)
        }
        SecretFrom::Command(args) => of_command(args, env).await,
    }
}

fn of_file(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read(path).map_err(|error| {
        format!("its file {} cannot be read ({error}); correct the path or its permissions", path.display())
    })?;
    if text.len() > LIMIT {
        return Err(format!("its file {} is too long for a secret", path.display()));
    }
    first_line(&String::from_utf8_lossy(&text)).map_err(|why| format!("its file {} {why}", path.display()))
}

fn of_variable(name: &str) -> Result<Secret, String> {
    let value = std::env::var(name).map_err(|_| format!("its environment variable {name} is not set; set it"))?;
    first_line(&value).map_err(|why| format!("its environment variable {name} {why}"))
}

/// The first line, without white space around it.
fn first_line(text: &str) -> Result<Secret, String> {
    let line = text.trim_start().lines().next().unwrap_or_default().trim();
    if line.is_empty() || line.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err("holds no secret; its first line must be one, of printable characters".to_owned());
    }
    Ok(Secret::new(line))
}

async fn of_command(args: &[String], env: &[Var]) -> Result<Got, String> {
    let Some((program, args)) = args.split_first() else { return Err("its command is empty".to_owned()) };
    let run = Exec::new(Path::new(program)).args(args).envs(env.iter().cloned()).cwd(Path::new("/"));
    let finished = Box::pin(run.out_limit(LIMIT).time_limit(TIME_LIMIT).run()).await.map_err(|error| match error {
        ExecError::Missing(_) => "its command does not exist".to_owned(),
        ExecError::TimeLimit(..) => format!("its command took longer than {} seconds", TIME_LIMIT.as_secs()),
        ExecError::Flood(..) => "its command printed too much".to_owned(),
        ExecError::Start(_, error) | ExecError::Wait(_, error) => format!("its command could not be run: {error}"),
    })?;
    if !finished.status.success() {
        // What it printed may be the secret, or how it was asked for.
        return Err(format!("its command failed ({}); run it by hand as this user to see why", finished.status));
    }
    printed(&String::from_utf8_lossy(&finished.stdout), SystemTime::now())
}

fn printed(text: &str, now: SystemTime) -> Result<Got, String> {
    if !text.trim_start().starts_with('{') {
        let secret = first_line(text).map_err(|why| format!("what its command prints {why}"))?;
        return Ok(Got { secret, user: None, lasts: Some(LASTS) });
    }
    // The error of the parser quotes the text.
    let printed: Printed = serde_json::from_str(text)
        .map_err(|_| "its command prints JSON without a token: {\"token\": ..., \"expires\": ...}".to_owned())?;
    let lasts = match &printed.expires {
        None => LASTS,
        Some(expires) => {
            let at: jiff::Timestamp =
                expires.parse().map_err(|_| "its command prints an expires that is no RFC 3339 time".to_owned())?;
            let left = SystemTime::from(at).duration_since(now);
            left.map_err(|_| "its command prints a token that has expired already".to_owned())?.saturating_sub(MARGIN)
        }
    };
    let secret = first_line(&printed.token).map_err(|why| format!("the token that its command prints {why}"))?;
    Ok(Got { secret, user: printed.username, lasts: Some(lasts) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_may_print() {
        let now = SystemTime::from("2026-11-05T10:00:00Z".parse::<jiff::Timestamp>().unwrap());
        let got = |text: &str| printed(text, now).map(|got| (got.secret.expose().to_owned(), got.user, got.lasts));
        let ten = Some(Duration::from_secs(600));
        assert_eq!(got(" tok \nmore\n"), Ok(("tok".into(), None, ten)));
        assert_eq!(got("{\"token\":\"t\"}"), Ok(("t".into(), None, ten)));
        let github =
            "{\"token\":\"ghs_x\",\"expires_at\":\"2026-11-05T11:00:00Z\",\"permissions\":{\"contents\":\"read\"}}";
        assert_eq!(got(github), Ok(("ghs_x".into(), None, Some(Duration::from_secs(3540)))));
        let named = got("{\"username\":\"bot\",\"password\":\"p\",\"expires\":\"2026-11-05T10:00:30Z\"}");
        assert_eq!(named, Ok(("p".into(), Some("bot".into()), Some(Duration::ZERO))));
        for bad in [
            "",
            "\n",
            "{\"canary\":1}",
            "{\"token\":\"canary\",\"expires\":\"canary\"}",
            "{\"token\":\"a\\nb\"}x",
            "{\"token\":\"canary\",\"expires\":\"2020-01-01T00:00:00Z\"}",
        ] {
            let error = got(bad).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
