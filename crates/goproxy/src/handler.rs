//! Joins the server to the engine and the store; neither knows the other.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use gomod::{Route, sumdb::VerifierKey};
use goproxy_engine::{Engine, Result, Served, Via};
use goproxy_server::{About, Gate, Gauges, Handler};
use goproxy_store::FsStore;

use crate::{access::InForce, names::Names};

/// How often the store is asked whether it can still be written, and to close files; and what became of forks.
const PROBE: Duration = Duration::from_secs(10);

/// Answers the server's requests with the engine.
pub(crate) struct EngineHandler {
    engine: Engine,
    store: FsStore,
    gate: InForce,
    names: Names,
    /// Why we are not ready, if so.
    unready: Arc<RwLock<Option<String>>>,
}

impl EngineHandler {
    /// A handler, and the watch over its store and its census that run as long as the runtime does.
    pub(crate) async fn new(engine: Engine, store: FsStore, gate: InForce, names: Names) -> Self {
        let (counted, opened, looked_at) = (store.clone(), store.clone(), engine.clone());
        tokio::spawn(async move {
            loop {
                looked_at.look_for_forks().await;
                opened.close_old();
                tokio::time::sleep(PROBE).await;
            }
        });
        tokio::spawn(async move { counted.census().await });
        let unready = Arc::new(RwLock::new(None));
        match store.writable().await {
            Ok(()) => {
                tokio::spawn(watch(store.clone(), Arc::clone(&unready)));
            }
            // A cache that somebody mounted read-only serves what it has: that is being ready.
            Err(error) => tracing::warn!(detail = error.detail(), "the cache cannot be written: {error}"),
        }
        Self { engine, store, gate, names, unready }
    }
}

/// A store that was writable and no longer is (a full disk, a lost mount) makes us unready until it recovers.
async fn watch(store: FsStore, unready: Arc<RwLock<Option<String>>>) {
    loop {
        tokio::time::sleep(PROBE).await;
        let state = store.writable().await.err();
        let mut unready = unready.write().unwrap_or_else(PoisonError::into_inner);
        match (&state, unready.is_some()) {
            (Some(error), false) => {
                tracing::error!(detail = error.detail(), "not ready: the cache cannot be written: {error}");
            }
            (None, true) => tracing::info!("ready again: the cache can be written"),
            _ => {}
        }
        *unready = state.map(|error| error.message().to_owned());
    }
}

#[async_trait]
impl Handler for EngineHandler {
    async fn serve(&self, route: &Route) -> Result<Served> {
        self.engine.begin(route).await
    }

    fn mode(&self, route: &Route) -> Via {
        match route {
            Route::SumDb(_) => Via::SumDb,
            Route::Module(request) if request.cached_only => Via::Cached,
            Route::Module(request) => {
                self.engine.routing().hops(&request.path).first().map_or(Via::Proxy, |hop| hop.source.via())
            }
        }
    }

    fn ready(&self) -> std::result::Result<(), String> {
        match &*self.unready.read().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(reason.clone()),
            None => Ok(()),
        }
    }

    fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.gate.load_full().map(|gate| gate as Arc<dyn Gate>)
    }

    fn about(&self) -> About {
        let routing = self.engine.routing();
        let unlisted = routing.private.join(&routing.no_sum);
        let key = routing.notary.as_ref().and_then(|name| routing.sum_keys.get(name));
        About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            unlisted: if self.names.hides() { String::new() } else { unlisted.to_string() },
            databases: routing.sum_names.clone(),
            go_sumdb: key.filter(|key| **key != VerifierKey::sum_golang_org()).map(ToString::to_string),
        }
    }

    fn gauges(&self) -> Gauges {
        let usage = self.store.usage();
        Gauges {
            store_bytes: usage.stored_bytes,
            store_free_bytes: (usage.fs_total_bytes > 0).then_some(usage.fs_free_bytes),
            load: Some(self.engine.load()),
            store_size_bytes: (usage.fs_total_bytes > 0).then_some(usage.fs_total_bytes),
        }
    }
}
