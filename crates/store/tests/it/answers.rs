//! Answers that change: the last one counts, until the next.

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use gomod::Query;
use goproxy_engine::{Answer, Remembered, Store};

use crate::kit::*;

fn remembered(body: &str, millis: u64) -> Remembered {
    Remembered { body: body.to_owned().into(), asked: UNIX_EPOCH + Duration::from_millis(millis) }
}

fn samples() -> Vec<(Answer, &'static str)> {
    let path = module("github.com/Azure/Tools");
    vec![
        (Answer::List(path.clone()), "github.com/!azure/!tools/@v/list"),
        (Answer::Latest(path.clone()), "github.com/!azure/!tools/@latest"),
        (Answer::Query(path, Query::parse("Feature").unwrap()), "github.com/!azure/!tools/@q/!feature.info"),
        (Answer::SumLatest("sum.golang.org".into()), "sumdb/sum.golang.org/latest"),
    ]
}

#[tokio::test]
async fn survive_a_restart_and_are_replaced() {
    let home = Home::new();
    let store = home.store();
    for (answer, name) in samples() {
        assert_eq!(store.load(&answer).await.unwrap(), None);
        store.save(&answer, &remembered("first", 1_700_000_000_123)).await.unwrap();
        assert!(home.own("answers").join(name).exists(), "{name}");
    }
    drop(store);
    let store = home.store();
    for (answer, _) in samples() {
        assert_eq!(store.load(&answer).await.unwrap(), Some(remembered("first", 1_700_000_000_123)));
        store.save(&answer, &remembered("", 1_800_000_000_000)).await.unwrap();
        assert_eq!(store.load(&answer).await.unwrap(), Some(remembered("", 1_800_000_000_000)), "empty is an answer");
    }
    assert_eq!(home.temporary(), 0);
    let for_file_readers = ["github.com/!azure/!tools/@latest", "github.com/!azure/!tools/@v/list"];
    assert_eq!(files(&home.download("")), for_file_readers);
}

#[tokio::test]
async fn torn_ones_are_absent_and_mended() {
    let home = Home::new();
    let store = home.store();
    for (answer, name) in samples() {
        store.save(&answer, &remembered("a body of some length", 5)).await.unwrap();
        let path = home.own("answers").join(name);
        let whole = fs::read(&path).unwrap();
        for torn in [&whole[..whole.len() - 1], &whole[..20], b"", &vec![0; whole.len()][..]] {
            fs::write(&path, torn).unwrap();
            assert_eq!(store.load(&answer).await.unwrap(), None);
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(store.load(&answer).await.unwrap(), None);
        store.save(&answer, &remembered("again", 6)).await.unwrap();
        assert_eq!(store.load(&answer).await.unwrap(), Some(remembered("again", 6)));
    }
}

/// A branch may be called like a module below: neither takes the other's place.
#[tokio::test]
async fn queries_and_modules_do_not_collide() {
    let home = Home::new();
    let store = home.store();
    let answers = [
        Answer::Query(module("example.com/m"), Query::parse("dev").unwrap()),
        Answer::List(module("example.com/m/q/dev.info")),
        Answer::Latest(module("example.com/m/q")),
        Answer::List(module("example.com/m")),
    ];
    for (i, answer) in (0..).zip(&answers) {
        store.save(answer, &remembered("body", i)).await.unwrap();
    }
    for (i, answer) in (0..).zip(&answers) {
        assert_eq!(store.load(answer).await.unwrap(), Some(remembered("body", i)));
    }
}

/// Readers see the one or the other, never a mixture.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn are_whole_while_they_are_replaced() {
    let home = Home::new();
    let store = home.store();
    let answer = Answer::Latest(module("example.com/m"));
    let bodies = ["a".repeat(100_000), "b".repeat(3)].map(|body| remembered(&body, 9));
    store.save(&answer, &bodies[0]).await.unwrap();
    let writer = tokio::spawn({
        let (store, answer, bodies) = (store.clone(), answer.clone(), bodies.clone());
        async move {
            for i in 0..200 {
                store.save(&answer, &bodies[i % 2]).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let read = store.load(&answer).await.unwrap().unwrap();
        assert!(bodies.contains(&read));
    }
    writer.await.unwrap();
}
