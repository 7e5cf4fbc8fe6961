//! A cache that cannot be written, is full, or is not what it should be: hits go on, errors say why, nothing half is left.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt, path::Path};

use goproxy_engine::{Answer, ErrorKind, Kind, Object, Remembered, Store};
use goproxy_store::FsStore;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use crate::kit::*;

fn sample() -> (Object, Vec<u8>) {
    (object("example.com/m", "v1.0.0", Kind::Info), info("v1.0.0"))
}

/// Runs a test on a thread (and the threads it starts) to which permissions apply even if the user is root.
fn as_a_mere_user(test: impl AsyncFnOnce() + Send + 'static) {
    let thread = std::thread::spawn(|| {
        let mut mine = capabilities(None).unwrap();
        let dac = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        mine.effective.remove(dac);
        set_capabilities(None, mine).unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test());
    });
    thread.join().unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes every directory below unwritable, or writable again.
fn chmod_tree(path: &Path, mode: u32) {
    chmod(path, 0o755);
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            chmod_tree(&entry.path(), mode);
        }
    }
    chmod(path, mode);
}

#[test]
fn a_read_only_cache_serves_hits() {
    as_a_mere_user(async || {
        let home = Home::new();
        let (known, bytes) = sample();
        commit(&home.store(), &known, &bytes).await.unwrap();
        home.plant("example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
        home.plant("example.com/m/@v/v1.0.1.info", "{}");
        chmod_tree(home.path(), 0o555);
        let store = home.store();
        assert_eq!(opened(&store, &known).await, Some(bytes));
        let adopted = object("example.com/m", "v1.0.0", Kind::Mod);
        assert!(opened(&store, &adopted).await.is_some());
        assert_eq!(opened(&store, &object("example.com/m", "v1.0.1", Kind::Info)).await, None, "bad, and stays");
        for error in [store.stage().await.unwrap_err(), store.writable().await.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert_eq!(error.message(), "the proxy is not allowed to use its cache");
            assert!(error.detail().unwrap().contains(home.path().to_str().unwrap()));
        }
        chmod_tree(home.path(), 0o755);
        store.writable().await.unwrap();
        commit(&store, &object("example.com/m", "v1.0.1", Kind::Info), &info("v1.0.1")).await.unwrap();
    });
}

/// A tree of `go` on a read-only mount, never seen by us before.
#[test]
fn a_read_only_tree_of_go_serves_hits() {
    as_a_mere_user(async || {
        let home = Home::new();
        let (object, bytes) = sample();
        home.plant("example.com/m/@v/v1.0.0.info", &bytes);
        chmod_tree(home.path(), 0o555);
        let store = home.store();
        assert_eq!(opened(&store, &object).await.as_ref(), Some(&bytes));
        assert_eq!(opened(&store, &object).await, Some(bytes));
        store.writable().await.unwrap_err();
        chmod_tree(home.path(), 0o755);
        store.writable().await.unwrap();
    });
}

/// What a container as root has left in a volume, and a folder that root has made for us.
#[test]
fn a_cache_of_another_user_is_refused_with_the_remedy() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can give a directory away");
        return;
    }
    as_a_mere_user(async || {
        for below in ["pkg/mod/cache/download", "."] {
            let home = Home::new();
            fs::create_dir_all(home.path().join(below)).unwrap();
            for dir in home.path().join(below).ancestors().take_while(|dir| dir.starts_with(home.path())) {
                std::os::unix::fs::chown(dir, Some(12345), None).unwrap();
            }
            let error = FsStore::open(home.path()).unwrap_err();
            let remedy =
                format!("belongs to user 12345 and this is user 0: run `chown -R 0:0 {}`", home.path().display());
            assert!(error.message().contains(&remedy), "{error}");
        }
    });
}

#[test]
fn hits_and_commits_do_without_records() {
    as_a_mere_user(async || {
        let home = Home::new();
        let store = home.store();
        fs::create_dir(home.own("records")).unwrap();
        chmod(&home.own("records"), 0);
        let (object, bytes) = sample();
        commit(&store, &object, &bytes).await.unwrap();
        assert_eq!(opened(&store, &object).await, Some(bytes.clone()));
        drop(store);
        assert_eq!(opened(&home.store(), &object).await, Some(bytes), "checked again");
        chmod(&home.own("records"), 0o755);
        assert_eq!(files(&home.own("records")), Vec::<String>::new());
    });
}

#[test]
fn an_object_that_may_not_be_read_is_an_error_not_an_absence() {
    as_a_mere_user(async || {
        let home = Home::new();
        let store = home.store();
        let (object, bytes) = sample();
        commit(&store, &object, &bytes).await.unwrap();
        chmod(&home.download("example.com/m/@v/v1.0.0.info"), 0);
        let error = store.open(&object).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.message().contains('/'), "{error}");
    });
}

