//! Read-ahead: when a client asks for a version, what it will ask next is already on its way.
//!
//! It serves nobody: what it fetches goes through the same flights and checks into the store, where the next request
//! finds it, or joins. [`plan`] says what comes next, [`window`] how much of it may lie there unused, `run` does it, at a
//! lower rank ([`crate::rank`]) than what somebody waits for.
//!
//! Only upstream proxies are asked: version control brings the files of a version together, and what a stranger's go.mod
//! names is no reason to connect to a host. So no private name is read ahead anywhere.

mod plan;
mod run;
mod window;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gomod::ModuleVersion;
use plan::{Step, Wish};
use quick_cache::sync::Cache;
use window::{Bounds, Window};

use crate::{Engine, Kind, Object, Via, engine::Shared, routing::TOOLCHAIN};

/// How many wishes wait; more are let go.
const QUEUE: usize = 4096;
/// A client that has not come so far by then has gone elsewhere.
const STALE: Duration = Duration::from_secs(60);
/// How many wishes are remembered, so that nothing is looked for twice: of some thousand projects.
const KNOWN: usize = 1 << 16;
/// `.info` and go.mod: what a project of some hundred modules asks for, and a walk through a large one.
const SMALL: Bounds = Bounds { least: 16, first: 512, most: 4096 };
/// Zips: enough to be ahead of a client that unpacks them.
const LARGE: Bounds = Bounds { least: 2, first: 48, most: 256 };

/// What is done ahead, and what came of it.
#[derive(Debug)]
pub(crate) struct Ahead {
    known: Cache<Wish, ()>,
    lanes: [Lane; 2],
}

/// Small files do not wait behind zips.
#[derive(Debug)]
struct Lane {
    /// How many are fetched at a time.
    at_a_time: usize,
    /// How many are expected to be asked for: a request need not look where there are none.
    expected: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<(Instant, Wish)>,
    running: usize,
    window: Window,
}

impl Default for Ahead {
    fn default() -> Self {
        let lane = |at_a_time, bounds| {
            let state = State { queue: VecDeque::new(), running: 0, window: Window::new(bounds) };
            Lane { at_a_time, expected: AtomicUsize::new(0), state: Mutex::new(state) }
        };
        Self { known: Cache::new(KNOWN), lanes: [lane(24, SMALL), lane(6, LARGE)] }
    }
}

impl Ahead {
    fn lane(&self, wish: &Wish) -> &Lane {
        &self.lanes[usize::from(wish.step == Step::Zip)]
    }

    /// A client asks for a file: whether it was expected to. What is on its way of the same version, it will wait for.
    fn used(&self, version: &ModuleVersion, kind: Kind) -> bool {
        let mut used = false;
        for (lane, kinds) in self.lanes.iter().zip([&[Kind::Info, Kind::Mod][..], &[Kind::Zip]]) {
            if lane.expected.load(Ordering::Acquire) == 0 {
                continue;
            }
            lane.with(|state| {
                for of in kinds {
                    let object = Object::Module(version.clone(), *of);
                    state.window.promote(&object);
                    used |= *of == kind && state.window.used(&object);
                }
            });
        }
        used
    }

    /// Whether a client has asked for the file itself.
    fn was_asked(&self, wish: &Wish) -> bool {
        self.knows(&wish.version, Step::Asked(wish.kind()))
    }

    fn knows(&self, version: &ModuleVersion, step: Step) -> bool {
        self.known.get(&Wish::new(version, step)).is_some()
    }

    /// A wish that was not fulfilled: another request for the version brings it up again.
    fn forget(&self, wish: &Wish) {
        let asked = [Kind::Info, Kind::Mod, Kind::Zip].map(Step::Asked);
        for step in [wish.step, Step::Read].into_iter().chain(asked) {
            self.known.remove(&Wish::new(&wish.version, step));
        }
    }
}

impl Lane {
    /// Counters and queues are whole after a panic.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state);
        self.expected.store(state.window.len(), Ordering::Release);
        result
    }
}

impl Engine {
    /// Makes the first connection, where things are fetched before they are asked for: at the start, and under new rules.
    pub fn prepare(&self) {
        let routing = self.routing();
        let Some(notary) = routing.notary.clone().filter(|_| routing.read_ahead > 0) else { return };
        tokio::spawn(async move { routing.sums.prepare(&notary).await });
    }
}

impl Shared {
    /// A client asks for a file: counts what was expected, and wishes what comes next. Whether the client may walk on from
    /// it. Costs a look into a table where that was asked for before.
    pub(crate) fn asked(self: &Arc<Self>, version: &ModuleVersion, kind: Kind) -> bool {
        if self.ahead_bytes() == 0 {
            return false;
        }
        let used = self.ahead.used(version, kind);
        if used {
            self.observer.read_ahead("used", 1);
            self.pump();
        }
        let walks = kind == Kind::Mod && !(used && self.ahead.knows(version, Step::Beside));
        if self.ahead.knows(version, Step::Asked(kind)) || !self.reads_ahead(version) {
            return walks;
        }
        self.ahead.known.insert(Wish::new(version, Step::Asked(kind)), ());
        let walked = self.ahead.knows(version, Step::Walk);
        for step in plan::follow(kind, walked) {
            self.wish(Wish::new(version, *step));
        }
        walks
    }

    /// How many bytes of zips may lie there that nobody asked for; 0: nothing is read ahead.
    fn ahead_bytes(&self) -> u64 {
        self.routing.load().read_ahead
    }

    /// Whether the first to be asked for a module is an upstream proxy.
    fn reads_ahead(&self, version: &ModuleVersion) -> bool {
        let routing = self.routing.load();
        !routing.is_private(version.path())
            && routing.public.first().is_some_and(|hop| hop.source.via() == Via::Proxy)
            && version.path().as_str() != TOOLCHAIN
    }

    /// Puts something on the list, unless it was there before.
    fn wish(self: &Arc<Self>, wish: Wish) {
        if self.ahead.known.get(&wish).is_some() {
            return;
        }
        let lane = self.ahead.lane(&wish);
        let queued = lane.with(|state| {
            let room = state.queue.len() < QUEUE;
            if room {
                self.ahead.known.insert(wish.clone(), ());
                state.queue.push_back((Instant::now(), wish));
            }
            room
        });
        if queued {
            self.pump();
        } else {
            self.observer.read_ahead("skipped", 1);
        }
    }
}
