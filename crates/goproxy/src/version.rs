//! Who this is.

/// The version of the release.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `goproxy 1.2.3 (commit 0123456789ab)` and a newline; the commit is `unknown` where the build was told none.
pub(crate) const LINE: &str =
    concat!("goproxy ", env!("CARGO_PKG_VERSION"), " (commit ", env!("GOPROXY_BUILT_COMMIT"), ")\n");
