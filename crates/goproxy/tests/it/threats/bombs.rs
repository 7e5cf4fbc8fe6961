//! Small repositories that are large: what is asked of us stays bounded in time and memory.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use goproxy_testkit::GitRepo;

use super::{
    forge,
    judge::Judge,
    lab::{Lab, assert_refused, peak_memory},
};

/// Trees of ten times the same tree: ten lines that are 10^9 files.
fn bomb(repo: &GitRepo, wide: usize, deep: usize) {
    let mut id = forge::object(repo, "blob", b"package lib\n");
    let mut mode = "100644";
    let names: Vec<_> = (0..wide).map(|number| format!("f{number:03}")).collect();
    for _ in 0..deep {
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_bytes(), id.as_str())).collect();
        (id, mode) = (forge::tree(repo, &entries), "40000");
    }
    forge::publish(repo, &id, "v1.0.0");
}

#[tokio::test]
async fn a_git_bomb_is_given_up() {
    let lab = Lab::new().await;
    let repos = [(10, 9), (2, 60), (1, 5_000)].map(|(wide, deep)| {
        let repo = lab.repository(&format!("bomb{wide}"), &[]);
        bomb(&repo, wide, deep);
        repo
    });
    let proxy = lab.builder().args(["-directTimeout", "60s"]).start().await;
    for (name, mayfail) in [("bomb10", false), ("bomb2", false), ("bomb1", true)] {
        let started = Instant::now();
        let info = proxy.get(&format!("/github.com/acme/{name}/@v/v1.0.0.info")).await;
        assert_eq!(info.status, 200, "{name}: the version is there: {} {}", info.text(), proxy.log());
        let answer = proxy.get(&format!("/github.com/acme/{name}/@v/v1.0.0.zip")).await;
        if !mayfail || answer.status != 200 {
            assert_refused(&answer, name);
        }
        assert!(started.elapsed() < Duration::from_secs(90), "{name}: {:?}", started.elapsed());
        assert!(peak_memory(proxy.pid()) < 256, "{name}: {} MiB", peak_memory(proxy.pid()));
        assert_eq!(proxy.get("/healthz").await.status, 200);
    }
    drop(repos);
}

/// A file of zeros: a few hundred kilobytes on the wire, `mebibytes` in memory if one is careless.
fn large(repo: &GitRepo, mebibytes: u64) {
    let file = repo.path().join("large.bin");
    File::create(file).unwrap().set_len(mebibytes << 20).unwrap();
    repo.commit(&[]);
    repo.tag("v1.0.0");
}

#[tokio::test]
async fn a_file_of_a_hundred_mebibytes_does_not_stay_in_memory() {
    let lab = Lab::new().await;
    let repo = lab.repository("large", &[]);
    large(&repo, 100);
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("large", &lab, &proxy).await else { return };
    assert!(judge.assert_same("github.com/acme/large@v1.0.0", "large").await);
    // 64 MiB and the largest blob is the goal.
    assert!(peak_memory(proxy.pid()) < 164, "{} MiB", peak_memory(proxy.pid()));
}

/// More than any zip may hold is refused from its size alone.
#[tokio::test]
async fn a_file_that_no_zip_may_hold_is_refused() {
    let mebibytes = if long_run() { 2_048 } else { 600 };
    let lab = Lab::new().await;
    let repo = lab.repository("huge", &[]);
    large(&repo, mebibytes);
    let proxy = lab.builder().start().await;
    let module = "/github.com/acme/huge/@v/v1.0.0";
    assert_eq!(proxy.get(&format!("{module}.mod")).await.status, 200, "{}", proxy.log());
    assert_refused(&proxy.get(&format!("{module}.zip")).await, "huge");
    assert!(peak_memory(proxy.pid()) < 164, "{} MiB", peak_memory(proxy.pid()));
}

#[tokio::test]
async fn many_files_in_one_directory() {
    let count = if long_run() { 1_000_000 } else { 20_000 };
    let lab = Lab::new().await;
    let repo = lab.repository("many", &[]);
    let (blob, go_mod) = (forge::object(&repo, "blob", b"package lib\n"), repo.git(&["rev-parse", "HEAD:go.mod"]));
    let names: Vec<_> = (0..count).map(|number| format!("file{number:07}.go")).collect();
    let mut entries: Vec<_> = names.iter().map(|name| ("100644", name.as_bytes(), blob.as_str())).collect();
    entries.push(("100644", b"go.mod", &go_mod));
    let tree = forge::tree(&repo, &entries);
    forge::publish(&repo, &tree, "v1.0.0");
    let proxy = lab.builder().start().await;
    let Some(judge) = Judge::new("many", &lab, &proxy).await else { return };
    judge.assert_same("github.com/acme/many@v1.0.0", "many").await;
    assert!(peak_memory(proxy.pid()) < if long_run() { 512 } else { 128 }, "{} MiB", peak_memory(proxy.pid()));
}

/// `GOPROXY_TEST_LONG=1` asks for the sizes that take minutes.
fn long_run() -> bool {
    std::env::var_os("GOPROXY_TEST_LONG").is_some()
}
