//! One request to a git repository, answered by `git http-backend` as a server of one kind or another would.

use std::{path::PathBuf, process::Stdio};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    answer::Answer,
    wire::{Request, find},
};

/// What a git server can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GitServer {
    /// Protocol v2 with filters, as the forges.
    Filters,
    /// Protocol v2 without filters, unless the repository's own configuration allows them.
    #[default]
    NoFilters,
    /// The first protocol only.
    Version0,
    /// Files and nothing else: dumb http.
    Dumb,
}

#[derive(Clone, Debug)]
pub(crate) struct Hosted {
    /// `/owner/name`
    pub(crate) path: String,
    pub(crate) git_dir: PathBuf,
    pub(crate) token: Option<String>,
    pub(crate) server: GitServer,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Listing,
    Fetch,
    /// What the server can do, or a file of a dumb one.
    Other,
}

impl Hosted {
    /// In protocol v2 `info/refs` only names capabilities; before it, and from dumb servers, it is the listing itself.
    pub(crate) fn operation(&self, rest: &str, request: &Request) -> Operation {
        let v2 = matches!(self.server, GitServer::Filters | GitServer::NoFilters)
            && request.header("git-protocol").is_some_and(|value| value.contains("version=2"));
        match rest {
            "/info/refs" if !v2 => Operation::Listing,
            "/git-upload-pack" if find(&request.body, b"command=ls-refs").is_some() => Operation::Listing,
            "/git-upload-pack" => Operation::Fetch,
            _ => Operation::Other,
        }
    }

    /// Runs the CGI program (RFC 3875).
    pub(crate) async fn answer(&self, rest: &str, request: &Request) -> Answer {
        if self.server == GitServer::Dumb && request.method != "GET" {
            return Answer::text(403, "files only\n");
        }
        let mut child = self.command(rest, request).spawn().expect("git runs");
        let mut stdin = child.stdin.take().expect("piped");
        // Written beside the reading: the program may answer before it has read everything.
        let body = request.body.clone();
        let writer = tokio::spawn(async move {
            let _ = stdin.write_all(&body).await;
        });
        let output = child.wait_with_output().await.expect("git ends");
        let _ = writer.await;
        parse_cgi(&output.stdout)
    }

    fn command(&self, rest: &str, request: &Request) -> Command {
        let folder = self.git_dir.file_name().and_then(|name| name.to_str()).expect("a repository has a name");
        // Without `service=`, info/refs is what a dumb server has in a file.
        let query = if self.server == GitServer::Dumb { "" } else { request.query() };
        let protocol = match self.server {
            GitServer::Version0 | GitServer::Dumb => "",
            GitServer::Filters | GitServer::NoFilters => request.header("git-protocol").unwrap_or(""),
        };
        let mut command = Command::new("git");
        command
            .arg("http-backend")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_PROJECT_ROOT", self.git_dir.parent().expect("a repository is in a folder"))
            .env("PATH_INFO", format!("/{folder}{rest}"))
            .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
            .env("REQUEST_METHOD", &request.method)
            .env("QUERY_STRING", query)
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or(""))
            .env("HTTP_CONTENT_ENCODING", request.header("content-encoding").unwrap_or(""))
            .env("GIT_PROTOCOL", protocol)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What is missing is said on standard error too: a dumb server is asked for much that is not there.
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if self.server == GitServer::Filters {
            command.envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "uploadpack.allowFilter")]);
            command.env("GIT_CONFIG_VALUE_0", "true");
        }
        command
    }
}

fn parse_cgi(output: &[u8]) -> Answer {
    let Some(end) = find(output, b"\r\n\r\n") else { return Answer::text(500, "git http-backend said nothing\n") };
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let fields: Vec<_> = head.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
    let status = fields.iter().find(|(name, _)| *name == "Status").and_then(|(_, value)| value.get(..3)?.parse().ok());
    let answer = Answer::new(status.unwrap_or(200), "text/plain", output[end + 4..].to_vec());
    fields.iter().filter(|(name, _)| *name != "Status").fold(answer, |answer, (name, value)| answer.header(name, value))
}
