//! G1: what a client asks for is never an argument of a program.

use super::lab::{Lab, assert_refused, encoded};

/// Versions and queries as an attacker writes them; `{}` stands for the canary's path.
const QUERIES: &[&str] = &[
    "--upload-pack=touch {}",
    "--upload-pack=touch${IFS}{}",
    "-x",
    "--",
    "-",
    "--output={}",
    "--exec=touch PWN",
    "/etc/passwd",
    "../../../../etc/passwd",
    "--config=alias.clone=!touch {}",
    "-c",
    "v1.0.0;id",
    "v1.0.0|touch PWN",
    "v1.0.0&&touch PWN",
    "v1.0.0\ntouch PWN",
    "$(id)",
    "$(touch PWN)",
    "`id`",
    "`touch PWN`",
    "HEAD~1",
    "HEAD^",
    "HEAD@{1}",
    "@{-1}",
    "@",
    ":/commit",
    "v1.0.0:lib.go",
    "v1.0.0^{tree}",
    "v1.0.0^{}",
    "refs/heads/x:refs/heads/y",
    "+refs/heads/main:refs/heads/main",
    "refs/heads/main",
    "^main",
    "v1..v2",
    "main...feature",
    "main lib.go",
    "*",
    "v1.0.*",
    "[a-z]",
    "%s%n%x",
    "%2e%2e%2f",
    "\u{0}",
    "v1.0.0\u{0}",
    "v1.0.0\r\nX: y",
    "ext::sh -c touch% PWN",
    "file:///etc/passwd",
    "fd::3",
    ".git/config",
    ".lock",
    "v1.0.0.lock",
    "..",
    ".",
];

#[tokio::test]
async fn queries_are_no_arguments() {
    let lab = Lab::new().await;
    let _repo = lab.repository("lib", &[]);
    let (proxy, before, canary) = (lab.builder().start().await, lab.snapshot(), lab.canary().display().to_string());
    let long = ["a".repeat(5_000), "v1.0.0-".to_owned() + &"0".repeat(5_000), "f".repeat(4_097)];
    let queries = QUERIES.iter().map(|query| query.replace("{}", &canary)).chain(long);
    for query in queries {
        for ending in ["info", "mod", "zip"] {
            let case = format!("{}.{ending}", &query[..query.len().min(60)]);
            for path in [encoded(&query), goproxy_testkit::escape(&encoded(&query))] {
                let answer = proxy.get(&format!("/github.com/acme/lib/@v/{path}.{ending}")).await;
                assert_refused(&answer, &case);
                assert!(answer.status < 500, "{case}: {} {}", answer.status, answer.text());
            }
        }
        for text in [query.as_str(), "PWN", "/etc/passwd"] {
            if text.len() > 3 {
                lab.spy.assert_never_an_argument(text);
            }
        }
    }
    lab.assert_untouched(&proxy, &before, "queries");
    let zip = proxy.get("/github.com/acme/lib/@v/v1.0.0.zip").await;
    assert_eq!(zip.status, 200, "nothing is broken: {} {}", zip.text(), proxy.log());
}

