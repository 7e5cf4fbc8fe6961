//! A repository in memory, written by hand or read from a real one, that counts what it is asked.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{Commit, Oid, Ref, Refs};
use goproxy_testkit::GitRepo;

use super::super::Repo;

#[derive(Debug, Default)]
pub(super) struct Fake {
    refs: Refs,
    /// What the remote advertises by now.
    newer: Option<Refs>,
    commits: BTreeMap<Oid, Commit>,
    files: HashMap<(Oid, String), Vec<u8>>,
    asked: Mutex<Vec<String>>,
    broken: bool,
}

/// An id from its first digits.
pub(super) fn id(digits: &str) -> Oid {
    Oid::from_hex(&format!("{digits:0<40}")).unwrap()
}

impl Fake {
    /// Adds a commit with all its files; HEAD and branch `main` are the last one.
    pub(super) fn commit(mut self, digits: &str, date: &str, parents: &[&str], files: &[(&str, &str)]) -> Self {
        let parents = parents.iter().map(|parent| id(parent)).collect();
        let committed = date.parse::<jiff::Timestamp>().unwrap().as_second();
        let commit = id(digits);
        self.commits.insert(commit, Commit { tree: id("7ee"), parents, committed });
        for (name, text) in files {
            self.files.insert((commit, (*name).to_owned()), text.as_bytes().to_vec());
        }
        self.refs.head = Some(commit);
        self.point("refs/heads/main", digits, None)
    }

    pub(super) fn tags(self, digits: &str, names: &[&str]) -> Self {
        names.iter().fold(self, |fake, name| fake.point(&format!("refs/tags/{name}"), digits, None))
    }

    /// An annotated tag with an id of its own.
    pub(super) fn annotated(self, digits: &str, tag: &str, name: &str) -> Self {
        self.point(&format!("refs/tags/{name}"), tag, Some(digits))
    }

    pub(super) fn branch(self, digits: &str, name: &str) -> Self {
        self.point(&format!("refs/heads/{name}"), digits, None)
    }

    /// HEAD is somewhere else, or names a branch that is not there.
    pub(super) fn head(mut self, digits: Option<&str>) -> Self {
        self.refs.head = digits.map(id);
        self
    }

    /// Nothing advertised but what follows; what was is the state of the remote.
    pub(super) fn pushed_since(mut self) -> Self {
        self.newer = Some(std::mem::take(&mut self.refs));
        self
    }

    /// All that is not about refs fails.
    pub(super) fn broken(mut self) -> Self {
        self.broken = true;
        self
    }

    /// What it was asked since the last time, but for refs.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn point(mut self, name: &str, target: &str, peeled: Option<&str>) -> Self {
        self.refs.refs.retain(|r| r.name != name);
        self.refs.refs.push(Ref { name: name.to_owned(), target: id(target), peeled: peeled.map(id) });
        self.refs.refs.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// A copy of a real one.
    pub(super) fn of(repo: &GitRepo) -> Self {
        let mut fake = Self::default();
        for line in repo.git(&["ls-remote", "-q", "."]).lines() {
            let (hash, name) = line.split_once('\t').unwrap();
            let target = Oid::from_hex(hash).unwrap();
            match name.strip_suffix("^{}") {
                // Follows its tag.
                Some(_) => fake.refs.refs.last_mut().unwrap().peeled = Some(target),
                None if name == "HEAD" => fake.refs.head = Some(target),
                None => fake.refs.refs.push(Ref { name: name.to_owned(), target, peeled: None }),
            }
        }
        for line in repo.git(&["log", "--all", "--format=%H %T %ct %P"]).lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let parents = parts[3..].iter().filter_map(|parent| Oid::from_hex(parent)).collect();
            let (commit, tree) = (Oid::from_hex(parts[0]).unwrap(), Oid::from_hex(parts[1]).unwrap());
            fake.commits.insert(commit, Commit { tree, parents, committed: parts[2].parse().unwrap() });
            for file in repo.git(&["ls-tree", "-r", parts[0]]).lines() {
                let (object, name) = file.split_once('\t').unwrap();
                if !name.ends_with("go.mod") || !object.contains(" blob ") {
                    continue;
                }
                // Output is trimmed, files are not.
                let file = repo.path().join(repo.git(&["unpack-file", object.rsplit(' ').next().unwrap()]));
                fake.files.insert((commit, name.to_owned()), std::fs::read(&file).unwrap());
                std::fs::remove_file(file).unwrap();
            }
        }
        fake
    }

    fn ask(&self, what: String) -> Result<()> {
        self.asked.lock().unwrap().push(what);
        let broken = || Error::new(ErrorKind::Unavailable, "broken");
        if self.broken { Err(broken()) } else { Ok(()) }
    }

    fn reached(&self, from: impl IntoIterator<Item = Oid>) -> BTreeSet<Oid> {
        let (mut open, mut seen): (Vec<Oid>, _) = (from.into_iter().collect(), BTreeSet::new());
        while let Some(id) = open.pop() {
            if let Some(commit) = self.commits.get(&id).filter(|_| seen.insert(id)) {
                open.extend(&commit.parents);
            }
        }
        seen
    }
}

#[async_trait]
impl Repo for Fake {
    async fn refs(&self) -> Result<Arc<Refs>> {
        Ok(Arc::new(self.refs.clone()))
    }

    async fn newer_refs(&self) -> Result<Arc<Refs>> {
        self.asked.lock().unwrap().push("refs".into());
        Ok(Arc::new(self.newer.clone().unwrap_or_else(|| self.refs.clone())))
    }

    async fn commit(&self, id: &Oid) -> Result<Option<Commit>> {
        self.ask(format!("commit {}", id.short()))?;
        Ok(self.commits.get(id).cloned())
    }

    async fn file(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>> {
        self.ask(format!("file {} {path}", commit.short()))?;
        Ok(self.files.get(&(*commit, path.to_owned())).cloned())
    }

    async fn has_history(&self) -> Result<bool> {
        Ok(false)
    }

    async fn commits_with_prefix(&self, hex: &str) -> Result<Vec<Oid>> {
        self.ask(format!("history for {hex}"))?;
        let refs = self.newer.as_ref().unwrap_or(&self.refs);
        let reached = self.reached(refs.tips());
        Ok(reached.into_iter().filter(|id| id.to_string().starts_with(hex)).take(2).collect())
    }

    async fn ancestors_among(&self, candidates: &[Oid], commit: &Oid) -> Result<Vec<bool>> {
        self.ask(format!("history of {}", commit.short()))?;
        let reached = self.reached([*commit]);
        Ok(candidates.iter().map(|id| reached.contains(id)).collect())
    }
}
