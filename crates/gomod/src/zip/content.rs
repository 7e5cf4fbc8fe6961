//! What is in the entries: read in one pass from the first byte of the archive to its directory, inflated in constant
//! memory, compared with sizes and checksums.

use std::io::{BufRead, BufReader, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use rawzip::{CompressionMethod, RangeReader, ReaderAt, ZipFileHeaderRecord};

use super::ZipError;
use super::archive::Archive;
use super::local::{Facts, read_header};

/// Bytes that are read, and inflated, at a time.
const CHUNK: usize = 64 << 10;
/// Lengths that a descriptor can have.
const DESCRIPTOR_LENS: [u64; 4] = [12, 16, 20, 24];

/// Reads entries one after the other.
pub(super) struct Contents<'a, R: ReaderAt> {
    input: BufReader<RangeReader<&'a R>>,
    inflater: Decompress,
    output: Box<[u8]>,
    /// Offset of the next byte of `input`.
    position: u64,
    /// Where the directory begins.
    end: u64,
    /// The entry just read, whose descriptor comes next, and its name.
    last: Option<(Facts, Vec<u8>)>,
}

impl<'a, R: ReaderAt> Contents<'a, R> {
    pub(super) fn new(archive: &Archive<'a, R>) -> Self {
        let end = archive.directory();
        Self {
            input: BufReader::with_capacity(CHUNK, RangeReader::new(archive.reader(), 0..end)),
            inflater: Decompress::new(false),
            output: vec![0; CHUNK].into(),
            position: 0,
            end,
            last: None,
        }
    }

    /// Reads the next entry, which `record` of the directory is about, and passes its content on in pieces.
    pub(super) fn entry(
        &mut self,
        record: &ZipFileHeaderRecord<'_>,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), ZipError> {
        self.read_up_to(record.local_header_offset())?;
        let name = record.file_path();
        let bad = |why: &str| ZipError::file(name.as_ref(), why);
        self.position += read_header(&mut self.input, record)?;
        let compressed = record.compressed_size_hint();
        if compressed > self.end.saturating_sub(self.position) {
            return Err(bad("unexpected EOF"));
        }
        let mut tally = Tally::new(record.uncompressed_size_hint());
        let mut body = self.input.by_ref().take(compressed);
        let read = match record.compression_method() {
            CompressionMethod::STORE => copy(&mut body, &mut tally, &mut sink),
            CompressionMethod::DEFLATE => {
                self.inflater.reset(false);
                inflate(&mut body, &mut self.inflater, &mut self.output, &mut tally, &mut sink)
            }
            _ => Err(Bad::Data("zip: unsupported compression algorithm")),
        };
        match read.and_then(|()| tally.verify(record.crc32())) {
            Ok(()) => {}
            Err(Bad::Data(why)) => return Err(bad(why)),
            Err(Bad::Read(error)) => return Err(error.into()),
        }
        self.position += compressed;
        self.last = Some((Facts::of(record), name.as_ref().to_vec()));
        Ok(())
    }

    /// Must be called behind the last entry: nothing may be left before the directory.
    pub(super) fn finish(mut self) -> Result<(), ZipError> {
        self.read_up_to(self.end)
    }

    /// Reads what is between the last entry's data and `offset`: its descriptor if it has one, else nothing.
    fn read_up_to(&mut self, offset: u64) -> Result<(), ZipError> {
        let gap = offset.checked_sub(self.position).filter(|_| offset <= self.end);
        let last = self.last.take().filter(|(facts, _)| facts.described);
        let whole = match (gap, last) {
            (Some(0), None) => true,
            (Some(gap), Some((facts, name))) if DESCRIPTOR_LENS.contains(&gap) => {
                let mut descriptor = vec![0; usize::try_from(gap).unwrap_or_default()];
                self.input.read_exact(&mut descriptor)?;
                if !facts.are_in(&descriptor) {
                    return Err(ZipError::file(&name, "zip: checksum error"));
                }
                self.position = offset;
                true
            }
            _ => false,
        };
        if whole { Ok(()) } else { Err(ZipError::format("entries overlap or leave a gap")) }
    }
}

/// Why content is refused.
enum Bad {
    Data(&'static str),
    Read(std::io::Error),
}

impl From<std::io::Error> for Bad {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

const TOO_SHORT: Bad = Bad::Data("unexpected EOF");
const TOO_LONG: Bad = Bad::Data("uncompressed size of file is larger than declared size");
const NOT_DEFLATED: Bad = Bad::Data("flate: corrupt input");

/// Counts what an entry has, never more than it says.
struct Tally {
    crc: Crc,
    left: u64,
}

impl Tally {
    fn new(declared: u64) -> Self {
        Self { crc: Crc::new(), left: declared }
    }

    fn add(&mut self, piece: &[u8]) -> Result<(), Bad> {
        self.left = self.left.checked_sub(piece.len() as u64).ok_or(TOO_LONG)?;
        self.crc.update(piece);
        Ok(())
    }

    fn verify(&self, crc: u32) -> Result<(), Bad> {
        match self.left {
            0 if self.crc.sum() == crc => Ok(()),
            0 => Err(Bad::Data("zip: checksum error")),
            _ => Err(TOO_SHORT),
        }
    }
}

fn copy(body: &mut impl BufRead, tally: &mut Tally, sink: &mut impl FnMut(&[u8])) -> Result<(), Bad> {
    loop {
        let piece = body.fill_buf()?;
        if piece.is_empty() {
            return Ok(());
        }
        tally.add(piece)?;
        sink(piece);
        let read = piece.len();
        body.consume(read);
    }
}

/// Inflates one stream, which must take all of `body`.
fn inflate(
    body: &mut impl BufRead,
    inflater: &mut Decompress,
    output: &mut [u8],
    tally: &mut Tally,
    sink: &mut impl FnMut(&[u8]),
) -> Result<(), Bad> {
    loop {
        let input = body.fill_buf()?;
        let (before, ended) = ((inflater.total_in(), inflater.total_out()), input.is_empty());
        let status = inflater.decompress(input, output, FlushDecompress::None).map_err(|_| NOT_DEFLATED)?;
        let (read, written) = (inflater.total_in() - before.0, inflater.total_out() - before.1);
        body.consume(usize::try_from(read).map_err(|_| NOT_DEFLATED)?);
        let piece = &output[..usize::try_from(written).map_err(|_| NOT_DEFLATED)?];
        tally.add(piece)?;
        sink(piece);
        match status {
            Status::StreamEnd if body.fill_buf()?.is_empty() => return Ok(()),
            Status::StreamEnd => return Err(NOT_DEFLATED),
            Status::Ok | Status::BufError if ended && piece.is_empty() => return Err(TOO_SHORT),
            Status::Ok | Status::BufError => {}
        }
    }
}