#[tokio::test]
async fn references_that_look_like_options_are_none() {
    let lab = Lab::new().await;
    let repo = lab.repository("refs", &[]);
    let head = repo.head();
    let names = ["--upload-pack=PWN", "-x", "--output=PWN", "$(touch${IFS}PWN)", "`touch PWN`", ";id", "--all", "-"];
    let names: Vec<_> = names.iter().map(|name| name.replace(' ', "${IFS}")).collect();
    for name in &names {
        for kind in ["heads", "tags"] {
            // Written where git keeps them: its own commands refuse some of the names.
            let file = repo.git_dir().join("refs").join(kind).join(name);
            std::fs::write(file, format!("{head}\n")).unwrap();
        }
    }
    repo.git(&["tag", "v1.1.0"]);
    let (proxy, before) = (lab.builder().start().await, lab.snapshot());
    for path in ["@v/list", "@latest", "@v/v1.1.0.info", "@v/v1.1.0.zip", "@v/main.info"] {
        let answer = proxy.get(&format!("/github.com/acme/refs/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
    for name in &names {
        // Whatever it is taken for, a branch or nothing: never an option.
        proxy.get(&format!("/github.com/acme/refs/@v/{}.info", encoded(name))).await;
        if name.len() > 2 {
            lab.spy.assert_never_an_argument(name);
        }
    }
    lab.spy.assert_never_an_argument("PWN");
    lab.assert_untouched(&proxy, &before, "references");
}

/// The same where only the `git` command can go: what it is told are object ids and the operator's own URL.
#[tokio::test]
async fn the_git_command_is_told_object_ids() {
    let lab = Lab::new().await;
    let repo = lab.repository("far", &[]);
    let ssh = format!("ssh://git@git.example{}", repo.git_dir().display());
    lab.home.instead_of("https://github.com/acme/far", &ssh);
    let (proxy, before) = (lab.builder().start().await, lab.snapshot());
    for query in ["--upload-pack=touch PWN", "-x", "$(id)", "HEAD~1", "^main", "v1..v2", "refs/heads/main:refs/x"] {
        let answer = proxy.get(&format!("/github.com/acme/far/@v/{}.info", encoded(query))).await;
        assert_refused(&answer, query);
        lab.spy.assert_never_an_argument(query);
    }
    for path in ["@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/main.info", "@latest"] {
        let answer = proxy.get(&format!("/github.com/acme/far/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
    let calls = lab.spy.calls_of("git");
    assert!(calls.iter().any(|call| call.args.iter().any(|arg| arg == "fetch")), "{calls:?}");
    for call in &calls {
        assert_git_is_harmless(&call.args, &call.env);
    }
    lab.spy.assert_never_an_argument("v1.0.0");
    assert!(!lab.spy.calls_of("ssh").is_empty());
    lab.assert_untouched(&proxy, &before, "ssh");
}

/// No hooks, no submodules, no transport that runs programs, no prompt; options end before what others wrote.
fn assert_git_is_harmless(args: &[String], env: &[String]) {
    let variable = |name: &str| env.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(variable("GIT_TERMINAL_PROMPT"), Some("0"), "{args:?}");
    assert!(variable("GIT_TEMPLATE_DIR") == Some("") || !args.iter().any(|arg| arg == "init"), "{args:?}");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_TRACE", "GIT_CURL_VERBOSE", "GOFLAGS"] {
        assert_eq!(variable(name), None, "{name} {args:?}");
    }
    if args.iter().any(|arg| arg == "fetch" || arg == "ls-remote") {
        let allowed = variable("GIT_ALLOW_PROTOCOL").unwrap_or_default();
        assert!(!allowed.is_empty() && !allowed.split(':').any(|name| name == "ext"), "{allowed} {args:?}");
        assert!(args.iter().any(|arg| arg == "--" || arg == "--end-of-options"), "{args:?}");
    }
    if args.iter().any(|arg| arg == "fetch") {
        assert!(args.iter().any(|arg| arg == "--no-recurse-submodules"), "{args:?}");
    }
}

/// Names that the host's own git configuration and environment hold do not decide what runs either.
#[tokio::test]
async fn the_environment_of_git_is_scrubbed() {
    let lab = Lab::new().await;
    let repo = lab.repository("env", &[]);
    lab.home.instead_of("https://github.com/acme/env", &format!("ssh://git@git.example{}", repo.git_dir().display()));
    let mut builder = lab.builder();
    for (name, value) in [
        ("GIT_DIR", "/nonexistent"),
        ("GIT_WORK_TREE", "/nonexistent"),
        ("GIT_INDEX_FILE", "/nonexistent"),
        ("GIT_OBJECT_DIRECTORY", "/nonexistent"),
        ("GIT_EXTERNAL_DIFF", "touch PWN"),
        ("GIT_TRACE", "1"),
        ("GIT_TRACE_CURL", "1"),
        ("GOPROXY_SECRET_OF_OURS", "canary-in-our-variables"),
    ] {
        builder = builder.env(name, value);
    }
    let proxy = builder.start().await;
    let answer = proxy.get("/github.com/acme/env/@v/v1.0.0.zip").await;
    assert_eq!(answer.status, 200, "{} {}", answer.text(), proxy.log());
    let calls = lab.spy.calls_of("git");
    assert!(!calls.is_empty());
    for call in calls {
        assert!(!call.env.iter().any(|line| line.contains("/nonexistent")), "{:?} {:?}", call.args, call.env);
        assert!(!call.env.iter().any(|line| line.contains("canary-in-our-variables")), "{:?}", call.env);
    }
}
