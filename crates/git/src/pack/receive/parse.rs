//! Parses a pack on the way, in pieces of any size: finds the entries, inflates them to their end, hashes whole objects.

use super::{
    PackLimits,
    table::{Table, UNKNOWN, WHOLE},
};
use crate::{
    Error, ObjectFormat, Oid,
    hash::Hasher,
    pack::{
        corrupt,
        entry::{Body, Header},
    },
};
use flate2::{Crc, Decompress, FlushDecompress, Status};

const BUFFER: usize = 64 << 10;

/// `PACK`, version, number of objects.
const HEAD: usize = 12;

/// Two sizes and an instruction. Git cannot read shorter ones: none makes an empty object.
const SHORTEST_DELTA: u64 = 4;

pub(super) struct Parser {
    limits: PackLimits,
    table: Table,
    state: State,
    /// The beginning of what is parsed next, where it came in pieces.
    pending: Vec<u8>,
    /// Entries to come.
    left: u32,
    /// Bytes so far.
    bytes: u64,
    /// Bytes that have been inflated.
    spent: u64,
    hasher: Hasher,
    zlib: Decompress,
    output: Box<[u8]>,
    entry: Entry,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Head,
    Header,
    Data,
    Checksum,
    End,
}

/// The entry at hand.
struct Entry {
    offset: u64,
    crc: Crc,
    /// Bytes to come, inflated.
    left: u64,
    parent: u32,
    /// The base of a delta that names an object.
    base: Option<Oid>,
    /// Of whole objects.
    hasher: Option<Hasher>,
}

