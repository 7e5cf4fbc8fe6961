//! The highest of the versions: `@latest`, `@v1`, `@v1.2`. After `queryMatcher` of `cmd/go/internal/modload/query.go`
//! and `CheckRetractions` of `modload/modfile.go`.

use std::cmp::Ordering;

use gomod::{
    modfile::{self, Interval},
    path::match_path_major,
    semver,
};

use super::{
    CodeRepo, Revision,
    failure::{Failure, Result, possible},
};

/// Which versions are meant.
pub(super) struct Wanted<'q> {
    query: &'q str,
    /// What they begin with.
    prefix: String,
    /// Whether `+incompatible` ones count even if the author has gone over to modules.
    incompatible: bool,
    /// Whether HEAD will do where there is no version.
    head: bool,
}

impl<'q> Wanted<'q> {
    fn latest() -> Self {
        Self { query: "latest", prefix: String::new(), incompatible: false, head: true }
    }

    /// `v1` or `v1.2`.
    pub(super) fn prefix(query: &'q str, path_major: &str) -> Self {
        let incompatible = !match_path_major(query, path_major);
        Self { query, prefix: format!("{query}."), incompatible, head: false }
    }

    fn allows(&self, version: &str, retracted: &[Interval]) -> bool {
        // `v1.2` means no prerelease of v1.2.0.
        let low = if self.prefix.is_empty() { "" } else { self.query };
        version.starts_with(&self.prefix)
            && semver::compare(version, low) != Ordering::Less
            && !retracted.iter().any(|interval| interval.contains(version))
    }
}

impl CodeRepo<'_> {
    pub(super) async fn answer_latest(&self) -> Result<Revision> {
        self.highest(&Wanted::latest()).await
    }

    /// The highest that is not retracted. Retractions stand in the go.mod of the latest version of all, retracted or
    /// not; where that cannot be read nothing is.
    pub(super) async fn highest(&self, wanted: &Wanted<'_>) -> Result<Revision> {
        let latest = Wanted::latest();
        let of_all = self.highest_but(&latest, &[]).await;
        let retracted = match &of_all {
            Ok(revision) => modfile::retractions(&revision.go_mod),
            Err(_) => Vec::new(),
        };
        if wanted.head && retracted.is_empty() {
            return of_all;
        }
        possible(of_all)?;
        self.highest_but(wanted, &retracted).await
    }

    /// Releases come before prereleases, and those before HEAD.
    async fn highest_but(&self, wanted: &Wanted<'_>, retracted: &[Interval]) -> Result<Revision> {
        let versions = self.versions_from(&wanted.prefix).await?;
        if let Some(version) = self.pick(wanted, &versions, retracted).await? {
            return self.revision_of(&version).await;
        }
        if wanted.head
            && let Some(head) = self.head().await?
            // Where no module is, none of its tags need be looked for in the history.
            && possible(self.find_dir(&head.id, "").await)?.is_some()
        {
            match self.convert(&head, "").await {
                Ok(revision) if wanted.allows(revision.version.as_str(), retracted) => return Ok(revision),
                Ok(_) | Err(Failure::Absent(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Absent(format!("module {}: no matching versions for query {:?}", self.at.path, wanted.query)))
    }

    /// `+incompatible` ones, which stand last, count unless the last compatible one has a go.mod (golang/go#34165).
    async fn pick(&self, wanted: &Wanted<'_>, versions: &[String], retracted: &[Interval]) -> Result<Option<String>> {
        let allowed = versions.iter().filter(|version| wanted.allows(version, retracted));
        let (mut incompatible, mut compatible): (Vec<&String>, Vec<&String>) =
            allowed.partition(|version| version.ends_with("+incompatible"));
        if !wanted.incompatible
            && !incompatible.is_empty()
            && let Some(last) = compatible.last()
            && self.has_go_mod(last).await?
        {
            incompatible.clear();
        }
        compatible.append(&mut incompatible);
        let release = compatible.iter().rfind(|version| semver::prerelease(version).is_empty());
        Ok(release.or_else(|| compatible.last()).map(|version| (*version).clone()))
    }

    /// Whether a version has a go.mod of its own. One that says no more than a made-up one counts as that.
    async fn has_go_mod(&self, version: &str) -> Result<bool> {
        let found = self.stat(version).await?;
        match self.find_dir(&found.id, version).await {
            Err(Failure::Absent(words)) => Err(Failure::Absent(format!("{}@{}: {words}", self.at.path, version))),
            dir => Ok(self.go_mod(&dir?) != modfile::synthesized(&self.at.path)),
        }
    }
}
