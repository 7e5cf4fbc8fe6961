//! What is wished and what is on its way, in two lanes: small files do not wait behind zips.

use std::{
    collections::VecDeque,
    hash::BuildHasher as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gomod::ModuleVersion;
use quick_cache::{DefaultHashBuilder, sync::Cache};

use super::{
    plan::{Step, Wish},
    window::{Bounds, Window},
};
use crate::{Kind, Object};

/// How many wishes wait; more are let go.
pub(super) const QUEUE: usize = 4096;
/// A client that has not come so far by then has gone elsewhere.
pub(super) const STALE: Duration = Duration::from_secs(60);
/// How long a wish that failed is not wished again: an upstream that is down, or lacks a file of a version, would be asked
/// again by every hit.
pub(super) const REST: Duration = Duration::from_secs(20);
/// The same for one that was let go because others came first.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// How many wishes are remembered, so that nothing is looked for twice: of some thousand projects.
const KNOWN: usize = 1 << 16;
/// `.info` and go.mod: what a project of some hundred modules asks for, and a walk through a large one.
const SMALL: Bounds = Bounds { least: 16, first: 512, most: 4096 };
/// Zips: enough to be ahead of a client that unpacks them.
const LARGE: Bounds = Bounds { least: 2, first: 48, most: 256 };

/// What is done ahead, and what came of it.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// What was wished or asked for; until when, where it failed. By hashes: clients choose the names, and how long they
    /// are. Two that are the same cost one wish.
    known: Cache<u64, Option<Instant>>,
    hashes: DefaultHashBuilder,
    pub(super) lanes: [Lane; 2],
}

/// The wishes for files of one size.
#[derive(Debug)]
pub(super) struct Lane {
    /// How many are fetched at a time.
    pub(super) at_a_time: usize,
    /// How many are expected to be asked for: a request need not look where there are none.
    expected: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: VecDeque<(Instant, Wish)>,
    pub(super) running: usize,
    pub(super) window: Window,
}

impl Default for Ahead {
    fn default() -> Self {
        let lane = |at_a_time, bounds| {
            let state = State { queue: VecDeque::new(), running: 0, window: Window::new(bounds) };
            Lane { at_a_time, expected: AtomicUsize::new(0), state: Mutex::new(state) }
        };
        let hashes = DefaultHashBuilder::default();
        Self { known: Cache::new(KNOWN), hashes, lanes: [lane(24, SMALL), lane(6, LARGE)] }
    }
}

impl Ahead {
    pub(super) fn lane(&self, wish: &Wish) -> &Lane {
        &self.lanes[usize::from(wish.step == Step::Zip)]
    }

    /// A client asks for a file: whether it was expected to. What is on its way of the same version, it will wait for.
    pub(super) fn used(&self, version: &ModuleVersion, kind: Kind) -> bool {
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
    pub(super) fn was_asked(&self, wish: &Wish) -> bool {
        self.knows(&wish.version, Step::Asked(wish.kind()))
    }

    pub(super) fn knows(&self, version: &ModuleVersion, step: Step) -> bool {
        match self.known.get(&self.hash(version, step)) {
            Some(until) => until.is_none_or(|until| Instant::now() < until),
            None => false,
        }
    }

    pub(super) fn note(&self, version: &ModuleVersion, step: Step) {
        self.known.insert(self.hash(version, step), None);
    }

    /// A wish that was not fulfilled: after a while, another request for the version brings it up again.
    pub(super) fn forget(&self, wish: &Wish, rest: Duration) {
        let until = Some(Instant::now() + rest);
        let asked = [Kind::Info, Kind::Mod, Kind::Zip].map(Step::Asked);
        for step in [wish.step, Step::Read].into_iter().chain(asked) {
            let known = self.hash(&wish.version, step);
            if self.known.get(&known).is_some() {
                self.known.insert(known, until);
            }
        }
    }

    fn hash(&self, version: &ModuleVersion, step: Step) -> u64 {
        self.hashes.hash_one((version, step))
    }
}

impl Lane {
    /// Counters and queues are whole after a panic.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state);
        self.expected.store(state.window.len(), Ordering::Release);
        result
    }
}

#[cfg(test)]
mod tests {
    use gomod::{ModulePath, Version};

    use super::*;

    #[test]
    fn what_failed_is_wished_again_after_its_rest() {
        let ahead = Ahead::default();
        let path = ModulePath::parse("example.com/a").unwrap();
        let version = ModuleVersion::new(path, Version::parse("v1.0.0").unwrap()).unwrap();
        let wish = Wish::new(&version, Step::Zip);
        assert!(!ahead.knows(&version, Step::Zip) && !ahead.was_asked(&wish));
        for step in [Step::Zip, Step::Info, Step::Asked(Kind::Zip)] {
            ahead.note(&version, step);
        }
        assert!(ahead.knows(&version, Step::Zip) && ahead.was_asked(&wish));
        ahead.forget(&wish, REST);
        assert!(ahead.knows(&version, Step::Zip) && ahead.was_asked(&wish), "it rests");
        ahead.forget(&wish, Duration::ZERO);
        assert!(!ahead.knows(&version, Step::Zip) && !ahead.was_asked(&wish));
        assert!(ahead.knows(&version, Step::Info), "another wish");
    }
}
