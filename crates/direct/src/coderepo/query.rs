//! What queries stand for: `Query` of `cmd/go/internal/modload/query.go`, as far as queries reach a proxy.

use gomod::{Version, path::canonical_version, semver};

use super::{
    CodeRepo, Revision,
    failure::{Failure, Result},
    latest::Wanted,
};

impl CodeRepo<'_> {
    /// Exactly this version. `v2.0.0` is not `v2.0.0+incompatible`.
    pub(super) async fn exactly(&self, version: &Version) -> Result<Revision> {
        let asked = version.as_str();
        let revision = self.revision_of(asked).await?;
        if revision.version == *version {
            return Ok(revision);
        }
        let words = format!("resolves to version {} ({asked} is not a tag)", revision.version);
        Err(Failure::Refused(self.invalid(asked, &words)))
    }

    pub(super) async fn answer(&self, query: &str) -> Result<Revision> {
        if is_prefix(query) {
            return self.highest(&Wanted::prefix(query, &self.at.major)).await;
        }
        let failure = match self.revision_of(query).await {
            Err(failure @ (Failure::Absent(_) | Failure::Refused(_))) => failure,
            other => return other,
        };
        // `v1.2.3+meta` is a tag, or else another way to write `v1.2.3`.
        let canonical = canonical_version(query);
        if canonical.is_empty() || canonical == query {
            return Err(failure);
        }
        match self.revision_of(&canonical).await {
            Err(Failure::Absent(_)) => Err(failure),
            other => other,
        }
    }

    /// The version of the commit that a version or a query names.
    pub(super) async fn revision_of(&self, rev: &str) -> Result<Revision> {
        let found = self.stat(rev).await?;
        self.convert(&found, rev).await
    }
}

/// `v1` and `v1.2`, which stand for the highest version that begins so.
fn is_prefix(query: &str) -> bool {
    semver::is_valid(query) && query.matches('.').count() < 2
}
