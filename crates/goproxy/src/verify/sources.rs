//! Who may be asked while a cache is verified.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Query};
use goproxy_engine::{
    Error, ErrorKind, Intake, Kind, Object, Resolved, Result, Routing, Source, Staging, SumSource, Versions, Via,
};

use crate::{direct::Direct, failure::Failure, service::credentials, settings::Loaded, upstreams::Upstreams};

/// After so many failures one after the other a database is taken to be out of reach: each costs some seconds.
const PATIENCE: u32 = 3;

/// The settings in force, as far as they say what is private and who vouches for the rest; for modules nobody is asked.
pub(crate) fn to_look(loaded: &Loaded, offline: bool) -> std::result::Result<Routing, Failure> {
    let nobody: Arc<dyn Source> = Arc::new(Nobody);
    let mut routing = Upstreams::new(loaded, &credentials(&loaded.settings)?)?.routing(&loaded.settings, &nobody);
    routing.public.clear();
    let inner = (!offline).then(|| Arc::clone(&routing.sums));
    routing.sums = Arc::new(Patient { inner, failures: AtomicU32::new(0) });
    Ok(routing)
}

/// The settings in force, to fetch as a serving process would.
pub(super) fn to_fetch(loaded: &Loaded) -> std::result::Result<Routing, Failure> {
    let upstreams = Upstreams::new(loaded, &credentials(&loaded.settings)?)?;
    let direct = Direct::new(loaded, upstreams.client())?;
    direct.prepare(&loaded.settings.sources);
    Ok(upstreams.routing(&loaded.settings, &direct.source()))
}

/// Checksum databases for as long as they answer.
#[derive(Debug)]
struct Patient {
    inner: Option<Arc<dyn SumSource>>,
    failures: AtomicU32,
}

#[async_trait]
impl SumSource for Patient {
    async fn get(&self, name: &str, path: &str, limit: u64) -> Result<Bytes> {
        let Some(inner) = &self.inner else { return Err(refused("-offline: nobody is asked")) };
        if self.failures.load(Ordering::Relaxed) >= PATIENCE {
            return Err(refused("the checksum database does not answer, and is not asked any more"));
        }
        let answer = inner.get(name, path, limit).await;
        match &answer {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Unavailable | ErrorKind::NoHost | ErrorKind::Timeout | ErrorKind::Busy
                ) =>
            {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            _ => self.failures.store(0, Ordering::Relaxed),
        }
        answer
    }
}

/// No source of modules.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Source for Nobody {
    fn via(&self) -> Via {
        Via::Direct
    }

    async fn list(&self, _: &ModulePath) -> Result<Versions> {
        Err(refused("nobody is asked"))
    }

    async fn latest(&self, _: &ModulePath, _: &Intake<'_>) -> Result<Resolved> {
        Err(refused("nobody is asked"))
    }

    async fn query(&self, _: &ModulePath, _: &Query, _: &Intake<'_>) -> Result<Resolved> {
        Err(refused("nobody is asked"))
    }

    async fn fetch(&self, _: &ModuleVersion, _: Kind, _: &Intake<'_>) -> Result<Vec<(Object, Staging)>> {
        Err(refused("nobody is asked"))
    }
}

fn refused(text: &str) -> Error {
    Error::new(ErrorKind::Unavailable, text)
}
