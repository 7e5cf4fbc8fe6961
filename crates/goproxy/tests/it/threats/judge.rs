//! A real `go` that fetches the same repository by itself: what it makes of it is right.

use goproxy_testkit::{GoClient, Home, Output, Proxy};

use super::lab::Lab;
use crate::support::go_client;

/// Both ways to a module.
pub(crate) struct Judge {
    direct: GoClient,
    ours: GoClient,
    /// Its git finds what ours finds; `go` writes files of its own beside.
    _home: Home,
}

impl Judge {
    /// `None` where there is no `go`, after saying so.
    pub(crate) async fn new(test: &str, lab: &Lab, proxy: &Proxy) -> Option<Self> {
        let client = go_client(test).await?;
        let home = Home::new();
        home.git_config(&std::fs::read_to_string(lab.home.path().join(".gitconfig")).unwrap());
        let direct = client.fresh().proxy("direct").home(&home);
        Some(Self { direct, ours: client.proxy(&proxy.url()), _home: home })
    }

    /// The two sums, or that both refuse.
    ///
    /// # Panics
    /// If they are not the same.
    pub(crate) async fn assert_same(&self, module: &str, case: &str) -> bool {
        let (theirs, ours) = (self.direct.fresh().download(module).await, self.ours.fresh().download(module).await);
        assert_eq!(sums(&theirs), sums(&ours), "{case}: {module}\ngo: {theirs:?}\nours: {ours:?}");
        assert_eq!(theirs.ok, ours.ok, "{case}: {module}\ngo: {theirs:?}\nours: {ours:?}");
        theirs.ok
    }
}

/// The lines with sums: a module that is refused has none, or that of its `go.mod`.
fn sums(output: &Output) -> Vec<String> {
    output
        .stdout
        .lines()
        .filter(|line| line.contains("Sum\":"))
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .collect()
}
