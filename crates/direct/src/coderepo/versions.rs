//! The versions that tags make: `Versions` of `cmd/go/internal/modfetch/coderepo.go`.

use gomod::{path::match_path_major, pseudo, semver};
use goproxy_git::{Ref, Refs};

use super::{CodeRepo, failure::Result};

impl CodeRepo<'_> {
    /// The list for clients. `go` knows no difference between a module without a version and a path that is none; for a
    /// proxy it is 200 and 404, so then HEAD is looked at.
    pub(super) async fn all_versions(&self) -> Result<Vec<String>> {
        let versions = self.versions_from("").await?;
        if versions.is_empty()
            && let Some(head) = self.head().await?
            && self.find_dir(&head.id, "HEAD").await.is_err()
        {
            // For the words, or for the failure of the repository.
            self.convert(&head, "HEAD").await?;
        }
        Ok(versions)
    }

    /// The versions that begin with `prefix`, in order, those with `+incompatible` last.
    pub(super) async fn versions_from(&self, prefix: &str) -> Result<Vec<String>> {
        let refs = self.repo.refs().await?;
        let (mut versions, incompatible) = self.tagged(&refs, prefix);
        if !incompatible.is_empty() {
            let incompatible = self.allowed_incompatible(&refs, versions.last(), incompatible).await?;
            versions.extend(incompatible.into_iter().map(|version| format!("{version}+incompatible")));
        }
        Ok(versions)
    }

    /// Canonical versions with a tag, sorted: those that the path allows, and those it might allow with
    /// `+incompatible`.
    pub(super) fn tagged(&self, refs: &Refs, prefix: &str) -> (Vec<String>, Vec<String>) {
        let (at, tag_prefix) = (&self.at, self.at.tag_prefix());
        if at.is_unstable() {
            return Default::default();
        }
        let named = refs.tags().filter_map(|(tag, _)| tag.strip_prefix(&*tag_prefix));
        let canonical = named.filter(|v| v.starts_with(prefix) && semver::canonical(v) == *v && !v.is_empty());
        let tagged = canonical.filter(|v| !pseudo::is_pseudo_version(v)).map(str::to_owned);
        let (mut versions, mut others): (Vec<String>, Vec<String>) =
            tagged.partition(|v| match_path_major(v, &at.major));
        if !at.dir.is_empty() || !at.major.is_empty() {
            others.clear();
        }
        semver::sort_versions(&mut versions);
        semver::sort_versions(&mut others);
        (versions, others)
    }

    /// None if the highest compatible version is a module, since then its author wants semantic import versions
    /// (golang/go#34189), and none of a major version whose highest is one.
    async fn allowed_incompatible(
        &self,
        refs: &Refs,
        highest: Option<&String>,
        candidates: Vec<String>,
    ) -> Result<Vec<String>> {
        if let Some(highest) = highest
            && self.tag_has_go_mod(refs, highest).await?
        {
            return Ok(Vec::new());
        }
        let mut allowed = Vec::with_capacity(candidates.len());
        for of_major in candidates.chunk_by(|a, b| semver::major(a) == semver::major(b)) {
            if let Some(last) = of_major.last()
                && !self.tag_has_go_mod(refs, last).await?
            {
                allowed.extend_from_slice(of_major);
            }
        }
        Ok(allowed)
    }

    /// Whether there is a go.mod at the root of a tag's commit. Tags on trees and blobs are listed like others, though
    /// `go` fails over them: a list must not depend on what cannot be fetched.
    async fn tag_has_go_mod(&self, refs: &Refs, tag: &str) -> Result<bool> {
        let Some(id) = refs.get(&format!("refs/tags/{tag}")).map(Ref::peeled) else { return Ok(false) };
        Ok(self.repo.commit(&id).await?.is_some() && self.repo.file(&id, "go.mod").await?.is_some())
    }
}
