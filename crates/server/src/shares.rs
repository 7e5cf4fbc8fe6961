//! How many requests are answered at the same time. HTTP/1 has one for each connection; the streams of HTTP/2 would
//! multiply what all connections together may cost by their number.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// So many requests are answered before anybody's streams are counted, however few connections are allowed.
const MANY: usize = 1024;

/// How many of one connection are answered then.
const FEW: usize = 8;

/// Those of all connections.
#[derive(Debug)]
pub(crate) struct Shares {
    taken: AtomicUsize,
    many: usize,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share(Arc<Shares>);

impl Shares {
    /// For so many connections. While half as many requests are answered, each connection has as many as it likes.
    pub(crate) fn new(max_connections: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), many: MANY.max(max_connections / 2) })
    }

    /// A share for one more request of a connection, which has so many with it; `None` if it has enough.
    pub(crate) fn take(self: &Arc<Self>, with_it: usize) -> Option<Share> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let share = Share(Arc::clone(self));
        (with_it <= FEW || before < self.many).then_some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_streams_give_way_to_other_connections() {
        let shares = Shares::new(10);
        let mut held: Vec<_> = (1..=MANY).map(|with_it| shares.take(with_it).unwrap()).collect();
        assert!(shares.take(FEW + 1).is_none());
        held.push(shares.take(FEW).unwrap());
        held.truncate(MANY - 1);
        let _last = shares.take(MANY).unwrap();
        assert!(shares.take(MANY).is_none(), "a refusal takes nothing");
        assert!(shares.take(1).is_some());
    }
}
