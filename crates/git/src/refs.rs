//! What a remote advertises: `git ls-remote`.

use crate::Oid;

/// A branch or a tag of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// `refs/heads/main`, `refs/tags/v1.0.0`.
    pub name: String,
    /// What it points at: of an annotated tag the tag object.
    pub target: Oid,
    /// What an annotated tag leads to in the end: a commit as a rule, a tree or a blob at times.
    pub peeled: Option<Oid>,
}

impl Ref {
    /// The commit, if it is one.
    pub fn peeled(&self) -> Oid {
        self.peeled.unwrap_or(self.target)
    }
}

/// HEAD, `refs/heads/*` and `refs/tags/*` of a remote; nothing else of it is ever looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// The commit of HEAD; none in an empty repository or where HEAD names a branch that does not exist.
    pub head: Option<Oid>,
    /// Branches and tags, sorted by name, each once.
    pub refs: Vec<Ref>,
}

impl Refs {
    /// The ref of exactly that name.
    pub fn get(&self, name: &str) -> Option<&Ref> {
        self.refs.binary_search_by(|r| r.name.as_str().cmp(name)).ok().map(|at| &self.refs[at])
    }

    /// All tags, without `refs/tags/`.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &Ref)> {
        self.refs.iter().filter_map(|r| Some((r.name.strip_prefix("refs/tags/")?, r)))
    }

    /// Whatever HEAD, branches and tags lead to, as often as they do.
    pub fn tips(&self) -> impl Iterator<Item = Oid> {
        self.head.into_iter().chain(self.refs.iter().map(Ref::peeled))
    }
}
