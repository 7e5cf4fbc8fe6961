//! From a commit to the version that it is for a module: `convert` of `cmd/go/internal/modfetch/coderepo.go`.

use std::{cmp::Ordering, collections::HashMap};

use gomod::{
    Version,
    modfile::Interval,
    path::{canonical_version, match_path_major},
    pseudo, semver,
};
use goproxy_git::{Oid, Refs};
use jiff::Timestamp;

use super::{
    CodeRepo, Revision,
    coordinates::join,
    failure::{Failure, Result, possible},
    stat::{Found, without_incompatible},
};

/// One commit on its way to a version.
pub(super) struct Conversion<'a> {
    pub(super) code: &'a CodeRepo<'a>,
    pub(super) found: &'a Found,
    /// The version or query that led here; empty for HEAD of its own accord.
    asked: &'a str,
    /// Whether there is no go.mod at the root (empty key) and in the directory of a major version.
    free: HashMap<String, bool>,
    retracted: Option<Vec<Interval>>,
}

impl CodeRepo<'_> {
    pub(super) async fn convert(&self, found: &Found, asked: &str) -> Result<Revision> {
        let conversion = Conversion { code: self, found, asked, free: HashMap::new(), retracted: None };
        conversion.run().await
    }

    /// Versions that the highest one retracts: as `convert` sees it, which does not look at `+incompatible` ones and
    /// for which a go.mod that cannot be had retracts nothing.
    async fn retracted(&self, refs: &Refs) -> Result<Vec<Interval>> {
        let (versions, _) = self.tagged(refs, "");
        let release = versions.iter().rfind(|version| semver::prerelease(version).is_empty());
        let Some(highest) = release.or_else(|| versions.last()) else { return Ok(Vec::new()) };
        let Some(found) = possible(self.stat(highest).await)? else { return Ok(Vec::new()) };
        let dir = possible(self.find_dir(&found.id, highest).await)?;
        let go_mod = dir.and_then(|dir| dir.go_mod);
        Ok(go_mod.map(|data| gomod::modfile::retractions(&data)).unwrap_or_default())
    }
}

impl<'a> Conversion<'a> {
    async fn run(mut self) -> Result<Revision> {
        if pseudo::is_pseudo_version(self.asked) {
            // Directory and major version first: the base may cost the history.
            let revision = self.canonical(self.asked).await?;
            self.validate_pseudo(self.asked).await?;
            return Ok(revision);
        }
        if let Some((version, true)) = self.found.tag.as_deref().and_then(|tag| self.version_of_tag(tag))
            && let Some(revision) = possible(self.canonical(&version).await)?
        {
            return Ok(revision);
        }
        let mut base = String::new();
        if let Some(version) = self.own_tag(&mut base).await? {
            return self.canonical(&version).await;
        }
        if base.is_empty() {
            base = self.older_tag().await?;
        }
        let version = pseudo::pseudo_version(self.code.at.pseudo_major(), &base, self.time()?, &self.found.id.short());
        self.canonical(&version).await
    }

    /// The version among the commit's own tags: the one that was asked for, otherwise the highest that is allowed and
    /// not retracted. A tag equal to what was asked for but for build metadata becomes the base.
    async fn own_tag(&mut self, base: &mut String) -> Result<Option<String>> {
        let mut highest = String::new();
        let found = self.found;
        for tag in &found.tags {
            let Some((version, canonical)) = self.version_of_tag(tag) else { continue };
            if !self.asked.is_empty() && semver::compare(&version, self.asked) == Ordering::Equal {
                if canonical {
                    return Ok(Some(version));
                }
                base.clone_from(&version);
            }
            if canonical
                && semver::compare(&highest, &version) == Ordering::Less
                && self.allows(&version).await?
                && !self.is_retracted(&version).await?
            {
                highest = version;
            }
        }
        Ok(Some(highest).filter(|highest| !highest.is_empty()))
    }

    /// The highest version with a tag on the commit or on what it follows, for pseudo-versions to come after.
    async fn older_tag(&mut self) -> Result<String> {
        let mut candidates: Vec<(String, Oid)> = Vec::new();
        for (tag, reference) in self.found.refs.tags() {
            let Some((version, _)) = self.version_of_tag(tag) else { continue };
            if self.allows(&version).await? {
                candidates.push((version, reference.peeled()));
            }
        }
        if candidates.is_empty() {
            return Ok(String::new());
        }
        let mut kept = Vec::with_capacity(candidates.len());
        for (version, id) in candidates {
            if !self.is_retracted(&version).await? {
                kept.push((version, id));
            }
        }
        kept.sort_by(|(v, _), (w, _)| semver::compare(w, v));
        match kept.first() {
            None => return Ok(String::new()),
            Some((version, id)) if *id == self.found.id => return Ok(version.clone()),
            Some(_) => {}
        }
        let ids: Vec<Oid> = kept.iter().map(|(_, id)| *id).collect();
        let reached = self.code.repo.ancestors_among(&ids, &self.found.id).await?;
        let highest = kept.into_iter().zip(reached).find(|(_, reached)| *reached);
        Ok(highest.map(|((version, _), _)| version).unwrap_or_default())
    }

    /// The version that a tag of the module is, and whether it is written so. None of `v1`, `v1.2` and what looks like
    /// a pseudo-version, which would only confuse.
    fn version_of_tag(&self, tag: &str) -> Option<(String, bool)> {
        let version = tag.strip_prefix(&*self.code.at.tag_prefix())?;
        let canonical = semver::canonical(version);
        if pseudo::is_pseudo_version(tag) || canonical.is_empty() || !version.starts_with(&canonical) {
            return None;
        }
        let is_canonical = canonical == version;
        Some((canonical, is_canonical))
    }

