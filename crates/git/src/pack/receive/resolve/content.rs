//! Objects that others are based on: small ones in memory, large ones in files without names.

use crate::{
    Error,
    pack::{
        delta::{Base, Delta},
        inflate::{Stream, TRUSTED},
    },
};
use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

/// Larger objects are not in memory: two of them, base and result, are within what [`super::HELD`] leaves.
const LARGE: u64 = 8 << 20;

/// What a file weighs among what is in memory, so that there are never too many.
const FILE: usize = 1 << 20;

pub(super) enum Content {
    Memory(Vec<u8>),
    File(File, u64),
}

impl Content {
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Memory(data) => data.len(),
            Self::File(..) => FILE,
        }
    }

    /// An object as it is, of `size` bytes.
    pub(super) fn whole(mut stream: Stream<'_>, size: u64, directory: &Path) -> Result<Self, Error> {
        if size <= LARGE {
            return Ok(Self::Memory(stream.whole()?));
        }
        let mut file = BufWriter::new(unnamed(directory)?);
        loop {
            let piece = stream.fill()?;
            if piece.is_empty() {
                break;
            }
            file.write_all(piece)?;
            let len = piece.len();
            stream.consume(len);
        }
        Ok(Self::File(file.into_inner().map_err(|error| error.into_error())?, size))
    }

    /// The result of a delta, which `see` sees on the way.
    pub(super) fn made(
        delta: Delta<'_, '_>,
        base: &Self,
        directory: &Path,
        mut see: impl FnMut(&[u8]),
    ) -> Result<Self, Error> {
        let size = delta.result;
        if size <= LARGE {
            let mut data = Vec::with_capacity(size.min(TRUSTED) as usize);
            delta.apply(base, |piece| {
                data.extend_from_slice(piece);
                Ok(())
            })?;
            see(&data);
            return Ok(Self::Memory(data));
        }
        let mut file = BufWriter::with_capacity(64 << 10, unnamed(directory)?);
        delta.apply(base, |piece| {
            see(piece);
            Ok(file.write_all(piece)?)
        })?;
        Ok(Self::File(file.into_inner().map_err(|error| error.into_error())?, size))
    }
}

impl Base for Content {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(data) => data.len() as u64,
            Self::File(_, len) => *len,
        }
    }

    fn copy(&self, mut at: u64, len: u64, sink: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let file = match self {
            Self::Memory(data) => return data.copy(at, len, sink),
            Self::File(file, _) => file,
        };
        let (mut buffer, end) = ([0; 8 << 10], at + len);
        while at < end {
            let piece = &mut buffer[..(end - at).min(8 << 10) as usize];
            file.read_exact_at(piece, at)?;
            sink(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// A file that is gone when it is closed.
fn unnamed(directory: &Path) -> Result<File, Error> {
    let path = directory.join(format!("tmp_obj_{:016x}", fastrand::u64(..)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}
