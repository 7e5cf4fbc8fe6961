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

use crate::{Kind, Object, Via, engine::Shared, routing::TOOLCHAIN};

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
    fn lane(&self, object: &Object) -> &Lane {
        &self.lanes[usize::from(matches!(object, Object::Module(_, Kind::Zip)))]
    }

    /// A wish that was not fulfilled: another request for the version brings it up again.
    fn forget(&self, wish: &Wish) {
        let asked = [Kind::Info, Kind::Mod, Kind::Zip].map(|kind| Step::Asked(kind));
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

    /// A client asks for an object: whether it was expected to.
    fn used(&self, object: &Object) -> bool {
        self.expected.load(Ordering::Acquire) > 0 && self.with(|state| state.window.used(object))
    }
}

impl Shared {
    /// A client asks for a file: counts what was expected, and wishes what comes next.
    pub(crate) fn asked(self: &Arc<Self>, version: &ModuleVersion, kind: Kind) {
        if self.ahead_bytes() == 0 || !self.reads_ahead(version) {
            return;
        }
        let object = Object::Module(version.clone(), kind);
        let used = self.ahead.lane(&object).used(&object);
        let asked = Wish::new(version, Step::Asked(kind));
        if self.ahead.known.get(&asked).is_none() {
            self.ahead.known.insert(asked, ());
            let walked = self.ahead.known.get(&Wish::new(version, Step::Walk)).is_some();
            for step in plan::follow(kind, walked) {
                self.wish(Wish::new(version, *step));
            }
        }
        if used {
            self.observer.read_ahead("used", 1);
            self.pump();
        }
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
        let lane = self.ahead.lane(&wish.object());
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
