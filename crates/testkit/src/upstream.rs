//! A scripted upstream proxy: serves module fixtures by the GOPROXY protocol, with the habits of the proxies in the
//! field as switches. Faults, counts and cut-offs are [`Site`]'s.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex},
};

use crate::{
    answer::Answer,
    module::{ModuleFixture, escape},
    site::{Site, SiteOptions},
    sumdb::SumDb,
    tls::TestCa,
    wire::Request,
};

/// Habits of upstream proxies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Knobs {
    /// `@latest` is 404.
    pub no_latest: bool,
    /// Lists hold pseudo-versions too.
    pub pseudo_in_list: bool,
    /// `.info` comes without `Origin`.
    pub no_origin: bool,
    /// `.info` is laid out afresh, its time in another zone, with fields of the upstream's own.
    pub reformat_info: bool,
    /// What is below `/sumdb/`.
    pub sumdb: SumDbSupport,
}

/// How an upstream treats `/sumdb/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SumDbSupport {
    /// Serves the attached database; 404 when none is attached.
    #[default]
    On,
    /// 404 to everything.
    Off,
    /// `supported` is 200, all else this status.
    Failing(u16),
    /// This status to everything, `supported` included.
    Down(u16),
}

/// A running upstream; what a [`Site`] can do, it can.
#[derive(Debug)]
pub struct Upstream {
    site: Site,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By escaped path, in the order added.
    modules: Mutex<BTreeMap<String, Vec<ModuleFixture>>>,
    /// (escaped path, query) to version.
    queries: Mutex<BTreeMap<(String, String), String>>,
    knobs: Mutex<Knobs>,
    sumdb: Mutex<Option<SumDb>>,
}

/// What must be known before an [`Upstream`] listens.
#[derive(Debug, Default)]
pub struct UpstreamBuilder {
    options: SiteOptions,
}

impl UpstreamBuilder {
    /// Serves everything below this path, such as `/artifactory/api/go`.
    pub fn base(mut self, base: &str) -> Self {
        base.clone_into(&mut self.options.base);
        self
    }

    /// Speaks TLS, with a certificate of a fresh authority.
    pub fn tls(mut self) -> Self {
        self.options.tls = Some(TestCa::new());
        self
    }

    /// Starts it.
    pub async fn start(self) -> Upstream {
        let state = Arc::<State>::default();
        let handler = {
            let state = state.clone();
            move |request: Request| {
                let answer = state.answer(&request);
                async move { answer }
            }
        };
        Upstream { site: Site::start(self.options, handler).await, state }
    }
}

impl Upstream {
    /// Starts an upstream without TLS at the root.
    pub async fn start() -> Self {
        UpstreamBuilder::default().start().await
    }

    /// An upstream with a base path or TLS.
    pub fn builder() -> UpstreamBuilder {
        UpstreamBuilder::default()
    }

    /// Adds a version, or replaces it.
    pub fn add(&self, module: &ModuleFixture) -> &Self {
        let mut modules = self.state.modules.lock().unwrap();
        let versions = modules.entry(escape(module.path())).or_default();
        versions.retain(|known| known.version() != module.version());
        versions.push(module.clone());
        self
    }

    /// Adds several versions.
    pub fn add_all<'a>(&self, modules: impl IntoIterator<Item = &'a ModuleFixture>) -> &Self {
        for module in modules {
            self.add(module);
        }
        self
    }

    /// Takes a version away.
    pub fn remove(&self, path: &str, version: &str) {
        if let Some(versions) = self.state.modules.lock().unwrap().get_mut(&escape(path)) {
            versions.retain(|known| known.version() != version);
        }
    }

    /// Lets `query` (a branch, a hash) resolve to a version that was added.
    pub fn query(&self, path: &str, query: &str, version: &str) -> &Self {
        self.state.queries.lock().unwrap().insert((escape(path), escape(query)), version.to_owned());
        self
    }

    /// Serves this database below `/sumdb/<its name>/`.
    pub fn attach(&self, sumdb: &SumDb) -> &Self {
        *self.state.sumdb.lock().unwrap() = Some(sumdb.clone());
        self
    }

    /// Changes its habits.
    pub fn set(&self, change: impl FnOnce(&mut Knobs)) -> &Self {
        change(&mut self.state.knobs.lock().unwrap());
        self
    }

    /// How often one file of a version was asked for.
    pub fn count_of(&self, module: &ModuleFixture, ext: &str) -> usize {
        self.count(&module.url_path(ext))
    }
}

