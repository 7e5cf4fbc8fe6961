//! The least that an answer can cost: the bare exchange of git's protocol version 2, with the object ids known
//! beforehand, on one connection, and nothing done with what comes back.

use std::path::Path;

use anyhow::{Result, bail};

use super::{http::Connection, repositories::git};

const HEADERS: &str = "Git-Protocol: version=2\r\nContent-Type: application/x-git-upload-pack-request\r\n";
const COMMON: [&str; 2] = ["agent=goproxy-bench\n", "object-format=sha1\n"];

/// One repository on the server.
pub(super) struct Floor {
    connection: Connection,
    base: String,
}

/// The objects of a version.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    commit: String,
    go_mod: String,
}

impl Objects {
    pub(super) fn of(repository: &Path, tag: &str) -> Result<Self> {
        let commit = git(repository, &["rev-parse", &format!("{tag}^{{commit}}")])?;
        Ok(Self { go_mod: git(repository, &["rev-parse", &format!("{commit}:go.mod")])?, commit })
    }
}

impl Floor {
    /// A new connection each time: a cold answer has none.
    pub(super) fn open(port: u16, base: &str) -> Result<Self> {
        Ok(Self { connection: Connection::open(port)?, base: base.to_owned() })
    }

    /// The server's capabilities, then all refs.
    pub(super) fn list(&mut self) -> Result<()> {
        let capabilities = format!("{}/info/refs?service=git-upload-pack", self.base);
        self.connection.get(&capabilities, "Git-Protocol: version=2\r\n")?;
        let prefixes = ["ref-prefix HEAD\n", "ref-prefix refs/heads/\n", "ref-prefix refs/tags/\n"];
        let arguments = ["peel\n", "symrefs\n"].iter().chain(&prefixes).map(|line| (*line).to_owned());
        self.post("ls-refs", arguments.collect())?;
        Ok(())
    }

    /// All of a version at once: for a small repository the fewest requests, and what a zip needs of any.
    pub(super) fn whole(&mut self, objects: &Objects) -> Result<()> {
        self.fetch(&objects.commit, vec!["deepen 1\n".to_owned()])
    }

    /// Commit and directories, then `go.mod`, where the server has filters.
    pub(super) fn go_mod(&mut self, objects: &Objects) -> Result<()> {
        self.fetch(&objects.commit, vec!["deepen 1\n".to_owned(), "filter tree:1\n".to_owned()])?;
        self.fetch(&objects.go_mod, Vec::new())
    }

    /// What is new in a version since another that is there.
    pub(super) fn since(&mut self, had: &Objects, objects: &Objects) -> Result<()> {
        let have = [format!("shallow {}\n", had.commit), format!("have {}\n", had.commit), "deepen 1\n".to_owned()];
        self.fetch(&objects.commit, have.to_vec())
    }

    fn fetch(&mut self, want: &str, mut arguments: Vec<String>) -> Result<()> {
        arguments.extend(["thin-pack\n", "no-progress\n", "ofs-delta\n", "done\n"].map(str::to_owned));
        arguments.push(format!("want {want}\n"));
        let body = self.post("fetch", arguments)?;
        if !body.windows(4).any(|window| window == b"PACK") {
            bail!("the git server sent no pack: {}", String::from_utf8_lossy(&body));
        }
        Ok(())
    }

    fn post(&mut self, command: &str, arguments: Vec<String>) -> Result<Vec<u8>> {
        let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
        let mut body = packet(&format!("command={command}\n"));
        body.extend(COMMON.map(packet));
        body.push_str("0001");
        body.extend(arguments.iter().map(|line| packet(line)));
        body.push_str("0000");
        self.connection.post(&format!("{}/git-upload-pack", self.base), HEADERS, body.as_bytes())
    }
}
