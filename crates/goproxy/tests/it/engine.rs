//! What must hold whatever fetches from version control: such a test takes the engine, and is two tests.

use std::ffi::OsString;

use goproxy_testkit::ProxyBuilder;

use crate::support::{go_client, goproxy};

/// What `-direct` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Native,
    Go,
}

impl Engine {
    /// The program under test with this engine.
    pub(crate) fn goproxy(self) -> ProxyBuilder {
        self.of(goproxy())
    }

    /// A program that takes the flags of the one under test. Nothing native may depend on `go`, so it has none there.
    pub(crate) fn of(self, program: ProxyBuilder) -> ProxyBuilder {
        match self {
            Self::Native => program.args(["-direct", "native"]).env("PATH", path_without_go()),
            Self::Go => program.args(["-direct", "go"]),
        }
    }

    /// Where repositories are kept, below the cache's root.
    pub(crate) const fn repositories(self) -> &'static str {
        match self {
            Self::Native => "pkg/mod/cache/goproxy/git",
            Self::Go => "pkg/mod/cache/vcs",
        }
    }

    /// Whether it can be tested here; says so otherwise.
    pub(crate) async fn is_here(self, test: &str) -> bool {
        self == Self::Native || go_client(test).await.is_some()
    }
}

/// PATH without the folders that have a `go`; whole where git is only in one of those.
pub(crate) fn path_without_go() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).filter(|folder| !folder.join("go").is_file()).collect();
    match folders.iter().any(|folder| folder.join("git").is_file()) {
        true => std::env::join_paths(folders).unwrap(),
        false => path,
    }
}

/// Makes two tests of each function `async fn name(engine: Engine)`.
macro_rules! whatever_fetches {
    ($($test:ident),+ $(,)?) => {
        mod native {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(crate::engine::Engine::Native).await;
                }
            )+
        }
        mod go_command {
            $(
                #[tokio::test]
                async fn $test() {
                    if crate::engine::Engine::Go.is_here(stringify!($test)).await {
                        super::$test(crate::engine::Engine::Go).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use whatever_fetches;
