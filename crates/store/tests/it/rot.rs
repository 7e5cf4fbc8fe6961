//! Threat T8: files that change at rest, same size and same time, are noticed before anybody gets them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use goproxy_engine::{Kind, Object, Store};
use goproxy_store::{FsStore, Inspection, Lying, Unchanged};

use crate::kit::*;

const PATH: &str = "example.com/m";
const LARGE: usize = 300_000;

fn zip_object(v: &str) -> Object {
    object(PATH, v, Kind::Zip)
}

/// A zip of more than is hashed at each opening.
fn large_zip(v: &str) -> Vec<u8> {
    small_zip(&version(PATH, v), &"x".repeat(LARGE))
}

/// Flips a bit in the middle and sets the time back.
fn rot(path: &Path) {
    // The kernel's clock for file times is that coarse: a change within a tick of the check is not seen until the next.
    std::thread::sleep(Duration::from_millis(20));
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let before = file.metadata().unwrap();
    let (mut byte, at) = ([0], before.len() / 2);
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
}

#[tokio::test]
async fn a_large_zip_that_rots_between_two_openings_of_one_process() {
    let home = Home::new();
    let store = home.store();
    let object = zip_object("v1.0.0");
    commit(&store, &object, &large_zip("v1.0.0")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(opened(&store, &object).await, Some(large_zip("v1.0.0")));
    }
    rot(&home.download("example.com/m/@v/v1.0.0.zip"));
    assert_eq!(opened(&store, &object).await, None);
    assert_eq!(home.quarantined(), 1);
    commit(&store, &object, &large_zip("v1.0.0")).await.unwrap();
    assert_eq!(opened(&store, &object).await, Some(large_zip("v1.0.0")));
}

#[tokio::test]
async fn a_large_zip_that_rots_while_nobody_runs() {
    let home = Home::new();
    let object = zip_object("v1.0.0");
    commit(&home.store(), &object, &large_zip("v1.0.0")).await.unwrap();
    rot(&home.download("example.com/m/@v/v1.0.0.zip"));
    let store = home.store();
    let all = futures_of_openings(&store, &object).await;
    assert!(all.iter().all(Option::is_none), "none of those who ask at once gets it");
    assert_eq!(home.quarantined(), 1);
}

async fn futures_of_openings(store: &FsStore, object: &Object) -> Vec<Option<Vec<u8>>> {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, object) = (store.clone(), object.clone());
            tokio::spawn(async move { opened(&store, &object).await })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    all
}

#[tokio::test]
async fn the_walk_knows_every_object_and_what_lies_beside() {
    let home = Home::new();
    let store = home.store();
    let mv = version("example.com/Up/v2", "v2.0.0");
    let objects = [
        Object::Module(mv.clone(), Kind::Info),
        Object::SumLookup("sum.golang.org".into(), mv.clone()),
        tile("tile/8/0/000.p/3"),
    ];
    let bodies = [info("v2.0.0"), lookup(&mv), vec![7; 96]];
    for (object, body) in objects.iter().zip(&bodies) {
        commit(&store, object, body).await.unwrap();
    }
    let beside = ["list", "main.info", "v2.0.0.ziphash", "v2.0.0.lock"];
    beside.iter().for_each(|name| _ = home.plant(&format!("example.com/!up/v2/@v/{name}"), ""));
    for name in ["README", "example.com/Up/@v/v1.0.0.mod", "a%2fb", "cached-only/example.com/m/@v/v1.0.0.mod"] {
        home.plant(name, "");
    }
    let all: Vec<_> = store.walk().map(|(_, lying)| lying.unwrap()).collect();
    for object in objects {
        assert!(all.contains(&Lying::Object(object.clone())), "{object}");
    }
    let count = |wanted: &Lying| all.iter().filter(|lying| *lying == wanted).count();
    assert_eq!((count(&Lying::Beside), count(&Lying::Foreign), all.len()), (4, 4, 11), "{all:?}");
}

