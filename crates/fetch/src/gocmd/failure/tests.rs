//! Texts as `go` 1.26 with git 2.39 prints them, and what becomes of them.

use std::os::unix::process::ExitStatusExt as _;

use ErrorKind::{Busy, Internal, Invalid, NotFound, Refused, Unavailable};

use super::*;

const RUN: &str = "go: github.com/a/b@v1.0.0: invalid version: git ls-remote -q --end-of-options https://github.com/a/b in \
                   /s/7/gopath/pkg/mod/cache/vcs/48f50f4a: exit status 128:\n\t";

fn classified(text: &str) -> Error {
    let context = Context { asked: "github.com/a/b@v1.0.0", scratch: Path::new("/s/7") };
    classify(text, text, ExitStatus::from_raw(256), &context)
}

/// The kind, and the first line of what the client reads.
fn assert_is(text: &str, kind: ErrorKind, first: &str) {
    let error = classified(text);
    let message = error.message();
    assert_eq!((error.kind(), message.lines().next().unwrap()), (kind, first), "{text}");
    for hidden in ["/s/7", "ls-remote", "S3CRET", "exit status", "go: "] {
        assert!(!message.contains(hidden), "{hidden} in {message}");
    }
    assert!(!error.detail().unwrap().contains("S3CRET"));
}

#[test]
fn what_git_prints_of_repositories() {
    let denied =
        "github.com/a/b@v1.0.0: git.corp asks for credentials that the proxy does not have, or refuses those it has";
    let absent = "github.com/a/b@v1.0.0: repository not found on git.corp";
    for (text, kind, first) in [
        (
            "fatal: could not read Username for 'https://git.corp': terminal prompts disabled\nConfirm the import path was entered correctly.",
            Refused,
            denied,
        ),
        ("fatal: Authentication failed for 'https://u:S3CRET@git.corp/401/x/'", Refused, denied),
        ("fatal: unable to access 'https://git.corp/403/x/': The requested URL returned error: 403", Refused, denied),
        (
            "git@git.corp: Permission denied (publickey).\n\tfatal: Could not read from remote repository.",
            Refused,
            denied,
        ),
        ("fatal: repository 'https://git.corp/404/x/' not found", NotFound, absent),
        ("remote: Repository not found.\n\tfatal: repository 'https://git.corp/x/' not found", NotFound, absent),
        (
            "fatal: '/srv/a/b' does not appear to be a git repository\n\tfatal: Could not read from remote repository.",
            NotFound,
            "github.com/a/b@v1.0.0: repository not found on github.com",
        ),
        (
            "ERROR: Repository not found.\n\tfatal: Could not read from remote repository.",
            NotFound,
            "github.com/a/b@v1.0.0: repository not found on github.com",
        ),
    ] {
        assert_is(&format!("{RUN}{text}"), kind, first);
    }
}

#[test]
fn what_git_prints_of_failures() {
    for (text, kind, first) in [
        (
            "fatal: unable to access 'https://git.corp/x/': The requested URL returned error: 429",
            Busy,
            "github.com/a/b@v1.0.0: git.corp asks to come back later",
        ),
        (
            "fatal: unable to access 'https://git.corp/x/': The requested URL returned error: 503",
            Unavailable,
            "github.com/a/b@v1.0.0: git.corp answers with a server error",
        ),
        (
            "fatal: unable to access 'http://127.0.0.1:1/x/': Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
            Unavailable,
            "github.com/a/b@v1.0.0: no connection to 127.0.0.1:1, or it broke",
        ),
        (
            "fatal: unable to access 'https://git.corp/x/': Could not resolve host: git.corp",
            Unavailable,
            "github.com/a/b@v1.0.0: cannot look up host git.corp",
        ),
        (
            "fatal: unable to access 'https://git.corp/x/': gnutls_handshake() failed: An unexpected TLS packet was received.",
            Unavailable,
            "github.com/a/b@v1.0.0: the certificate of git.corp cannot be verified, or it does not speak TLS",
        ),
        (
            "ssh: connect to host git.corp port 22: Connection refused\n\tfatal: Could not read from remote repository.",
            Unavailable,
            "github.com/a/b@v1.0.0: no connection to git.corp, or it broke",
        ),
        (
            "Host key verification failed.\n\tfatal: Could not read from remote repository.",
            Unavailable,
            "github.com/a/b@v1.0.0: the proxy does not trust the ssh host key of github.com; add it to known_hosts on the proxy host",
        ),
        ("fatal: write error: No space left on device", Internal, "the proxy could not write to its cache"),
        ("fatal: something never seen", Unavailable, "github.com/a/b@v1.0.0: version control failed on github.com"),
    ] {
        assert_is(&format!("{RUN}{text}"), kind, first);
    }
    let killed = RUN.replace(": exit status 128:\n\t", ": signal: killed");
    assert_is(&killed, Unavailable, "github.com/a/b@v1.0.0: version control failed on github.com");
}

