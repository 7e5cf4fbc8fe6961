//! Inflates the data of entries: as a stream in bounded memory, or whole.

use super::corrupt;
use crate::Error;
use flate2::{Decompress, FlushDecompress, Status};
use std::{fs::File, os::unix::fs::FileExt as _};

/// The first read of an entry: most end within. Later ones take as much as the buffer has.
const FIRST_READ: usize = 4 << 10;
const BUFFER: usize = 64 << 10;

/// Most that is reserved for what a header declares before any of it is there.
pub(super) const TRUSTED: u64 = 1 << 20;

/// The state of a decompressor and its buffers, about 170 KiB, for one stream after the other.
pub(super) struct Inflater {
    zlib: Decompress,
    input: Box<[u8]>,
    output: Box<[u8]>,
}

/// One deflated stream of a file, of a declared size.
pub(super) struct Stream<'a> {
    inflater: &'a mut Inflater,
    file: &'a File,
    /// Where the file is read next.
    at: u64,
    unread: (usize, usize),
    inflated: (usize, usize),
    /// Bytes that are read at first, and that are inflated at once at most.
    step: (usize, usize),
    /// What is still to come of the declared size.
    left: u64,
    ended: bool,
}

impl Inflater {
    pub(super) fn new() -> Self {
        let buffer = || vec![0; BUFFER].into_boxed_slice();
        Self { zlib: Decompress::new(true), input: buffer(), output: buffer() }
    }

    /// The stream that begins at `at` and has to have `size` bytes, inflated.
    pub(super) fn stream<'a>(&'a mut self, file: &'a File, at: u64, size: u64) -> Stream<'a> {
        self.zlib.reset(true);
        let (unread, inflated, step) = ((0, 0), (0, 0), (FIRST_READ, BUFFER));
        Stream { inflater: self, file, at, unread, inflated, step, left: size, ended: false }
    }

    /// The same, if only the first few bytes are wanted.
    pub(super) fn beginning<'a>(&'a mut self, file: &'a File, at: u64, size: u64) -> Stream<'a> {
        Stream { step: (128, 32), ..self.stream(file, at, size) }
    }
}

impl Stream<'_> {
    /// The next bytes; none after the last, which has been found to be the right one.
    #[inline]
    pub(super) fn fill(&mut self) -> Result<&[u8], Error> {
        if self.inflated.0 == self.inflated.1 && !self.ended {
            self.inflate()?;
        }
        Ok(&self.inflater.output[self.inflated.0..self.inflated.1])
    }

    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.inflated.0 += bytes;
    }

    /// The next byte, if there is one.
    #[inline]
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.fill()?.first().copied();
        self.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// All of it.
    pub(super) fn whole(mut self) -> Result<Vec<u8>, Error> {
        // One byte more than declared, for zlib to notice the end, and that there is no more.
        let mut data = Vec::with_capacity(self.left.saturating_add(1).min(TRUSTED) as usize);
        while !self.ended {
            if data.len() == data.capacity() {
                data.reserve_exact(self.left.saturating_add(1).min(data.len() as u64) as usize);
            }
            self.refill()?;
            let Inflater { zlib, input, .. } = &mut *self.inflater;
            let before = (zlib.total_in(), data.len());
            let input = &input[self.unread.0..self.unread.1];
            let status = zlib.decompress_vec(input, &mut data, FlushDecompress::None);
            let taken = (zlib.total_in() - before.0) as usize;
            self.account(status, taken, data.len() - before.1)?;
        }
        Ok(data)
    }

    fn inflate(&mut self) -> Result<(), Error> {
        self.inflated = (0, 0);
        while self.inflated.1 == 0 && !self.ended {
            self.refill()?;
            let Inflater { zlib, input, output } = &mut *self.inflater;
            let room = self.step.1.min(usize::try_from(self.left).unwrap_or(usize::MAX).saturating_add(1));
            let before = (zlib.total_in(), zlib.total_out());
            let input = &input[self.unread.0..self.unread.1];
            let status = zlib.decompress(input, &mut output[..room], FlushDecompress::None);
            let (taken, came) = ((zlib.total_in() - before.0) as usize, (zlib.total_out() - before.1) as usize);
            self.account(status, taken, came)?;
            self.inflated.1 = came;
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), Error> {
        if self.unread.0 == self.unread.1 {
            let want = if self.unread.1 == 0 { self.step.0 } else { BUFFER };
            let got = self.file.read_at(&mut self.inflater.input[..want], self.at)?;
            if got == 0 {
                return corrupt("a pack's entry ends early: the file is too short");
            }
            (self.at, self.unread) = (self.at.saturating_add(got as u64), (0, got));
        }
        Ok(())
    }

    /// Books a step of the decompressor, and finds that it leads somewhere.
    fn account(
        &mut self,
        status: Result<Status, flate2::DecompressError>,
        taken: usize,
        came: usize,
    ) -> Result<(), Error> {
        let status = status.or_else(|_| corrupt("a pack's entry is not deflated data"))?;
        self.unread.0 += taken;
        match self.left.checked_sub(came as u64) {
            Some(left) => self.left = left,
            None => return corrupt("a pack's entry inflates to more than it declares"),
        }
        self.ended = status == Status::StreamEnd;
        if self.ended && self.left > 0 {
            return corrupt("a pack's entry inflates to less than it declares");
        }
        if !self.ended && taken == 0 && came == 0 {
            return corrupt("a pack's entry is not deflated data");
        }
        Ok(())
    }
}
