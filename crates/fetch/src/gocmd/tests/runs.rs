//! Processes: how many, what they see, and that nothing stays behind.

use std::{fs, path::Path, time::Duration};

use goproxy_engine::{ErrorKind, Kind};

use super::world::{World, fetch, file, list, resolve};
use crate::GoCommand;

/// Waits, for a good while, until it is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..1500 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

async fn plain(world: &World) {
    let repo = world.repo("acme/plain").await;
    repo.write("go.mod", "module github.com/acme/plain\n").commit(&["v1.0.0"]).await;
    repo.write("a.go", "package plain\n").commit(&["v1.1.0"]).await;
}

#[tokio::test]
async fn settings_of_the_host_for_its_own_builds_have_no_effect() {
    let Some(world) = World::new() else { return };
    plain(&world).await;
    let mut options = world.options();
    // A project around the cache, too.
    fs::write(world.path("go.mod"), "module example.com/project\n\ngo 1.20\n").unwrap();
    fs::write(world.path("go.work"), "nonsense\n").unwrap();
    for (name, value) in [
        ("GOFLAGS", "-mod=vendor -bogus"),
        ("GOPROXY", "off"),
        ("GONOPROXY", "none"),
        ("GOWORK", "/nonexistent/go.work"),
        ("GOENV", "/nonexistent/env"),
        ("GO111MODULE", "off"),
        ("GOTOOLCHAIN", "go9.99"),
        ("GOMODCACHE", "/nonexistent/cache"),
        ("GOPATH", "/nonexistent/path"),
        ("GOSUMDB", "bogus"),
        ("GOARCH", "bogus"),
        ("GOEXPERIMENT", "bogus"),
        ("GOCACHE", "off"),
        ("GOTMPDIR", "/nonexistent/tmp"),
        ("GIT_DIR", "/nonexistent/git"),
        ("GIT_TRACE", "1"),
        ("LC_ALL", "de_DE.UTF-8"),
    ] {
        options.host_env.push((name.into(), value.into()));
    }
    let go = GoCommand::new(options).unwrap();
    assert_eq!(list(&go, "github.com/acme/plain").await.unwrap(), ["v1.0.0", "v1.1.0"]);
    assert!(resolve(&go, "github.com/acme/plain", "latest").await.is_ok());
    assert!(fetch(&go, "github.com/acme/plain@v1.0.0", Kind::Zip).await.is_ok());
    until("no scratch", || world.scratch() == 0).await;
    assert!(!world.path("home/.config").exists(), "go counted its uses in the host's home");
    assert_eq!(fs::read_to_string(world.path("go.mod")).unwrap(), "module example.com/project\n\ngo 1.20\n");
}

#[tokio::test]
async fn whoever_asks_at_the_same_time_shares_one_run() {
    let Some(world) = World::new() else { return };
    plain(&world).await;
    let (gate, runs) = (world.path("gate"), world.path("runs"));
    let body = format!(
        "echo \"$*\" >>{}\nwhile [ ! -e {} ]; do sleep 0.05; done\nexec $GO \"$@\"",
        runs.display(),
        gate.display()
    );
    let mut options = world.options();
    options.go = world.script(&body);
    let go = GoCommand::new(options).unwrap();
    let asks: Vec<_> = (0..16)
        .map(|i| {
            let (go, kind) = (go.clone(), if i % 2 == 0 { Kind::Info } else { Kind::Mod });
            tokio::spawn(async move { fetch(&go, "github.com/acme/plain@v1.0.0", kind).await })
        })
        .collect();
    until("one run", || lines(&runs).len() == 1).await;
    // Some leave; the others get their answer all the same.
    asks[0].abort();
    asks[1].abort();
    fs::write(&gate, "").unwrap();
    for ask in asks.into_iter().skip(2) {
        assert_eq!(ask.await.unwrap().unwrap().len(), 2);
    }
    assert_eq!(lines(&runs), ["list -m -json github.com/acme/plain@v1.0.0"]);
}

#[tokio::test]
async fn info_waits_for_a_zip_that_is_being_made() {
    let Some(world) = World::new() else { return };
    plain(&world).await;
    let runs = world.path("runs");
    let mut options = world.options();
    options.go = world.script(&format!("echo \"$*\" >>{}\nsleep 0.5\nexec $GO \"$@\"", runs.display()));
    let go = GoCommand::new(options).unwrap();
    let m = "github.com/acme/plain@v1.0.0";
    let (zip, info) = tokio::join!(fetch(&go, m, Kind::Zip), fetch(&go, m, Kind::Info));
    assert_eq!((zip.unwrap().len(), info.unwrap().len()), (3, 3));
    assert_eq!(lines(&runs), [format!("mod download -json {m}")]);
}

