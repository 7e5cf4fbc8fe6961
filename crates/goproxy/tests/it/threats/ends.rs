//! Fetches that end in the middle: clients that leave, and `kill -9`.

use std::{sync::Arc, time::Duration};

use goproxy_testkit::{Answer, GitRepo, wait_until};

use super::lab::{Lab, below_cache};
use crate::support::{PATIENCE, noise};

const VERSIONS: usize = 24;

/// A repository whose versions differ by files that do not compress.
fn versions(lab: &Lab) -> GitRepo {
    let repo = lab.repository("steps", &[]);
    for number in 1..VERSIONS {
        for file in 0..4 {
            let bytes = noise(60_000, (number * 4 + file) as u64);
            std::fs::write(repo.path().join(format!("noise{file}.bin")), bytes).unwrap();
        }
        repo.commit(&[]);
        repo.tag(&format!("v1.{number}.0"));
    }
    repo
}

fn path(number: usize, ending: &str) -> String {
    format!("/github.com/acme/steps/@v/v1.{}.0.{ending}", number % VERSIONS)
}

/// Killed again and again in the middle of fetches, it gives the same bytes as one that never was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_the_middle_of_fetches_leave_nothing_wrong() {
    let lab = Lab::new().await;
    let _repo = versions(&lab);
    let reference = lab.builder().start().await;
    let mut right = Vec::new();
    for number in 0..VERSIONS {
        let answer = reference.get(&path(number, "zip")).await;
        assert_eq!(answer.status, 200, "{} {}", answer.text(), reference.log());
        right.push(answer.body);
    }
    let right = Arc::new(right);
    let mut proxy = lab.builder().start().await;
    for round in 0..20 {
        let address = proxy.address();
        let load: Vec<_> = (0..4)
            .map(|lane| {
                let right = right.clone();
                tokio::spawn(async move {
                    for step in 0.. {
                        let number = (round * 5 + lane * 7 + step) % VERSIONS;
                        for ending in ["info", "zip"] {
                            let target = path(number, ending);
                            let Ok(answer) = goproxy_testkit::request(address, "GET", &target, &[]).await else {
                                return;
                            };
                            let whole = answer.status == 200 && answer.complete;
                            assert!(
                                !whole || ending == "info" || answer.body == right[number],
                                "{target}: wrong bytes"
                            );
                            assert!(
                                answer.status == 200 || !answer.complete || answer.status == 0,
                                "{target}: {}",
                                answer.text()
                            );
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(5 + (round as u64 * 37) % 250)).await;
        proxy.kill9();
        for task in load {
            task.await.unwrap_or_else(|error| panic!("{error}\n{}", proxy.log()));
        }
        proxy.restart().await;
    }
    for number in 0..VERSIONS {
        let answer = proxy.get(&path(number, "zip")).await;
        assert_eq!(answer.status, 200, "{} {}", answer.text(), proxy.log());
        assert_eq!(answer.body, right[number], "v1.{number}.0");
    }
    let mut left = below_cache(&proxy);
    left.retain(|(file, size)| *size > 0 && ["tmp", ".part", ".lock"].iter().any(|word| file.contains(word)));
    assert!(left.is_empty(), "{left:?}");
}

/// Clients that leave end what nobody waits for, and spoil nothing for those who stay.
#[tokio::test]
async fn clients_that_leave_spoil_nothing() {
    let lab = Lab::new().await;
    let _repo = versions(&lab);
    let proxy = lab.builder().env("CANARY_OF_CLIENTS", "leave").start().await;
    let address = proxy.address();
    for round in 0..10_u64 {
        let targets = (0..6).map(|lane| path(round as usize * 2 + lane / 3, "zip"));
        let mut clients: Vec<_> = targets
            .map(|target| tokio::spawn(async move { goproxy_testkit::request(address, "GET", &target, &[]).await }))
            .collect();
        tokio::time::sleep(Duration::from_millis(round * 6)).await;
        let stays = clients.pop().unwrap();
        clients.iter().for_each(tokio::task::JoinHandle::abort);
        let answer = stays.await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{} {}", answer.text(), proxy.log());
    }
    let others = || goproxy_testkit::processes_with_env("CANARY_OF_CLIENTS", "leave").len() - 1;
    assert!(wait_until(PATIENCE, || others() == 0).await, "{} processes outlive their clients", others());
}

/// A fetch that nobody waits for any more lets go of its connection and of the repository.
#[tokio::test]
async fn a_fetch_without_clients_lets_go() {
    let lab = Lab::new().await;
    let _repo = lab.repository("hang", &[]);
    lab.git.first(1, "/acme/hang*/git-upload-pack", Answer::hang());
    let proxy = lab.builder().start().await;
    let address = proxy.address();
    let target = "/github.com/acme/hang/@v/v1.0.0.zip";
    let client = tokio::spawn(async move { goproxy_testkit::request(address, "GET", target, &[]).await });
    assert!(wait_until(PATIENCE, || lab.git.count("*/git-upload-pack") > 0).await, "{}", proxy.log());
    client.abort();
    // One who comes before it is given up would wait with it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let again = tokio::time::timeout(Duration::from_secs(20), proxy.get(target)).await.expect("the repository is free");
    assert_eq!(again.status, 200, "{} {}", again.text(), proxy.log());
}
