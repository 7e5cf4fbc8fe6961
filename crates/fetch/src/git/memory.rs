//! What was learned of a remote, so that the next operation begins with what it is for. All of it may be out of date:
//! whoever fails with it forgets it and asks anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use goproxy_git::{Filter, wire::Capabilities};
use http::HeaderValue;
use reqwest::Url;

/// How long a server's abilities, and what it refused, are taken for granted.
const LASTS: Duration = Duration::from_secs(3600);

/// How long a remote that failed is asked one thing at a time.
const MOMENT: Duration = Duration::from_secs(60);

/// Remotes that may be remembered at a time.
const REMOTES: usize = 4096;

/// Where a remote really is, and what it offers.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The URL that requests are made below, after redirects.
    pub(super) base: Url,
    pub(super) capabilities: Capabilities,
}

/// What is known of one remote.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    place: Option<(Place, Instant)>,
    login: Option<HeaderValue>,
    dumb: Option<Instant>,
    failed: Option<Instant>,
    /// When a kind of filter was refused, by [`rung`].
    refused: [Option<Instant>; 3],
}

impl Memory {
    pub(super) fn place(&self) -> Option<Place> {
        self.lock().place.as_ref().filter(|(_, learned)| learned.elapsed() < LASTS).map(|(place, _)| place.clone())
    }

    pub(super) fn learn(&self, place: &Place) {
        let mut known = self.lock();
        known.place = Some((place.clone(), Instant::now()));
        known.dumb = None;
    }

    pub(super) fn forget(&self) {
        self.lock().place = None;
    }

    /// The `Authorization` that it took last.
    pub(super) fn login(&self) -> Option<HeaderValue> {
        self.lock().login.clone()
    }

    pub(super) fn set_login(&self, login: Option<HeaderValue>) {
        self.lock().login = login;
    }

    /// Whether it did not speak the smart protocol.
    pub(super) fn is_dumb(&self) -> bool {
        self.lock().dumb.is_some_and(|learned| learned.elapsed() < LASTS)
    }

    pub(super) fn learn_dumb(&self) {
        self.lock().dumb = Some(Instant::now());
    }

    /// Whether it could not be found a moment ago.
    pub(super) fn has_failed(&self) -> bool {
        self.lock().failed.is_some_and(|learned| learned.elapsed() < MOMENT)
    }

    pub(super) fn learn_failure(&self) {
        self.lock().failed = Some(Instant::now());
    }

    pub(super) fn refuses(&self, filter: &Filter) -> bool {
        self.lock().refused[rung(filter)].is_some_and(|learned| learned.elapsed() < LASTS)
    }

    pub(super) fn learn_refusal(&self, filter: &Filter) {
        self.lock().refused[rung(filter)] = Some(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing between the assignments of a change can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rung(filter: &Filter) -> usize {
    match filter {
        Filter::NoBlobs => 0,
        Filter::NoTrees => 1,
        Filter::Shallow { .. } => 2,
    }
}

/// What is asked of a server in turn, should it refuse: forges allow no more than the simple filters as a rule.
pub(super) fn ladder(filter: Option<&Filter>) -> Vec<Option<Filter>> {
    let mut rungs: Vec<_> = filter.cloned().into_iter().map(Some).collect();
    if filter.is_some_and(|filter| *filter != Filter::NoBlobs) {
        rungs.push(Some(Filter::NoBlobs));
    }
    rungs.push(None);
    rungs
}

/// The memories of all remotes, by key.
#[derive(Debug, Default)]
pub(super) struct Memories(Mutex<HashMap<String, Arc<Memory>>>);

impl Memories {
    pub(super) fn of(&self, key: &str) -> Arc<Memory> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = all.get(key) {
            return Arc::clone(memory);
        }
        if all.len() >= REMOTES {
            // A memory is a saving: those that nobody holds at this moment cost a request each to make again.
            all.retain(|_, memory| Arc::strong_count(memory) > 1);
        }
        let memory = Arc::<Memory>::default();
        if all.len() < REMOTES {
            all.insert(key.to_owned(), Arc::clone(&memory));
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_shared_and_bounded() {
        let memories = Memories::default();
        let first = memories.of("a");
        first.learn_dumb();
        assert!(memories.of("a").is_dumb() && !memories.of("b").is_dumb());
        for n in 0..2 * REMOTES {
            memories.of(&n.to_string());
        }
        assert!(memories.0.lock().unwrap().len() <= REMOTES);
        assert!(memories.of("a").is_dumb(), "still held");
    }

    #[test]
    fn the_ladder_ends_with_everything() {
        let shallow = Filter::Shallow { levels: 1, blob_limit: 9 };
        assert_eq!(ladder(Some(&shallow)), [Some(shallow), Some(Filter::NoBlobs), None]);
        assert_eq!(ladder(Some(&Filter::NoTrees)), [Some(Filter::NoTrees), Some(Filter::NoBlobs), None]);
        assert_eq!(ladder(Some(&Filter::NoBlobs)), [Some(Filter::NoBlobs), None]);
        assert_eq!(ladder(None), [None]);
    }
}
