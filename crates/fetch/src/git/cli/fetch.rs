//! `git fetch` into a bare repository.
//!
//! A shallow request asks for the wanted commits by their ids, without what they follow; git notes in the file `shallow`
//! where histories end then. Where the server gives single ids to nobody (protocol version 0, dumb http), and for a
//! request of history, all branches and tags are fetched, as `go` does it, and noted as refs, so that the next time only
//! what is new comes; `--depth` of infinity takes back the ends noted before. What no branch or tag leads to is then
//! asked for by its id.

use std::{
    path::Path,
    sync::{Arc, MutexGuard, PoisonError},
};

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_git::{FetchRequest, Oid};

use super::{
    CliRemote,
    failure::{Hint, Wrong, asked},
    here::Here,
    refs::Listed,
};

/// What git takes for infinite (git-fetch(1), `--unshallow`, which is refused where nothing is shallow).
const WHOLE: &str = "--depth=2147483647";

/// What all fetches have in common.
const FETCH: &[&str] = &[
    // The working directory, said so that nothing is guessed and no other is found.
    "--git-dir=.",
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--no-show-forced-updates",
    "--force",
];

impl CliRemote {
    /// Fetches what is wanted, always with all it contains, into a bare repository that nobody else fetches into.
    ///
    /// # Errors
    /// `NotFound` where the remote does not have a wanted object.
    pub(in crate::git) async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<()> {
        let here = Here(git_dir.to_owned());
        self.on(&here, |here| here.sweep().map_err(|e| here.failed(&e))).await?;
        if request.shallow {
            self.shallow(&here, &request.wants).await
        } else {
            self.whole(&here, &request.wants).await
        }
    }

    async fn shallow(&self, here: &Here, wants: &[Oid]) -> Result<()> {
        let wanted = wants.to_vec();
        if self.on(here, move |here| here.has_content(&wanted)).await? {
            return Ok(());
        }
        match self.ids(here, wants, false).await {
            Ok(()) => Ok(()),
            Err(wrong) if wrong.hint == Hint::Everything => {
                self.all(here).await.map_err(Wrong::into_error)?;
                match self.missing(here, wants, false).await? {
                    None => Ok(()),
                    // Dumb http gives any object, but not alone.
                    Some(_) => self.rest(here, wants).await,
                }
            }
            Err(wrong) => Err(wrong.into_error()),
        }
    }

    async fn whole(&self, here: &Here, wants: &[Oid]) -> Result<()> {
        self.all(here).await.map_err(Wrong::into_error)?;
        match self.missing(here, wants, true).await? {
            None => Ok(()),
            Some(_) => self.rest(here, wants).await,
        }
    }

    /// What branches and tags do not lead to. A history may still end early afterwards: where the remote's does.
    async fn rest(&self, here: &Here, wants: &[Oid]) -> Result<()> {
        let done = self.ids(here, wants, true).await;
        match (done, self.missing(here, wants, false).await?) {
            (Ok(()), None) => Ok(()),
            (Err(wrong), _) if wrong.hint != Hint::Everything => Err(wrong.into_error()),
            (_, Some(id)) => {
                let text = format!("{}: {} does not have the object {id} any more", asked(&self.way), self.way.host);
                Err(Error::new(ErrorKind::NotFound, text))
            }
            // Here, and the server gives no more of it.
            (Err(_), None) => Ok(()),
        }
    }

    /// All branches and tags, with their histories.
    async fn all(&self, here: &Here) -> Result<(), Wrong> {
        let known = self.listed().as_ref().map(|listed| Arc::clone(&listed.tips));
        let first = match &known {
            Some(tips) => self.tips(here, tips).await,
            None => self.new_tips(here).await,
        };
        match first {
            // A branch moved since.
            Err(wrong) if known.is_some() && wrong.hint == Hint::Everything => self.new_tips(here).await,
            done => done,
        }
    }

    async fn new_tips(&self, here: &Here) -> Result<(), Wrong> {
        self.refs().await?;
        let tips = self.listed().as_ref().map(|listed| Arc::clone(&listed.tips)).unwrap_or_default();
        self.tips(here, &tips).await
    }

    async fn tips(&self, here: &Here, tips: &Arc<[Oid]>) -> Result<(), Wrong> {
        self.git_fetch(here, tips, true).await?;
        let tips = Arc::clone(tips);
        let note = move |here: &Here| if here.is_shallow() { Ok(()) } else { here.note(&tips) };
        Ok(self.on(here, move |here| note(here).map_err(|e| here.failed(&e))).await?)
    }

    /// Objects by their ids.
    async fn ids(&self, here: &Here, wants: &[Oid], history: bool) -> Result<(), Wrong> {
        let ids: Vec<Oid> = match &*self.listed() {
            Some(listed) => wants.iter().map(|want| listed.tip(want)).collect(),
            None => wants.to_vec(),
        };
        self.git_fetch(here, &ids, history).await
    }

    async fn git_fetch(&self, here: &Here, ids: &[Oid], history: bool) -> Result<(), Wrong> {
        if ids.is_empty() {
            return Ok(());
        }
        let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let run = || {
            let depth = if history { here.is_shallow().then_some(WHOLE) } else { Some("--depth=1") };
            let own = depth.into_iter().chain(["--stdin", "--end-of-options", &self.way.asked]);
            self.run(&here.0, FETCH.iter().copied().chain(own).collect(), lines.clone().into_bytes())
        };
        match run().await {
            // Once more, without what git believes of the repository.
            Err(wrong) if wrong.hint == Hint::Books => {
                tracing::warn!(repository = %here.0.display(), "fetching anew into a repository with damaged books");
                self.on(here, |here| here.clear_books().map_err(|e| here.failed(&e))).await?;
                run().await.map(drop)
            }
            done => done.map(drop),
        }
    }

    fn listed(&self) -> MutexGuard<'_, Option<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn missing(&self, here: &Here, wants: &[Oid], history: bool) -> Result<Option<Oid>> {
        let wants = wants.to_vec();
        self.on(here, move |here| here.first_missing(&wants, history)).await
    }

    async fn on<T: Send + 'static>(
        &self,
        here: &Here,
        work: impl FnOnce(&Here) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let here = here.clone();
        blocking(move || work(&here)).await
    }
}
