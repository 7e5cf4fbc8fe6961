//! What somebody put where our own files belong.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use goproxy_engine::{Fact, Kind, Store};
use goproxy_store::FsStore;

use crate::kit::*;

const PATH: &str = "example.com/m";

fn pipe(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
}

/// Every request for that version took a thread for ever, until none was left.
#[tokio::test]
async fn a_pipe_in_place_of_a_record_was_waited_for() {
    let home = Home::new();
    let object = object(PATH, "v1.0.0", Kind::Mod);
    let content = "module example.com/m\n";
    home.plant("example.com/m/@v/v1.0.0.mod", content);
    pipe(&home.record("example.com/m/@v/v1.0.0"));
    let store = home.store();
    let found = tokio::time::timeout(Duration::from_secs(20), opened(&store, &object)).await;
    assert_eq!(found.expect("in time"), Some(content.into()), "checked, and served");
}

#[tokio::test]
async fn a_record_was_written_wherever_a_link_led() {
    let home = Home::new();
    let (elsewhere, record) = (home.path().join("elsewhere"), home.record("example.com/m/@v/v1.0.0"));
    fs::write(&elsewhere, "theirs\n").unwrap();
    fs::create_dir_all(record.parent().unwrap()).unwrap();
    symlink(&elsewhere, &record).unwrap();
    home.plant("example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    assert!(opened(&home.store(), &object(PATH, "v1.0.0", Kind::Mod)).await.is_some());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs\n");
}

#[tokio::test]
async fn a_pipe_in_place_of_a_lock_was_waited_for() {
    let home = Home::new();
    drop(home.store());
    pipe(&home.own("facts/lock"));
    pipe(&home.own("tmp/1-0000000000000000.lock"));
    let path = home.path().to_owned();
    let opened = tokio::task::spawn_blocking(move || FsStore::open(&path));
    let store = tokio::time::timeout(Duration::from_secs(20), opened).await.expect("in time").unwrap().unwrap();
    let (fact, text) = (Fact::Sum(version(PATH, "v1.0.0"), Kind::Mod), "text".into());
    let written = tokio::time::timeout(Duration::from_secs(20), store.establish(&fact, None, &text)).await;
    assert!(written.expect("in time").unwrap_err().detail().unwrap().contains("is no file of ours"));
}

#[test]
fn a_pipe_in_place_of_the_format_s_number_was_waited_for() {
    let home = Home::new();
    drop(home.store());
    pipe(&home.own("VERSION"));
    assert!(FsStore::open(home.path()).unwrap_err().message().contains("VERSION"));
}

/// A link to a place with more room, as it was meant: at the next start everything there was gone.
#[test]
fn what_others_keep_where_a_link_leads_was_removed_as_temporary() {
    let home = Home::new();
    drop(home.store());
    let theirs = home.path().join("theirs");
    fs::create_dir_all(theirs.join("project-1/src")).unwrap();
    fs::write(theirs.join("notes.lock"), "theirs").unwrap();
    fs::remove_dir(home.own("tmp")).unwrap();
    symlink(&theirs, home.own("tmp")).unwrap();
    drop(home.store());
    assert!(theirs.join("project-1/src").exists() && theirs.join("notes.lock").exists());
}
