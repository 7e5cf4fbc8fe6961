//! What is stored and asked for, as values: the store derives file names from them, the engine coalesces by them.

use gomod::{ModulePath, ModuleVersion, Query};

/// The three files of a module version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `.info`: JSON with version, time and origin.
    Info,
    /// `.mod`: the go.mod file.
    Mod,
    /// `.zip`: the module zip.
    Zip,
}

impl Kind {
    /// The file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Mod => "mod",
            Self::Zip => "zip",
        }
    }
}

/// An immutable object: whatever is first committed under it stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// A file of a module version.
    Module(ModuleVersion, Kind),
    /// A signed lookup of a checksum database: `lookup/<module>@<version>`.
    SumLookup(String, ModuleVersion),
    /// A tile of a checksum database, full or partial: `tile/8/0/x001/234`.
    SumTile(String, gomod::Tile),
}

/// An answer that changes with time and is kept for a freshness period.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// `@v/list`.
    List(ModulePath),
    /// `@latest`.
    Latest(ModulePath),
    /// `@v/<query>.info` where the query is no canonical version: a branch, tag or hash prefix.
    Query(ModulePath, Query),
    /// `/sumdb/<name>/latest`: the signed tree head.
    SumLatest(String),
}

/// Something small that must neither be forgotten nor change unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The newest signed tree head of a checksum database, by the name and hash of the key that signed it.
    TreeHead(String, u32),
    /// That this key has signed two histories, with the evidence.
    Fork(String, u32),
    /// The first content of a file of a version that no checksum database vouches for: its line in go.sum.
    Sum(ModuleVersion, Kind),
}

impl Object {
    /// The fixed word for metrics.
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Module(_, kind) => kind.extension(),
            Self::SumLookup(..) | Self::SumTile(..) => "sumdb",
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Module(mv, kind) => write!(f, "{mv}.{}", kind.extension()),
            Self::SumLookup(db, mv) => write!(f, "{db}/lookup/{mv}"),
            Self::SumTile(db, tile) => write!(f, "{db}/{tile}"),
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::List(path) => write!(f, "{path}@v/list"),
            Self::Latest(path) => write!(f, "{path}@latest"),
            Self::Query(path, query) => write!(f, "{path}@{query}"),
            Self::SumLatest(db) => write!(f, "{db}/latest"),
        }
    }
}
