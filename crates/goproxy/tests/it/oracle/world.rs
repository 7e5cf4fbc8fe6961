//! A git host, a proxy and a `go`, whose git all find the same repositories below the same names.

use std::path::Path;

use goproxy_testkit::{GitHost, GitServer, GoClient, Proxy, shared_dir};

use crate::support::{go_client, goproxy};

/// Where static rules lead to repositories: `github.com/<owner>/<name>`.
const FORGE: &str = "https://github.com/";

/// A domain whose repositories are found by pages, and by `.git` in the path.
pub(crate) const VANITY: &str = "vcs-test.golang.org";

/// Everything that one comparison needs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) host: GitHost,
    pub(crate) proxy: Proxy,
    pub(crate) go: GoClient,
    folder: tempfile::TempDir,
}

impl World {
    /// `None` where there is no `go` or no git, which is said.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let go = go_client(test).await?;
        let host = GitHost::start().await;
        let folder = tempfile::Builder::new().prefix("repositories").tempdir_in(shared_dir("oracle")).unwrap();
        // Both: pages come over plain http from the same host, as behind a company proxy.
        let web = [
            ("GOINSECURE", format!("{VANITY},gopkg.in,rsc.io")),
            ("HTTP_PROXY", host.url()),
            ("HTTPS_PROXY", "http://127.0.0.1:1".to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
        ];
        let files = format!("file://{}", folder.path().display());
        let go = git_config(&files).into_iter().chain(own(&web)).fold(go, |go, (name, value)| go.env(&name, &value));
        let mut builder = goproxy();
        for (name, value) in git_config(&host.url()).into_iter().chain(own(&web)) {
            builder = builder.env(name, value);
        }
        for flag in std::env::var("ORACLE_FLAGS").unwrap_or_default().split_whitespace() {
            builder = builder.arg(flag);
        }
        let proxy = builder.start().await;
        Some(Self { host, proxy, go: go.proxy("direct"), folder })
    }

    /// Shows a repository as `https://github.com/<name>` and, with pages, below [`VANITY`].
    pub(crate) fn serve(&self, name: &str, git_dir: &Path, server: GitServer) {
        self.host.serve(name, git_dir, server);
        let link = self.folder.path().join(name);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(git_dir, link).unwrap();
    }

    /// Takes it away.
    pub(crate) fn withdraw(&self, name: &str) {
        self.host.remove(name);
        std::fs::remove_file(self.folder.path().join(name)).unwrap();
    }
}

fn own(pairs: &[(&str, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Every host that a repository may be on leads to `base`.
fn git_config(base: &str) -> Vec<(String, String)> {
    let bases = [FORGE.to_owned(), format!("https://{VANITY}/"), format!("http://{VANITY}/")];
    let mut vars = vec![("GIT_CONFIG_COUNT".to_owned(), (bases.len() + 1).to_string())];
    for (index, from) in bases.into_iter().enumerate() {
        vars.push((format!("GIT_CONFIG_KEY_{index}"), format!("url.{base}/.insteadOf")));
        vars.push((format!("GIT_CONFIG_VALUE_{index}"), from));
    }
    // A repository that is another user's, as in a container, is no reason to refuse it.
    vars.push(("GIT_CONFIG_KEY_3".to_owned(), "safe.directory".to_owned()));
    vars.push(("GIT_CONFIG_VALUE_3".to_owned(), "*".to_owned()));
    vars
}