impl Deref for Upstream {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl State {
    fn answer(&self, request: &Request) -> Answer {
        if let Some(path) = request.path.strip_prefix("/sumdb/") {
            return self.sumdb(path);
        }
        let found = request.path.strip_prefix('/').and_then(|path| path.split_once("/@")).and_then(|(module, rest)| {
            let modules = self.modules.lock().unwrap();
            self.file(module, modules.get(module)?, rest)
        });
        found.unwrap_or_else(|| Answer::text(404, format!("not found: {}: no such module\n", request.path)))
    }

    fn file(&self, module: &str, versions: &[ModuleFixture], rest: &str) -> Option<Answer> {
        let knobs = *self.knobs.lock().unwrap();
        if rest == "latest" {
            let latest = latest(versions).filter(|_| !knobs.no_latest)?;
            return Some(Answer::json(info(latest, knobs)));
        }
        if rest == "v/list" {
            let listed = versions.iter().filter(|known| knobs.pseudo_in_list || !is_pseudo(known.version()));
            let lines: String = listed.map(|known| format!("{}\n", known.version())).collect();
            return Some(Answer::text(200, lines));
        }
        let (version, ext) = rest.strip_prefix("v/")?.rsplit_once('.')?;
        let known = |wanted: &str| versions.iter().find(|known| escape(known.version()) == escape(wanted));
        let exact = versions.iter().find(|known| escape(known.version()) == version);
        match ext {
            "info" => {
                let query = || {
                    let queries = self.queries.lock().unwrap();
                    queries.get(&(module.to_owned(), version.to_owned())).and_then(|version| known(version))
                };
                Some(Answer::json(info(exact.or_else(query)?, knobs)))
            }
            "mod" => Some(Answer::text(200, exact?.mod_file())),
            "zip" => Some(Answer::zip(exact?.zip())),
            _ => None,
        }
    }

    fn sumdb(&self, path: &str) -> Answer {
        let absent = || Answer::text(404, "unsupported db\n");
        let support = self.knobs.lock().unwrap().sumdb;
        let Some(sumdb) = self.sumdb.lock().unwrap().clone() else { return absent() };
        let Some(rest) = path.strip_prefix(sumdb.name()).filter(|rest| rest.starts_with('/')) else { return absent() };
        match support {
            SumDbSupport::Off => absent(),
            SumDbSupport::Down(status) => Answer::text(status, "checksum database: out of order\n"),
            SumDbSupport::On | SumDbSupport::Failing(_) if rest == "/supported" => Answer::text(200, ""),
            SumDbSupport::Failing(status) => Answer::text(status, "checksum database: out of order\n"),
            SumDbSupport::On => sumdb.answer(rest),
        }
    }
}

/// The version added last, releases before prereleases before pseudo-versions.
fn latest(versions: &[ModuleFixture]) -> Option<&ModuleFixture> {
    versions.iter().max_by_key(|known| (!is_pseudo(known.version()), !known.version().contains('-')))
}

fn info(module: &ModuleFixture, knobs: Knobs) -> Vec<u8> {
    if knobs.reformat_info {
        let (version, time) = (module.version(), module.commit_time().trim_end_matches('Z'));
        // The same instant: the zone is odd, not the time.
        return format!(
            "{{\n  \"Name\": \"{version}\",\n  \"Short\": \"{version}\",\n  \"Time\": \"{time}.000+00:00\",\n  \
             \"Version\": \"{version}\"\n}}\n"
        )
        .into_bytes();
    }
    if knobs.no_origin { module.info_without_origin() } else { module.info() }
}

/// Ends in a dash or dot, 14 digits, a dash and 12 characters: enough for fixtures.
fn is_pseudo(version: &str) -> bool {
    let version = version.trim_end_matches("+incompatible");
    let Some((rest, revision)) = version.rsplit_once('-') else { return false };
    let Some(at) = rest.rfind(['-', '.']) else { return false };
    let stamp = &rest[at + 1..];
    revision.len() == 12 && stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit())
}
