//! The answer to a fetch, on its way into a repository: read here, taken apart and written where that may block.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use goproxy_git::{
    Error, Kind, Object, ObjectFormat, Objects, Odb, Oid, PackLimits, PackReceiver,
    wire::{Capabilities, FetchParser, WireError},
};
use tokio::sync::mpsc;

use crate::{body::Body, failure::Failure};

/// What a pack may hold: more than any repository that modules come from, less than what fills a machine. The table
/// of its objects takes about 50 bytes for each.
pub(super) const LIMITS: PackLimits = PackLimits { bytes: 8 << 30, objects: 5_000_000, object: 1 << 30 };

/// Pieces on the way: enough that neither side waits for the other all the time.
const PIECES: usize = 16;

/// What became of it.
#[derive(Debug)]
pub(super) enum Received {
    Done,
    /// What is here is damaged, so that nothing can be built on it.
    Damaged(String),
    /// The connection's failure.
    Broken(Failure),
    /// The answer's. `begun` tells whether there was anything of a pack.
    Bad {
        error: WireError,
        begun: bool,
    },
}

/// Takes an answer into the repository at `git_dir`. If the future is dropped, the answer counts as cut off.
pub(super) async fn receive(mut body: Body, git_dir: &Path, from: Capabilities) -> goproxy_engine::Result<Received> {
    let (pieces, queue) = mpsc::channel(PIECES);
    let bases = Arc::new(Bases::new(git_dir, from.format));
    let here = Arc::clone(&bases);
    let taken = tokio::task::spawn_blocking(move || take(queue, &here, &from));
    let broken = loop {
        match body.chunk().await {
            Ok(Some(piece)) => {
                if pieces.send(piece).await.is_err() {
                    // Nobody takes it any more: the answer is bad.
                    break None;
                }
            }
            Ok(None) => break None,
            Err(failure) => break Some(failure),
        }
    };
    drop(pieces);
    let taken = taken.await.map_err(|e| goproxy_engine::Error::internal(format!("receiving a pack: {e}")))?;
    if let Some(what) = bases.damage.get() {
        return Ok(Received::Damaged(what.clone()));
    }
    Ok(match (taken, broken) {
        (Ok(()), _) => Received::Done,
        // What was cut off is the connection's fault, whatever it looks like from within.
        (Err((WireError::Malformed(_), _)), Some(failure)) => Received::Broken(failure),
        (Err((error, begun)), _) => Received::Bad { error, begun },
    })
}

fn take(mut queue: mpsc::Receiver<Bytes>, bases: &Bases, from: &Capabilities) -> Result<(), (WireError, bool)> {
    let (mut parser, format) = (FetchParser::new(from), from.format);
    let mut receiver = None;
    while let Some(piece) = queue.blocking_recv() {
        let pushed = parser.push(&piece, &mut |bytes| {
            let receiver = match &mut receiver {
                Some(receiver) => receiver,
                none => none.insert(PackReceiver::new(&bases.git_dir, format, LIMITS)?),
            };
            receiver.write(bytes)
        });
        pushed.map_err(|error| (error, parser.has_begun()))?;
    }
    let begun = parser.has_begun();
    parser.finish().map_err(|error| (error, begun))?;
    let Some(receiver) = receiver else { return Ok(()) };
    receiver.finish(bases).map(|_| ()).map_err(|error| (error.into(), begun))
}

/// What is here already, opened when something is built on it.
#[derive(Debug)]
struct Bases {
    git_dir: PathBuf,
    format: ObjectFormat,
    odb: OnceLock<Odb>,
    /// What is wrong with it, which is no fault of the server's.
    damage: OnceLock<String>,
}

impl Bases {
    fn new(git_dir: &Path, format: ObjectFormat) -> Self {
        Self { git_dir: git_dir.to_owned(), format, odb: OnceLock::new(), damage: OnceLock::new() }
    }

    fn look<T>(&self, at: impl Fn(&Odb) -> Result<T, Error>) -> Result<T, Error> {
        let looked = match self.odb.get() {
            Some(odb) => at(odb),
            None => Odb::open(&self.git_dir, self.format).and_then(|odb| at(self.odb.get_or_init(|| odb))),
        };
        if let Err(Error::Corrupt(what)) = &looked {
            let _ = self.damage.set(what.clone());
        }
        looked
    }
}

impl Objects for Bases {
    fn read(&self, id: &Oid, limit: u64) -> Result<Option<Object>, Error> {
        self.look(|odb| odb.read(id, limit))
    }

    fn header(&self, id: &Oid) -> Result<Option<(Kind, u64)>, Error> {
        self.look(|odb| odb.header(id))
    }
}
