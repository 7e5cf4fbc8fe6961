//! `kill -9` at any moment: what is there is whole, and the next start cleans up.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, UNIX_EPOCH},
};

use goproxy_engine::{Answer, Kind, Object, Remembered, Store};

use crate::kit::*;

const ROUNDS: u32 = 25;

fn zip_of(patch: u32) -> (Object, Vec<u8>) {
    let mv = version("example.com/m", &format!("v1.0.{patch}"));
    let data = vec![patch.to_le_bytes()[0]; 150_000];
    let bytes = zip(&mv, &[("go.mod", b"module example.com/m\n"), ("data", &data)]);
    (Object::Module(mv, Kind::Zip), bytes)
}

fn list_of(patch: u32) -> Remembered {
    Remembered { body: format!("v1.0.{patch}\n").repeat(500).into(), asked: UNIX_EPOCH }
}

/// Commits zips from v1.0.0 on, and a list after each, until it is killed.
#[tokio::test]
#[ignore = "started by nothing_half_is_left"]
async fn commits_until_killed() {
    let store = Home::at(std::env::var_os("GOPROXY_TEST_HOME").unwrap().into()).store();
    for patch in 0.. {
        let (object, bytes) = zip_of(patch);
        commit(&store, &object, &bytes).await.unwrap();
        store.save(&Answer::List(module("example.com/m")), &list_of(patch)).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_half_is_left() {
    let home = Home::new();
    let mut committed = 0;
    for round in 0..ROUNDS {
        let mut child = start(&home);
        let before = zips(&home);
        while zips(&home) == before {
            assert_eq!(child.try_wait().unwrap(), None, "the child has died by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(u64::from(round) * 311));
        child.kill().unwrap();
        child.wait().unwrap();
        committed = verify(&home, committed).await;
    }
    assert!(committed >= ROUNDS);
}

fn start(home: &Home) -> Child {
    #[expect(clippy::disallowed_methods, reason = "the test itself, as a process that can be killed")]
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.args(["--exact", "killed::commits_until_killed", "--ignored"]);
    command.env("GOPROXY_TEST_HOME", home.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn zips(home: &Home) -> u32 {
    let names = files(&home.download("example.com"));
    names.iter().filter(|name| name.ends_with(".zip")).count().try_into().unwrap()
}

/// Every file is what it should be; nothing that was there is gone. Returns how many zips there are.
async fn verify(home: &Home, before: u32) -> u32 {
    let now = zips(home);
    assert!(now >= before);
    for patch in 0..now {
        let (object, bytes) = zip_of(patch);
        let Object::Module(mv, _) = &object else { unreachable!() };
        assert_eq!(fs::read(home.download(&format!("example.com/m/@v/{}.zip", mv.version()))).unwrap(), bytes);
    }
    let store = home.store();
    assert_eq!(home.temporary(), 0);
    let (last, bytes) = zip_of(now - 1);
    assert_eq!(opened(&store, &last).await, Some(bytes));
    assert_eq!(home.quarantined(), 0);
    let remembered = store.load(&Answer::List(module("example.com/m"))).await.unwrap();
    assert!(now < 2 || (0..now).any(|patch| remembered == Some(list_of(patch))));
    now
}
