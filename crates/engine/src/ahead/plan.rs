//! What a client will ask next, as `go` 1.17 to 1.26 does (measured, cmd/go/internal/modload):
//!
//! - `go mod download` and `go list -m all` read the go.mod of every requirement of the project, two or so at a time, and
//!   walk on from those below `go 1.17`; then the `.info` of each selected version, one after the other; `download` then
//!   fetches their zips in the same order.
//! - `go build` and `go run` fetch zips as they meet imports, each followed by its go.mod, and all `.info` at the end.
//! - `go get` resolves one `.info`, then its go.mod, walks, and fetches zips.

use gomod::ModuleVersion;

use crate::{Kind, Object};

/// Something to fetch before it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wish {
    pub(super) version: ModuleVersion,
    pub(super) step: Step,
}

/// What is wished of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Info,
    Mod,
    /// Its go.mod for somebody who fetches the zip: a build, which walks no further.
    Beside,
    /// Its go.mod and all that it leads to: it was reached from one that is not pruned.
    Walk,
    Zip,
    /// A mark and no wish: a client asked for this file.
    Asked(Kind),
    /// A mark: its go.mod was served and read.
    Read,
}

impl Wish {
    pub(super) fn new(version: &ModuleVersion, step: Step) -> Self {
        Self { version: version.clone(), step }
    }

    pub(super) fn object(&self) -> Object {
        Object::Module(self.version.clone(), self.kind())
    }

    pub(super) const fn kind(&self) -> Kind {
        match self.step {
            Step::Info => Kind::Info,
            Step::Mod | Step::Beside | Step::Walk | Step::Read => Kind::Mod,
            Step::Zip => Kind::Zip,
            Step::Asked(kind) => kind,
        }
    }
}

/// The next steps after a request for a file of a version. `expected`: we fetched it ahead on a walk, so that it is one of
/// many versions on the way, and rarely the one that is selected.
pub(super) fn follow(kind: Kind, expected: bool) -> &'static [Step] {
    match (kind, expected) {
        // Whoever wants to know about a version knows which it will be.
        (Kind::Info, _) => &[Step::Mod, Step::Zip],
        (Kind::Mod, false) => &[Step::Info],
        (Kind::Mod, true) => &[],
        (Kind::Zip, _) => &[Step::Beside, Step::Info],
    }
}
