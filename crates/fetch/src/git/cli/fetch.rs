//! `git fetch` into a bare repository.
//!
//! A shallow request asks for the wanted commits by their ids, without what they follow; git notes in the file `shallow`
//! where histories end then. Where the server gives single ids to nobody (protocol version 0, dumb http), and for a
//! request of history, all branches and tags are fetched, as `go` does it, and kept as refs, so that the next time only
//! what is new comes; `--depth` of infinity takes back the ends noted before. What no branch or tag leads to is then
//! asked for by its id.

use std::{path::Path, sync::PoisonError};

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_git::{FetchRequest, Oid};

use super::{
    CliRemote,
    failure::{Hint, Wrong, asked},
    here::{Here, OWN_REFS},
};

/// What git takes for infinite (git-fetch(1), `--unshallow`, which is refused where nothing is shallow).
const WHOLE: &str = "--depth=2147483647";

/// What all fetches have in common.
const FETCH: &[&str] = &[
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
        self.on(&here, |here| here.sweep().map_err(|e| Error::internal(format!("{}: {e}", here.0.display())))).await?;
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
        match self.ids(here, wants, Some("--depth=1")).await {
            Ok(()) => Ok(()),
            Err(wrong) if wrong.hint == Hint::Everything => {
                self.all(here).await.map_err(Wrong::into_error)?;
                match self.missing(here, wants, false).await? {
                    None => Ok(()),
                    // Dumb http: by its id, but not alone.
                    Some(_) => self.rest(here, wants, false).await,
                }
            }
            Err(wrong) => Err(wrong.into_error()),
        }
    }

    async fn whole(&self, here: &Here, wants: &[Oid]) -> Result<()> {
        self.all(here).await.map_err(Wrong::into_error)?;
        match self.missing(here, wants, true).await? {
            None => Ok(()),
            Some(_) => self.rest(here, wants, true).await,
        }
    }

    /// What branches and tags do not lead to. A history may still end early afterwards: where the remote's does.
    async fn rest(&self, here: &Here, wants: &[Oid], history: bool) -> Result<()> {
        let depth = (history && here.is_shallow()).then_some(WHOLE);
        let done = self.ids(here, wants, depth).await;
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
        let [heads, tags] = ["heads", "tags"].map(|kind| format!("+refs/{kind}/*:{OWN_REFS}/{kind}/*"));
        let args = || {
            let depth = here.is_shallow().then_some(WHOLE);
            let own = depth.into_iter().chain(["--prune", "--end-of-options", &self.way.asked, &heads, &tags]);
            FETCH.iter().copied().chain(own).collect::<Vec<_>>()
        };
        self.mending(here, || self.run(&here.0, in_repository(args()), Vec::new())).await
    }

    /// Objects by their ids.
    async fn ids(&self, here: &Here, wants: &[Oid], depth: Option<&'static str>) -> Result<(), Wrong> {
        let lines: String = {
            let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
            wants.iter().map(|id| format!("{}\n", tags.get(id).unwrap_or(id))).collect()
        };
        let args = || {
            let own = depth.into_iter().chain(["--stdin", "--end-of-options", &self.way.asked]);
            FETCH.iter().copied().chain(own).collect::<Vec<_>>()
        };
        self.mending(here, || self.run(&here.0, in_repository(args()), lines.clone().into_bytes())).await
    }

    /// Once more, without what git knows of the repository, where that turns out to be wrong.
    async fn mending<F>(&self, here: &Here, run: impl Fn() -> F) -> Result<(), Wrong>
    where
        F: Future<Output = Result<Vec<u8>, Wrong>>,
    {
        match run().await {
            Err(wrong) if wrong.hint == Hint::Books => {
                tracing::warn!(repository = %here.0.display(), "fetching anew into a repository with damaged refs");
                let clear =
                    |here: &Here| here.clear_books().map_err(|e| Error::internal(format!("{}: {e}", here.0.display())));
                self.on(here, clear).await?;
                run().await.map(drop)
            }
            done => done.map(drop),
        }
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

/// The repository is the working directory, said so that nothing is guessed and no other is found.
fn in_repository(args: Vec<&str>) -> Vec<&str> {
    ["--git-dir=."].into_iter().chain(args).collect()
}
