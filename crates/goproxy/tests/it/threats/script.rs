//! A git server that says what it is told to: protocol version 2 over http, honest until a test makes it lie.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use goproxy_testkit::{Answer, Request, Site, SiteOptions};

/// A running server; it answers the same for every repository.
#[derive(Debug)]
pub(crate) struct Script {
    site: Site,
    lines: Arc<Mutex<Lines>>,
}

/// What it says next.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// Answers to: the capabilities, `ls-refs`, `fetch`.
    pub(crate) capabilities: Answer,
    pub(crate) refs: Answer,
    pub(crate) fetch: Fetch,
}

/// What follows a `fetch`.
#[derive(Clone, Debug)]
pub(crate) enum Fetch {
    /// The pack, framed as the request asks for it.
    Pack(Vec<u8>),
    Other(Answer),
}

impl Script {
    pub(crate) async fn start(commit: &str, pack: Vec<u8>) -> Self {
        let lines = Arc::new(Mutex::new(Lines::honest(commit, pack)));
        let heard = lines.clone();
        let site = Site::start(SiteOptions::default(), move |request| {
            let answer = heard.lock().unwrap().answer(&request);
            async move { answer }
        });
        Self { site: site.await, lines }
    }

    /// Changes what it says.
    pub(crate) fn say(&self, lines: Lines) {
        *self.lines.lock().unwrap() = lines;
    }
}

impl Deref for Script {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Lines {
    /// A repository with one branch and one tag on a commit without parents.
    pub(crate) fn honest(commit: &str, pack: Vec<u8>) -> Self {
        let lines = [
            format!("{commit} HEAD symref-target:refs/heads/main\n"),
            format!("{commit} refs/heads/main\n"),
            format!("{commit} refs/tags/v1.0.0\n"),
        ];
        let refs =
            lines.iter().map(|line| packet(line.as_bytes())).chain([b"0000".to_vec()]).collect::<Vec<_>>().concat();
        Self { capabilities: capabilities(), refs: result(refs), fetch: Fetch::Pack(pack) }
    }

    fn answer(&self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(&request.body);
        match (request.method.as_str(), &self.fetch) {
            ("GET", _) if request.path.ends_with("/info/refs") => self.capabilities.clone(),
            ("POST", _) if body.contains("command=ls-refs") => self.refs.clone(),
            ("POST", Fetch::Pack(pack)) => result(framed(pack, body.contains("deepen "))),
            ("POST", Fetch::Other(answer)) => answer.clone(),
            _ => Answer::text(404, "not here\n"),
        }
    }
}

/// What a server of git 2.39 says first.
pub(crate) fn capabilities() -> Answer {
    let lines = [
        "version 2\n",
        "agent=git/2.39.5\n",
        "ls-refs=unborn\n",
        "fetch=shallow wait-for-done filter\n",
        "object-format=sha1\n",
    ];
    let body = [
        packet(b"# service=git-upload-pack\n"),
        b"0000".to_vec(),
        lines.map(|line| packet(line.as_bytes())).concat(),
        b"0000".to_vec(),
    ];
    Answer::new(200, "application/x-git-upload-pack-advertisement", body.concat())
}

/// An answer to a POST.
pub(crate) fn result(body: Vec<u8>) -> Answer {
    Answer::new(200, "application/x-git-upload-pack-result", body)
}

/// A pack as the answer to `fetch`. The commit has no parents, so nothing is shallow.
pub(crate) fn framed(pack: &[u8], deepened: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if deepened {
        out.extend(packet(b"shallow-info\n"));
        out.extend(b"0001");
    }
    out.extend(packet(b"packfile\n"));
    pack.chunks(60_000).for_each(|part| out.extend(packet(&[&[1], part].concat())));
    out.extend(b"0000");
    out
}

/// A pkt-line.
pub(crate) fn packet(data: &[u8]) -> Vec<u8> {
    [format!("{:04x}", data.len() + 4).as_bytes(), data].concat()
}
