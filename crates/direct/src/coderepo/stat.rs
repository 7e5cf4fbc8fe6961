//! From a name to a commit: the order in which `cmd/go/internal/modfetch/codehost/git.go` tries what it may be.

use std::sync::Arc;

use gomod::{pseudo, semver};
use goproxy_git::{Commit, ObjectFormat, Oid, Ref, Refs};

use super::{
    CodeRepo,
    failure::{Failure, Result},
};

/// Shorter ones are no hashes.
const MIN_HASH_DIGITS: usize = 7;

/// A commit, and what the refs say of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: Oid,
    pub(super) commit: Commit,
    /// All tags on it, in order.
    pub(super) tags: Vec<String>,
    /// The tag that it was asked for by.
    pub(super) tag: Option<String>,
    /// What all this was read from, and what follows should be.
    pub(super) refs: Arc<Refs>,
}

/// What the advertised refs know of a name.
enum Known {
    Commit(Oid),
    /// More than one tip begins with these digits.
    Ambiguous,
    /// No name; a hash perhaps.
    No,
}

impl CodeRepo<'_> {
    /// The commit that a version or query names; the words of the failure are about `rev`.
    pub(super) async fn stat(&self, rev: &str) -> Result<Found> {
        let code_rev = self.code_rev(rev);
        match self.find(&code_rev).await {
            Err(Failure::Absent(words)) => Err(Failure::Absent(self.invalid(rev, &words))),
            Err(Failure::Refused(words)) => Err(Failure::Refused(self.invalid(rev, &words))),
            other => other,
        }
    }

    /// What a version is called in the repository: a tag with the directory before it, a hash; other names are what
    /// they are.
    pub(super) fn code_rev(&self, rev: &str) -> String {
        if !semver::is_valid(rev) {
            return rev.to_owned();
        }
        if let Ok(hash) = pseudo::pseudo_version_rev(rev) {
            return hash.to_owned();
        }
        format!("{}{}", self.at.tag_prefix(), without_incompatible(rev))
    }

    /// `path@version: invalid version: why`.
    pub(super) fn invalid(&self, version: &str, why: &str) -> String {
        format!("{}@{version}: invalid version: {why}", self.at.path)
    }

    /// The commit of HEAD, if there is one.
    pub(super) async fn head(&self) -> Result<Option<Found>> {
        let refs = self.repo.refs().await?;
        match refs.head {
            Some(head) => self.found(&refs, head, None).await,
            None => Ok(None),
        }
    }

    /// Refs that are not of this moment may miss what was just pushed, so the remote is asked again before anything is
    /// said not to exist, and before the history is fetched. A commit of a history that is here costs nothing.
    async fn find(&self, rev: &str) -> Result<Found> {
        let unknown = || Failure::Absent(format!("unknown revision {rev}"));
        let mut refs = self.repo.refs().await?;
        let mut known = lookup(&refs, rev);
        if matches!(known, Known::No) && is_hash(&refs, rev) && self.repo.has_history().await? {
            known = self.in_history(&refs, rev).await?.map_or(Known::No, Known::Commit);
        }
        if matches!(known, Known::No) {
            refs = self.repo.newer_refs().await?;
            known = lookup(&refs, rev);
        }
        let id = match known {
            Known::Commit(id) => id,
            Known::Ambiguous => return Err(Failure::Refused(format!("ambiguous revision {rev}"))),
            Known::No => self.in_history(&refs, rev).await?.ok_or_else(unknown)?,
        };
        let tag = refs.get(&format!("refs/tags/{rev}")).map(|_| rev.to_owned());
        self.found(&refs, id, tag).await?.ok_or_else(unknown)
    }

    /// A hash of no tip: an annotated tag's own, or a commit's in the history. Two of them are refused.
    async fn in_history(&self, refs: &Refs, rev: &str) -> Result<Option<Oid>> {
        if !is_hash(refs, rev) {
            return Ok(None);
        }
        let tags = refs.refs.iter().filter(|r| r.peeled.is_some() && begins(&r.target, rev));
        let mut matches: Vec<(Oid, Oid)> = tags.map(|r| (r.target, r.peeled())).collect();
        let whole = matches.first().is_some_and(|(tag, _)| tag.to_string() == rev);
        if !whole {
            matches.extend(self.repo.commits_with_prefix(rev).await?.into_iter().map(|id| (id, id)));
        }
        matches.sort_unstable();
        matches.dedup();
        Ok(match *matches {
            [(_, commit)] => Some(commit),
            _ => None,
        })
    }

    /// `None` if that is no commit.
    async fn found(&self, refs: &Arc<Refs>, id: Oid, tag: Option<String>) -> Result<Option<Found>> {
        let Some(commit) = self.repo.commit(&id).await? else { return Ok(None) };
        let tags = refs.tags().filter(|(_, r)| r.peeled() == id).map(|(tag, _)| tag.to_owned()).collect();
        Ok(Some(Found { id, commit, tags, tag, refs: Arc::clone(refs) }))
    }
}

/// `v2.0.0` of `v2.0.0+incompatible`.
pub(super) fn without_incompatible(version: &str) -> &str {
    version.strip_suffix("+incompatible").unwrap_or(version)
}

fn lookup(refs: &Refs, rev: &str) -> Known {
    let named = |prefix: &str| refs.get(&format!("{prefix}{rev}")).map(Ref::peeled);
    let head = || refs.head.filter(|_| rev == "HEAD");
    if let Some(id) = named("refs/tags/").or_else(|| named("refs/heads/")).or_else(head) {
        return Known::Commit(id);
    }
    if !is_hash(refs, rev) {
        return Known::No;
    }
    let mut tips = refs.tips().filter(|id| begins(id, rev));
    match tips.next() {
        Some(id) if tips.all(|other| other == id) => Known::Commit(id),
        Some(_) => Known::Ambiguous,
        None => Known::No,
    }
}

fn is_hash(refs: &Refs, rev: &str) -> bool {
    let format = refs.tips().next().map_or(ObjectFormat::Sha1, |id| id.format());
    (MIN_HASH_DIGITS..=2 * format.len()).contains(&rev.len())
        && rev.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Digit by digit, since there may be many refs and most differ in the first.
fn begins(id: &Oid, digits: &str) -> bool {
    let bytes = id.as_bytes();
    let nibble = |at: usize| bytes.get(at / 2).map(|byte| u32::from(byte >> (4 - 4 * (at % 2)) & 15));
    digits.chars().enumerate().all(|(at, digit)| digit.to_digit(16) == nibble(at))
}
