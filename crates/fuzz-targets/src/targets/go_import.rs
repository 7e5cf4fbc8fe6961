//! go-import pages: what comes out are words of the page, proxies first, and each leads to its own prefix.

use std::collections::HashSet;

use gomod::go_import::{GoImport, MatchError, check_repo_root, check_subdirectory};
use gomod::vcs::Vcs;

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let Ok(imports) = GoImport::parse(data) else { return };
        assert!(imports.is_sorted_by_key(|import| import.vcs != Vcs::Mod.name()));
        let proxies: HashSet<_> =
            imports.iter().filter(|import| import.vcs == Vcs::Mod.name()).map(|import| &import.prefix).collect();
        for import in &imports {
            let GoImport { prefix, vcs, repo_root, subdirectory } = import;
            for word in [prefix, vcs, repo_root] {
                assert!(!word.is_empty() && !word.contains(char::is_whitespace), "{import:?}");
            }
            assert!(vcs == Vcs::Mod.name() || !proxies.contains(prefix), "{import:?}");
            let _ = (check_repo_root(repo_root), check_subdirectory(subdirectory));
        }
        for import in imports.iter().take(8) {
            match GoImport::matching(&imports, &import.prefix) {
                Ok(found) => assert!(import.prefix.starts_with(&found.prefix)),
                Err(error) => assert!(matches!(error, MatchError::Multiple(_)), "{error}"),
            }
        }
        let error = GoImport::matching(&imports, "no.such/path").err().map(|error| error.to_string());
        assert!(error.is_none_or(|error| error.len() <= 2 * data.len() + 10_000));
    });
}
