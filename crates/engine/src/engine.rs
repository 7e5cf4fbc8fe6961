//! The engine itself: what it holds, and which way a request takes.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gomod::{ModuleRequest, Route, SumRequest, SumWhat, What};
use tokio::sync::Semaphore;

use crate::{
    Answer, Error, ErrorKind, Kind, Object, Observer, Reply, Result, Routing, Served, Store, Turns, Via,
    admission::Fetches,
    ahead::Ahead,
    flight::Flight,
    growing::Part,
    memory::{Memory, Wanted},
    reply::Known,
    sumdb::{Logs, adopted::Doubts},
};

/// How many files that came along are verified at the same time; more are let go.
const EXTRAS: usize = 32;

/// Answers requests: from the store, else from the sources that the routing names.
///
/// Clones share everything.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) routing: ArcSwap<Routing>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) memory: Memory,
    pub(crate) objects: Flight<Object, Result<(crate::Stored, Via)>, Option<Part>>,
    pub(crate) zip_checks: Turns,
    /// Verifications of what nobody waits for.
    pub(crate) extras: Arc<Semaphore>,
    /// Verifications of what another program stored.
    pub(crate) doubts: Doubts,
    pub(crate) logs: Logs,
    /// Tiles that are being asked for.
    pub(crate) tiles: Flight<Object, Result<Bytes>>,
    pub(crate) fetches: Fetches,
    pub(crate) answers: Flight<Answer, Result<(Known, Via)>>,
    pub(crate) ahead: Ahead,
}

impl Engine {
    /// An engine over a store.
    pub fn new(store: Arc<dyn Store>, routing: Routing, observer: Arc<dyn Observer>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let shared = Shared {
            store,
            routing: ArcSwap::from_pointee(routing),
            observer,
            memory: Memory::default(),
            objects: Flight::default(),
            zip_checks: Turns::new(cores, (cores / 2).max(1)),
            extras: Arc::new(Semaphore::new(EXTRAS)),
            doubts: Doubts::default(),
            logs: Logs::default(),
            tiles: Flight::default(),
            fetches: Fetches::default(),
            answers: Flight::default(),
            ahead: Ahead::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Changes who is asked, from the next request on. Absences that were remembered under the old rules are forgotten.
    pub fn set_routing(&self, routing: Routing) {
        self.shared.routing.store(Arc::new(routing));
        self.shared.memory.forget_failures();
    }

    /// The rules in force.
    pub fn routing(&self) -> Arc<Routing> {
        self.shared.routing.load_full()
    }

    /// Answers one request, once all of the answer is there.
    ///
    /// # Errors
    /// See [`ErrorKind`]; the message is what `go` should print.
    pub async fn serve(&self, route: &Route) -> Result<Reply> {
        self.begin(route).await?.whole().await
    }

    /// The same, as soon as the beginning of the answer may be given away.
    ///
    /// # Errors
    /// As [`Engine::serve`].
    pub async fn begin(&self, route: &Route) -> Result<Served> {
        match route {
            Route::Module(request) => self.module(request).await,
            Route::SumDb(request) => self.sumdb(request).await.map(Served::Whole),
        }
    }

    async fn module(&self, request: &ModuleRequest) -> Result<Served> {
        let answer = async |answer| self.answer(answer, request.cached_only).await.map(Served::Whole);
        let path = || request.path.clone();
        let (version, kind) = match &request.what {
            What::List => return answer(Answer::List(path())).await,
            What::Latest => return answer(Answer::Latest(path())).await,
            What::Query(query) => return answer(Answer::Query(path(), query.clone())).await,
            What::Info(version) => (version, Kind::Info),
            What::Mod(version) => (version, Kind::Mod),
            What::Zip(version) => (version, Kind::Zip),
        };
        let object = Object::Module(version.clone(), kind);
        if request.cached_only {
            return self.object(object, true).await;
        }
        // Before the disk is looked at: `go` repeats every 4xx, and what is known to be absent costs no more than a hit.
        if let Some(error) = self.shared.memory.failure(&Wanted::Object(object.clone())) {
            return Err(error);
        }
        let walks = self.shared.asked(version, kind);
        let served = self.object(object, false).await?;
        if let Served::Whole(reply) = &served
            && walks
        {
            self.shared.answered(version, reply);
        }
        Ok(served)
    }

    async fn sumdb(&self, request: &SumRequest) -> Result<Reply> {
        let routing = self.routing();
        if !routing.sum_names.contains(&request.name) {
            let text = format!("unsupported checksum database {}", request.name);
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        let name = || request.name.clone();
        let object = match &request.what {
            // Always yes, whatever the upstream says: a client that is told no goes to the database itself.
            SumWhat::Supported => return Ok(Reply::fixed(Bytes::new(), Duration::from_hours(1), Via::SumDb)),
            SumWhat::Latest => return self.answer(Answer::SumLatest(name()), false).await,
            SumWhat::Lookup(version) => {
                if routing.is_private(version.path()) || routing.no_sum.matches(version.path()) {
                    let text = format!("{version}: checksums of private modules are not looked up; set GONOSUMDB");
                    return Err(Error::new(ErrorKind::Refused, text));
                }
                Object::SumLookup(name(), version.clone())
            }
            SumWhat::Tile(tile) => Object::SumTile(name(), *tile),
        };
        self.shared.recheck(&object).await?;
        self.object(object, false).await?.whole().await
    }
}
