//! What `go list -m -json` and `go mod download -json` print, as far as we need it.

use serde::Deserialize;

use super::internal;

/// One module.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Module {
    pub(super) version: String,
    pub(super) versions: Vec<String>,
    /// A text in the output of `go mod download`.
    pub(super) error: Option<String>,
}

impl Module {
    pub(super) fn parse(stdout: &[u8]) -> goproxy_engine::Result<Self> {
        serde_json::from_slice(stdout).map_err(|e| {
            let text = String::from_utf8_lossy(&stdout[..stdout.len().min(512)]);
            internal(format!("unexpected output of go: {e}: {text}"))
        })
    }
}

/// The part of `.info` that tells how a commit was named.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    pub(super) version: String,
    pub(super) origin: Origin,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Origin {
    #[serde(rename = "VCS")]
    pub(super) vcs: String,
    #[serde(rename = "Ref")]
    pub(super) reference: String,
}

impl Info {
    /// Whether a later request for the version itself would get the same bytes: the version is a pseudo-version, whose
    /// `.info` names no ref, or its own tag is the ref. What was asked by a branch names the branch; what was asked by a
    /// hash names nothing, though a tag is there (only git has refs).
    pub(super) fn is_canonical(&self) -> bool {
        let tag = self.version.strip_suffix("+incompatible").unwrap_or(&self.version);
        let needs_none = self.origin.vcs != "git" || gomod::pseudo::is_pseudo_version(&self.version);
        (self.origin.reference.is_empty() && needs_none)
            || self.origin.reference.strip_prefix("refs/tags/").is_some_and(|r| r.rsplit('/').next() == Some(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_info_that_names_a_branch_is_not_the_versions_own() {
        let canonical = |json: &str| serde_json::from_str::<Info>(json).unwrap().is_canonical();
        assert!(canonical(r#"{"Version":"v1.0.0"}"#));
        assert!(canonical(r#"{"Version":"v1.0.0","Time":"x","Origin":{"VCS":"git","Ref":"refs/tags/sub/v1.0.0"}}"#));
        assert!(canonical(r#"{"Version":"v2.0.0+incompatible","Origin":{"Ref":"refs/tags/v2.0.0"}}"#));
        assert!(!canonical(r#"{"Version":"v1.0.0","Origin":{"Ref":"refs/heads/main"}}"#));
        assert!(!canonical(r#"{"Version":"v1.0.0","Origin":{"Ref":"refs/tags/latest"}}"#));
        assert!(!canonical(r#"{"Version":"v1.0.0","Origin":{"Ref":"HEAD"}}"#));
    }

    #[test]
    fn an_info_asked_for_by_a_hash_lacked_the_tag() {
        let canonical = |json: &str| serde_json::from_str::<Info>(json).unwrap().is_canonical();
        assert!(!canonical(r#"{"Version":"v1.0.1","Origin":{"VCS":"git","Hash":"ab"}}"#));
        assert!(canonical(r#"{"Version":"v0.0.0-20240102030405-0123456789ab","Origin":{"VCS":"git","Hash":"01"}}"#));
        assert!(canonical(r#"{"Version":"v1.0.1","Origin":{"VCS":"svn","Hash":"12"}}"#));
    }
}
