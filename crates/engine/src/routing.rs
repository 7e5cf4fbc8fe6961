//! Who is asked for what. One classification of a request, on the unescaped module path, decides everything.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use gomod::{ModulePath, Patterns, sumdb::VerifierKey};

use crate::{Error, ErrorKind, Result, Source, SumSource, Via, rank};

/// Where toolchains come from.
pub(crate) const TOOLCHAIN: &str = "golang.org/toolchain";

/// One element of the upstream list.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Who is asked.
    pub source: Arc<dyn Source>,
    /// The separator that follows is `|`: go on after any error, not only after "does not exist".
    pub on_any_error: bool,
}

/// What may change while the engine runs: replaced whole, never edited.
#[derive(Clone, Debug)]
pub struct Routing {
    /// Modules that go direct and whose names never leave: `-exclude` and GOPRIVATE.
    pub private: Patterns,
    /// Modules whose checksums are never looked up, beside the private ones: GONOSUMDB.
    pub no_sum: Patterns,
    /// Who is asked for private modules.
    pub direct: Arc<dyn Source>,
    /// Who is asked for all others, in order. Empty means nobody (`-proxy off`).
    pub public: Vec<Hop>,
    /// Who is asked for checksums.
    pub sums: Arc<dyn SumSource>,
    /// The checksum databases that we stand in for.
    pub sum_names: Vec<String>,
    /// The keys of databases that we know, by the names under which `sums` is asked. What others say is passed on to
    /// clients, who verify it, and not stored.
    pub sum_keys: BTreeMap<String, VerifierKey>,
    /// The database that vouches for modules, one of `sum_keys`: GOSUMDB. `None`: nobody does.
    pub notary: Option<String>,
    /// How many fetches run, or wait for their turn, at the same time.
    pub fetches: usize,
    /// How many bytes of zips may lie there that were fetched before anybody asked for them, and that nobody has asked
    /// for since; 0: nothing is fetched before it is asked for.
    pub read_ahead: u64,
    /// How long mutable answers are fresh.
    pub freshness: Duration,
}

impl Routing {
    /// Whether a module's name must not leave the organisation.
    pub fn is_private(&self, path: &ModulePath) -> bool {
        self.private.matches(path)
    }

    /// The database that has to vouch for a module. Toolchains are programs that `go` runs, so that GONOSUMDB does not
    /// count for them (cmd/go/internal/modfetch `useSumDB`).
    pub fn notary_of(&self, path: &ModulePath) -> Option<&str> {
        let exempt = self.no_sum.matches(path) && path.as_str() != TOOLCHAIN;
        self.notary.as_deref().filter(|_| !exempt && !self.is_private(path))
    }

    /// The sources for a module, in order.
    pub fn hops(&self, path: &ModulePath) -> Vec<Hop> {
        if self.is_private(path) {
            vec![Hop { source: Arc::clone(&self.direct), on_any_error: false }]
        } else {
            self.public.clone()
        }
    }

    /// How long an absence or a refusal is remembered: long enough for a client's repetitions, short enough that a
    /// tag pushed just now is found within a minute.
    pub fn absence(&self) -> Duration {
        self.freshness.min(Duration::from_mins(1))
    }
}

/// Asks the hops in order with the rules of a GOPROXY list: after `,` the next one is asked only when the module does
/// not exist or the source sends what does not hold, after `|` on any error. Which error is reported follows
/// cmd/go/internal/modfetch/proxy.go `TryProxies`: a direct one before another failure before "does not exist".
///
/// The rules may change meanwhile: of a module that became private nobody learns who did not know it by then.
pub(crate) async fn first<T, F>(
    rules: &ArcSwap<Routing>,
    path: &ModulePath,
    ask: impl Fn(Arc<dyn Source>) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let hops = rules.load().hops(path);
    let mut best: Option<(u8, Error)> = None;
    for hop in &hops {
        if hop.source.via() != Via::Direct && rules.load().is_private(path) {
            return Err(Error::new(ErrorKind::Busy, "the settings of the proxy have changed, try again"));
        }
        if hop.source.via() == Via::Direct && rank::is_ahead() {
            // What a stranger's go.mod names is no reason to connect to a host. Who joins this run starts another one.
            return Err(Error::new(ErrorKind::NotCached, "not at the upstream, and nobody has asked for it"));
        }
        let error = match ask(Arc::clone(&hop.source)).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // As go has it: a proxy knows no such module, and nobody is at the host that its path names. Else a machine that
        // reaches nothing but its upstream could not be told of a package which module it is in.
        let absent = best.as_ref().is_some_and(|(_, before)| before.kind() == ErrorKind::NotFound);
        let nobody = hop.source.via() == Via::Direct && error.kind() == ErrorKind::NoHost;
        let error = if absent && nobody { error.with_kind(ErrorKind::NotFound) } else { error };
        let (missing, lied) = (error.kind() == ErrorKind::NotFound, error.kind() == ErrorKind::Invalid);
        let rank = match (hop.source.via(), missing) {
            (Via::Direct, _) => 2,
            (_, false) => 1,
            (_, true) => 0,
        };
        if best.as_ref().is_none_or(|(best, _)| rank >= *best) {
            best = Some((rank, error));
        }
        if !missing && !lied && !hop.on_any_error {
            break;
        }
    }
    Err(best.map_or_else(off, |(_, error)| error))
}

/// Nobody may be asked.
fn off() -> Error {
    Error::new(ErrorKind::Refused, "module lookup disabled by -proxy=off, and it is not in the cache")
}