impl Parser {
    pub(super) fn new(format: ObjectFormat, limits: PackLimits) -> Self {
        Self {
            limits,
            table: Table::new(format),
            state: State::Head,
            pending: Vec::new(),
            left: 0,
            bytes: 0,
            spent: 0,
            hasher: Hasher::new(format),
            zlib: Decompress::new(true),
            output: vec![0; BUFFER].into_boxed_slice(),
            entry: Entry { offset: 0, crc: Crc::new(), left: 0, parent: WHOLE, base: None, hasher: None },
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.limits.bytes {
            return Err(Error::TooLarge(format!("the pack has more than {} bytes", self.limits.bytes)));
        }
        let (mut rest, mut hashed) = (bytes, 0);
        while !rest.is_empty() {
            let state = self.state;
            let taken = match state {
                State::Head => self.head(rest)?,
                State::Header => self.header(rest)?,
                State::Data => self.data(rest)?,
                State::Checksum => self.checksum(rest),
                State::End => return corrupt("the pack is followed by something else"),
            };
            if matches!(state, State::Header | State::Data) {
                self.entry.crc.update(&rest[..taken]);
            }
            hashed += if state == State::Checksum { 0 } else { taken };
            self.bytes += taken as u64;
            rest = &rest[taken..];
            if state == State::Data && self.state != State::Data {
                self.end_entry()?;
            }
        }
        self.hasher.update(&bytes[..hashed]);
        Ok(())
    }

    /// What has been found, if it is all there, and the pack's checksum.
    pub(super) fn finish(&mut self) -> Result<(Table, Oid), Error> {
        let format = self.table.format;
        if self.state != State::End {
            return corrupt(format!("the pack ends early, after {} bytes", self.bytes));
        }
        let checksum = std::mem::replace(&mut self.hasher, Hasher::new(format)).finish()?;
        if checksum.as_bytes() != self.pending {
            return corrupt("the pack has another checksum than it says");
        }
        Ok((std::mem::replace(&mut self.table, Table::new(format)), checksum))
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let taken = bytes.len().min(HEAD - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        let [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, a, b, c, d] = self.pending[..] else {
            return if self.pending.len() < HEAD { Ok(taken) } else { corrupt("not a pack of version 2 or 3") };
        };
        self.left = u32::from_be_bytes([a, b, c, d]);
        if self.left > self.limits.objects {
            let (left, most) = (self.left, self.limits.objects);
            return Err(Error::TooLarge(format!("the pack has {left} objects, more than {most}")));
        }
        self.pending.clear();
        self.state = if self.left == 0 { State::Checksum } else { State::Header };
        self.entry.offset = HEAD as u64;
        Ok(taken)
    }

    fn header(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let (header, taken) = if self.pending.is_empty() {
            match Header::parse(self.table.format, bytes)? {
                Some(header) => (Some(header), header.len),
                None => {
                    self.pending.extend_from_slice(bytes);
                    (None, bytes.len())
                }
            }
        } else {
            self.pending.push(bytes[0]);
            (Header::parse(self.table.format, &self.pending)?, 1)
        };
        if let Some(header) = header {
            self.pending.clear();
            self.begin(header)?;
        }
        Ok(taken)
    }

    fn begin(&mut self, header: Header) -> Result<(), Error> {
        let offset = self.entry.offset;
        match header.body {
            Body::Whole(_) => self.limits.check(header.size)?,
            _ if header.size < SHORTEST_DELTA => return corrupt("a delta that is too short"),
            _ => {}
        }
        self.limits.spend(&mut self.spent, header.size, self.bytes)?;
        let (parent, base, hasher) = match header.body {
            Body::Whole(kind) => (WHOLE, None, Some(Hasher::object(self.table.format, kind, header.size))),
            Body::RefDelta(base) => (UNKNOWN, Some(base), None),
            Body::OffsetDelta(distance) => match offset.checked_sub(distance).and_then(|base| self.table.at(base)) {
                Some(parent) => (parent, None, None),
                None => return corrupt("a delta's base is no entry of the pack before it"),
            },
        };
        self.zlib.reset(true);
        self.state = State::Data;
        (self.entry.left, self.entry.parent, self.entry.base, self.entry.hasher) = (header.size, parent, base, hasher);
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let start = self.zlib.total_in();
        loop {
            let taken = (self.zlib.total_in() - start) as usize;
            // One byte more than declared, to find the end, and that there is no more.
            let room = self.output.len().min(usize::try_from(self.entry.left).unwrap_or(usize::MAX).saturating_add(1));
            let before = self.zlib.total_out();
            let status = self.zlib.decompress(&bytes[taken..], &mut self.output[..room], FlushDecompress::None);
            let status = status.or_else(|_| corrupt("a pack's entry is not deflated data"))?;
            let came = (self.zlib.total_out() - before) as usize;
            match self.entry.left.checked_sub(came as u64) {
                Some(left) => self.entry.left = left,
                None => return corrupt("a pack's entry inflates to more than it declares"),
            }
            if let Some(hasher) = &mut self.entry.hasher {
                hasher.update(&self.output[..came]);
            }
            let now = (self.zlib.total_in() - start) as usize;
            if status == Status::StreamEnd {
                self.left -= 1;
                self.state = if self.left == 0 { State::Checksum } else { State::Header };
                return Ok(now);
            }
            if now == bytes.len() && came < room {
                return Ok(now);
            }
            if now == taken && came == 0 {
                return corrupt("a pack's entry is not deflated data");
            }
        }
    }

    fn end_entry(&mut self) -> Result<(), Error> {
        let entry = &mut self.entry;
        if entry.left > 0 {
            return corrupt("a pack's entry inflates to less than it declares");
        }
        let id = entry.hasher.take().map(Hasher::finish).transpose()?;
        if let Some(base) = entry.base {
            self.table.refs.push((base, self.table.count()));
        }
        self.table.push(entry.offset, entry.crc.sum(), entry.parent, id.as_ref());
        entry.crc.reset();
        entry.offset = self.bytes;
        Ok(())
    }

    fn checksum(&mut self, bytes: &[u8]) -> usize {
        let len = self.table.format.len();
        let taken = bytes.len().min(len - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        if self.pending.len() == len {
            self.state = State::End;
        }
        taken
    }
}
