//! From go-import pages to a root.

use gomod::{
    ModulePath,
    go_import::{GoImport, MatchError, check_repo_root, check_subdirectory},
    vcs::GoVcs,
};
use goproxy_engine::{Error, Result};
use goproxy_fetch::Access;

use super::{
    Root, Vcs, not_found,
    pages::{Pages, address},
    refused, roots,
};

/// The root that a module's page names.
pub(super) async fn find(pages: &Pages, govcs: &GoVcs, path: &ModulePath, access: Access) -> Result<Root> {
    let found = named(pages, govcs, path.as_str(), access).await;
    found.map_err(|error| said_before(&format!("unrecognized import path {:?}: ", path.as_str()), &error))
}

async fn named(pages: &Pages, govcs: &GoVcs, path: &str, access: Access) -> Result<Root> {
    let schemes = if access.insecure { "http/https" } else { "https" };
    let page = pages.of(path, access).await.map_err(|error| said_before(&format!("{schemes} fetch: "), &error))?;
    let imports = page.imports(|_| format!("parsing {path}"))?;
    let import = GoImport::matching(imports, path).map_err(|error| match error {
        MatchError::Multiple(_) => not_found(format!("parse {}: {error}", address(path))),
        MatchError::None { .. } => not_found(format!("parse {}: no go-import meta tags ({error})", page.url)),
    })?;
    if import.prefix != path {
        confirm(pages, import, path, &page.url, access).await?;
    }
    let (place, GoImport { prefix, vcs, repo_root, subdirectory }) = (&page.url, import);
    check_subdirectory(subdirectory)
        .map_err(|error| not_found(format!("{place}: invalid subdirectory {subdirectory:?}: {error}")))?;
    check_repo_root(repo_root)
        .map_err(|error| not_found(format!("{place}: invalid repo root {repo_root:?}: {error}")))?;
    let known = Vcs::named(vcs).ok_or_else(|| not_found(format!("{place}: unknown vcs {vcs:?}")))?;
    govcs.check(known, prefix, access.internal).map_err(refused)?;
    roots::check(known, repo_root, access)
        .map_err(|error| refused(format!("{place}: refused repo root {:?}: {error}", roots::shown(repo_root))))?;
    // What a proxy serves is below its own root already.
    let subdirectory = if known == Vcs::Mod { String::new() } else { subdirectory.clone() };
    Ok(Root { prefix: prefix.clone(), vcs: known, url: repo_root.clone(), subdirectory, access })
}

/// A page may speak for a shorter path only if the page of that path agrees: the owner of `uni.edu/~bob` does not say
/// what `uni.edu` is.
async fn confirm(pages: &Pages, import: &GoImport, path: &str, said_by: &str, access: Access) -> Result<()> {
    let prefix = &import.prefix;
    let page = pages.of(prefix, access).await.map_err(|error| said_before(&format!("fetching {prefix}: "), &error))?;
    let imports = page.imports(|url| format!("parsing {url}"))?;
    if imports.is_empty() {
        return Err(not_found(format!("fetching {prefix}: no go-import meta tag found in {}", page.url)));
    }
    match GoImport::matching(imports, path) {
        Ok(confirmed) if confirmed == import => Ok(()),
        _ => Err(not_found(format!("{said_by} and {} disagree about go-import for {prefix}", address(prefix)))),
    }
}

/// The same error with more words.
fn said_before(words: &str, error: &Error) -> Error {
    let said = Error::new(error.kind(), format!("{words}{error}")).with_retry_after(error.retry_after());
    match error.detail() {
        Some(detail) => said.with_detail(detail),
        None => said,
    }
}
