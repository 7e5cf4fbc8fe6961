//! A zip that is given away while it arrives.
//!
//! What is held back until all of it is checked: the last 64 KiB of what is there, and everything from the first thing on
//! that looks like the zip's directory. Without its directory a zip is nothing: who has been given the beginning of one
//! that does not hold has nothing, and sees that its end is missing.

use std::{fs::File, ops::Range, sync::Arc};

use memchr::memmem;
use tokio::sync::watch;

use crate::{Blob, CacheStatus, Error, ErrorKind, Reply, Result, Stored, Via, blocking, flight::Joined};

/// How much of what has arrived is held back at least.
pub(crate) const HELD_BACK: u64 = 64 << 10;
/// What a zip with files begins with (APPNOTE 4.3.7).
const FILE: &[u8] = b"PK\x03\x04";
/// What each entry of its directory begins with (APPNOTE 4.3.12).
const DIRECTORY: &[u8] = b"PK\x01\x02";
/// How much is compared at a time.
const CHUNK: usize = 256 << 10;

/// What there is of a file that grows.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    file: Arc<File>,
    /// So many bytes may be given away.
    safe: u64,
    announced: Option<u64>,
    /// Of all of it, once all of it is there.
    sha256: Option<[u8; 32]>,
    via: Via,
}

/// The writer's side: what it tells of a file.
#[derive(Debug)]
pub(crate) struct Growth {
    teller: Teller,
    via: Via,
    announced: Option<u64>,
    /// What is on disk.
    len: u64,
    /// Where the zip's directory begins at the earliest; 0 if it is no zip.
    directory: Option<u64>,
    /// The last bytes, with which a signature may begin.
    last: Vec<u8>,
}

impl Growth {
    pub(crate) fn new(teller: Teller, via: Via, announced: Option<u64>) -> Self {
        Self { teller, via, announced, len: 0, directory: None, last: Vec::new() }
    }

    /// The file has got longer by those bytes.
    pub(crate) fn wrote(&mut self, file: &Arc<File>, bytes: &[u8]) {
        if self.len == 0 && !bytes.starts_with(FILE) {
            self.directory = Some(0);
        }
        if self.directory.is_none() {
            self.directory = self.find(bytes);
        }
        self.len += bytes.len() as u64;
        self.tell(file, None);
    }

    /// All of it is there.
    pub(crate) fn ended(&self, file: &Arc<File>, sha256: [u8; 32]) {
        self.tell(file, Some(sha256));
    }

    /// Where a signature begins, which may have begun in what came before.
    fn find(&mut self, bytes: &[u8]) -> Option<u64> {
        let seam = [&self.last, &bytes[..bytes.len().min(DIRECTORY.len() - 1)]].concat();
        let start = self.len - self.last.len() as u64;
        let before = memmem::find(&seam, DIRECTORY).map(|at| start + at as u64);
        let keep = bytes.len().saturating_sub(DIRECTORY.len() - 1);
        self.last = if keep > 0 { bytes[keep..].to_vec() } else { seam };
        before.or_else(|| memmem::find(bytes, DIRECTORY).map(|at| self.len + at as u64))
    }

    fn tell(&self, file: &Arc<File>, sha256: Option<[u8; 32]>) {
        let safe = self.len.saturating_sub(HELD_BACK).min(self.directory.unwrap_or(u64::MAX));
        let part = Part { file: Arc::clone(file), safe, announced: self.announced, sha256, via: self.via };
        self.teller.send_replace(Some(part));
    }
}

/// Told what there is of an object.
pub(crate) type Teller = watch::Sender<Option<Part>>;
/// The run that fetches one.
pub(crate) type Run = Joined<Result<(Stored, Via)>, Option<Part>>;

/// A zip that is still arriving, or being checked. Dropping it is leaving.
pub struct Growing {
    run: Run,
    parts: watch::Receiver<Option<Part>>,
    part: Part,
    given: u64,
}

/// Something to read by position.
#[derive(Debug)]
pub struct Piece {
    /// Where.
    pub blob: Blob,
    /// From where to where.
    pub range: Range<u64>,
}

impl std::fmt::Debug for Growing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Growing").field("part", &self.part).field("given", &self.given).finish_non_exhaustive()
    }
}

impl Growing {
    /// Waits until something may be given away; `None` if the run ended before.
    pub(crate) async fn begun(run: &Run) -> Option<Self> {
        let mut parts = run.progress();
        let part = parts.wait_for(|part| part.as_ref().is_some_and(|part| part.safe > 0)).await.ok()?.clone()?;
        // All of it is there when its check is under way: the end is near, and tells more.
        Some(Self { run: run.clone(), parts, part, given: 0 })
    }

    /// Its length, if the source said it.
    pub fn announced(&self) -> Option<u64> {
        self.part.announced
    }

    /// Who gives it.
    pub fn via(&self) -> Via {
        self.part.via
    }

    /// Waits for all of it.
    ///
    /// # Errors
    /// Those of the fetch.
    pub async fn whole(self) -> Result<Reply> {
        let (stored, via) = settled(self.run).await?;
        Ok(Reply::object(stored, CacheStatus::Miss, via))
    }

