//! A repository as one request about one module sees it: fetches what the rules ask for, in as few operations as there
//! can be.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{Commit, EntryKind, Filter, Kind, Objects, Odb, Oid, Refs};

use super::{Part, copy::Copy, incomplete, snapshot::Advertised};
use crate::coderepo::Repo;

/// Files up to this size come along with the directories that lead to a module's go.mod.
const SMALL_FILE: u64 = 16 << 10;

/// Larger go.mod files are not read. `go` gives those in full that it refuses to put into a zip.
const MAX_FILE: u64 = 64 << 20;

/// What a commit is fetched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its go.mod.
    Files,
    /// Everything in it.
    Content,
}

/// One request's view.
#[derive(Debug)]
pub(crate) struct View {
    copy: Arc<Copy>,
    purpose: Purpose,
    /// Levels of directories down to the module's own and the major version's below it.
    levels: u32,
    /// The refs that this request goes by: one answer, however long it takes.
    refs: Mutex<Option<Advertised>>,
}

impl View {
    /// `dir` is where the module lies in the repository.
    pub(crate) fn new(copy: Arc<Copy>, dir: &str, purpose: Purpose) -> Self {
        let depth = dir.split('/').filter(|element| !element.is_empty()).count();
        Self { copy, purpose, levels: u32::try_from(depth).unwrap_or(u32::MAX - 2) + 1, refs: Mutex::default() }
    }

    /// When what this request goes by was so.
    pub(crate) fn asked(&self) -> SystemTime {
        self.known().map_or_else(SystemTime::now, |advertised| advertised.asked)
    }

    fn known(&self) -> Option<Advertised> {
        self.refs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, advertised: Advertised) -> Arc<Refs> {
        let refs = Arc::clone(&advertised.refs);
        *self.refs.lock().unwrap_or_else(PoisonError::into_inner) = Some(advertised);
        refs
    }

    async fn tips(&self) -> Result<Vec<Oid>> {
        let mut tips: Vec<_> = self.refs().await?.tips().collect();
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    /// Makes sure that a commit is here, with what it is wanted for as far as one operation brings it.
    async fn need_commit(&self, id: &Oid) -> Result<()> {
        let wanted = *id;
        if self.copy.read(move |odb| odb.contains(&wanted)).await? {
            return Ok(());
        }
        let shallow = Filter::Shallow { levels: self.levels, blob_limit: SMALL_FILE };
        let part = match self.purpose {
            Purpose::Files => Part::Below(Some(shallow)),
            Purpose::Content => Part::Whole,
        };
        match self.copy.fetch(vec![*id], part).await {
            Err(error) if error.kind() == ErrorKind::NotFound && self.has_moved(id).await? => {
                let text = format!("the repository changed while it was read: {}", error.message());
                Err(Error::new(ErrorKind::Unavailable, text))
            }
            done => done,
        }
    }

    /// Whether a ref has left a commit since this view was made: then what it was asked for may well exist.
    async fn has_moved(&self, id: &Oid) -> Result<bool> {
        let was_there = self.refs().await?.tips().any(|tip| tip == *id);
        Ok(was_there && !self.newer_refs().await?.tips().any(|tip| tip == *id))
    }
}

#[async_trait]
impl Repo for View {
    async fn refs(&self) -> Result<Arc<Refs>> {
        if let Some(advertised) = self.known() {
            return Ok(advertised.refs);
        }
        Ok(self.remember(self.copy.refs().await?))
    }

    async fn newer_refs(&self) -> Result<Arc<Refs>> {
        Ok(self.remember(self.copy.newer_refs().await?))
    }

    async fn commit(&self, id: &Oid) -> Result<Option<Commit>> {
        self.need_commit(id).await?;
        let id = *id;
        let commit = move |odb: &Odb| match odb.header(&id)? {
            Some((Kind::Commit, _)) => odb.commit(&id),
            _ => Ok(None),
        };
        self.copy.read(commit).await
    }

    async fn file(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>> {
        self.need_commit(commit).await?;
        // Each turn brings one object nearer to the file.
        for _ in 0..=path.split('/').count() + 1 {
            let (from, path) = (*commit, path.to_owned());
            match self.copy.read(move |odb| find(odb, from, &path)).await? {
                Found::Nothing => return Ok(None),
                Found::File(content) => return Ok(Some(content)),
                Found::Missing { id, levels } => {
                    let filter = levels.map(|levels| Filter::Shallow { levels, blob_limit: SMALL_FILE });
                    self.copy.fetch(vec![id], Part::Below(filter)).await?;
                }
            }
        }
        Err(incomplete().with_detail(format!("{commit}:{path} is missing after fetching it")))
    }

    async fn has_history(&self) -> Result<bool> {
        self.copy.has_history(&self.tips().await?).await
    }

    async fn commits_with_prefix(&self, hex: &str) -> Result<Vec<Oid>> {
        self.copy.commits_with_prefix(hex, self.tips().await?).await
    }

    async fn ancestors_among(&self, candidates: &[Oid], commit: &Oid) -> Result<Vec<bool>> {
        if candidates.iter().all(|candidate| candidate == commit) {
            return Ok(vec![true; candidates.len()]);
        }
        self.copy.ancestors_among(candidates, commit).await
    }
}

/// What the way to a path leads to.
enum Found {
    Nothing,
    File(Vec<u8>),
    /// An object on the way that is not here. Of a directory, how many levels below it are of interest.
    Missing {
        id: Oid,
        levels: Option<u32>,
    },
}

fn find(odb: &Odb, commit: Oid, path: &str) -> Result<Found, goproxy_git::Error> {
    let Some(commit) = odb.commit(&commit)? else { return Err(goproxy_git::Error::Missing(commit)) };
    let elements: Vec<&str> = path.split('/').collect();
    let mut tree = commit.tree;
    for (at, element) in elements.iter().enumerate() {
        let left = elements.len() - at;
        let Some(entries) = odb.tree(&tree)? else {
            return Ok(Found::Missing { id: tree, levels: Some(u32::try_from(left).unwrap_or(u32::MAX - 1)) });
        };
        let Some(entry) = entries.iter().find(|entry| entry.name == element.as_bytes()) else {
            return Ok(Found::Nothing);
        };
        match (entry.kind, left) {
            (EntryKind::Directory, 2..) => tree = entry.id,
            (EntryKind::File | EntryKind::Symlink, 1) => {
                return Ok(match odb.read(&entry.id, MAX_FILE)? {
                    Some(blob) => Found::File(blob.data),
                    None => Found::Missing { id: entry.id, levels: None },
                });
            }
            _ => return Ok(Found::Nothing),
        }
    }
    Ok(Found::Nothing)
}
