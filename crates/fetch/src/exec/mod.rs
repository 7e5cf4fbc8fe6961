//! The one place that starts programs for fetches: no shell, no inherited environment, no terminal, bounded output, a time limit.
//!
//! A program gets a process group of its own. When its time is over, when it floods us, or when nobody waits any more,
//! the whole group is killed, so that a `git` or `ssh` started by `go` never outlives the request it ran for.

mod group;
pub(crate) mod hostenv;
pub(crate) mod orphans;
mod output;
#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::Command;

use self::group::Group;

/// Standard output beyond this ends the program.
const STDOUT_LIMIT: usize = 16 << 20;
/// Of standard error the last so many bytes are kept.
const STDERR_LIMIT: usize = 256 << 10;
/// How often it is looked whether a file of output is too long.
const LOOK: Duration = Duration::from_millis(100);

/// A program that is about to be started.
#[derive(Debug)]
pub(crate) struct Exec {
    program: PathBuf,
    command: Command,
    time_limit: Duration,
    streams: Streams,
}

/// What goes in, and how much may come out.
#[derive(Debug)]
struct Streams {
    input: Vec<u8>,
    out_limit: usize,
    err_limit: usize,
    /// Standard output, where that is a file, and how many bytes it may get.
    file: Option<(File, u64)>,
    /// A directory that its temporary files (`tmp_*`) are in, and how many bytes they may have together.
    spool: Option<(PathBuf, u64)>,
}

impl Streams {
    /// Comes back when there is too much in a file: up to what is written between two looks beyond the limit.
    async fn flooded(&self) {
        if self.file.is_none() && self.spool.is_none() {
            return std::future::pending().await;
        }
        while !self.is_flooded() {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn most(&self) -> u64 {
        let spool = self.spool.as_ref().filter(|_| self.spool_is_flooded()).map(|(_, limit)| *limit);
        let file = self.file.as_ref().map(|(_, limit)| *limit);
        spool.or(file).unwrap_or(self.out_limit as u64)
    }

    fn is_flooded(&self) -> bool {
        let file = |(file, limit): &(File, u64)| file.metadata().is_ok_and(|meta| meta.len() > *limit);
        self.file.as_ref().is_some_and(file) || self.spool_is_flooded()
    }

    fn spool_is_flooded(&self) -> bool {
        let Some((dir, limit)) = &self.spool else { return false };
        let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let temporary = files.filter(|file| file.file_name().as_encoded_bytes().starts_with(b"tmp_"));
        temporary.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum::<u64>() > *limit
    }
}

/// A program that ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// The end of it, if it was long.
    pub(crate) stderr: Vec<u8>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecError {
    /// There is no such program.
    #[error("{0}: command not found")]
    Missing(PathBuf),
    /// It could not be started.
    #[error("starting {0}: {1}")]
    Start(PathBuf, io::Error),
    /// It was killed when its time was over.
    #[error("{0}: killed after {1:?}")]
    TimeLimit(PathBuf, Duration),
    /// It was killed because it wrote more than that many bytes.
    #[error("{0}: killed after writing more than {1} bytes")]
    Flood(PathBuf, u64),
    /// Its output or its exit status could not be read.
    #[error("waiting for {0}: {1}")]
    Wait(PathBuf, io::Error),
}

impl Exec {
    /// A program by its path; nothing of our environment goes to it.
    pub(crate) fn new(program: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let mut command = Command::new(program);
        command.env_clear().process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let streams =
            Streams { input: Vec::new(), out_limit: STDOUT_LIMIT, err_limit: STDERR_LIMIT, file: None, spool: None };
        Self { program: program.to_owned(), command, time_limit: Duration::from_secs(600), streams }
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds environment variables.
    pub(crate) fn envs(mut self, vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.command.envs(vars);
        self
    }

    /// Sets the working directory.
    pub(crate) fn cwd(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets when it is killed; ten minutes unless told.
    pub(crate) fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Gives it something to read; nothing unless told.
    pub(crate) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.command.stdin(Stdio::piped());
        self.streams.input = bytes;
        self
    }

    /// Sets how much it may write to standard output; 16 MiB unless told.
    pub(crate) fn out_limit(mut self, bytes: usize) -> Self {
        self.streams.out_limit = bytes;
        self
    }

    /// Lets it write its standard output to a file, about so many bytes at most.
    ///
    /// # Errors
    /// The file cannot be shared.
    pub(crate) fn out_file(mut self, file: &File, bytes: u64) -> io::Result<Self> {
        self.command.stdout(Stdio::from(file.try_clone()?));
        self.streams.file = Some((file.try_clone()?, bytes));
        Ok(self)
    }

    /// Sets how much it may write to temporary files (`tmp_*`) in a directory; anything unless told.
    pub(crate) fn spool_limit(mut self, dir: &Path, bytes: u64) -> Self {
        self.streams.spool = Some((dir.to_owned(), bytes));
        self
    }

    /// Runs it to its end. Dropping the future kills the process group.
    pub(crate) async fn run(mut self) -> Result<Finished, ExecError> {
        let mut group = Group::start(&mut self.command).map_err(|e| match e.kind() {
            // The directory or the interpreter of a script may be what is missing, too.
            io::ErrorKind::NotFound if !self.program.exists() => ExecError::Missing(self.program.clone()),
            _ => ExecError::Start(self.program.clone(), e),
        })?;
        let result = tokio::time::timeout(self.time_limit, group.finish(&self.streams)).await;
        let error = match result {
            Ok(Ok(Some(finished))) => return Ok(finished),
            Ok(Ok(None)) => ExecError::Flood(self.program, self.streams.most()),
            Ok(Err(e)) => ExecError::Wait(self.program, e),
            Err(_) => ExecError::TimeLimit(self.program, self.time_limit),
        };
        group.kill_and_reap().await;
        Err(error)
    }
}
