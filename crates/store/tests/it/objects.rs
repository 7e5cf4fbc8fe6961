//! The life of each kind of object: absent, committed, open, there after a restart.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use goproxy_engine::{Blob, ErrorKind, Kind, Object, Store};
use sha2::{Digest, Sha256};

use crate::kit::*;

const TOOLS: &str = "github.com/Azure/Tools/v2";
const DB: &str = "sum.golang.org";

fn samples() -> Vec<(Object, Vec<u8>, &'static str)> {
    let mv = version(TOOLS, "v2.1.0-RC1");
    let big = vec![b'x'; 200_000];
    let zip = zip(&mv, &[("go.mod", b"module github.com/Azure/Tools/v2\n"), ("data", &big)]);
    let at = |kind| Object::Module(mv.clone(), kind);
    vec![
        (at(Kind::Info), info("v2.1.0-RC1"), "github.com/!azure/!tools/v2/@v/v2.1.0-!r!c1.info"),
        (at(Kind::Mod), format!("module {TOOLS}\n").into(), "github.com/!azure/!tools/v2/@v/v2.1.0-!r!c1.mod"),
        (at(Kind::Zip), zip, "github.com/!azure/!tools/v2/@v/v2.1.0-!r!c1.zip"),
        (
            Object::SumLookup(DB.into(), mv.clone()),
            lookup(&mv),
            "sumdb/sum.golang.org/lookup/github.com/!azure/!tools/v2@v2.1.0-!r!c1",
        ),
        (tile("tile/8/0/x001/234"), vec![7; 256 * 32], "sumdb/sum.golang.org/tile/8/0/x001/234"),
        (tile("tile/8/0/x001/234.p/5"), vec![8; 5 * 32], "sumdb/sum.golang.org/tile/8/0/x001/234.p/5"),
    ]
}

#[tokio::test]
async fn lives_through_commit_open_and_restart() {
    let home = Home::new();
    let started = SystemTime::now() - Duration::from_secs(5);
    let store = home.store();
    for (object, bytes, name) in samples() {
        assert_eq!(opened(&store, &object).await, None, "{object}");
        let stored = commit(&store, &object, &bytes).await.unwrap();
        assert_eq!(content(&stored), bytes, "{object}");
        assert_eq!(stored.size, bytes.len() as u64);
        assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
        assert!(stored.modified > started);
        assert_eq!(matches!(stored.blob, Blob::File(_)), bytes.len() > 64 << 10, "{object}");
        assert_eq!(fs::read(home.download(name)).unwrap(), bytes);
        assert_eq!(opened(&store, &object).await.as_ref(), Some(&bytes));
    }
    let usage = store.usage();
    assert_eq!(usage.committed_objects, 6);
    assert_eq!(usage.committed_bytes, samples().iter().map(|(_, bytes, _)| bytes.len() as u64).sum::<u64>());
    assert!(usage.fs_total_bytes > usage.fs_free_bytes && usage.fs_free_bytes > 0);
    drop(store);
    let store = home.store();
    for (object, bytes, _) in samples() {
        assert_eq!(opened(&store, &object).await, Some(bytes), "{object}");
    }
    assert_eq!(home.quarantined(), 0);
}

/// What `GOPROXY=file://` and a `go` with this module cache look for: these names and no others.
#[tokio::test]
async fn the_tree_is_that_of_go() {
    let home = Home::new();
    let store = home.store();
    for (object, bytes, _) in samples() {
        commit(&store, &object, &bytes).await.unwrap();
    }
    let mut expected: Vec<_> = samples().into_iter().map(|(_, _, name)| name.to_owned()).collect();
    expected.sort();
    assert_eq!(files(&home.download("")), expected);
}

#[tokio::test]
async fn a_restart_knows_what_was_checked() {
    let home = Home::new();
    let store = home.store();
    for (object, bytes, _) in samples() {
        commit(&store, &object, &bytes).await.unwrap();
    }
    let record = home.findings("github.com/!azure/!tools/v2/@v/v2.1.0-!r!c1");
    let lines: Vec<_> = record.lines().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), ["info", "mod", "zip"]);
    assert!(lines.iter().all(|line| line.len() == 6 && line[5] == "own"));
    drop(store);
    let store = home.store();
    for (object, _, _) in samples() {
        store.open(&object).await.unwrap().unwrap();
    }
    let after = home.findings("github.com/!azure/!tools/v2/@v/v2.1.0-!r!c1");
    assert_eq!(after, record, "nothing was checked again");
}

#[tokio::test]
async fn what_is_staged_and_dropped_leaves_nothing() {
    let home = Home::new();
    let store = home.store();
    let staging = stage(&store, b"half").await.unwrap();
    assert_eq!(home.temporary(), 1);
    drop(staging);
    let mv = version(TOOLS, "v2.0.0");
    let refused = commit(&store, &Object::Module(mv, Kind::Zip), b"<html>").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(home.temporary(), 0);
    assert_eq!(files(&home.download("")), Vec::<String>::new());
}

/// Linux gives a name 255 bytes. A longer one is absent, and cannot be stored; neither panics.
#[tokio::test]
async fn names_too_long_for_the_file_system() {
    let home = Home::new();
    let store = home.store();
    home.plant("example.com/a/@v/list", "");
    for (path, v) in [
        (format!("example.com/{}", "a".repeat(300)), "v1.0.0".to_owned()),
        ("example.com/a".to_owned(), format!("v1.0.0-{}", "A".repeat(200))),
    ] {
        let object = object(&path, &v, Kind::Info);
        assert_eq!(opened(&store, &object).await, None);
        let error = commit(&store, &object, &info(&v)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(error.message(), "the name is too long for the proxy's cache");
    }
    assert_eq!(home.temporary(), 0);
}

#[tokio::test]
async fn a_database_name_cannot_leave_the_tree() {
    let home = Home::new();
    let store = home.store();
    let mv = version("example.com/a", "v1.0.0");
    fs::write(home.path().join("pkg/mod/cache/lookup"), "").unwrap();
    let object = Object::SumLookup("../..".into(), mv.clone());
    assert_eq!(opened(&store, &object).await, None);
    let error = commit(&store, &object, &lookup(&mv)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(files(&home.download("")), Vec::<String>::new());
}
