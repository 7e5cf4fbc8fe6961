//! Many writers, several processes, one cache directory.

use std::{collections::HashSet, fs, sync::Arc};

use goproxy_engine::{Kind, Object, Store, check};
use tokio::{sync::Barrier, task::JoinSet};

use crate::kit::*;

/// Two true zips of one version (threats 1.16): whoever comes first is believed, by all and for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_writer_wins() {
    let mv = version("example.com/m", "v1.0.0");
    let object = Object::Module(mv.clone(), Kind::Zip);
    let contents = ["package m // one\n", "package m // two\n"].map(|text| small_zip(&mv, text));
    for _ in 0..8 {
        let home = Home::new();
        let stores = [home.store(), home.store()];
        let barrier = Arc::new(Barrier::new(32));
        let mut tasks = JoinSet::new();
        for i in 0..32 {
            let (store, object, barrier) = (stores[i % 2].clone(), object.clone(), Arc::clone(&barrier));
            let bytes = contents[i / 2 % 2].clone();
            tasks.spawn(async move {
                let verified = check::verify(object, stage(&store, &bytes).await.unwrap()).await.unwrap();
                barrier.wait().await;
                content(&store.commit(verified).await.unwrap())
            });
        }
        let seen: HashSet<_> = tasks.join_all().await.into_iter().collect();
        assert_eq!(seen.len(), 1);
        let won = fs::read(home.download("example.com/m/@v/v1.0.0.zip")).unwrap();
        assert!(seen.contains(&won));
        drop(stores);
        assert_eq!(opened(&home.store(), &object).await, Some(won));
        assert_eq!(home.quarantined(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_adopters_check_once() {
    let home = Home::new();
    let mv = version("example.com/m", "v1.0.0");
    let bytes = zip(&mv, &[("go.mod", b"module example.com/m\n"), ("data", &vec![0; 1 << 20])]);
    home.plant("example.com/m/@v/v1.0.0.zip", &bytes);
    let (store, object) = (home.store(), Object::Module(mv, Kind::Zip));
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (store, object) = (store.clone(), object.clone());
        tasks.spawn(async move { opened(&store, &object).await });
    }
    assert!(tasks.join_all().await.into_iter().all(|seen| seen.as_ref() == Some(&bytes)));
    let record = home.findings("example.com/m/@v/v1.0.0");
    assert_eq!(record.lines().count(), 1, "{record}");
}

#[tokio::test]
async fn what_a_dead_process_left_is_removed_and_a_living_one_kept() {
    let home = Home::new();
    let living = home.store();
    let staging = stage(&living, b"being written").await.unwrap();
    for dead in ["77-00000000000dead0/0", "77-00000000000dead0/1", "78-00000000000dead1/0"] {
        fs::create_dir_all(home.own("tmp").join(dead).parent().unwrap()).unwrap();
        fs::write(home.own("tmp").join(dead), "half a zip").unwrap();
    }
    fs::write(home.own("tmp/77-00000000000dead0.lock"), "").unwrap();
    assert_eq!(home.temporary(), 4);
    let second = home.store();
    assert_eq!(home.temporary(), 1);
    let object = object("example.com/m", "v1.0.0", Kind::Mod);
    let mut staging = staging;
    staging.write(b"\nmodule example.com/m\n").await.unwrap();
    drop(staging);
    commit(&living, &object, b"module example.com/m\n").await.unwrap();
    assert_eq!(opened(&second, &object).await.as_deref(), Some(&b"module example.com/m\n"[..]));
    drop((living, second));
    assert_eq!(files(&home.own("tmp")), Vec::<String>::new());
}

/// Somebody tidies up under us: the next fetch works.
#[tokio::test]
async fn the_temporary_directory_may_vanish() {
    let home = Home::new();
    let store = home.store();
    drop(stage(&store, b"x").await.unwrap());
    fs::remove_dir_all(home.own("")).unwrap();
    let object = object("example.com/m", "v1.0.0", Kind::Mod);
    commit(&store, &object, b"module example.com/m\n").await.unwrap();
    fs::remove_dir_all(home.path().join("pkg")).unwrap();
    assert_eq!(opened(&store, &object).await, None);
    commit(&store, &object, b"module example.com/m\n").await.unwrap();
}
