//! How much may lie there that was fetched before anybody asked for it: a window that opens as clients ask for what they
//! were expected to, and closes when they do not.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Object, rank::Rank};

/// Who has not asked by then will not.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far a window opens and closes, in objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) least: usize,
    pub(super) first: usize,
    pub(super) most: usize,
}

/// What was fetched ahead, or is being fetched, and was not asked for yet.
#[derive(Debug)]
pub(super) struct Window {
    bounds: Bounds,
    size: usize,
    bytes: u64,
    open: HashMap<Object, Open>,
    /// In the order of beginning; also what was asked for since.
    begun: VecDeque<(Instant, Object)>,
}

#[derive(Debug)]
struct Open {
    at: Instant,
    bytes: u64,
    rank: Arc<Rank>,
}

impl Window {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, size: bounds.first, bytes: 0, open: HashMap::new(), begun: VecDeque::new() }
    }

    /// Whether one more may begin, with so many bytes lying there at most.
    pub(super) fn is_open(&self, bytes: u64) -> bool {
        self.open.len() < self.size && self.bytes < bytes
    }

    /// Expects an object, unless it is expected already: whether this is the first to do so, who has to say how it ended.
    pub(super) fn begin(&mut self, object: &Object, rank: Arc<Rank>) -> bool {
        if self.open.contains_key(object) {
            return false;
        }
        let at = Instant::now();
        self.open.insert(object.clone(), Open { at, bytes: 0, rank });
        self.begun.push_back((at, object.clone()));
        true
    }

    /// It is there now and takes so many bytes; `None`: it did not come.
    pub(super) fn end(&mut self, object: &Object, bytes: Option<u64>) {
        match (self.open.get_mut(object), bytes) {
            (Some(open), Some(bytes)) => {
                open.bytes = bytes;
                self.bytes += bytes;
            }
            (Some(_), None) => drop(self.open.remove(object)),
            (None, _) => {}
        }
    }

    /// Somebody waits for an object, or for something that comes with it.
    pub(super) fn promote(&self, object: &Object) {
        if let Some(open) = self.open.get(object) {
            open.rank.promote();
        }
    }

    /// A client asks for an object: whether it was fetched ahead. The window opens.
    pub(super) fn used(&mut self, object: &Object) -> bool {
        let Some(open) = self.open.remove(object) else { return false };
        self.bytes -= open.bytes;
        self.size = (self.size + 1).min(self.bounds.most);
        true
    }

    /// Gives up what nobody asked for in time, and closes the window by twice as much: it stays open only where two of
    /// three are asked for. How many.
    pub(super) fn expire(&mut self, now: Instant) -> u64 {
        let mut count = 0;
        while let Some((at, object)) = self.begun.front() {
            let expected = self.open.get(object).is_some_and(|open| open.at == *at);
            if expected && now.saturating_duration_since(*at) < PATIENCE {
                break;
            }
            if expected && let Some(open) = self.open.remove(object) {
                self.bytes -= open.bytes;
                self.size = self.size.saturating_sub(2).max(self.bounds.least);
                count += 1;
            }
            self.begun.pop_front();
        }
        count
    }

    /// How many it holds.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use gomod::{ModulePath, ModuleVersion, Version};

    use super::*;
    use crate::Kind;

    const BOUNDS: Bounds = Bounds { least: 2, first: 4, most: 6 };

    fn object(i: usize) -> Object {
        let path = ModulePath::parse(&format!("example.com/m{i}")).unwrap();
        Object::Module(ModuleVersion::new(path, Version::parse("v1.0.0").unwrap()).unwrap(), Kind::Zip)
    }

    fn fill(window: &mut Window, from: usize) -> usize {
        let mut i = from;
        while window.is_open(1000) {
            assert!(window.begin(&object(i), Arc::default()));
            window.end(&object(i), Some(10));
            i += 1;
        }
        i - from
    }

    #[test]
    fn it_opens_with_use_and_closes_with_waste() {
        let mut window = Window::new(BOUNDS);
        assert_eq!(fill(&mut window, 0), 4);
        assert!((0..4).all(|i| window.used(&object(i))));
        assert!(!window.used(&object(0)), "counted once");
        assert_eq!(fill(&mut window, 10), 6, "no further than its bound");
        assert_eq!(window.expire(Instant::now()), 0);
        assert_eq!(window.expire(Instant::now() + PATIENCE), 6);
        assert!(window.len() == 0 && window.begun.is_empty() && window.bytes == 0);
        assert_eq!(fill(&mut window, 20), 2, "never shut: clients may change their ways");
    }

    #[test]
    fn bytes_that_nobody_asked_for_are_bounded() {
        let mut window = Window::new(BOUNDS);
        for i in 0..2 {
            assert!(window.is_open(20));
            assert!(window.begin(&object(i), Arc::default()));
            window.end(&object(i), Some(15));
        }
        assert!(!window.is_open(20));
        window.used(&object(0));
        assert!(window.is_open(20));
    }

    #[test]
    fn what_did_not_come_takes_no_place() {
        let mut window = Window::new(BOUNDS);
        assert!(window.begin(&object(0), Arc::default()));
        window.end(&object(0), None);
        assert!(window.len() == 0 && !window.used(&object(0)));
        assert_eq!(window.expire(Instant::now() + PATIENCE), 0);
    }

    #[tokio::test]
    async fn what_somebody_waits_for_goes_first() {
        let (mut window, rank) = (Window::new(BOUNDS), Arc::<Rank>::default());
        assert!(window.begin(&object(0), Arc::clone(&rank)));
        window.promote(&object(0));
        let turns = crate::Turns::new(1, 0);
        assert!(crate::rank::ranked(Some(rank), turns.take()).await.is_some());
    }
}
