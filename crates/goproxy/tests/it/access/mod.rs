//! Who may ask for what: every endpoint, every kind of credential, real clients.

mod clients;
mod credentials;
mod hidden;
pub(crate) mod kinds;
mod refused;

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goproxy_testkit::{ModuleFixture, Proxy, ProxyBuilder, SumDb, Upstream};
use tempfile::TempDir;

use crate::support::goproxy;

/// Made by crypt(3): the password is `opensesame`.
const ANN: &str = "ann:$2y$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi\n";
const CI: &str = "canary-token-of-ci";
const NOBODY: &str = "canary-token-of-nobody";
/// SHA-256 of the two tokens.
const CI_SHA256: &str = "25c50204a6eed759319fab8d52ee903913f177018ce2c7df608cfa7bd3c55dc2";
const NOBODY_SHA256: &str = "f8a0a2f7960244902755a3238e0105c8772ab08e96305884df27feb1130238d0";

const SUMS: &str = "sums.example.org";

/// An upstream with an open module, one of the corporation and a private one, and a configuration beside it.
struct World {
    upstream: Upstream,
    modules: [ModuleFixture; 3],
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let (upstream, sums) = (Upstream::start().await, SumDb::new(SUMS));
        let modules = ["example.com/open", "github.com/Corp/Lib", "private.example.com/app"]
            .map(|path| ModuleFixture::new(path, "v1.0.0"));
        upstream.add_all(&modules).query("github.com/Corp/Lib", "main", "v1.0.0");
        sums.add(&modules[0]).add(&modules[1]).pad(300);
        upstream.attach(&sums);
        let world = Self { upstream, modules, folder: TempDir::new().unwrap() };
        fs::write(world.path("htpasswd"), ANN).unwrap();
        world.configure(&rules());
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration: users, tokens, and these tables.
    fn configure(&self, tables: &str) {
        let (htpasswd, upstream) = (self.path("htpasswd"), self.upstream.url());
        let file = format!(
            "htpasswd = {htpasswd:?}\nproxy = {upstream:?}\nsumdb = {SUMS:?}\nexclude = 'private.example.com'\n\
             [[tokens]]\nname = 'ci'\nsha256 = '{CI_SHA256}'\n[[tokens]]\nname = 'nobody'\nsha256 = '{NOBODY_SHA256}'\n\
             {tables}"
        );
        fs::write(self.path("goproxy.toml"), file).unwrap();
    }

    /// A cache that has everything, filled by a proxy without accounts.
    async fn filled(&self) -> PathBuf {
        let cache = self.path("cache");
        let open = goproxy().cache_dir(&cache).args(["-proxy", &self.upstream.url(), "-sumdb", SUMS]).start().await;
        for path in self.modules.iter().flat_map(|module| targets(module.path())) {
            open.get(&path).await;
        }
        drop(open);
        self.upstream.reset_log();
        cache
    }

    fn builder(&self) -> ProxyBuilder {
        goproxy().args(["-config", self.path("goproxy.toml").to_str().unwrap(), "-accessLog", "json"])
    }

    async fn start(&self) -> Proxy {
        self.builder().start().await
    }
}

/// `ci` reads what the corporation has, `ann` everything, `nobody` one module that does not exist.
fn rules() -> String {
    "[[access]]\nwho = 'ci'\nmodules = ['github.com/Corp', 'example.com']\n[[access]]\nwho = 'ann'\nright = 'admin'\n\
     [[access]]\nwho = 'nobody'\nmodules = 'absent.example.com'\n"
        .to_owned()
}

/// Every kind of request about a module, at version v1.0.0.
fn targets(path: &str) -> Vec<String> {
    let escaped = goproxy_testkit::escape(path);
    let rests = ["@v/list", "@latest", "@v/main.info", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"];
    let mut targets: Vec<String> = rests.iter().map(|rest| format!("/{escaped}/{rest}")).collect();
    targets.push(format!("/cached-only/{escaped}/@v/v1.0.0.zip"));
    targets.push(format!("/sumdb/{SUMS}/lookup/{escaped}@v1.0.0"));
    targets
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
