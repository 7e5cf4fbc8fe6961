//! The scrub: every object is read from the disk once in a period and compared with its hash, so that rot is noticed in
//! what nobody asks for as well.
//!
//! The objects are dealt into [`PARTS`] by the hash of their names, and a part is looked through in each such part of the
//! period. So a restart loses little, and no list of names and no order is needed. One process does it: the one that holds
//! the lock of the file that says which part is next.

use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use goproxy_engine::{Object, Result, blocking};
use sha2::{Digest, Sha256};

use crate::{
    FsStore, Inner, failure,
    files::{self, Stamp},
    inspect::Look,
    layout::Layout,
    open::ROTTEN,
    walk::{Lying, Walk},
};

/// In a million files there are sixteen thousand to a part; their names are walked over in a minute.
const PARTS: u64 = 64;
/// At most so many bytes in a second are read, on average: a tenth of what a slow disk gives.
const RATE: u64 = 16 << 20;
/// So many at once.
const CHUNK: usize = 1 << 20;
/// What is longer than what we write down is not read.
const LONGEST: u64 = 64;
/// After so many names the walk rests, as the census does.
const STRIDE: usize = 512;
const REST: Duration = Duration::from_millis(20);
/// How often a process that does not scrub looks whether it has to, and how long one that has just started waits: others
/// need the disk then, and a private instance may be gone by then.
const RETRY: Duration = Duration::from_mins(1);

impl FsStore {
    /// Looks through the cache again and again, once in each period. Never ends; drop it to stop.
    ///
    /// What came of each object is a word: `good`, `adopted` (nobody had checked it), `bad` (moved to quarantine) or
    /// `failed` (cannot be read, or somebody is writing it).
    pub async fn scrub(&self, period: Duration, report: impl Fn(&'static str) + Send + Sync) {
        let turn = period / u32::try_from(PARTS).unwrap_or(u32::MAX);
        tokio::time::sleep(turn.min(RETRY)).await;
        loop {
            let inner = Arc::clone(&self.0);
            match blocking(move || Ok(Position::claim(&inner.layout.scrub()))).await {
                Ok(Some(position)) => self.scrub_from(position, turn, &report).await,
                // Another process does it, or the cache can only be read, and nothing could be moved aside.
                _ => tokio::time::sleep(turn.min(RETRY)).await,
            }
        }
    }

    /// Goes on until the position cannot be written down.
    async fn scrub_from(&self, mut position: Position, turn: Duration, report: &(impl Fn(&'static str) + Send + Sync)) {
        loop {
            tokio::time::sleep(turn.saturating_sub(position.age())).await;
            self.scrub_part(position.next, report).await;
            if let Err(error) = position.advance() {
                tracing::debug!(%error, "the scrub cannot write down how far it is");
                return tokio::time::sleep(turn.min(RETRY)).await;
            }
        }
    }

    async fn scrub_part(&self, part: u64, report: &(impl Fn(&'static str) + Send + Sync)) {
        let mut walk = self.walk();
        loop {
            let inner = Arc::clone(&self.0);
            let step = blocking(move || {
                let (objects, more) = some_of(&mut walk, &inner.layout, part);
                Ok((walk, objects, more))
            });
            let Ok((left, objects, more)) = step.await else { return };
            for object in objects {
                let outcome = self.scrub_object(&object).await.unwrap_or_else(|error| {
                    tracing::warn!(%object, detail = error.detail(), "the scrub: {error}");
                    Some("failed")
                });
                outcome.into_iter().for_each(report);
            }
            if !more {
                return;
            }
            walk = left;
            tokio::time::sleep(REST).await;
        }
    }

    async fn scrub_object(&self, object: &Object) -> Result<Option<&'static str>> {
        let (inner, wanted) = (Arc::clone(&self.0), object.clone());
        let (path, file, stamp, known) = match blocking(move || inner.look(&wanted)).await? {
            Look::Absent => return Ok(None),
            Look::Foreign(path) => {
                self.0.set_aside(object, &path, None, "not a regular file");
                return Ok(Some("bad"));
            }
            Look::File(path, file, stamp, known) => (path, file, stamp, known),
        };
        let Some(known) = known else { return self.scrub_unknown(object, &path, &stamp).await };
        let file = Arc::new(file);
        let sha256 = hash_slowly(&file, &path).await?;
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || inner.judge(&object, &path, &file, &stamp, sha256 == known).map(Some)).await
    }

    /// As if somebody had asked for it.
    async fn scrub_unknown(&self, object: &Object, path: &Path, stamp: &Stamp) -> Result<Option<&'static str>> {
        let (inner, wanted) = (Arc::clone(&self.0), object.clone());
        let adopted = blocking(move || inner.examine(&wanted)).await?.is_some();
        tokio::time::sleep(time_for(stamp.size)).await;
        Ok(Some(match adopted {
            true => "adopted",
            false if stamp.is_at(path) => "failed",
            false => "bad",
        }))
    }
}

impl Inner {
    fn judge(&self, object: &Object, path: &Path, file: &File, stamp: &Stamp, holds: bool) -> Result<&'static str> {
        let now = Stamp::of(file).map_err(|e| failure::at("looking at", path, &e))?;
        if holds {
            return Ok("good");
        }
        if !now.agrees(stamp) || !stamp.is_at(path) {
            return Ok("failed");
        }
        self.set_aside(object, path, Some(stamp), ROTTEN);
        Ok("bad")
    }
}

/// The objects of a part among the next names of a walk, and whether there are more.
fn some_of(walk: &mut Walk, layout: &Layout, part: u64) -> (Vec<Object>, bool) {
    let mut objects = Vec::new();
    for _ in 0..STRIDE {
        match walk.next() {
            None => return (objects, false),
            Some((_, Ok(Lying::Object(object)))) if part_of(&object, layout) == Some(part) => objects.push(object),
            Some(_) => {}
        }
    }
    (objects, true)
}

fn part_of(object: &Object, layout: &Layout) -> Option<u64> {
    let place = layout.record(object)?;
    let digest = Sha256::digest(place.name);
    Some(u64::from(digest[0]) % PARTS)
}

/// SHA-256 of a whole file, from the disk, no faster than [`RATE`].
async fn hash_slowly(file: &Arc<File>, path: &Path) -> Result<[u8; 32]> {
    let (mut hasher, mut buffer, mut offset) = (Sha256::new(), Vec::new(), 0);
    files::forget_pages(file);
    loop {
        let file = Arc::clone(file);
        let step = blocking(move || {
            buffer.resize(CHUNK, 0);
            let read = file.read_at(&mut buffer, offset);
            if let Ok(n) = read {
                hasher.update(&buffer[..n]);
            }
            Ok((hasher, buffer, read))
        });
        let read;
        (hasher, buffer, read) = step.await?;
        match read.map_err(|e| failure::at("reading", path, &e))? {
            0 => break,
            n => {
                offset += n as u64;
                tokio::time::sleep(time_for(n as u64)).await;
            }
        }
    }
    files::forget_pages(file);
    Ok(hasher.finalize().into())
}

fn time_for(bytes: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000) / RATE)
}