#[tokio::test]
async fn an_inspection_changes_nothing() {
    let home = Home::new();
    commit(&home.store(), &zip_object("v1.0.0"), &large_zip("v1.0.0")).await.unwrap();
    commit(&home.store(), &zip_object("v1.1.0"), &large_zip("v1.1.0")).await.unwrap();
    home.plant("example.com/m/@v/v1.2.0.info", info("v1.2.0"));
    home.plant("example.com/m/@v/v1.3.0.info", info("v1.2.0"));
    rot(&home.download("example.com/m/@v/v1.1.0.zip"));
    let before = files(home.path());
    let store = FsStore::look_at(home.path()).unwrap();
    let inspected = |object: Object| {
        let store = store.clone();
        async move { store.inspect(&object).await.unwrap() }
    };
    let Inspection::Sound(sound) = inspected(zip_object("v1.0.0")).await else { panic!("sound") };
    assert!(sound.recorded && sound.sum.is_some());
    let Inspection::Bad(_, why) = inspected(zip_object("v1.1.0")).await else { panic!("rotten") };
    assert_eq!(why, "changed on the disk since it was checked");
    let Inspection::Sound(foreign) = inspected(object(PATH, "v1.2.0", Kind::Info)).await else { panic!("sound") };
    assert!(!foreign.recorded);
    assert!(matches!(inspected(object(PATH, "v1.3.0", Kind::Info)).await, Inspection::Bad(..)));
    assert!(matches!(inspected(object(PATH, "v1.4.0", Kind::Info)).await, Inspection::Absent));
    let glass = Unchanged::of(store.clone());
    assert!(glass.open(&zip_object("v1.1.0")).await.unwrap().is_none());
    glass.reject(&zip_object("v1.0.0"), "a test").await.unwrap();
    assert!(glass.open(&zip_object("v1.0.0")).await.unwrap().is_none(), "out of sight");
    assert_eq!(files(home.path()), before);
    let nothing = tempfile::tempdir().unwrap();
    assert!(FsStore::look_at(nothing.path()).is_err());
    assert_eq!(files(nothing.path()), Vec::<String>::new());
}

#[tokio::test]
async fn the_scrub_finds_rot_that_nobody_asks_for() {
    let home = Home::new();
    let store = home.store();
    for v in ["v1.0.0", "v1.1.0"] {
        commit(&store, &zip_object(v), &large_zip(v)).await.unwrap();
    }
    let adopted = home.plant("example.com/m/@v/v1.2.0.info", info("v1.2.0"));
    home.plant("example.com/m/@v/v1.3.0.info", info("v1.2.0"));
    let good = home.download("example.com/m/@v/v1.0.0.zip");
    let times = || [&good, &adopted].map(|path| fs::metadata(path).unwrap().modified().unwrap());
    let before = times();
    rot(&home.download("example.com/m/@v/v1.1.0.zip"));
    let told = Arc::new(Mutex::new(BTreeMap::new()));
    // Two processes with one cache: the other one finds nothing to do.
    let other = home.store();
    let report = |outcome| *told.lock().unwrap().entry(outcome).or_insert(0) += 1;
    tokio::select! {
        () = store.scrub(Duration::from_secs(2), report) => {}
        () = other.scrub(Duration::from_secs(2), report) => {}
        () = async {
            while told.lock().unwrap().values().sum::<u32>() < 4 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
        () = tokio::time::sleep(Duration::from_mins(1)) => {}
    }
    let told = told.lock().unwrap().clone();
    assert_eq!((told.get("bad"), told.get("adopted"), told.get("failed")), (Some(&2), Some(&1), None), "{told:?}");
    assert_eq!(told["good"], 1, "once in a period, by one of them: {told:?}");
    assert_eq!(home.quarantined(), 2);
    assert_eq!(times(), before);
    assert_eq!(opened(&home.store(), &zip_object("v1.0.0")).await, Some(large_zip("v1.0.0")));
}