    /// Waits for more of it. What comes with no successor is the rest, which was checked.
    ///
    /// # Errors
    /// Those of the fetch; what was given away is not the beginning of what is stored. The client must see that its copy
    /// is not whole.
    pub async fn next(mut self) -> Result<(Piece, Option<Self>)> {
        let safe = tokio::select! {
            biased;
            settled = settled(self.run.clone()) => return Ok((self.rest(settled?.0).await?, None)),
            safe = more(&mut self.parts, &self.part.file, self.given) => safe,
        };
        let piece = Piece { blob: Blob::File(Arc::clone(&self.part.file)), range: self.given..safe };
        self.given = safe;
        Ok((piece, Some(self)))
    }

    /// What was not given away yet of what is stored: that may be of another try, of another source, or what another
    /// process has stored in the meantime.
    async fn rest(self, stored: Stored) -> Result<Piece> {
        let ours = |part: &Part| Arc::ptr_eq(&part.file, &self.part.file) && part.sha256 == Some(stored.sha256);
        let same = self.parts.borrow().as_ref().is_some_and(ours);
        let announced = self.part.announced.is_none_or(|announced| announced == stored.size);
        if !announced || stored.size < self.given || !(same || begins(&stored.blob, self.part.file, self.given).await?)
        {
            let text = "the source sent other bytes at its second try than at its first: ask again";
            return Err(Error::new(ErrorKind::Unavailable, text));
        }
        Ok(Piece { range: self.given..stored.size, blob: stored.blob })
    }
}

pub(crate) async fn settled(run: Run) -> Result<(Stored, Via)> {
    run.result().await.unwrap_or_else(|| Err(Error::internal("the fetch panicked")))
}

/// Waits until more of that very file may be given away than `given`.
async fn more(parts: &mut watch::Receiver<Option<Part>>, file: &Arc<File>, given: u64) -> u64 {
    let longer = |part: &Part| Arc::ptr_eq(&part.file, file) && part.safe > given;
    let safe =
        parts.wait_for(|part| part.as_ref().is_some_and(longer)).await.ok().and_then(|part| Some(part.as_ref()?.safe));
    match safe {
        Some(safe) => safe,
        // There will be no more of it, only the result.
        None => std::future::pending().await,
    }
}

/// Whether the blob begins with that much of the file.
async fn begins(blob: &Blob, file: Arc<File>, len: u64) -> Result<bool> {
    let blob = blob.clone();
    blocking(move || same_beginning(&blob, &file, len).map_err(|e| Error::internal(format!("reading a zip: {e}"))))
        .await
}

fn same_beginning(blob: &Blob, file: &File, len: u64) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let (mut ours, mut theirs, mut at) = (vec![0; CHUNK], vec![0; CHUNK], 0_u64);
    while at < len {
        let n = usize::try_from(len - at).unwrap_or(CHUNK).min(CHUNK);
        file.read_exact_at(&mut ours[..n], at)?;
        match blob {
            Blob::File(stored) => stored.read_exact_at(&mut theirs[..n], at)?,
            Blob::Bytes(bytes) => match bytes.get(usize::try_from(at).unwrap_or(usize::MAX)..).and_then(|b| b.get(..n))
            {
                Some(bytes) => theirs[..n].copy_from_slice(bytes),
                None => return Ok(false),
            },
        }
        if ours[..n] != theirs[..n] {
            return Ok(false);
        }
        at += n as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much may be given away after each piece.
    fn safe(pieces: &[&[u8]]) -> Vec<u64> {
        let (teller, parts) = watch::channel(None);
        let mut growth = Growth::new(teller, Via::Proxy, None);
        let file = Arc::new(tempfile::tempfile().unwrap());
        let after = |piece: &&[u8]| {
            growth.wrote(&file, piece);
            parts.borrow().as_ref().map_or(0, |part: &Part| part.safe)
        };
        pieces.iter().map(after).collect()
    }

    #[test]
    fn the_end_and_the_directory_are_held_back() {
        let file = |len: usize| [FILE, &vec![b'x'; len - 4]].concat();
        let x = |len: usize| vec![b'x'; len];
        assert_eq!(safe(&[&file(1000), &x(70_000)]), [0, 71_000 - HELD_BACK]);
        assert_eq!(safe(&[b"<html>", &x(70_000)]), [0, 0], "no zip");
        let directory = [&file(500)[..], DIRECTORY, &x(500)].concat();
        assert_eq!(safe(&[&directory, &x(200_000)]), [0, 500], "the directory");
    }

    #[test]
    fn a_signature_that_was_cut_was_not_seen() {
        let file = [FILE, &[b'x'; 96]].concat();
        for cut in 0..=4 {
            let (one, two) = DIRECTORY.split_at(cut);
            let pieces = [[&file, one].concat(), [two, &[b'x'; 100_000]].concat()];
            assert_eq!(safe(&[&pieces[0], &pieces[1]])[1], 100, "cut after {cut}");
        }
        let pieces: Vec<Vec<u8>> = [file].into_iter().chain(DIRECTORY.iter().map(|byte| vec![*byte])).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).chain([&[b'x'; 100_000][..]]).collect();
        assert_eq!(safe(&pieces).last(), Some(&100), "byte by byte");
    }
}
