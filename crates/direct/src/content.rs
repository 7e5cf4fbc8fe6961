//! The zip of a revision: what of it is missing is fetched, then it is written while it is read.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use gomod::ModuleVersion;
use goproxy_engine::{
    Error, Intake, Result, Staging, blocking, queued,
    trace::{during, stage},
};
use goproxy_fetch::GitClient;
use goproxy_git::{EntryKind, Filter, Objects, Odb, Oid};
use tokio::sync::{Semaphore, mpsc};

use crate::{
    archive::{self, Plan, Planned},
    coderepo::Revision,
    repository::{Copy, Part, Watched, absent, incomplete},
};

/// Fetches until everything is here, at most: directories, files, and what a remote has left out.
const ROUNDS: usize = 8;

/// Pieces of a zip between who makes it and who writes it, and their size.
const PIECES: usize = 4;
const PIECE: usize = 256 << 10;

/// What a zip is made of.
pub(crate) struct Content<'a> {
    pub(crate) git: &'a GitClient,
    pub(crate) copy: &'a Arc<Copy>,
    pub(crate) revision: &'a Revision,
    pub(crate) module: &'a ModuleVersion,
    /// Whether tags tell of other modules below this one, whose files would be fetched in vain.
    pub(crate) nested: bool,
    /// Where a temporary directory may be made.
    pub(crate) scratch: &'a Path,
    /// Turns of those that work on zips. Who waits for a remote has none: a slow one is no matter of the others.
    pub(crate) making: &'a Semaphore,
}

