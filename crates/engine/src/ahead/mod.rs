//! Read-ahead: when a client asks for a version, what it will ask next is already on its way.
//!
//! It serves nobody: what it fetches goes through the same flights and checks into the store, where the next request
//! finds it, or joins. [`plan`] says what comes next, [`window`] how much of it may lie there unused, `run` does it, at a
//! lower rank ([`crate::rank`]) than what somebody waits for.
//!
//! Only upstream proxies are asked: version control brings the files of a version together, and what a stranger's go.mod
//! names is no reason to connect to a host. So no private name is read ahead anywhere.

mod lane;
mod plan;
mod run;
mod window;

use std::{sync::Arc, time::Instant};

use gomod::ModuleVersion;
pub(crate) use lane::Ahead;
use lane::QUEUE;
use plan::{Step, Wish};

use crate::{Engine, Kind, Via, engine::Shared, routing::TOOLCHAIN};

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
        self.ahead.note(version, Step::Asked(kind));
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
        if self.ahead.knows(&wish.version, wish.step) {
            return;
        }
        let lane = self.ahead.lane(&wish);
        let queued = lane.with(|state| {
            let room = state.queue.len() < QUEUE;
            if room {
                self.ahead.note(&wish.version, wish.step);
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
