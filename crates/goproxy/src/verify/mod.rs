//! `goproxy verify`: a whole cache, once, against everything that can be known of it.

mod checker;
mod report;
pub(crate) mod sources;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use goproxy_engine::Object;
use goproxy_store::{FsStore, Lying};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use self::{checker::Checker, report::Report};
use crate::{failure::Failure, settings::Loaded, stop::Stop};

/// What is asked for beside the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct VerifyOptions {
    /// Move bad files to quarantine and fetch them again.
    pub(crate) repair: bool,
    /// Ask nobody.
    pub(crate) offline: bool,
}

/// How many objects are looked at at once: most of them wait, for a database or for one of the processors.
const WORKERS: usize = 16;

type Walked = (PathBuf, std::io::Result<Lying>);

/// Looks at everything. Exit code 0: all is good, 1: something is not, repaired or not.
pub(crate) async fn verify(loaded: &Loaded, options: VerifyOptions) -> Result<ExitCode, Failure> {
    let mut stop = Stop::new().map_err(|error| Failure::fatal(format!("cannot catch signals: {error}")))?;
    let store = open(loaded, options)?;
    let report = Arc::new(Report::new());
    let checker = Arc::new(Checker::new(loaded, options, store.clone(), Arc::clone(&report))?);
    let code = tokio::select! {
        code = stop.next() => Some(code),
        () = all(&store, &checker) => None,
        never = report.show_progress() => match never {},
    };
    checker.give_up();
    report.conclude(code.is_some());
    Ok(match code {
        Some(code) => ExitCode::from(code),
        None if report.findings() == 0 => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

/// Only what may be repaired is opened so that it may change.
fn open(loaded: &Loaded, options: VerifyOptions) -> Result<FsStore, Failure> {
    let dir = &loaded.settings.cache.dir;
    let looked_at = FsStore::look_at(dir);
    let store = if options.repair { looked_at.and_then(|_| FsStore::open(dir)) } else { looked_at };
    let store = store.map_err(|error| {
        Failure::fatal(match error.detail() {
            Some(detail) => format!("{error}: {detail}"),
            None => error.to_string(),
        })
    })?;
    if let Some(bytes) = loaded.settings.cache.min_free {
        store.set_reserve(bytes);
    }
    Ok(store)
}

/// Tiles come last: the heads that prove them are in lookups, where `go` alone wrote the cache.
async fn all(store: &FsStore, checker: &Arc<Checker>) {
    pass(store, checker, |lying| !is_tile(lying)).await;
    pass(store, checker, is_tile).await;
    checker.restore().await;
}

fn is_tile((_, lying): &Walked) -> bool {
    matches!(lying, Ok(Lying::Object(Object::SumTile(..))))
}

/// Everything that is wanted of what a walk finds.
async fn pass(store: &FsStore, checker: &Arc<Checker>, wanted: impl FnMut(&Walked) -> bool + Send + 'static) {
    let (send, receive) = mpsc::channel::<Walked>(4 * WORKERS);
    let walk = store.walk();
    let walker = tokio::task::spawn_blocking(move || {
        for walked in walk.filter(wanted) {
            if send.blocking_send(walked).is_err() {
                return;
            }
        }
    });
    let receive = Arc::new(Mutex::new(receive));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (receive, checker) = (Arc::clone(&receive), Arc::clone(checker));
        workers.spawn(async move {
            loop {
                let next = receive.lock().await.recv().await;
                let Some((path, lying)) = next else { return };
                checker.check(&path, lying).await;
            }
        });
    }
    while workers.join_next().await.is_some() {}
    let _ = walker.await;
}
