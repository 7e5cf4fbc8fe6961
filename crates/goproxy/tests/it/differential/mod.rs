//! Random repositories and random questions: our answers are those of `go`.
//!
//! `cargo xtask differential --repositories N --seed S` runs as many as one likes; a difference names the seed of its
//! repository, and `--repositories 1 --seed <that>` shows it again.

mod files;
mod history;
mod modfile;
mod questions;
mod random;
mod refs;
mod repository;
mod tree;

use std::{
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use random::Random;
use repository::{Address, Repository};

use crate::oracle::{Outcome, World, at_once, compare};

/// How many repositories a run of all tests has, and where it begins.
const SHORT: u64 = 15;
const FIRST_SEED: u64 = 1;

/// Repositories that are compared at the same time.
const WORKERS: usize = 2;

/// A number from the environment, where `cargo xtask differential` puts it.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(format!("DIFFERENTIAL_{name}")).ok();
    value.map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("DIFFERENTIAL_{name} takes a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_repositories() {
    let Some(world) = World::start("differential").await else { return };
    let (count, first) = (setting("REPOSITORIES", SHORT), setting("SEED", FIRST_SEED));
    let run = Arc::new(Run {
        world,
        next: AtomicU64::new(first),
        end: first + count,
        start: Instant::now(),
        questions: AtomicUsize::new(0),
        total: Mutex::default(),
    });
    let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(work(run.clone()))).collect();
    for worker in workers {
        worker.await.expect("a worker ends");
    }
    let (questions, total) = (run.questions.load(Ordering::Relaxed), run.total.lock().expect("no worker panicked"));
    let Outcome { lists, versions, zips, refusals, .. } = *total;
    say(&format!(
        "differential: {count} repositories from seed {first}, {questions} questions: {lists} lists that are not empty, \
         {versions} versions with {zips} zips, {refusals} refusals; {} differences",
        total.differences.len()
    ));
    assert!(total.differences.is_empty(), "differences, printed above with their seeds");
}

/// What the workers share.
#[derive(Debug)]
struct Run {
    world: World,
    next: AtomicU64,
    end: u64,
    start: Instant,
    questions: AtomicUsize,
    total: Mutex<Outcome>,
}

async fn work(run: Arc<Run>) {
    loop {
        let seed = run.next.fetch_add(1, Ordering::Relaxed);
        if seed >= run.end {
            return;
        }
        let outcome = one(&run, seed).await;
        for difference in &outcome.differences {
            say(&format!("seed {seed}: {difference}"));
        }
        run.total.lock().expect("no worker panicked").add(outcome);
        if seed.is_multiple_of(100) {
            say(&format!("differential: seed {seed} after {:?}", run.start.elapsed()));
        }
    }
}

/// Makes the repository of a seed, and compares.
async fn one(run: &Run, seed: u64) -> Outcome {
    let (repository, questions) = tokio::task::spawn_blocking(move || {
        let mut random = Random::new(seed);
        let repository = Repository::generate(seed, &mut random);
        let questions = questions::questions(&repository, &mut random);
        (repository, questions)
    })
    .await
    .expect("a repository can be made");
    let world = &run.world;
    world.serve(&repository.name, repository.repo.git_dir(), repository.server);
    if let Address::Page { path, folder } = &repository.address {
        let target = format!("https://github.com/{} {folder}", repository.name);
        world.host.go_import(path, "git", target.trim_end());
    }
    run.questions.fetch_add(questions.len(), Ordering::Relaxed);
    if seed.is_multiple_of(2) {
        // What is fetched together, and in which order, must not matter.
        at_once(&world.proxy, &questions).await;
    }
    let outcome = compare(&world.proxy, &world.go, &questions).await;
    if !outcome.differences.is_empty() {
        let (server, format, head) = (repository.server, repository.format, &repository.refs.head);
        say(&format!("seed {seed}: {server:?} {format:?} HEAD {head:?} {}", repository.name));
    }
    world.withdraw(&repository.name);
    if !outcome.differences.is_empty() && std::env::var_os("DIFFERENTIAL_KEEP").is_some() {
        say(&format!("seed {seed}: kept in {}", repository.repo.keep().display()));
    }
    outcome
}

/// Past the capture of the test runner: who runs this for an hour wants to see it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
