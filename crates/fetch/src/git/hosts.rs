//! How many operations a host gets at a time, and in a second. More wait, but not for long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use goproxy_engine::{Error, ErrorKind, Result};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};

/// How long an operation waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hosts that are counted at a time. Beyond, those that nobody talks to are forgotten.
const HOSTS: usize = 1024;

/// How long a host that was unlike others is taken to be so.
const ODD: Duration = Duration::from_secs(3600);

/// What one host is asked at most.
#[derive(Clone, Copy, Debug)]
pub struct HostLimits {
    /// Operations at the same time; at least one.
    pub at_once: usize,
    /// Operations in a second, on average; as many may come at once. At least one.
    pub per_second: u32,
}

#[derive(Debug)]
pub(super) struct Hosts {
    limits: HostLimits,
    patience: Duration,
    all: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    turns: Arc<Semaphore>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// When the operations until now are paid for, at the rate that is allowed.
    paid: Instant,
    odd: Option<Instant>,
}

/// A turn, until it is dropped.
pub(super) type HostTurn = OwnedSemaphorePermit;

impl Hosts {
    pub(super) fn new(limits: HostLimits) -> Self {
        let at_once = limits.at_once.clamp(1, Semaphore::MAX_PERMITS);
        let limits = HostLimits { at_once, per_second: limits.per_second.max(1) };
        Self { limits, patience: PATIENCE, all: Mutex::default() }
    }

    pub(super) async fn turn(&self, host: &str) -> Result<HostTurn> {
        let known = self.of(host);
        let wait = async {
            let turn = Arc::clone(&known.turns).acquire_owned().await.ok()?;
            sleep_until(self.pay(&known, self.patience)?).await;
            Some(turn)
        };
        match goproxy_engine::queued(timeout(self.patience, wait)).await {
            Ok(Some(turn)) => Ok(turn),
            _ => Err(Error::new(ErrorKind::Busy, format!("too many operations on {host} are under way"))
                .with_retry_after(Some(Duration::from_secs(5)))),
        }
    }

    /// A turn that nobody else is waiting for, for what can do without. Not of a host that has been odd.
    pub(super) fn spare(&self, host: &str) -> Option<HostTurn> {
        let known = self.of(host);
        let odd = lock(&known.seen).odd.is_some_and(|since| since.elapsed() < ODD);
        let turn = if odd { None } else { Arc::clone(&known.turns).try_acquire_owned().ok() };
        turn.filter(|_| self.pay(&known, Duration::ZERO).is_some())
    }

    /// It does not do what nearly all others do.
    pub(super) fn mark_odd(&self, host: &str) {
        lock(&self.of(host).seen).odd = Some(Instant::now());
    }

    /// Takes one operation of those that are allowed, and says when; none if that is too late.
    fn pay(&self, host: &Host, patience: Duration) -> Option<Instant> {
        let second = Duration::from_secs(1);
        let (now, mut seen) = (Instant::now(), lock(&host.seen));
        let paid = seen.paid.max(now) + second / self.limits.per_second;
        let due = paid.checked_sub(second).map_or(now, |due| due.max(now));
        (due <= now + patience).then(|| {
            seen.paid = paid;
            due
        })
    }

    fn of(&self, host: &str) -> Arc<Host> {
        let mut all = lock(&self.all);
        if all.len() >= HOSTS {
            let in_use = |host: &Host| host.turns.available_permits() < self.limits.at_once;
            all.retain(|_, host| in_use(host) || Arc::strong_count(host) > 1);
        }
        let new = || Host {
            turns: Arc::new(Semaphore::new(self.limits.at_once)),
            seen: Mutex::new(Seen { paid: Instant::now(), odd: None }),
        };
        Arc::clone(all.entry(host.to_owned()).or_insert_with(|| Arc::new(new())))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(at_once: usize) -> Hosts {
        Hosts::new(HostLimits { at_once, per_second: 1000 })
    }

    #[tokio::test]
    async fn a_host_has_so_many_turns_and_others_have_theirs() {
        let hosts = Hosts { patience: Duration::from_millis(20), ..hosts(2) };
        let (first, _second) = (hosts.turn("a").await.unwrap(), hosts.turn("a").await.unwrap());
        let error = hosts.turn("a").await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Busy, Some(Duration::from_secs(5))));
        assert!(hosts.turn("b").await.is_ok() && hosts.spare("a").is_none());
        drop(first);
        assert!(hosts.spare("a").is_some());
        assert!(hosts.turn("a").await.is_ok());
        hosts.mark_odd("a");
        assert!(hosts.spare("a").is_none() && hosts.spare("b").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_was_asked_as_fast_as_it_answered() {
        let (hosts, begun) = (Hosts::new(HostLimits { at_once: 8, per_second: 10 }), Instant::now());
        for _ in 0..10 {
            drop(hosts.turn("a").await.unwrap());
        }
        assert_eq!((begun.elapsed(), hosts.spare("a").is_none()), (Duration::ZERO, true));
        for _ in 0..30 {
            drop(hosts.turn("a").await.unwrap());
        }
        assert!((3000..3300).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        drop(hosts.turn("b").await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(hosts.spare("a").is_some());
    }

    #[tokio::test]
    async fn hosts_that_nobody_talks_to_are_forgotten() {
        let (hosts, held) = (hosts(1), hosts(1));
        let _turn = held.turn("kept").await.unwrap();
        for n in 0..3 * HOSTS {
            drop(hosts.turn(&n.to_string()).await.unwrap());
            held.spare(&n.to_string());
        }
        assert!(lock(&hosts.all).len() <= HOSTS && lock(&held.all).len() <= HOSTS);
        assert!(held.spare("kept").is_none());
    }
}
