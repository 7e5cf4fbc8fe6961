//! `git archive`, for the conversions of `.gitattributes` that only git knows: as `go` runs it, so that its files are
//! those of the zip that `go` makes.

use std::{ffi::OsString, fs::File, io, path::Path, time::Duration};

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_git::Oid;

use super::GitOptions;
use crate::exec::{
    Exec, ExecError,
    hostenv::{self, Var},
};

/// Bytes of a tar file: what a module may hold is half a gigabyte, and what lies beside it in its directory comes along.
const LIMIT: u64 = 2 << 30;

/// Settings of `go` (cmd/go/internal/modfetch/codehost/git.go), and none of the host: whose modules would be its own.
const CONFIG: &[&str] = &[
    "core.autocrlf=input",
    "core.eol=lf",
    "core.attributesFile=/dev/null",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
];

/// Writes a tar file of what lies in `dir` of a commit.
pub(super) async fn archive(options: &GitOptions, git_dir: &Path, commit: &Oid, dir: &str, out: &Path) -> Result<()> {
    let git = options.git.as_ref().ok_or_else(no_git)?;
    let path = out.to_owned();
    let file = blocking(move || File::create(path).map_err(|e| not_written(&e))).await?;
    let commit = commit.to_string();
    let args = ["--git-dir=.", "archive", "--format=tar", "--end-of-options", &commit];
    let run = Exec::new(git)
        .args(CONFIG.iter().flat_map(|setting| ["-c", setting]).chain(args))
        .args(Some(dir).filter(|dir| !dir.is_empty()))
        .envs(environment(&options.host_env))
        .cwd(git_dir)
        .time_limit(options.time_limit.max(Duration::from_secs(60)));
    let run = run.out_file(&file, LIMIT).map_err(|e| not_written(&e))?;
    let finished = Box::pin(run.run()).await.map_err(|e| no_result(&e))?;
    if finished.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let detail = format!("git archive {commit} {dir}: {}: {}", finished.status, stderr.trim_end());
    if stderr.contains("did not match any files") {
        return Err(
            Error::new(ErrorKind::NotFound, format!("no directory {dir} at revision {commit}")).with_detail(detail)
        );
    }
    Err(Error::internal(detail))
}

/// Nothing of the host's but where programs and libraries are.
fn environment(host: &[Var]) -> Vec<Var> {
    let own = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        // Should something want to be fetched all the same: it cannot.
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("LC_ALL", "C.UTF-8"),
    ];
    let paths = ["PATH", "GIT_EXEC_PATH", "LD_LIBRARY_PATH"];
    let kept = paths.into_iter().filter_map(|name| Some((OsString::from(name), hostenv::get(host, name)?.to_owned())));
    kept.chain(own.map(|(name, value)| (name.into(), value.into()))).collect()
}

fn no_git() -> Error {
    let text = "git: command not found on the proxy host, and only git can convert files as .gitattributes of this module asks for";
    Error::new(ErrorKind::Unavailable, text)
}

fn no_result(error: &ExecError) -> Error {
    let own = match error {
        ExecError::Missing(_) => no_git(),
        ExecError::TimeLimit(..) => Error::new(ErrorKind::Timeout, "git archive took too long"),
        ExecError::Flood(..) => Error::new(ErrorKind::NotFound, "module source tree too large"),
        ExecError::Start(..) | ExecError::Wait(..) => return Error::internal(error.to_string()),
    };
    own.with_detail(error.to_string())
}

fn not_written(error: &io::Error) -> Error {
    Error::internal(format!("the file of git archive: {error}"))
}

#[cfg(test)]
mod tests;
