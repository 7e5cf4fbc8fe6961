//! `.gitattributes` that change what a zip holds give what `go` gives, and run nothing.

use super::{forge, judge::Judge, lab::Lab};

const ATTRIBUTES: &[(&str, &str)] = &[
    ("crlf", "*.txt text eol=crlf\n"),
    ("lf", "*.txt text eol=lf\n"),
    ("auto", "* text=auto\n"),
    ("ident", "*.go ident\n"),
    ("encoding", "*.txt text working-tree-encoding=UTF-16\n"),
    ("encoding-le", "*.txt text working-tree-encoding=UTF-16LE eol=crlf\n"),
    ("encoding-evil", "*.txt text working-tree-encoding=$(touch${IFS}PWN)\n"),
    ("ignore", "*.go export-ignore\nsub export-ignore\n"),
    ("subst", "*.txt export-subst\n"),
    ("filter", "*.txt filter=evil text eol=crlf\n"),
    ("lfs", "*.txt filter=lfs diff=lfs merge=lfs -text\n"),
    ("macro", "[attr]evil filter=evil text eol=crlf export-ignore\n*.txt evil\n"),
    ("many", "*.txt text eol=crlf ident\n*.go ident eol=crlf text\nsub/** -text\n"),
];

#[tokio::test]
async fn attributes_as_go_has_them() {
    let lab = Lab::new().await;
    let canary = lab.canary().display().to_string();
    let mut repos = Vec::new();
    for (name, attributes) in ATTRIBUTES {
        let files = [
            ("a.txt", "one\ntwo\n$Format:%H%d$\n"),
            ("b.txt", "one\r\ntwo\n"),
            ("id.go", "package lib // $Id$\n"),
            ("sub/c.txt", "three\n"),
            ("sub/.gitattributes", "c.txt eol=crlf\n"),
        ];
        let repo = lab.repository(name, &files);
        // What comes in later is converted when it goes out, and was not when it came in.
        let id = forge::object(&repo, "blob", attributes.as_bytes());
        repo.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},.gitattributes")]);
        repo.git(&["commit", "-q", "-m", "attributes"]);
        repo.tag("v1.0.0");
        repos.push(repo);
    }
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("attributes_as_go_has_them", &lab, &proxy).await else { return };
    let before = lab.snapshot();
    for (name, _) in ATTRIBUTES {
        assert!(judge.assert_same(&format!("github.com/acme/{name}@v1.0.0"), name).await, "{name}: go takes it");
        lab.assert_untouched(&proxy, &before, name);
    }
    lab.spy.assert_never_an_argument(&canary);
    drop(repos);
}

/// A directory of the repository whose name is an option of `git archive`.
#[tokio::test]
async fn directories_that_look_like_options() {
    let lab = Lab::new().await;
    let mut repos = Vec::new();
    for (number, folder) in ["--list", "-l", "--remote", "--exec", "--output", "-v"].iter().enumerate() {
        let (name, module) = (format!("dir{number}"), format!("module github.com/acme/dir{number}/{folder}\n"));
        let go_mod = format!("{folder}/go.mod");
        let files =
            [(".gitattributes", "*.txt text eol=crlf\n"), (&*go_mod, &*module), (&*format!("{folder}/a.txt"), "a\n")];
        let repo = lab.repository(&name, &files);
        repo.git(&["update-ref", &format!("refs/tags/{folder}/v1.0.0"), "HEAD"]);
        repos.push((repo, format!("github.com/acme/{name}/{folder}@v1.0.0")));
    }
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("directories_that_look_like_options", &lab, &proxy).await else { return };
    let before = lab.snapshot();
    for (_repo, module) in &repos {
        judge.assert_same(module, module).await;
        lab.assert_untouched(&proxy, &before, module);
    }
    for call in lab.spy.calls_of("git").iter().filter(|call| call.args.iter().any(|arg| arg == "archive")) {
        let end = call.args.iter().position(|arg| arg == "--" || arg == "--end-of-options").unwrap_or(call.args.len());
        for folder in ["--list", "--remote", "--exec", "--output"] {
            assert!(!call.args[..end].iter().any(|arg| arg == folder), "{:?}", call.args);
        }
    }
}
