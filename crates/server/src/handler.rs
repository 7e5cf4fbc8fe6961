//! What the server asks for answers.

use std::sync::Arc;

use async_trait::async_trait;
use gomod::Route;
use goproxy_engine::{Load, Result, Served, Via};

use crate::{About, Gate};

/// Answers requests that are well formed. The engine, behind a few lines of wiring.
///
/// The future of [`serve`](Self::serve) is dropped when the client leaves; work that others wait for must not depend
/// on it.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Answers a request. Errors become statuses by their kind; see the crate's `error` module.
    async fn serve(&self, route: &Route) -> Result<Served>;

    /// Who would be asked for this route if the cache did not have it: the `mode` under which a failure is counted and
    /// logged. Must not block.
    fn mode(&self, route: &Route) -> Via;

    /// Whether requests can be answered, else why not: one line for `/readyz`. Must not block for long.
    fn ready(&self) -> std::result::Result<(), String>;

    /// Who may ask for what at this moment; asked once for each request. `None`: everybody for everything.
    fn gate(&self) -> Option<Arc<dyn Gate>> {
        None
    }

    /// What the page at `/` tells. Must not block.
    fn about(&self) -> About {
        About::default()
    }

    /// What `/metrics` tells about the store at this moment. Must not block for long.
    fn gauges(&self) -> Gauges;
}

/// Figures of this moment. What is not known is not exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// What the cached objects take.
    pub store_bytes: Option<u64>,
    /// What the store's file system has left for us.
    pub store_free_bytes: Option<u64>,
    /// The size of the store's file system.
    pub store_size_bytes: Option<u64>,
    /// How much is fetched.
    pub load: Option<Load>,
}