#[tokio::test]
async fn nobody_waits_and_the_processes_are_gone() {
    let Some(world) = World::new() else { return };
    let pids = world.path("pids");
    let mut options = world.options();
    options.go = world.script(&format!("sleep 1000 & echo $! >>{0}; echo $$ >>{0}; wait", pids.display()));
    let go = GoCommand::new(options).unwrap();
    let ask = tokio::spawn(async move { file(&go, "github.com/acme/plain@v1.0.0", Kind::Info).await });
    until("both started", || lines(&pids).len() == 2).await;
    assert_eq!(world.scratch(), 1);
    ask.abort();
    let dead = |pid: &String| match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.contains(") Z ") || stat.contains(") X "),
        Err(_) => true,
    };
    until("both killed", || lines(&pids).iter().all(dead)).await;
    until("no scratch", || world.scratch() == 0).await;
}

#[tokio::test]
async fn time_limit_and_full_queue() {
    let Some(world) = World::new() else { return };
    let started = world.path("started");
    let mut options = world.options();
    options.go = world.script(&format!("echo >>{}\nexec sleep 1000", started.display()));
    (options.concurrency, options.queue, options.time_limit) = (1, 0, Duration::from_secs(2));
    let go = GoCommand::new(options).unwrap();
    let slow = tokio::spawn({
        let go = go.clone();
        async move { list(&go, "github.com/acme/slow").await }
    });
    until("started", || lines(&started).len() == 1).await;
    let busy = list(&go, "github.com/acme/plain").await.unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Busy);
    assert!(busy.retry_after().is_some());
    let slow = slow.await.unwrap().unwrap_err();
    assert_eq!(slow.kind(), ErrorKind::Timeout);
    assert_eq!(slow.message(), "github.com/acme/slow: version control took longer than 2 seconds");
    until("no scratch", || world.scratch() == 0).await;
}

#[tokio::test]
async fn a_client_that_holds_its_lock_in_a_shared_gopath_is_not_waited_for() {
    let Some(world) = World::new() else { return };
    plain(&world).await;
    let dir = world.path("gopath/pkg/mod/cache/download/github.com/acme/plain/@v");
    fs::create_dir_all(&dir).unwrap();
    let lock = fs::File::create(dir.join("v1.0.0.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let go = world.command();
    assert_eq!(fetch(&go, "github.com/acme/plain@v1.0.0", Kind::Zip).await.unwrap().len(), 3);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing is written to the client's cache");
    assert!(!world.path("gopath/pkg/mod/github.com").exists(), "no source tree is kept");
}

#[tokio::test]
async fn clones_are_shared_and_a_damaged_one_is_replaced() {
    let Some(world) = World::new() else { return };
    plain(&world).await;
    let go = world.command();
    assert!(file(&go, "github.com/acme/plain@v1.0.0", Kind::Mod).await.is_ok());
    assert!(file(&go, "github.com/acme/plain@v1.1.0", Kind::Mod).await.is_ok());
    let clones = fs::read_dir(world.path("gopath/pkg/mod/cache/vcs")).unwrap().map(|e| e.unwrap().path());
    let clones: Vec<_> = clones.filter(|path| path.is_dir()).collect();
    assert_eq!(clones.len(), 1);
    // As a kill between `git init` and `git remote add` leaves it.
    fs::remove_file(clones[0].join("HEAD")).unwrap();
    assert!(file(&go, "github.com/acme/plain@v1.0.0", Kind::Mod).await.is_ok());
    assert!(clones[0].join("HEAD").exists());
}

#[tokio::test]
async fn leftovers_of_a_killed_proxy_are_gone_after_the_next_start() {
    let Some(world) = World::new() else { return };
    let left = world.path("scratch/go-4711-00000000deadbeef");
    fs::create_dir_all(left.join("0/gopath/pkg/mod/a.b@v1")).unwrap();
    fs::write(world.path("scratch/go-4711-00000000deadbeef.lock"), "").unwrap();
    let go = world.command();
    assert!(!left.exists() && !world.path("scratch/go-4711-00000000deadbeef.lock").exists());
    drop(go);
    assert_eq!(fs::read_dir(world.path("scratch")).unwrap().count(), 0);
}
