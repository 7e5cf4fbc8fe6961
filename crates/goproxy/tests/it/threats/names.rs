//! File names that lead elsewhere, collide, or are no names. A zip is refused or holds what `go` would have in it; a
//! zip that is refused takes neither `.info` nor `.mod` with it.

use goproxy_testkit::GitRepo;

use super::{forge, judge::Judge, lab::Lab};

/// Names of files at the root, as raw bytes.
const NAMES: &[(&str, &[&[u8]])] = &[
    ("backslash", &[b"a\\b.go"]),
    ("colon", &[b"a:b.go"]),
    ("drive", &[b"C:"]),
    ("not-utf8", &[b"\xff\xfe.go"]),
    ("latin", &[b"caf\xe9.go"]),
    ("letters", &["caf\u{e9}.go".as_bytes(), "\u{65e5}\u{672c}.go".as_bytes()]),
    ("emoji", &["\u{1f600}.go".as_bytes()]),
    ("aux", &[b"aux.go"]),
    ("con", &[b"CON"]),
    ("lpt", &[b"lpt1.txt"]),
    ("nul", &[b"NUL.a.b"]),
    ("dot-end", &[b"x."]),
    ("dots", &[b"..."]),
    ("space", &[b"a b.go", b" "]),
    ("newline", &[b"a\nb.go"]),
    ("escape", &[b"\x1b[31m.go"]),
    ("quotes", &[b"a'b.go", b"\"x\""]),
    ("star", &[b"*.go", b"?.go"]),
    ("pipe", &[b"|id", b"<x>"]),
    ("tilde", &[b"PROGRA~1"]),
    ("case", &[b"Readme", b"README"]),
    ("case-gomod", &[b"GO.MOD"]),
    ("kelvin", &[b"k.go", "\u{212a}.go".as_bytes()]),
    ("rtl", &["\u{202e}og.go".as_bytes()]),
    ("combining", &["e\u{301}.go".as_bytes()]),
    ("long", &[&[b'x'; 250]]),
    ("option", &[b"--output=PWN", b"-x"]),
    ("percent", &[b"%2e%2e%2fx"]),
    ("dotgit-like", &[b".git2", b"git~1", b".gitx"]),
];

fn named(repo: &GitRepo, names: &[&[u8]]) {
    let blob = forge::object(repo, "blob", b"package lib\n");
    let go_mod = repo.git(&["rev-parse", "HEAD:go.mod"]);
    let mut entries: Vec<(&str, &[u8], &str)> = names.iter().map(|name| ("100644", *name, &*blob)).collect();
    entries.push(("100644", b"go.mod", &go_mod));
    entries.sort_by(|a, b| a.1.cmp(b.1));
    let tree = forge::tree(repo, &entries);
    forge::publish(repo, &tree, "v1.0.0");
}

#[tokio::test]
async fn names_as_go_takes_or_refuses_them() {
    let lab = Lab::new().await;
    let mut repos = Vec::new();
    for (name, names) in NAMES {
        let repo = lab.repository(&format!("n-{name}"), &[]);
        named(&repo, names);
        repos.push(repo);
    }
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("names_as_go_takes_or_refuses_them", &lab, &proxy).await else { return };
    let before = lab.snapshot();
    for (name, _) in NAMES {
        judge.assert_same(&format!("github.com/acme/n-{name}@v1.0.0"), name).await;
        for ending in ["info", "mod"] {
            let answer = proxy.get(&format!("/github.com/acme/n-{name}/@v/v1.0.0.{ending}")).await;
            assert_eq!(answer.status, 200, "{name}.{ending}: {}", answer.text());
        }
        lab.assert_untouched(&proxy, &before, name);
    }
    drop(repos);
}

/// Trees that git itself would refuse: whatever becomes of them, nothing is written elsewhere and no zip holds them.
#[tokio::test]
async fn trees_that_lead_elsewhere() {
    let lab = Lab::new().await;
    let mut repos = Vec::new();
    let evil: &[(&str, &[u8])] = &[
        ("parent", b".."),
        ("self", b"."),
        ("slash", b"../../../../PWN"),
        ("absolute", b"/etc/PWN"),
        ("dotgit", b".git"),
        ("dotgit-file", b".git/config"),
        ("dotgit-case", b".GIT"),
        ("inside", b"a/b/../../PWN"),
        ("double", b"a//b"),
    ];
    for (name, file) in evil {
        for (kind, mode) in
            [("blob", "100644"), ("tree", "40000"), ("link", "120000"), ("module", "160000"), ("odd", "777777")]
        {
            let repo = lab.repository(&format!("{name}-{kind}"), &[]);
            let blob = forge::object(&repo, "blob", b"/etc/passwd");
            let go_mod = repo.git(&["rev-parse", "HEAD:go.mod"]);
            let below = forge::tree(&repo, &[("100644", b"PWN", &blob)]);
            let id = match kind {
                "tree" => below,
                "module" => repo.head(),
                _ => blob,
            };
            let tree = forge::tree(&repo, &[(mode, file, &id), ("100644", b"go.mod", &go_mod)]);
            forge::publish(&repo, &tree, "v1.0.0");
            repos.push((format!("{name}-{kind}"), repo));
        }
    }
    let (proxy, before) = (lab.builder().start().await, lab.snapshot());
    for (name, _repo) in &repos {
        for ending in ["info", "mod", "zip"] {
            let answer = proxy.get(&format!("/github.com/acme/{name}/@v/v1.0.0.{ending}")).await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let leads = text.contains("@v1.0.0/../") || text.contains("@v1.0.0//") || text.contains("/../../PWN");
            assert!(answer.status != 200 || ending != "zip" || !leads, "{name}: served");
        }
        lab.assert_untouched(&proxy, &before, name);
    }
    assert_eq!(proxy.get("/healthz").await.status, 200);
}
