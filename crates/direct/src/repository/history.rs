//! What commits follow from what others: read from the copy, the history fetched as far as it is missing.

use std::collections::HashSet;

use goproxy_engine::Result;
use goproxy_git::{Filter, Kind, Objects, Odb, Oid};

use super::{Part, absent, copy::Copy, incomplete};

impl Copy {
    /// Which of the candidates `commit` is or follows; in their order.
    pub(crate) async fn ancestors_among(&self, candidates: &[Oid], commit: &Oid) -> Result<Vec<bool>> {
        let wanted: HashSet<Oid> = candidates.iter().copied().collect();
        let found = self.walk(vec![*commit], wanted).await?;
        Ok(candidates.iter().map(|id| found.contains(id)).collect())
    }

    /// Commits with an id that begins so and that some of the tips are or follow: two at most.
    pub(crate) async fn commits_with_prefix(&self, hex: &str, tips: Vec<Oid>) -> Result<Vec<Oid>> {
        if !self.is_complete(&tips).await? {
            self.walk(tips.clone(), HashSet::new()).await?;
        }
        let prefix = hex.to_owned();
        let named = self.read(move |odb| commits_named(odb, &prefix)).await?;
        if named.is_empty() {
            return Ok(named);
        }
        // What is here may have left the branches since.
        let reached = self.walk(tips, named.iter().copied().collect()).await?;
        Ok(named.into_iter().filter(|id| reached.contains(id)).take(2).collect())
    }

    async fn fetch_history(&self, mut wants: Vec<Oid>) -> Result<()> {
        let mut part = Part::History;
        while !wants.is_empty() {
            let count = wants.len();
            self.fetch(wants.clone(), part).await?;
            // A tree that a tag points at is left out if it is a commit's as well (measured with git 2.39). Asked for by
            // itself, it comes, and shows that it is no commit.
            wants = self.read(move |odb| absent(odb, wants)).await?;
            if wants.len() == count {
                return Err(incomplete());
            }
            part = Part::Below(Some(Filter::NoTrees));
        }
        Ok(())
    }

    /// Whether all that the tips are or follow is here. Nothing is fetched.
    pub(crate) async fn has_history(&self, tips: &[Oid]) -> Result<bool> {
        if self.is_complete(tips).await? {
            return Ok(true);
        }
        let starts = tips.to_vec();
        let here = self.read(move |odb| reach(odb, &starts, HashSet::new())).await?.complete;
        if here {
            self.completed(tips.to_vec());
        }
        Ok(here)
    }

    /// Whether that is known.
    async fn is_complete(&self, tips: &[Oid]) -> Result<bool> {
        // Opening the copy tells whether it was begun anew.
        self.odb().await?;
        let complete = self.complete();
        Ok(tips.iter().all(|tip| complete.binary_search(tip).is_ok()))
    }

    /// Those of `wanted` that are reached from `from`. An empty `wanted` stands for a walk to the very beginning.
    async fn walk(&self, from: Vec<Oid>, wanted: HashSet<Oid>) -> Result<HashSet<Oid>> {
        let whole = wanted.is_empty();
        let (starts, sought) = (from.clone(), wanted.clone());
        let mut reached = self.read(move |odb| reach(odb, &starts, sought)).await?;
        if !reached.complete && !self.is_complete(&from).await? {
            self.fetch_history(from.clone()).await?;
            let starts = from.clone();
            reached = self.read(move |odb| reach(odb, &starts, wanted)).await?;
        }
        // What is missing now is missing in the remote, too: a shallow clone that somebody serves.
        if whole {
            self.completed(from);
        } else if !reached.complete {
            self.completed_too(from);
        }
        Ok(reached.found)
    }
}

/// Commits only: blobs and trees share their digits.
fn commits_named(odb: &Odb, hex: &str) -> Result<Vec<Oid>, goproxy_git::Error> {
    // Some of these may be other objects, or lie outside of the branches.
    const LOOK_AT: usize = 64;
    let mut commits = Vec::new();
    for id in odb.with_prefix(hex, LOOK_AT)? {
        if matches!(odb.header(&id)?, Some((Kind::Commit, _))) {
            commits.push(id);
        }
    }
    Ok(commits)
}

/// What a walk met.
#[derive(Default)]
struct Reached {
    found: HashSet<Oid>,
    /// Whether every commit on the way was here. Not all ways are walked once everything is found.
    complete: bool,
}

/// Breadth first, so that what is near is found soon. Tips that are no commits (tags on trees) reach nothing.
fn reach(odb: &Odb, from: &[Oid], mut wanted: HashSet<Oid>) -> Result<Reached, goproxy_git::Error> {
    let whole = wanted.is_empty();
    let mut reached = Reached { complete: true, ..Reached::default() };
    let mut seen: HashSet<Oid> = from.iter().copied().collect();
    let mut level: Vec<Oid> = seen.iter().copied().collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for id in level {
            if wanted.remove(&id) {
                reached.found.insert(id);
            }
            if wanted.is_empty() && !whole {
                return Ok(Reached { complete: true, ..reached });
            }
            match odb.header(&id)? {
                Some((Kind::Commit, _)) => {
                    let parents = odb.commit(&id)?.map(|commit| commit.parents).unwrap_or_default();
                    next.extend(parents.into_iter().filter(|parent| seen.insert(*parent)));
                }
                Some(_) => {}
                None => reached.complete = false,
            }
        }
        level = next;
    }
    Ok(reached)
}
