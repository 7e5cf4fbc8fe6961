//! `goproxy import`: the modules that another proxy, or the `go` command, has kept.

mod layout;
mod report;
mod walk;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use goproxy_engine::{Engine, ErrorKind, Object, Unobserved};

use self::report::Report;
use crate::{cache, each::each, failure::Failure, settings::Loaded, stop::Stop, verify::sources};

/// Takes over what lies below a folder. Exit code 0: all of it, or it was there already; 1: something was refused.
pub(crate) async fn import(loaded: &Loaded, from: &Path) -> Result<ExitCode, Failure> {
    let mut stop = Stop::new().map_err(|error| Failure::fatal(format!("cannot catch signals: {error}")))?;
    let from = folder(from)?;
    let engine = engine(loaded)?;
    let report = Arc::new(Report::new());
    let code = tokio::select! {
        code = stop.next() => Some(code),
        () = all(from.clone(), &engine, &report) => None,
        never = report.show_progress() => match never {},
    };
    if code.is_none() && report.found() == 0 {
        return Err(Failure::fatal(format!(
            "{}: no modules here; give the storage root of Athens (ATHENS_DISK_STORAGE_ROOT), the folder of \
             goproxy/goproxy (-cacher-dir), or a module cache",
            from.display()
        )));
    }
    report.conclude(code.is_some());
    Ok(match code {
        Some(code) => ExitCode::from(code),
        None if report.refused() == 0 => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

fn folder(from: &Path) -> Result<PathBuf, Failure> {
    match from.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder),
        Ok(_) => Err(Failure::usage(format!("{}: not a folder", from.display()))),
        Err(error) => Err(Failure::usage(format!("{}: {error}", from.display()))),
    }
}

/// Commits to the cache of the settings; who vouches for modules is who would when they were fetched.
fn engine(loaded: &Loaded) -> Result<Engine, Failure> {
    let store = cache::open(&loaded.settings)?;
    Ok(Engine::new(Arc::new(store), sources::to_look(loaded, false)?, Arc::new(Unobserved)))
}

async fn all(from: PathBuf, engine: &Engine, report: &Arc<Report>) {
    let beside = Arc::clone(report);
    let walk = move |give: &mut dyn FnMut((Object, PathBuf)) -> bool| {
        walk::files(&from, |path, relative| match layout::object(relative) {
            Some(object) => give((object, path)),
            None => {
                beside.foreign();
                true
            }
        })
    };
    let unread = each(walk, |(object, path)| {
        let (engine, report) = (engine.clone(), Arc::clone(report));
        async move { one(&engine, &report, &object, &path).await }
    });
    for (path, error) in unread.await {
        report.unread(&path, &error);
    }
}

async fn one(engine: &Engine, report: &Report, object: &Object, path: &Path) {
    match engine.take_over(object, path).await {
        Ok(Some(bytes)) => report.took(bytes),
        Ok(None) => report.had(),
        Err(error) if error.kind() == ErrorKind::Invalid => report.bad(path, &error),
        Err(error) => report.untold(path, &error),
    }
}
