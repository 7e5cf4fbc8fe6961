//! The small helpers.

use std::{fs, time::Duration};

use goproxy_testkit::{SumDb, free_port, tree_hash, wait_until};
use tempfile::TempDir;

#[test]
fn a_tree_hash_sees_names_contents_kinds_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let empty = tree_hash(dir.path());
    assert_eq!(empty, tree_hash(&dir.path().join("missing")));
    fs::create_dir(dir.path().join("a")).unwrap();
    let with_folder = tree_hash(dir.path());
    assert_ne!(with_folder, empty);
    fs::write(dir.path().join("a/b"), "1").unwrap();
    let with_file = tree_hash(dir.path());
    assert_ne!(with_file, with_folder);
    fs::write(dir.path().join("a/b"), "2").unwrap();
    assert_ne!(tree_hash(dir.path()), with_file);
    fs::write(dir.path().join("a/b"), "1").unwrap();
    assert_eq!(tree_hash(dir.path()), with_file);
}

#[tokio::test]
async fn waiting_ends_when_the_condition_holds_or_the_limit_is_over() {
    let mut asked = 0;
    let held = wait_until(Duration::from_secs(10), || {
        asked += 1;
        asked == 3
    });
    assert!(held.await);
    assert!(!wait_until(Duration::from_millis(50), || false).await);
    assert_ne!(free_port(), 0);
}

#[test]
fn a_database_has_the_shapes_that_the_protocol_names() {
    let sumdb = SumDb::new("sums.example.test");
    sumdb.pad(257);
    let lookup = sumdb.lookup("padding.example/m256@v1.0.0").unwrap();
    assert!(lookup.starts_with("256\npadding.example/m256 v1.0.0 h1:"));
    assert!(lookup.contains("\n\ngo.sum database tree\n257\n"));
    assert!(lookup.contains("\n\n\u{2014} sums.example.test "));
    assert_eq!(sumdb.tile("tile/8/0/000").unwrap().len(), 256 * 32);
    assert_eq!(sumdb.tile("tile/8/0/001.p/1").unwrap().len(), 32);
    for absent in ["tile/8/0/001", "tile/8/0/1.p/1", "tile/8/0/x000/001.p/1", "tile/8/0/000.p/256", "tile/8/00/000"] {
        assert_eq!(sumdb.tile(absent), None, "{absent}");
    }
    assert_eq!(sumdb.tile("tile/8/1/000.p/1").unwrap().len(), 32);
    assert_eq!(sumdb.tile("tile/8/data/001.p/1").unwrap().iter().filter(|byte| **byte == b'\n').count(), 3);
    assert!(sumdb.verifier_key().starts_with("sums.example.test+"));
    assert_eq!(sumdb.lookup("absent.example/m@v1.0.0"), None);
}
