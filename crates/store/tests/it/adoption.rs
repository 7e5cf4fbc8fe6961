//! A cache directory that `go` or the original wrote, or writes while we serve from it.

use std::{fs, os::unix::fs::symlink, time::SystemTime};

use goproxy_engine::{Answer, Kind, Object, Store};

use crate::kit::*;

const PATH: &str = "example.com/m";
const DIR: &str = "example.com/m/@v";

fn at(v: &str, kind: Kind) -> Object {
    object(PATH, v, kind)
}

/// What `go mod download` leaves for one version.
fn plant_version(home: &Home, v: &str) {
    let mv = version(PATH, v);
    home.plant(&format!("{DIR}/{v}.info"), info(v));
    home.plant(&format!("{DIR}/{v}.mod"), "module example.com/m\n");
    home.plant(&format!("{DIR}/{v}.zip"), small_zip(&mv, "package m\n"));
    home.plant(&format!("{DIR}/{v}.ziphash"), "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    home.plant(&format!("{DIR}/{v}.lock"), "");
    home.plant(&format!("{DIR}/list"), format!("{v}\n"));
}

#[tokio::test]
async fn what_go_wrote_is_a_hit() {
    let home = Home::new();
    plant_version(&home, "v1.0.0");
    let before = files(&home.download(""));
    let store = home.store();
    for kind in [Kind::Info, Kind::Mod, Kind::Zip] {
        let file = fs::read(home.download(&format!("{DIR}/v1.0.0.{}", kind.extension()))).unwrap();
        assert_eq!(opened(&store, &at("v1.0.0", kind)).await, Some(file));
    }
    assert_eq!(files(&home.download("")), before);
    let record = home.findings("example.com/m/@v/v1.0.0");
    assert_eq!(record.lines().filter(|line| line.ends_with(" adopted")).count(), 3, "{record}");
    drop(store);
    let store = home.store();
    assert!(opened(&store, &at("v1.0.0", Kind::Zip)).await.is_some());
    assert_eq!(home.findings("example.com/m/@v/v1.0.0"), record, "not checked again");
    assert_eq!(store.usage().committed_objects, 0);
}

#[tokio::test]
async fn what_does_not_hold_is_moved_aside_and_replaced() {
    let mv = version(PATH, "v1.0.0");
    let good = small_zip(&mv, "package m\n");
    let bad: Vec<(Kind, Vec<u8>)> = vec![
        (Kind::Zip, Vec::new()),
        (Kind::Zip, b"<a href=\"https://example.com/\">Found</a>.\n".to_vec()),
        (Kind::Zip, good[..good.len() - 30].to_vec()),
        (Kind::Zip, small_zip(&version(PATH, "v1.0.1"), "package m\n")),
        (Kind::Info, info("v1.0.1")),
        (Kind::Info, Vec::new()),
        (Kind::Mod, Vec::new()),
        (Kind::Mod, b"<html><body>log in</body></html>".to_vec()),
    ];
    for (kind, bytes) in bad {
        let home = Home::new();
        plant_version(&home, "v1.0.0");
        let name = format!("{DIR}/v1.0.0.{}", kind.extension());
        let good = fs::read(home.download(&name)).unwrap();
        home.plant(&name, &bytes);
        let store = home.store();
        assert_eq!(opened(&store, &at("v1.0.0", kind)).await, None, "{name} {bytes:?}");
        assert_eq!(home.quarantined(), 1);
        let aside = &files(&home.own("quarantine"))[0];
        assert!(aside.ends_with(&format!("/{name}")), "{aside}");
        assert_eq!(fs::read(home.own("quarantine").join(aside)).unwrap(), bytes);
        assert_eq!(home.download(&format!("{DIR}/v1.0.0.ziphash")).exists(), kind != Kind::Zip);
        for other in [Kind::Info, Kind::Mod, Kind::Zip].into_iter().filter(|other| *other != kind) {
            assert!(opened(&store, &at("v1.0.0", other)).await.is_some(), "{other:?} stands alone");
        }
        commit(&store, &at("v1.0.0", kind), &good).await.unwrap();
        assert_eq!(opened(&store, &at("v1.0.0", kind)).await, Some(good));
    }
}

#[tokio::test]
async fn a_commit_gets_past_a_bad_file() {
    let home = Home::new();
    home.plant(&format!("{DIR}/v1.0.0.info"), "");
    let store = home.store();
    let stored = commit(&store, &at("v1.0.0", Kind::Info), &info("v1.0.0")).await.unwrap();
    assert_eq!(content(&stored), info("v1.0.0"));
    assert_eq!(fs::read(home.download(&format!("{DIR}/v1.0.0.info"))).unwrap(), info("v1.0.0"));
    assert_eq!(home.quarantined(), 1);
}

#[tokio::test]
async fn a_commit_yields_to_a_good_file_of_go() {
    let home = Home::new();
    let of_go = br#"{"Version":"v1.0.0","Time":"2024-05-06T07:08:09Z","Origin":{"VCS":"git"}}"#;
    home.plant(&format!("{DIR}/v1.0.0.info"), of_go);
    let store = home.store();
    let stored = commit(&store, &at("v1.0.0", Kind::Info), &info("v1.0.0")).await.unwrap();
    assert_eq!(content(&stored), of_go);
    assert_eq!(home.temporary(), 0);
}

#[tokio::test]
async fn links_and_directories_in_the_way_count_as_absent() {
    let home = Home::new();
    let secret = home.path().join("secret");
    fs::write(&secret, info("v1.0.0")).unwrap();
    let name = home.download(&format!("{DIR}/v1.0.0.info"));
    fs::create_dir_all(name.parent().unwrap()).unwrap();
    let store = home.store();
    symlink(&secret, &name).unwrap();
    assert_eq!(opened(&store, &at("v1.0.0", Kind::Info)).await, None);
    assert!(!name.is_symlink());
    assert_eq!(fs::read(&secret).unwrap(), info("v1.0.0"), "what the link leads to is left alone");
    fs::create_dir(&name).unwrap();
    fs::write(name.join("inside"), "").unwrap();
    assert_eq!(opened(&store, &at("v1.0.0", Kind::Info)).await, None);
    symlink(&secret, &name).unwrap();
    let stored = commit(&store, &at("v1.0.0", Kind::Info), &info("v1.0.0")).await.unwrap();
    assert_eq!(content(&stored), info("v1.0.0"));
    assert!(!name.is_symlink());
    assert_eq!(home.quarantined(), 3);
}

/// `go` may rewrite a file that we know; a user may destroy one.
#[tokio::test]
async fn a_rewritten_object_is_checked_again() {
    let home = Home::new();
    let store = home.store();
    let object = at("v1.0.0", Kind::Info);
    commit(&store, &object, &info("v1.0.0")).await.unwrap();
    let longer = br#"{"Version":"v1.0.0","Time":"2024-05-06T07:08:09Z","Origin":{}}"#;
    home.plant(&format!("{DIR}/v1.0.0.info"), longer);
    assert_eq!(opened(&store, &object).await.as_deref(), Some(&longer[..]));
    let as_long = br#"{"Version":"v1.0.0","Origin":{},"Time":"2024-05-06T07:08:09Z"}"#;
    home.plant(&format!("{DIR}/v1.0.0.info"), as_long);
    assert_eq!(opened(&store, &object).await.as_deref(), Some(&as_long[..]), "same size, other time");
    home.plant(&format!("{DIR}/v1.0.0.info"), "{}");
    assert_eq!(opened(&store, &object).await, None);
    assert_eq!(home.quarantined(), 1);
}

/// First-seen survives a rewrite: later policies count from it.
#[tokio::test]
async fn the_first_sight_is_kept() {
    let home = Home::new();
    plant_version(&home, "v1.0.0");
    let record = home.record("example.com/m/@v/v1.0.0");
    fs::create_dir_all(record.parent().unwrap()).unwrap();
    fs::write(&record, format!("mod {} 1 1 1234 adopted\n", "00".repeat(32))).unwrap();
    let store = home.store();
    assert!(opened(&store, &at("v1.0.0", Kind::Mod)).await.is_some());
    let text = fs::read_to_string(&record).unwrap();
    let last: Vec<_> = text.lines().last().unwrap().split(' ').collect();
    assert_eq!((last[0], last[4], last[5]), ("mod", "1234", "adopted"), "{text}");
}

/// Threat T8: same size, same time, other bytes.
#[tokio::test]
async fn a_bit_that_flipped_on_the_disk_is_noticed() {
    let home = Home::new();
    let store = home.store();
    let object = at("v1.0.0", Kind::Mod);
    commit(&store, &object, b"module example.com/m\n").await.unwrap();
    let file = fs::File::options().write(true).open(home.download(&format!("{DIR}/v1.0.0.mod"))).unwrap();
    let before: SystemTime = file.metadata().unwrap().modified().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"n", 19).unwrap();
    file.set_modified(before).unwrap();
    assert_eq!(opened(&store, &object).await, None);
    assert_eq!(home.quarantined(), 1);
}

/// Threats, head: `go` rewrites `@v/list` with what it has, and lists shrank.
#[tokio::test]
async fn the_list_of_go_is_never_served() {
    let home = Home::new();
    plant_version(&home, "v1.0.0");
    let store = home.store();
    let answer = Answer::List(module(PATH));
    assert_eq!(store.load(&answer).await.unwrap(), None);
    let ours = goproxy_engine::Remembered { body: "v1.0.0\nv1.1.0\n".into(), asked: SystemTime::UNIX_EPOCH };
    store.save(&answer, &ours).await.unwrap();
    assert_eq!(fs::read_to_string(home.download(&format!("{DIR}/list"))).unwrap(), "v1.0.0\nv1.1.0\n");
    home.plant(&format!("{DIR}/list"), "v1.0.0\n");
    assert_eq!(store.load(&answer).await.unwrap(), Some(ours));
}
