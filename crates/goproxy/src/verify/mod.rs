//! `goproxy verify`: a whole cache, once, against everything that can be known of it.

mod checker;
mod report;
pub(crate) mod sources;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use goproxy_engine::Object;
use goproxy_store::{FsStore, Lying};

use self::{checker::Checker, report::Report};
use crate::{cache, each::each, failure::Failure, settings::Loaded, stop::Stop};

/// What is asked for beside the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct VerifyOptions {
    /// Move bad files to quarantine and fetch them again.
    pub(crate) repair: bool,
    /// Ask nobody.
    pub(crate) offline: bool,
}

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

/// Only what may be repaired is opened so that it may change, and nothing is made where there is none.
fn open(loaded: &Loaded, options: VerifyOptions) -> Result<FsStore, Failure> {
    let looked_at = cache::look_at(&loaded.settings)?;
    if options.repair { cache::open(&loaded.settings) } else { Ok(looked_at) }
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
async fn pass(store: &FsStore, checker: &Arc<Checker>, wanted: fn(&Walked) -> bool) {
    let walk = store.walk();
    let walk = move |give: &mut dyn FnMut(Walked) -> bool| walk.filter(wanted).all(give);
    each(walk, |(path, lying)| {
        let checker = Arc::clone(checker);
        async move { checker.check(&path, lying).await }
    })
    .await;
}
