//! Whether a pseudo-version says the truth about its commit: `validatePseudoVersion` of
//! `cmd/go/internal/modfetch/coderepo.go`.

use std::cmp::Ordering;

use gomod::{VersionError, pseudo, semver};
use goproxy_git::Oid;

use super::{
    convert::Conversion,
    failure::{Failure, Result},
    stat::without_incompatible,
};

impl Conversion<'_> {
    /// Hash and time must be the commit's, and the base a tag that it follows: otherwise anybody could make versions as
    /// high as he likes, and any number of names for one commit. The base need not be the highest, since tags may have
    /// come later.
    pub(super) async fn validate_pseudo(&self, version: &str) -> Result<()> {
        let rev = pseudo::pseudo_version_rev(version).map_err(|e| self.malformed(&e))?;
        self.check_rev(rev).map_err(|words| self.untrue(version, &words))?;
        let (time, expected) = (pseudo::pseudo_version_time(version).map_err(|e| self.malformed(&e))?, self.time()?);
        if time != expected {
            let expected = expected.strftime("%Y%m%d%H%M%S");
            let words = format!("does not match version-control timestamp (expected {expected})");
            return Err(self.untrue(version, &words));
        }
        match pseudo::pseudo_version_base(without_incompatible(version)).map_err(|e| self.malformed(&e))? {
            Some(base) => self.check_base(version, &base, rev).await,
            None if self.code.at.major.is_empty() && semver::major(version) == "v1" => {
                Err(self.untrue(version, "major version without preceding tag must be v0, not v1"))
            }
            None => Ok(()),
        }
    }

    fn check_rev(&self, rev: &str) -> std::result::Result<(), String> {
        let short = self.found.id.short();
        let what = match rev {
            rev if rev == short => return Ok(()),
            rev if rev.starts_with(&short) => "revision is longer than canonical",
            rev if short.starts_with(rev) => "revision is shorter than canonical",
            _ => "does not match short name of revision",
        };
        Err(format!("{what} (expected {short})"))
    }

    async fn check_base(&self, version: &str, base: &str, rev: &str) -> Result<()> {
        let prefix = self.code.at.tag_prefix();
        let bare = |tag: &str| tag.strip_prefix(&*prefix).unwrap_or(tag).to_owned();
        // Tags with build metadata on the same commit are fine: they cannot be used as a version themselves.
        if let Some(tag) = self.found.tags.iter().find(|tag| bare(tag) == base) {
            return Err(self.untrue(
                version,
                &format!(
                    "tag ({tag}) found on revision {rev} is already canonical, \
                     so should not be replaced with a pseudo-version derived from that tag"
                ),
            ));
        }
        let begin = format!("{prefix}{base}");
        let equal = |tag: &str| tag.starts_with(&begin) && semver::compare(&bare(tag), base) == Ordering::Equal;
        let (names, ids): (Vec<&str>, Vec<Oid>) =
            self.found.refs.tags().filter(|(tag, _)| equal(tag)).map(|(tag, r)| (tag, r.peeled())).unzip();
        let Some(last) = names.last() else {
            return Err(self.untrue(version, &format!("preceding tag ({base}) not found")));
        };
        if ids.contains(&self.found.id) || self.code.repo.ancestors_among(&ids, &self.found.id).await?.contains(&true) {
            return Ok(());
        }
        Err(self.untrue(version, &format!("revision {rev} is not a descendent of preceding tag ({last})")))
    }

    fn untrue(&self, version: &str, why: &str) -> Failure {
        Failure::Refused(format!("{}@{version}: invalid pseudo-version: {why}", self.code.at.path))
    }

    fn malformed(&self, error: &VersionError) -> Failure {
        match error {
            VersionError::Pseudo { version, reason } => self.untrue(version, reason),
            other => Failure::Refused(format!("module {}: {other}", self.code.at.path)),
        }
    }
}
