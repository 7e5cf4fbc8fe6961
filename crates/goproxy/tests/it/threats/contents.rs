//! What a repository holds to attack whoever fetches it. Each one is compared with what `go` makes of it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use goproxy_testkit::GitRepo;

use super::{
    forge,
    judge::Judge,
    lab::{Lab, SECRET},
};

/// Something that makes a repository hostile.
type Trick = fn(&GitRepo);

fn link(repo: &GitRepo, name: &str, target: &str) {
    let id = forge::object(repo, "blob", target.as_bytes());
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{id},{name}")]);
}

/// What the index holds becomes the version.
fn commit_index(repo: &GitRepo) {
    repo.git(&["commit", "-q", "-m", "trick"]);
    repo.tag("v1.0.0");
}

fn modules(repo: &GitRepo, name: &str, path: &str, url: &str) {
    let text = format!("[submodule \"{name}\"]\n\tpath = {path}\n\turl = {url}\n\tupdate = !touch PWN\n");
    fs::write(repo.path().join(".gitmodules"), text).unwrap();
    repo.git(&["add", ".gitmodules"]);
    let head = repo.head();
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
    commit_index(repo);
}

fn plain(repo: &GitRepo, files: &[(&str, &str)]) {
    repo.commit(files);
    repo.tag("v1.0.0");
}

const TRICKS: &[(&str, Trick)] = &[
    ("submodule-ext", |r| modules(r, "x", "sub", "ext::sh -c touch% PWN")),
    ("submodule-file", |r| modules(r, "x", "sub", "file:///etc")),
    ("submodule-option", |r| modules(r, "x", "sub", "-u./PWN")),
    ("submodule-hooks", |r| modules(r, "../../hooks", "sub", "./x")),
    ("submodule-cr", |r| modules(r, "x", "\"sub\\r\"", "./x")),
    ("submodule-path", |r| modules(r, "x", "../../../PWN", "./x")),
    ("link-passwd", |r| {
        link(r, "passwd", "/etc/passwd");
        link(r, "secret.go", "../../../../../../../../secret.txt");
        commit_index(r);
    }),
    ("link-folder", |r| {
        link(r, "etc", "/etc");
        link(r, "up", "..");
        commit_index(r);
    }),
    ("link-gomod", |r| {
        r.git(&["rm", "-q", "--cached", "go.mod"]);
        link(r, "go.mod", "/etc/passwd");
        commit_index(r);
    }),
    ("link-gomod-real", |r| {
        r.git(&["rm", "-q", "--cached", "go.mod"]);
        link(r, "go.mod", "other.mod");
        commit_index(r);
    }),
    ("link-license", |r| {
        link(r, "LICENSE", "/etc/passwd");
        commit_index(r);
    }),
    ("link-attributes", |r| {
        link(r, ".gitattributes", "/etc/passwd");
        commit_index(r);
    }),
    ("gomod-folder", |r| {
        r.git(&["rm", "-q", "--cached", "go.mod"]);
        fs::remove_file(r.path().join("go.mod")).unwrap();
        plain(r, &[("go.mod/x.go", "package x\n")]);
    }),
    ("gomod-gitlink", |r| {
        r.git(&["rm", "-q", "--cached", "go.mod"]);
        let head = r.head();
        r.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},go.mod")]);
        commit_index(r);
    }),
    ("submodule-with-gomod", |r| {
        let head = r.head();
        r.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
        commit_index(r);
    }),
    ("lfs", |r| {
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "a".repeat(64));
        plain(r, &[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), ("x.bin", &pointer)]);
    }),
    ("lfsconfig", |r| {
        let config = "[lfs]\n\turl = http://127.0.0.1:1/\n[core]\n\tsshCommand = touch PWN\n";
        plain(r, &[(".lfsconfig", config), (".gitconfig", config)]);
    }),
    ("smudge", |r| plain(r, &[(".gitattributes", "* filter=smudge\n*.go filter=evil\n"), ("x.txt", "x\n")])),
    ("nested-hg", |r| {
        plain(r, &[(".hg/hgrc", "[hooks]\nupdate = touch PWN\n"), (".svn/entries", "12\n"), (".hgsub", "x=[ext]x\n")]);
    }),
    ("hg-archival", |r| plain(r, &[(".hg_archival.txt", "x\n"), ("sub/.hg_archival.txt", "x\n")])),
    ("bare-inside", |r| {
        let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = touch PWN\n";
        plain(r, &[("HEAD", "ref: refs/heads/main\n"), ("config", config), ("objects/x", ""), ("refs/x", "")]);
    }),
    ("hooks-inside", |r| {
        fs::create_dir_all(r.path().join("hooks")).unwrap();
        for hook in ["hooks/post-checkout", "hooks/reference-transaction", "hooks/post-index-change"] {
            fs::write(r.path().join(hook), "#!/bin/sh\ntouch PWN\n").unwrap();
            fs::set_permissions(r.path().join(hook), fs::Permissions::from_mode(0o755)).unwrap();
        }
        plain(r, &[]);
    }),
    ("vendor", |r| {
        plain(
            r,
            &[
                ("vendor/modules.txt", "# a v1.0.0\n"),
                ("vendor/a/a.go", "package a\n"),
                ("x/vendor/y.go", "package y\n"),
                ("x/vendor/z/z.go", "package z\n"),
            ],
        );
    }),
    ("nested-module", |r| {
        plain(r, &[("n/go.mod", "module n\n"), ("n/aux.go", "package n\n"), ("n/m/x.go", "package m\n")]);
    }),
    ("replace-ref", |r| {
        let other = forge::object(r, "blob", b"package replaced\n");
        let real = r.git(&["rev-parse", "HEAD:lib.go"]);
        r.git(&["update-ref", &format!("refs/replace/{real}"), &other]);
        plain(r, &[]);
    }),
    ("grafts", |r| {
        fs::create_dir_all(r.git_dir().join("info")).unwrap();
        plain(r, &[("x.go", "package lib\n")]);
    }),
    ("message", |r| {
        r.git(&["commit", "-q", "--allow-empty", "-m", "tree 0000\nparent x\n\x1b]0;PWN\x07\n<script>"]);
        r.tag("v1.0.0");
    }),
];

