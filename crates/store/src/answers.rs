//! Remembered answers: a header line, then the body. Replaced at once; what is torn or not ours counts as absent.
//!
//! `goproxy-answer 1 <fetched, Unix ms> <length> <sha256>`. The hash stands in for an fsync: after a power failure an
//! answer is whole, or is asked for again.

use std::{
    io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use goproxy_engine::{Answer, Remembered, Result, check};
use sha2::{Digest, Sha256};

use crate::{
    Inner, failure,
    files::{self, Opened},
    record::{from_hex, to_hex},
};

const MAGIC: &str = "goproxy-answer 1";

/// The longest header line, in bytes.
const MAX_HEADER: u64 = 256;
/// What is longer than any answer that the engine lets through is not ours.
const MAX_FILE: u64 = MAX_HEADER + check::MAX_LIST;

impl Inner {
    /// The remembered answer. Blocking.
    pub(crate) fn load(&self, answer: &Answer) -> Result<Option<Remembered>> {
        let Some(path) = self.layout.answer(answer) else { return Ok(None) };
        let bytes = read(&path).map_err(|e| failure::at("reading", &path, &e))?;
        Ok(bytes.and_then(decode))
    }

    /// Remembers an answer. Blocking.
    pub(crate) fn save(&self, answer: &Answer, remembered: &Remembered) -> Result<()> {
        let Some(path) = self.layout.answer(answer) else { return Ok(()) };
        let header = header(remembered);
        self.put(&path, &[header.as_bytes(), &remembered.body]).map_err(|e| failure::at("writing", &path, &e))?;
        if let Some(path) = self.layout.go_answer(answer)
            && let Err(error) = self.copy(&path, &remembered.body)
        {
            tracing::debug!(path = %path.display(), %error, "cannot write");
        }
        Ok(())
    }

    /// For readers of the tree as `file://`. The directory is made durably, for the objects that will come.
    fn copy(&self, path: &Path, body: &[u8]) -> io::Result<()> {
        files::make_dir(files::parent(path)?)?;
        self.put(path, &[body])
    }
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    match files::open_regular(path)? {
        Opened::File(file, stamp) if stamp.size <= MAX_FILE => match files::read(&file, stamp.size) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(e) => Err(e),
        },
        _ => Ok(None),
    }
}

fn header(remembered: &Remembered) -> String {
    let Remembered { body, asked } = remembered;
    let millis = asked.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("{MAGIC} {millis} {} {}\n", body.len(), to_hex(&Sha256::digest(body).into()))
}

fn decode(bytes: Bytes) -> Option<Remembered> {
    let end = bytes.iter().take(MAX_HEADER as usize).position(|&b| b == b'\n')?;
    let header = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut fields = header.strip_prefix(MAGIC)?.strip_prefix(' ')?.split(' ');
    let millis: u64 = fields.next()?.parse().ok()?;
    let len: usize = fields.next()?.parse().ok()?;
    let sha256 = from_hex(fields.next()?)?;
    let body = bytes.slice(end + 1..);
    if fields.next().is_some() || body.len() != len || <[u8; 32]>::from(Sha256::digest(&body)) != sha256 {
        return None;
    }
    let asked: SystemTime = UNIX_EPOCH.checked_add(Duration::from_millis(millis))?;
    Some(Remembered { body, asked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_and_foreign_answers_are_none() {
        let remembered =
            Remembered { body: Bytes::from("v1.0.0\nv1.1.0\n"), asked: UNIX_EPOCH + Duration::from_millis(1_234_567) };
        let whole = [header(&remembered).as_bytes(), &remembered.body].concat();
        assert_eq!(decode(Bytes::from(whole.clone())), Some(remembered));
        for end in 0..whole.len() {
            assert_eq!(decode(Bytes::copy_from_slice(&whole[..end])), None, "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            let read = decode(Bytes::from(flipped));
            // The time is the one thing that nothing but itself vouches for.
            assert!(read.is_none_or(|r| r.body == whole[whole.len() - 14..]), "flipped at {at}");
        }
        assert_eq!(decode(Bytes::from("v1.0.0\nv1.1.0\n")), None);
        assert_eq!(decode(Bytes::from([whole, b"more".to_vec()].concat())), None);
    }
}
