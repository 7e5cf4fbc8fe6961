//! go-import pages, read by the real `go` and by the native engine: each finds the repository where the other does.

use goproxy_testkit::{Answer, GitHost, GitRepo, Home};

use crate::{
    engine::Engine,
    support::{go_client, home_with_git},
};

const TAG: &str = r#"<meta name="go-import" content="git.lab.example/PATH git https://git.lab.example/lib">"#;

/// Pages, TAG being the tag that is right; whether they lead to the repository.
const PAGES: &[(&str, bool)] = &[
    ("TAG", true),
    ("", false),
    ("<!DOCTYPE html><html><head>TAG</head></html>", true),
    ("<body>TAG", false),
    ("</head>TAG", false),
    ("<head/>TAG", false),
    ("<META NAME=go-import CONTENT='git.lab.example/PATH git https://git.lab.example/lib'>", true),
    ("<x:meta name='go-import' content='git.lab.example/PATH git https://git.lab.example/lib'/>", true),
    ("<meta name='Go-Import' content='git.lab.example/PATH git https://git.lab.example/lib'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH git https://git.lab.example/lib a b'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH&#32;git\n&#x9;https&#58;//git.lab.example/lib'>", true),
    ("TAGTAG", false),
    ("TAG<meta name='go-import' content='git.lab.example/other git https://git.lab.example/lib'>", true),
    ("TAG<meta name='go-import' content='git.lab.example git https://git.lab.example/lib'>", false),
    ("TAG<meta name='go-import' content='git.lab.example/PATH cvs https://git.lab.example/lib'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH cvs https://git.lab.example/lib'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH git /lib'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH git file:///lib'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH git https://git.lab.example/lib -x'>", false),
    ("<meta name='go-import' content='git.lab.example/PATH git https://git.lab.example/lib /x'>", false),
    ("<script>if (a<b) {}</script>TAG", false),
    ("TAG<script>if (a<b) {}</script>", true),
    ("<!-- a -- b -->TAG", false),
    ("<?xml version='1.0' encoding='ASCII'?>TAG", true),
    ("<?xml version='1.0' encoding='ISO-8859-1'?>TAG", false),
    ("<a href=/x/y>TAG", false),
    ("<div style=position:relative>TAG", true),
    ("<p &nbsp;>TAG", false),
    ("&nbsp; & ; <br>TAG", true),
];

/// A host on which `git.lab.example/lib` is a repository, and a home whose git finds it.
async fn lab() -> Option<(GitHost, GitRepo, Home)> {
    let repo = GitRepo::new()?;
    repo.commit(&[("lib.go", "package lib\n"), ("x/go.mod", "module git.lab.example/agree/x\n")]);
    repo.tag("v1.0.0");
    repo.tag("x/v1.0.0");
    let host = GitHost::start().await;
    host.add("lib", &repo);
    let home = home_with_git("git.lab.example", &host, None);
    Some((host, repo, home))
}

/// What each engine says to the list of a module, one after the other.
async fn statuses(host: &GitHost, home: &Home, paths: &[String]) -> [Vec<u16>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for (statuses, engine) in found.iter_mut().zip([Engine::Native, Engine::Go]) {
        let program = engine.goproxy().home(home).args(["-insecure", "git.lab.example", "-exclude", "git.lab.example"]);
        let program = program.env("HTTP_PROXY", host.url()).env("HTTPS_PROXY", "http://127.0.0.1:1");
        let proxy = program.env("NO_PROXY", "127.0.0.1").start().await;
        for path in paths {
            let answer = proxy.get(&format!("/git.lab.example/{path}/@v/list")).await;
            assert!(answer.status != 200 || answer.text() == "v1.0.0\n", "{path}: {}", answer.text());
            statuses.push(answer.status);
        }
    }
    found
}

#[tokio::test]
async fn pages_are_read_as_go_reads_them() {
    if go_client("pages").await.is_none() {
        return;
    }
    let Some((host, _repo, home)) = lab().await else { return };
    let mut paths = Vec::new();
    for (number, (page, _)) in PAGES.iter().enumerate() {
        let path = format!("p{number}");
        host.on(&format!("/{path}"), Answer::html(page.replace("TAG", TAG).replace("PATH", &path)));
        paths.push(path);
    }
    let [native, go] = statuses(&host, &home, &paths).await;
    for (((page, leads), native), go) in PAGES.iter().zip(native).zip(go) {
        let expected = if *leads { 200 } else { 404 };
        assert_eq!((native, go), (expected, expected), "native, go: {page}");
    }
}

#[tokio::test]
async fn a_shorter_path_is_believed_as_go_believes_it() {
    if go_client("shorter").await.is_none() {
        return;
    }
    let Some((host, _repo, home)) = lab().await else { return };
    let page = |at: &str, status: u16, prefix: &str, rest: &str| {
        let tag = format!("<meta name=\"go-import\" content=\"git.lab.example/{prefix} {rest}\">");
        host.on(at, Answer::new(status, "text/html", tag.into_bytes()));
    };
    let lib = "git https://git.lab.example/lib";
    for (path, prefix_says, leads) in [
        ("agree/x", Some(("agree", lib, 200)), true),
        ("errors", None, true),
        ("disagree/x", Some(("disagree", "git https://git.lab.example/other", 200)), false),
        ("silent/x", None, false),
        ("subdirectory/x", Some(("subdirectory", "git https://git.lab.example/lib sub", 200)), false),
    ] {
        let prefix = path.split('/').next().unwrap_or_default();
        page(&format!("/{path}"), if prefix == "errors" { 500 } else { 200 }, prefix, lib);
        if let Some((prefix, rest, status)) = prefix_says {
            page(&format!("/{prefix}"), status, prefix, rest);
        }
        let [native, go] = statuses(&host, &home, &[path.to_owned()]).await;
        assert_eq!((native[0] == 200, go[0] == 200), (leads, leads), "native {native:?}, go {go:?}: {path}");
        assert_eq!(native, go, "{path}");
    }
}
