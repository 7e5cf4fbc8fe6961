//! All configured credentials: which of them goes where, for which modules. Replaced whole on SIGHUP; whoever holds the
//! table sees the change with the next request.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use gomod::ModulePath;
use reqwest::Url;

use super::{entry::Entry, row::CredentialRow};
use crate::exec::hostenv::{self, Var};

/// Different `modules` that one process may have seen.
const MOST_GROUPS: usize = 64;

/// The credentials of the configuration. Clones share them.
#[derive(Clone, Default)]
pub struct Credentials(Arc<Shared>);

#[derive(Default)]
struct Shared {
    env: Arc<[Var]>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    entries: Arc<[Arc<Entry>]>,
    /// The different `modules` of all rows so far. None is ever taken out, so that what was worked out stays right.
    groups: Vec<String>,
    generation: u32,
}

/// Which rows are for a module. Different in each generation of the table, so that answers that were got with other
/// credentials, or without, are not taken for answers now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Groups {
    mask: u64,
    generation: u32,
}

impl Groups {
    /// Those that are for all modules.
    pub const NONE: Self = Self { mask: 0, generation: 0 };

    pub(super) fn has(self, group: Option<usize>) -> bool {
        group.is_none_or(|group| self.mask >> group & 1 == 1)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// None yet. `host_env` is the environment of this process, for the programs that know secrets.
    pub fn new(host_env: &[Var]) -> Self {
        Self(Arc::new(Shared { env: hostenv::scrubbed(host_env).into(), state: RwLock::default() }))
    }

    /// Puts these in force. A row that was there before keeps what it knows.
    ///
    /// # Errors
    /// Too many different `modules` since the start; nothing is changed then.
    pub fn replace(&self, rows: &[CredentialRow]) -> Result<(), String> {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.entries.iter().map(|entry| &entry.row).eq(rows) {
            return Ok(());
        }
        let mut groups = state.groups.clone();
        let entry = |row: &CredentialRow| {
            let group = row.modules.as_ref().map(|modules| {
                let text = modules.to_string();
                groups.iter().position(|known| *known == text).unwrap_or_else(|| {
                    groups.push(text);
                    groups.len() - 1
                })
            });
            let known = state.entries.iter().find(|entry| entry.row == *row).cloned();
            known.unwrap_or_else(|| Arc::new(Entry::new(row.clone(), group, Arc::clone(&self.0.env))))
        };
        let entries = rows.iter().map(entry).collect();
        if groups.len() > MOST_GROUPS {
            return Err(format!(
                "[[credentials]] have had more than {MOST_GROUPS} different modules; restart to use these"
            ));
        }
        (state.entries, state.groups) = (entries, groups);
        state.generation = state.generation.wrapping_add(1);
        Ok(())
    }

    /// Which rows are for a module.
    pub fn groups(&self, path: &ModulePath) -> Groups {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let is_for = |entry: &Entry| entry.row.modules.as_ref().is_some_and(|modules| modules.matches(path));
        let matching = state.entries.iter().filter(|entry| is_for(entry)).filter_map(|entry| entry.group);
        Groups { mask: matching.fold(0, |mask, group| mask | 1 << group), generation: state.generation }
    }

    /// The one for a URL: the longest path that fits; of equal ones that for fewer modules, then the first.
    pub(crate) fn find(&self, url: &Url, groups: Groups, insecure: bool) -> Option<Arc<Entry>> {
        let fits =
            self.usable(groups, insecure).into_iter().filter_map(|entry| Some((entry.row.bound.fits(url)?, entry)));
        fits.rev().max_by_key(|(length, entry)| (*length, entry.group.is_some())).map(|(_, entry)| entry)
    }

    /// All that may be used for a module.
    pub(crate) fn usable(&self, groups: Groups, insecure: bool) -> Vec<Arc<Entry>> {
        let entries = Arc::clone(&self.0.state.read().unwrap_or_else(PoisonError::into_inner).entries);
        let usable = |entry: &&Arc<Entry>| groups.has(entry.group) && entry.row.bound.is_safe(insecure);
        entries.iter().filter(usable).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use gomod::Patterns;

    use super::{super::secret_from::SecretFrom, *};
    use crate::Secret;

    fn row(url: &str, token: &str) -> CredentialRow {
        CredentialRow::new(url, SecretFrom::Literal(Secret::new(token))).unwrap()
    }

    fn module(path: &str) -> ModulePath {
        ModulePath::parse(path).unwrap()
    }

    fn table(rows: &[CredentialRow]) -> Credentials {
        let table = Credentials::new(&[]);
        table.replace(rows).unwrap();
        table
    }

    fn token(table: &Credentials, url: &str, path: &str) -> Option<String> {
        let entry = table.find(&Url::parse(url).unwrap(), table.groups(&module(path)), false)?;
        let SecretFrom::Literal(secret) = &entry.row.secret else { return None };
        Some(secret.expose().to_owned())
    }

    #[test]
    fn the_longest_path_wins_and_modules_decide_first() {
        let corp = Patterns::parse("github.com/corp").unwrap();
        let table = table(&[
            row("https://git.example.com/", "host"),
            row("https://git.example.com/team/", "team"),
            row("https://git.example.com/team/", "second"),
            row("https://github.com/corp/", "corp").for_modules(corp),
            row("http://git.example.com/", "clear"),
        ]);
        for (url, path, found) in [
            ("https://git.example.com/team/x", "a.b/c", Some("team")),
            ("https://git.example.com/teams/x", "a.b/c", Some("host")),
            ("https://github.com/corp/x", "github.com/corp/x", Some("corp")),
            ("https://github.com/corp/x", "evil.example/x", None),
            ("http://git.example.com/x", "a.b/c", None),
        ] {
            assert_eq!(token(&table, url, path).as_deref(), found, "{url} for {path}");
        }
    }

    #[test]
    fn what_sighup_took_away_was_still_sent() {
        let table = table(&[row("https://a.example/", "old")]);
        let (url, path) = ("https://a.example/x", "a.example/x");
        let before = table.groups(&module(path));
        table.replace(&[row("https://a.example/", "old")]).unwrap();
        assert_eq!(table.groups(&module(path)), before, "nothing has changed");
        table.replace(&[]).unwrap();
        assert_eq!(token(&table, url, path), None);
        assert_ne!(table.groups(&module(path)), before, "what was got with it is not an answer any more");
    }
}
