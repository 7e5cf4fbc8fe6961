//! The store that the settings name.

use std::path::Path;

use goproxy_engine::Error;
use goproxy_store::FsStore;

use crate::{failure::Failure, settings::Settings};

/// To work with.
pub(crate) fn open(settings: &Settings) -> Result<FsStore, Failure> {
    with(settings, FsStore::open)
}

/// To look at: makes nothing where there is none.
pub(crate) fn look_at(settings: &Settings) -> Result<FsStore, Failure> {
    with(settings, FsStore::look_at)
}

fn with(settings: &Settings, open: fn(&Path) -> Result<FsStore, Error>) -> Result<FsStore, Failure> {
    let store = open(&settings.cache.dir).map_err(|error| {
        Failure::fatal(match error.detail() {
            Some(detail) => format!("{error}: {detail}"),
            None => error.to_string(),
        })
    })?;
    if let Some(bytes) = settings.cache.min_free {
        store.set_reserve(bytes);
    }
    Ok(store)
}