    /// Whether the path allows the version, with `+incompatible` if need be.
    async fn allows(&mut self, version: &str) -> Result<bool> {
        Ok(match_path_major(version, &self.code.at.major) || self.can_be_incompatible(version).await?)
    }

    /// `vN+incompatible` is for repositories from before modules: no go.mod at the root, and none in `vN` unless it was
    /// asked for in so many words (golang/go#51324).
    async fn can_be_incompatible(&mut self, version: &str) -> Result<bool> {
        let at = &self.code.at;
        if !at.dir.is_empty() || !at.major.is_empty() || !self.is_free("").await? {
            return Ok(false);
        }
        Ok(self.asked.ends_with("+incompatible") || self.is_free(semver::major(version)).await?)
    }

    async fn is_free(&mut self, dir: &str) -> Result<bool> {
        if let Some(&free) = self.free.get(dir) {
            return Ok(free);
        }
        let free = self.code.repo.file(&self.found.id, &join(dir, "go.mod")).await?.is_none();
        self.free.insert(dir.to_owned(), free);
        Ok(free)
    }

    async fn is_retracted(&mut self, version: &str) -> Result<bool> {
        if self.retracted.is_none() {
            self.retracted = Some(self.code.retracted(&self.found.refs).await?);
        }
        Ok(self.retracted.iter().flatten().any(|interval| interval.contains(version)))
    }

    /// The commit as this version, if the path and the go.mod agree with that.
    async fn canonical(&mut self, version: &str) -> Result<Revision> {
        let code = self.code;
        self.names_this(version)?;
        let dir = match code.find_dir(&self.found.id, version).await {
            Err(Failure::Absent(words)) => return Err(Failure::Absent(code.invalid(version, &words))),
            other => other?,
        };
        let mut version = version;
        if version == without_incompatible(self.asked) {
            version = self.asked;
        }
        let base = without_incompatible(version);
        let mut incompatible = String::new();
        let mut refused = None;
        if !match_path_major(base, &code.at.major) {
            if self.can_be_incompatible(base).await? {
                incompatible = format!("{base}+incompatible");
            } else {
                refused = Some(code.invalid(version, &self.other_major(version)));
            }
        } else if version.ends_with("+incompatible") {
            let words =
                format!("+incompatible suffix not allowed: major version {} is compatible", semver::major(version));
            refused = Some(code.invalid(version, &words));
        }
        let version = if incompatible.is_empty() { version } else { &incompatible };
        if let Some(words) = self.resolves_to(version, base).or(refused) {
            return Err(Failure::Refused(words));
        }
        self.revision(version, dir.dir.clone(), code.go_mod(&dir))
    }

    /// Below the root, tags that look like pseudo-versions count as versions. They name another commit than the one
    /// they are on, and as a rule none at all, so there is no such module; `go` stumbles over them likewise.
    fn names_this(&self, version: &str) -> Result<()> {
        match pseudo::pseudo_version_rev(version) {
            Ok(rev) if version != self.asked && rev != self.found.id.short() => {
                let file = join(&self.code.at.dir, "go.mod");
                let root = &self.code.at.root;
                let words = format!("reading {root}/{file} at revision {rev}: unknown revision {rev}");
                Err(Failure::Absent(self.code.invalid(version, &words)))
            }
            _ => Ok(()),
        }
    }

    fn other_major(&self, version: &str) -> String {
        let at = &self.code.at;
        if at.major.is_empty() {
            let path = join(&at.stem, semver::major(version));
            return format!("module contains a go.mod file, so module path must match major version ({path:?})");
        }
        "module path includes a major version suffix, so major version must match".to_owned()
    }

    /// Who asks for a canonical version gets no other one.
    fn resolves_to(&self, version: &str, base: &str) -> Option<String> {
        let asked = without_incompatible(self.asked);
        if self.asked.is_empty() || self.asked != canonical_version(self.asked) || asked == base {
            return None;
        }
        Some(self.code.invalid(self.asked, &format!("resolves to version {version} ({asked} is not a tag)")))
    }

    fn revision(&self, version: &str, dir: String, go_mod: bytes::Bytes) -> Result<Revision> {
        self.time()?;
        let not_canonical = |e| Failure::Refused(self.code.invalid(version, &format!("{e}")));
        let version = Version::parse(version).map_err(not_canonical)?;
        let tag = || format!("refs/tags/{}{}", self.code.at.tag_prefix(), without_incompatible(version.as_str()));
        Ok(Revision {
            commit: self.found.id,
            tree: self.found.commit.tree,
            time: self.found.commit.committed,
            reference: (!version.is_pseudo()).then(tag),
            dir,
            go_mod,
            subdirectory: self.code.at.dir.clone(),
            version,
        })
    }

    /// When the commit was made. Years of five digits are nothing that a version or an `.info` could hold.
    pub(super) fn time(&self) -> Result<Timestamp> {
        let time = Timestamp::from_second(self.found.commit.committed).ok().filter(|time| *time >= FIRST_YEAR);
        let words = || format!("{}: commit {} has an impossible date", self.code.at.path, self.found.id);
        time.ok_or_else(|| Failure::Refused(words()))
    }
}

/// 0000-01-01T00:00:00Z: Go's JSON refuses what is before.
const FIRST_YEAR: Timestamp = Timestamp::constant(-62_167_219_200, 0);