/// All tricks behind one proxy: `.info`, `.mod` and `.zip` as `go` would have them, and nothing ran.
#[tokio::test]
async fn repositories_full_of_tricks() {
    let lab = Lab::new().await;
    lab.home.git_config("[protocol \"file\"]\n\tallow = user\n");
    let mut repos = Vec::new();
    for (name, trick) in TRICKS {
        let repo = lab.repository(name, &[("extra.go", "package lib\n")]);
        trick(&repo);
        repos.push(repo);
    }
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("repositories_full_of_tricks", &lab, &proxy).await else { return };
    let before = lab.snapshot();
    for (name, _) in TRICKS {
        judge.assert_same(&format!("github.com/acme/{name}@v1.0.0"), name).await;
        let zip = proxy.get(&format!("/github.com/acme/{name}/@v/v1.0.0.zip")).await;
        for leak in [&b"root:x:0"[..], SECRET.as_bytes()] {
            assert!(!zip.body.windows(leak.len()).any(|window| window == leak), "{name}");
        }
        lab.assert_untouched(&proxy, &before, name);
    }
    assert!(lab.spy.calls_of("ssh").is_empty(), "{:?}", lab.spy.calls_of("ssh"));
    drop(repos);
}

/// Hooks and filters of the host are for the host's own repositories.
#[tokio::test]
async fn hooks_and_filters_of_the_host_do_not_run() {
    let lab = Lab::new().await;
    let repo =
        lab.repository("hooked", &[(".gitattributes", "*.go filter=evil\n*.txt text eol=crlf\n"), ("x.txt", "a\n")]);
    lab.home.instead_of(
        "https://github.com/acme/hooked-far",
        &format!("ssh://git@git.example{}", repo.git_dir().display()),
    );
    let (canary, home) = (lab.canary().display().to_string(), lab.home.path().display().to_string());
    for folder in ["template/hooks", "hooks"] {
        for hook in ["reference-transaction", "post-checkout", "post-index-change", "pre-auto-gc", "proc-receive"] {
            lab.home.write(&format!("{folder}/{hook}"), format!("#!/bin/sh\n: > {canary}\n"));
            let file = lab.home.path().join(folder).join(hook);
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    lab.home.git_config(&format!(
        "[init]\n\ttemplateDir = {home}/template\n[core]\n\thooksPath = {home}/hooks\n\tfsmonitor = touch {canary}\n\
         [submodule]\n\trecurse = true\n[fetch]\n\trecurseSubmodules = true\n[uploadpack]\n\tpackObjectsHook = touch {canary}\n"
    ));
    let proxy = lab.builder().start().await;
    let before = lab.snapshot();
    for module in ["hooked", "hooked-far"] {
        for path in ["@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@latest"] {
            let answer = proxy.get(&format!("/github.com/acme/{module}/{path}")).await;
            assert_eq!(answer.status, 200, "{module} {path}: {} {}", answer.text(), proxy.log());
        }
        lab.assert_untouched(&proxy, &before, module);
    }
}
