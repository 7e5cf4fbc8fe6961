//! Large files stay open while they are in demand; what happens to their names is seen all the same.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use goproxy_engine::{Kind, Object, Store};
use goproxy_store::FsStore;

use crate::kit::*;

const PATH: &str = "example.com/m";

fn large_zip(fill: &str) -> Vec<u8> {
    small_zip(&version(PATH, "v1.0.0"), &fill.repeat(300_000))
}

/// A store that has the zip open, and where the zip is.
async fn in_demand(home: &Home) -> (FsStore, Object, PathBuf) {
    let (store, object) = (home.store(), object(PATH, "v1.0.0", Kind::Zip));
    commit(&store, &object, &large_zip("x")).await.unwrap();
    for _ in 0..3 {
        assert_eq!(opened(&store, &object).await, Some(large_zip("x")));
    }
    let path = home.download("example.com/m/@v/v1.0.0.zip");
    assert!(is_open(&path), "it does not stay open");
    (store, object, path)
}

/// Whether this process has the file open.
fn is_open(path: &Path) -> bool {
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let wanted = id(fs::metadata(path).unwrap());
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    descriptors.filter_map(|entry| fs::metadata(entry.unwrap().path()).ok()).any(|meta| id(meta) == wanted)
}

#[tokio::test]
async fn a_removed_file_was_served_from_its_open_handle() {
    let home = Home::new();
    let (store, object, path) = in_demand(&home).await;
    fs::remove_file(&path).unwrap();
    assert_eq!(opened(&store, &object).await, None);
    commit(&store, &object, &large_zip("x")).await.unwrap();
    assert_eq!(opened(&store, &object).await, Some(large_zip("x")));
}

#[tokio::test]
async fn a_replaced_file_was_served_from_its_open_handle() {
    let home = Home::new();
    let (store, object, path) = in_demand(&home).await;
    let new = home.path().join("new.zip");
    fs::write(&new, large_zip("y")).unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(opened(&store, &object).await, Some(large_zip("y")), "adopted, as any file that lies there");
}

#[tokio::test]
async fn a_rejected_file_was_served_from_its_open_handle() {
    let home = Home::new();
    let (store, object, path) = in_demand(&home).await;
    store.reject(&object, "for a test").await.unwrap();
    assert!(!path.exists());
    assert_eq!(opened(&store, &object).await, None);
}

/// Another process has found that it does not hold: the name is gone, the file is not.
#[tokio::test]
async fn a_file_that_another_process_moved_aside_was_served_from_its_open_handle() {
    let home = Home::new();
    let (store, object, path) = in_demand(&home).await;
    home.store().reject(&object, "for a test").await.unwrap();
    assert!(!path.exists() && home.quarantined() == 1);
    assert_eq!(opened(&store, &object).await, None);
    commit(&store, &object, &large_zip("x")).await.unwrap();
    assert_eq!(opened(&store, &object).await, Some(large_zip("x")));
}

#[tokio::test]
async fn a_cut_file_was_served_from_its_open_handle() {
    for len in [0, 70_000, 290_000] {
        let home = Home::new();
        let (store, object, path) = in_demand(&home).await;
        File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
        assert_eq!(opened(&store, &object).await, None, "{len}");
        assert_eq!(home.quarantined(), 1, "{len}");
    }
}

/// Same size, same time, another byte.
#[tokio::test]
async fn a_file_written_over_was_served_from_its_open_handle() {
    let home = Home::new();
    let (store, object, path) = in_demand(&home).await;
    // The kernel's clock for file times is that coarse.
    std::thread::sleep(Duration::from_millis(20));
    let file = File::options().write(true).open(&path).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"y", 100_000).unwrap();
    file.set_modified(before).unwrap();
    assert_eq!(opened(&store, &object).await, None);
    assert_eq!(home.quarantined(), 1);
}

#[tokio::test]
async fn more_files_than_may_stay_open() {
    let home = Home::new();
    let store = home.store();
    for patch in 0..700 {
        let name = format!("v1.0.{patch}");
        let object = object(PATH, &name, Kind::Zip);
        let zip = small_zip(&version(PATH, &name), &"z".repeat(70_000));
        commit(&store, &object, &zip).await.unwrap();
        assert_eq!(opened(&store, &object).await, Some(zip));
    }
    let home = fs::canonicalize(home.path()).unwrap();
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let ours = descriptors.filter(|fd| fs::read_link(fd).is_ok_and(|to| to.starts_with(&home))).count();
    // And what the store has open of its own.
    assert!((100..=516).contains(&ours), "{ours} are open");
}