impl Content<'_> {
    /// Makes the zip.
    pub(crate) async fn zip(&self, intake: &Intake<'_>) -> Result<Staging> {
        let (plan, objects) = self.plan().await?;
        if !plan.converted() {
            return self.written(intake, plan, objects, archive::write).await;
        }
        let archive = self.archive().await?;
        let objects = self.copy.watched().await?;
        let tar = archive.tar();
        let write = move |plan: &Plan, objects: &dyn Objects, module: &ModuleVersion, out: &mut dyn io::Write| {
            archive::write_converted(plan, objects, &tar, module, out)
        };
        self.written(intake, plan, objects, write).await
    }

    /// Writes it when it is its turn: nothing is waited for then but our own disk.
    async fn written(
        &self,
        intake: &Intake<'_>,
        plan: Plan,
        objects: Watched,
        write: impl FnOnce(&Plan, &dyn Objects, &ModuleVersion, &mut dyn io::Write) -> Result<()> + Send + 'static,
    ) -> Result<Staging> {
        let _turn = queued(self.making.acquire()).await;
        let (reader, module) = (objects.clone(), self.module.clone());
        let staging = staged(intake, move |out| write(&plan, &reader, &module, out));
        self.copy.after(&objects, during(stage("archive"), staging).await).await
    }

    /// Which files it holds, and objects that have their contents.
    async fn plan(&self) -> Result<(Plan, Watched)> {
        let mut whole = false;
        for round in 0..ROUNDS {
            let objects = self.copy.watched().await?;
            let planned = match self.planned(&objects).await? {
                Planned::Missing(ids) if round == 0 && !self.nested && self.at_once().await? => {
                    whole = self.fetch_whole(ids).await?;
                    continue;
                }
                Planned::Missing(ids) => {
                    self.still_missing(whole).await?;
                    whole = self.fetch(ids, Some(Filter::NoBlobs)).await?;
                    continue;
                }
                Planned::Ready(plan) => plan,
            };
            let (reader, blobs) = (objects.clone(), planned.blobs());
            let missing = blocking(move || absent(&reader, blobs).map_err(|e| Error::internal(e.to_string())));
            let missing = self.copy.after(&objects, during(stage("read"), missing).await).await?;
            if missing.is_empty() {
                return Ok((planned, objects));
            }
            self.still_missing(whole).await?;
            whole = self.fetch(missing, None).await?;
        }
        Err(incomplete().with_detail(format!("{}: files are missing after fetching them", self.module)))
    }

    async fn planned(&self, objects: &Watched) -> Result<Planned> {
        let _turn = queued(self.making.acquire()).await;
        let (tree, dir, module) = (self.revision.tree, self.revision.dir.clone(), self.module.clone());
        let reader = objects.clone();
        let planned = blocking(move || archive::plan(&reader, &tree, &dir, &module));
        self.copy.after(objects, during(stage("read"), planned).await).await
    }

    /// After all of a commit was fetched, everything would be here if what the remote was told were true.
    async fn still_missing(&self, whole: bool) -> Result<()> {
        if whole { self.copy.forget_whole().await } else { Ok(()) }
    }

    /// Whether everything is best fetched in one operation: where next to nothing of the repository is here, the remote
    /// can send it as it keeps it; where all of another version is here, it can send what is new.
    async fn at_once(&self) -> Result<bool> {
        const FEW_PACKS: usize = 2;
        let new = self.copy.odb().await?.packs() <= FEW_PACKS;
        Ok(new || self.revision.dir.is_empty() && self.copy.any_whole().await?)
    }

    /// Everything below the module's directory. `known` is missing of it, as far as is known. Says whether that was all
    /// of the commit.
    async fn fetch_whole(&self, known: Vec<Oid>) -> Result<bool> {
        if self.revision.dir.is_empty() {
            return self.fetch_commit().await;
        }
        let (tree, dir) = (self.revision.tree, self.revision.dir.clone());
        let below = move |odb: &Odb| match directory(odb, tree, &dir)? {
            Some(tree) => missing_below(odb, tree),
            None => Ok(known),
        };
        self.fetch(self.copy.read(below).await?, None).await
    }

    /// Objects of the commit. A remote that sends no single objects sends all of the commit; says whether it did.
    async fn fetch(&self, ids: Vec<Oid>, filter: Option<Filter>) -> Result<bool> {
        if !self.copy.remote().filters() {
            return self.fetch_commit().await;
        }
        self.copy.fetch(ids, Part::Below(filter)).await.map(|()| false)
    }

    async fn fetch_commit(&self) -> Result<bool> {
        self.copy.fetch(vec![self.revision.commit], Part::Whole).await.map(|()| true)
    }

    /// The files as `git archive` converts them, which reads attributes of the whole commit.
    async fn archive(&self) -> Result<Archive> {
        let (tree, mut whole) = (self.revision.tree, false);
        for round in 0.. {
            let missing = self.copy.read(move |odb| missing_below(odb, tree)).await?;
            if missing.is_empty() {
                break;
            }
            if round == ROUNDS {
                return Err(incomplete().with_detail(format!("{}: files are missing after fetching them", self.module)));
            }
            self.still_missing(whole).await?;
            whole = self.fetch(missing, None).await?;
        }
        let archive = Archive::new(self.scratch)?;
        let (git_dir, revision) = (self.copy.git_dir(), self.revision);
        let tar = archive.tar();
        let command = self.git.archive(&git_dir, &revision.commit, &revision.dir, &tar);
        during(stage("command"), command).await?;
        Ok(archive)
    }
}

/// A temporary directory with a tar file.
#[derive(Debug)]
struct Archive(PathBuf);

impl Archive {
    fn new(scratch: &Path) -> Result<Self> {
        let dir = scratch.join(format!("archive-{}-{:016x}", std::process::id(), fastrand::u64(..)));
        let made = std::fs::create_dir(&dir);
        made.map_err(|e| Error::internal(format!("{}: {e}", dir.display())))?;
        Ok(Self(dir))
    }