#[test]
fn what_go_prints_of_modules_and_versions() {
    for text in [
        "github.com/a/b@v1.0.0: invalid version: unknown revision v1.0.0",
        "module github.com/a/b: no matching versions for query \"latest\"",
        "github.com/a/b@v1.0.0: invalid version: missing github.com/a/b/go.mod at revision v1.0.0",
        "github.com/a/b@v1.0.0: invalid version: go.mod has post-v1 module path \"github.com/a/c/v3\" at revision v1.0.0",
        "github.com/a/b@v1.0.0: invalid pseudo-version: does not match version-control timestamp (expected 20200101000000)",
        "github.com/a/b@v1.0.0: invalid version: resolves to version v1.0.1 (v1.0.0 is not a tag)",
        "create zip: a:b.txt: malformed file path \"a:b.txt\": invalid char ':'",
        "github.com/a@v1.0.0: invalid github.com import path \"github.com/a\"",
        "github.com/a/b@timeout dial tcp: invalid version: unknown revision timeout dial tcp",
    ] {
        assert_is(&format!("go: {text}\n"), NotFound, text);
    }
    assert_is("rsc.io@v1: rsc.io is not a module", NotFound, "rsc.io@v1: rsc.io is not a module");
}

#[test]
fn what_go_prints_of_the_web() {
    let page = |text: &str| format!("go: github.com/a/b@v1.0.0: unrecognized import path \"a.b/c\": {text}");
    for (text, kind, first) in [
        (
            "https fetch: Get \"https://a.b/c?go-get=1\": dial tcp: lookup a.b on 10.255.255.53:53: no such host",
            Unavailable,
            "github.com/a/b@v1.0.0: cannot look up host a.b",
        ),
        (
            "https fetch: Get \"https://a.b/c?go-get=1\": dial tcp 127.0.0.1:443: connect: connection refused",
            Unavailable,
            "github.com/a/b@v1.0.0: no connection to a.b, or it broke",
        ),
        (
            "https fetch: Get \"https://a.b/c?go-get=1\": tls: failed to verify certificate: x509: unknown authority",
            Unavailable,
            "github.com/a/b@v1.0.0: the certificate of a.b cannot be verified, or it does not speak TLS",
        ),
        (
            "reading https://a.b/c?go-get=1: 503 Service Unavailable",
            Unavailable,
            "github.com/a/b@v1.0.0: a.b answers with a server error",
        ),
        (
            "reading https://a.b/c?go-get=1: 429 Too Many Requests",
            Busy,
            "github.com/a/b@v1.0.0: a.b asks to come back later",
        ),
        (
            "reading https://a.b/c?go-get=1: 401 Unauthorized",
            Refused,
            "github.com/a/b@v1.0.0: a.b asks for credentials that the proxy does not have, or refuses those it has",
        ),
    ] {
        assert_is(&page(text), kind, first);
    }
    for text in [
        "reading https://a.b/c?go-get=1: 404 Not Found",
        "parse https://a.b/c?go-get=1: no go-import meta tags ()",
        "https://a.b/c?go-get=1: unknown vcs \"bzr\"",
    ] {
        assert_is(&page(text), NotFound, page(text).strip_prefix("go: ").unwrap());
    }
}

#[test]
fn what_is_wrong_with_our_own_side() {
    let first = "github.com/a/b@v1.0.0: requires go >= 1.99, which the Go on the proxy host is not; update it there";
    assert_is("github.com/a/b@v1.0.0 requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=path)", Unavailable, first);
    let git = "go: github.com/a/b@v1.0.0: git init --bare in /s/7/x: exec: \"git\": executable file not found in $PATH";
    assert_is(git, Unavailable, "github.com/a/b@v1.0.0: git: command not found on the proxy host");
    let vcs = "go: a.b/c@v1.0.0: GOVCS disallows using hg for public a.b/c; see 'go help vcs'";
    assert_is(
        vcs,
        Refused,
        "github.com/a/b@v1.0.0: GOVCS on the proxy host does not allow the version control system of this module",
    );
    assert_is("open /s/7/tmp/x: no space left on device", Internal, "the proxy could not write to its cache");
    let sum = "verifying golang.org/toolchain@v0.0.1-go1.30.linux-amd64: checksum mismatch\n\tdownloaded: h1:x";
    assert_is(sum, Invalid, "github.com/a/b@v1.0.0: the checksum database says otherwise");
    assert_is("", Unavailable, "github.com/a/b@v1.0.0: the go command failed");
    assert_is("something at /var/lib/x of https://u:S3CRET@h/", Unavailable, "something at (path) of https://h/");
}