/// Which part is next, and when the one before it was done: in a file that is locked as long as this lives.
#[derive(Debug)]
struct Position {
    file: File,
    next: u64,
    at: SystemTime,
}

impl Position {
    /// `None` if another process has it, or there can be none.
    fn claim(path: &Path) -> Option<Self> {
        let file = files::open_own(File::options().read(true).write(true).create(true).truncate(false), path).ok()?;
        file.try_lock().ok()?;
        let mut text = String::new();
        // What cannot be read begins anew.
        let _ = (&file).take(LONGEST).read_to_string(&mut text);
        let mut position = Self { file, next: 0, at: SystemTime::now() };
        match parse(&text) {
            Some((next, at)) => (position.next, position.at) = (next, at),
            None => position.write().ok()?,
        }
        Some(position)
    }

    fn age(&self) -> Duration {
        self.at.elapsed().unwrap_or_default()
    }

    fn advance(&mut self) -> std::io::Result<()> {
        (self.next, self.at) = ((self.next + 1) % PARTS, SystemTime::now());
        self.write()
    }

    /// Always of the same length.
    fn write(&mut self) -> std::io::Result<()> {
        let millis = self.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.file.write_all_at(format!("{:02} {millis:016}\n", self.next).as_bytes(), 0)
    }
}

fn parse(text: &str) -> Option<(u64, SystemTime)> {
    let (next, millis) = text.lines().next()?.split_once(' ')?;
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(millis.parse().ok()?))?;
    Some((next.parse().ok().filter(|next| *next < PARTS)?, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_outlives_its_process_and_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scrub");
        let mut position = Position::claim(&path).unwrap();
        assert!(Position::claim(&path).is_none(), "one at a time");
        position.advance().unwrap();
        position.advance().unwrap();
        drop(position);
        assert_eq!(Position::claim(&path).unwrap().next, 2);
        for torn in ["", "9", "64 0000000000000001\n", "zz 1\n"] {
            std::fs::write(&path, torn).unwrap();
            assert_eq!(Position::claim(&path).unwrap().next, 0, "{torn:?}");
        }
    }
}
