//! More clients than connections are allowed: those that hold one and ask for nothing make room, so that silence in any
//! number keeps nobody out.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

use crate::activity::Activity;

/// How long a connection may ask for nothing when others wait for its place.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the connections are looked at while others wait.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often the log hears of it.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Tells all connections that there are too many.
#[derive(Debug)]
pub(crate) struct Crowd {
    all: watch::Sender<()>,
    said: Option<Instant>,
}

/// One connection's ear.
#[derive(Clone, Debug)]
pub(crate) struct Ear(watch::Receiver<()>);

impl Crowd {
    pub(crate) fn new() -> Self {
        Self { all: watch::Sender::new(()), said: None }
    }

    pub(crate) fn ear(&self) -> Ear {
        Ear(self.all.subscribe())
    }

    /// There are others who wait.
    pub(crate) fn tell(&mut self) {
        if self.said.is_none_or(|at| at.elapsed() > SAY_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!("the limit of open connections is reached, silent ones make room; see -maxConnections");
        }
        self.all.send_replace(());
    }
}

impl Ear {
    /// Returns when the connection has to make room.
    pub(crate) async fn unwanted(mut self, activity: &Activity) {
        // Without a sender the server is about to end.
        while self.0.changed().await.is_ok() {
            if activity.silent_since().is_some_and(|since| Instant::now() >= since + PATIENCE) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}
