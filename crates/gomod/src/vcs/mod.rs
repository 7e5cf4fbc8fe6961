//! Version control as module paths know it (cmd/go/internal/vcs): which systems there are, what a path says by itself
//! ([`known()`]), and what GOVCS allows ([`GoVcs`]).

mod govcs;
mod known;

pub use govcs::{GoVcs, GoVcsError};
pub use known::{Known, Location, known};

/// What keeps a module's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vcs {
    /// `git`
    Git,
    /// `hg`
    Hg,
    /// `svn`
    Svn,
    /// `bzr`, which Go 1.27 no longer knows.
    Bzr,
    /// `fossil`
    Fossil,
    /// A module proxy, named by a go-import page.
    Mod,
}

impl Vcs {
    /// Those with a command, which is also how a repository's name may end.
    pub(crate) const SYSTEMS: [Self; 5] = [Self::Hg, Self::Git, Self::Svn, Self::Bzr, Self::Fossil];

    /// The word in go-import tags and in GOVCS.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hg => "hg",
            Self::Svn => "svn",
            Self::Bzr => "bzr",
            Self::Fossil => "fossil",
            Self::Mod => "mod",
        }
    }

    /// What a go-import tag means by a word; case counts.
    pub fn named(name: &str) -> Option<Self> {
        let of_page = Self::SYSTEMS.into_iter().chain([Self::Mod]);
        of_page.into_iter().find(|vcs| vcs.name() == name)
    }

    /// The schemes under which a repository is looked for that has none, in their order.
    pub const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Git => &["git", "https", "http", "git+ssh", "ssh"],
            Self::Hg => &["https", "http", "ssh"],
            Self::Svn => &["https", "http", "svn", "svn+ssh"],
            Self::Bzr => &["https", "http", "bzr", "bzr+ssh"],
            Self::Fossil | Self::Mod => &["https", "http"],
        }
    }
}

/// Whether a scheme (lower-case) keeps others from reading and changing what it carries.
pub fn is_secure_scheme(scheme: &str) -> bool {
    matches!(scheme, "https" | "git+ssh" | "bzr+ssh" | "svn+ssh" | "ssh")
}