#[tokio::test]
async fn a_file_where_a_directory_should_be() {
    let home = Home::new();
    let store = home.store();
    fs::write(home.download("example.com"), "").unwrap();
    let (object, bytes) = sample();
    assert_eq!(opened(&store, &object).await, None);
    let error = commit(&store, &object, &bytes).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(!error.message().contains('/'), "{error}");
    assert!(error.detail().unwrap().contains("example.com/m/@v/v1.0.0.info"));
    assert_eq!(home.temporary(), 0);
    let remembered = Remembered { body: "v1.0.0\n".into(), asked: std::time::UNIX_EPOCH };
    store.save(&Answer::List(module("example.com/m")), &remembered).await.unwrap();
}

#[test]
fn a_newer_format_is_refused() {
    let home = Home::new();
    drop(home.store());
    assert_eq!(fs::read_to_string(home.own("VERSION")).unwrap(), "1\n");
    drop(home.store());
    for (version, cause) in [("2\n", "format 2"), ("", "no number"), ("one", "no number")] {
        fs::write(home.own("VERSION"), version).unwrap();
        let error = FsStore::open(home.path()).unwrap_err();
        assert!(error.message().contains(cause), "{error}");
        assert!(error.message().contains("goproxy/VERSION: "), "{error}");
    }
}

#[test]
fn a_cache_directory_that_cannot_be_one_is_refused() {
    let home = Home::new();
    fs::write(home.path().join("pkg"), "").unwrap();
    let error = FsStore::open(home.path()).unwrap_err();
    assert!(error.message().contains("remove the file"), "{error}");
    assert!(error.message().contains("pkg/mod/cache/download: "), "{error}");
    let error = FsStore::open(Path::new("/proc/goproxy")).unwrap_err();
    assert!(error.message().contains("-cacheDir"), "{error}");
}

/// Runs the ignored test below on a file system of 1 MiB of its own, where the system lets us mount one.
#[test]
fn a_full_disk() {
    let home = Home::new();
    let run = |command: &str| {
        #[expect(clippy::disallowed_methods, reason = "the test needs a mount namespace of its own")]
        std::process::Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c"])
            .arg(format!(r#"mount -t tmpfs -o size=1m none "$GOPROXY_TEST_DISK" && {command}"#))
            .arg(std::env::current_exe().unwrap())
            .env("GOPROXY_TEST_DISK", home.path())
            .output()
    };
    if !run("true").is_ok_and(|output| output.status.success()) {
        // Past the capture of the test runner.
        let _ = writeln!(std::io::stderr(), "SKIPPED: cannot mount here");
        return;
    }
    let output = run(r#"exec "$0" --exact faults::on_a_full_disk --ignored"#).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "started by a_full_disk"]
async fn on_a_full_disk() {
    let home = Home::at(std::env::var_os("GOPROXY_TEST_DISK").unwrap().into());
    let store = home.store();
    let (known, bytes) = sample();
    commit(&store, &known, &bytes).await.unwrap();
    home.plant("example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    let answer = Answer::List(module("example.com/m"));
    let before = Remembered { body: "v1.0.0\n".into(), asked: std::time::UNIX_EPOCH };
    store.save(&answer, &before).await.unwrap();
    let tree = files(&home.download(""));
    let ballast = home.path().join("ballast");
    assert!(fs::write(&ballast, vec![0; 2 << 20]).is_err(), "the disk is full now");

    assert_eq!(opened(&store, &known).await, Some(bytes));
    assert!(opened(&store, &object("example.com/m", "v1.0.0", Kind::Mod)).await.is_some(), "adopted");
    let mv = version("example.com/m", "v1.1.0");
    let zip = zip(&mv, &[("data", &vec![0; 100_000])]);
    let error = commit(&store, &Object::Module(mv.clone(), Kind::Zip), &zip).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let after = Remembered { body: "v1.0.0\n".repeat(1000).into(), ..before.clone() };
    for error in [store.save(&answer, &after).await.unwrap_err(), store.writable().await.unwrap_err()] {
        assert_eq!(error.message(), "the proxy's cache is full");
    }
    assert_eq!(store.load(&answer).await.unwrap(), Some(before));
    assert_eq!(home.temporary(), 0);
    assert_eq!(files(&home.download("")), tree);

    fs::remove_file(&ballast).unwrap();
    store.writable().await.unwrap();
    commit(&store, &Object::Module(mv, Kind::Zip), &zip).await.unwrap();
    assert_eq!(home.quarantined(), 0);
}
