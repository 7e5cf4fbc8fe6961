//! The servers under test: ours, nginx in its settings, and the Go peers whose binaries are given.
//!
//! How each was built: in a checkout of its repository, `go build -o FILE .` for goproxyio/goproxy, `go build -o FILE
//! ./cmd/goproxy` for goproxy/goproxy, `go build -o FILE ./cmd/proxy` for Athens.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::super::{
    binary, nginx,
    process::{Server, free_port},
    tls::Certificate,
};

/// Whose program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Goproxyio,
    Goproxy,
    Athens,
}

impl Peer {
    /// `NAME=BINARY`.
    pub(super) fn parse(argument: &str) -> Result<(Self, PathBuf)> {
        let (name, program) = argument.split_once('=').context("--peer takes NAME=BINARY")?;
        let peer = match name {
            "goproxyio" => Self::Goproxyio,
            "goproxy" => Self::Goproxy,
            "athens" => Self::Athens,
            _ => bail!("no peer is called {name}; there are goproxyio, goproxy and athens"),
        };
        Ok((peer, program.into()))
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Goproxyio => "goproxyio/goproxy",
            Self::Goproxy => "goproxy/goproxy",
            Self::Athens => "Athens",
        }
    }

    /// Starts it over the files of a module cache.
    pub(super) fn start(self, program: &Path, work: &Path, files: &Path) -> Result<(Server, u16)> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let files = files.display().to_string();
        let log = work.join("peer.log");
        let server = match self {
            Self::Goproxyio => {
                let cache = files.trim_end_matches("/pkg/mod/cache/download");
                let flags = ["-listen", &address, "-cacheDir", cache, "-proxy", "http://127.0.0.1:1"];
                Server::start(program, &flags, port, &log)?
            }
            Self::Goproxy => {
                let flags = ["server", "--address", &address, "--cacher-dir", &files];
                Server::start_with(program, &flags, &[("GOPROXY", "off")], port, &log)?
            }
            Self::Athens => {
                let root = athens_files(work, &files)?;
                let environment = [
                    ("ATHENS_PORT", address.as_str()),
                    ("ATHENS_STORAGE_TYPE", "disk"),
                    ("ATHENS_DISK_STORAGE_ROOT", &root),
                    ("ATHENS_LOG_LEVEL", "info"),
                ];
                Server::start_with(program, &[], &environment, port, &log)?
            }
        };
        Ok((server, port))
    }
}

/// The same files as Athens names them.
fn athens_files(work: &Path, files: &str) -> Result<String> {
    let (from, root) = (Path::new(files).join(super::MODULE), work.join("athens"));
    let module = root.join(super::MODULE.trim_end_matches("/@v"));
    for version in super::ASKED_OF_PEERS {
        let to = module.join(version);
        fs::create_dir_all(&to)?;
        for (ours, theirs) in [("info", &*format!("{version}.info")), ("mod", "go.mod"), ("zip", "source.zip")] {
            fs::hard_link(from.join(format!("{version}.{ours}")), to.join(theirs))?;
        }
    }
    Ok(root.display().to_string())
}

/// Ours, with and without TLS: two processes, so that each port's work is seen alone.
pub(super) fn ours(work: &Path, upstream: u16, certificate: Option<&Certificate>) -> Result<(Server, u16)> {
    let port = free_port()?;
    let mut flags = vec![
        format!("-listen=127.0.0.1:{port}"),
        format!("-cacheDir={}", work.join("cache").display()),
        // It has the list, and knows of no absent names.
        format!("-proxy=http://127.0.0.1:{upstream}"),
    ];
    if let Some(Certificate { chain, key }) = certificate {
        flags.extend([format!("-tlsCert={}", chain.display()), format!("-tlsKey={}", key.display())]);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let log = work.join(format!("goproxy-{port}.log"));
    Ok((Server::start(&binary()?, &flags, port, &log)?, port))
}

/// nginx and where it answers.
pub(super) fn nginx(work: &Path, files: &Path, certificate: &Certificate) -> Result<(Server, nginx::Ports)> {
    nginx::start_all(work, files, certificate)
}