    fn tar(&self) -> PathBuf {
        self.0.join("tar")
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A directory of a commit, as far as the way to it is here.
fn directory(odb: &Odb, root: Oid, path: &str) -> Result<Option<Oid>, goproxy_git::Error> {
    let mut tree = root;
    for element in path.split('/') {
        let entries = odb.tree(&tree)?.unwrap_or_default();
        let Some(entry) = entries.iter().find(|entry| entry.name == element.as_bytes()) else { return Ok(None) };
        tree = entry.id;
    }
    Ok(Some(tree))
}

/// Everything below a directory that is not here, as far as directories are. Each directory is looked at once, however
/// often it occurs.
fn missing_below(odb: &Odb, root: Oid) -> Result<Vec<Oid>, goproxy_git::Error> {
    let mut seen = std::collections::HashSet::from([root]);
    let (mut open, mut missing) = (vec![root], Vec::new());
    while let Some(tree) = open.pop() {
        let Some(entries) = odb.tree(&tree)? else {
            missing.push(tree);
            continue;
        };
        for entry in entries.into_iter().filter(|entry| entry.kind != EntryKind::Submodule) {
            if !seen.insert(entry.id) {
                continue;
            }
            match entry.kind {
                EntryKind::Directory => open.push(entry.id),
                _ if !odb.contains(&entry.id)? => missing.push(entry.id),
                _ => {}
            }
        }
    }
    Ok(missing)
}

/// Runs what writes, where that may block, into a temporary file of the store. Memory stays bounded: the writer waits
/// for the disk. If the future is dropped, the next write fails and ends the work.
async fn staged(
    intake: &Intake<'_>,
    write: impl FnOnce(&mut dyn io::Write) -> Result<()> + Send + 'static,
) -> Result<Staging> {
    let mut staging = intake.stage_wanted(None).await?;
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let written = tokio::spawn(blocking(move || {
        let mut out = io::BufWriter::with_capacity(PIECE, Pieces(sender));
        write(&mut out)?;
        io::Write::flush(&mut out).map_err(|e| Error::internal(format!("making a zip: {e}")))
    }));
    while let Some(piece) = pieces.recv().await {
        staging.write(&piece).await?;
    }
    written.await.unwrap_or_else(|e| Err(Error::internal(format!("making a zip: {e}"))))?;
    Ok(staging)
}

/// The end of a channel as something to write to.
struct Pieces(mpsc::Sender<Bytes>);

impl io::Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        // A large file comes past the buffer before this, at once.
        let piece = &piece[..piece.len().min(PIECE)];
        let sent = self.0.blocking_send(Bytes::copy_from_slice(piece));
        sent.map(|()| piece.len()).map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody waits for the zip"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gomod::{ModulePath, Version};

    use super::*;
    use crate::{
        coderepo::{CodeRepo, Coordinates},
        repository::{Purpose, View, tests::World},
    };

    #[tokio::test]
    async fn zips_that_waited_for_a_slow_remote_kept_others_from_being_made() {
        let Some(world) = World::new().await else { return };
        world.repo.commit(&[
            ("go.mod", "module example.com/m\n"),
            ("m.go", &format!("package m // {}\n", "x".repeat(1 << 20))),
        ]);
        world.repo.tag("v1.0.0");
        let copy = world.copy().await;
        let (path, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
        let coordinates = Coordinates::new(&path, "example.com/m", "").unwrap();
        let view = View::new(Arc::clone(&copy), "", Purpose::Files);
        let revision = CodeRepo::new(coordinates, &view).version(&version).await.unwrap();
        let making = Semaphore::new(1);
        let module = ModuleVersion::new(path, version).unwrap();
        let (git, scratch) = (world.client(), world.root.path());
        let content = Content {
            git: &git,
            copy: &copy,
            revision: &revision,
            module: &module,
            nested: true,
            scratch,
            making: &making,
        };
        // Its files are not here, and never come.
        world.host.latency(Duration::from_secs(3600));
        let plan = content.plan();
        tokio::pin!(plan);
        let mut free = false;
        for _ in 0..100 {
            tokio::select! {
                _ = &mut plan => break,
                () = tokio::time::sleep(Duration::from_millis(20)) => free |= making.available_permits() == 1,
            }
        }
        assert!(free);
    }
}
