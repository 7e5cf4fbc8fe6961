//! Writes a zip from its first byte to its last, without seeking: APPNOTE.TXT, as far as a module zip needs it.

use std::io::{self, Write};

use libdeflater::{CompressionLvl, Compressor, Crc};

/// Larger files are compressed piece by piece, with their sizes behind them, so that the compressed form is not held in
/// memory. Only the size decides, so that the same content gives the same bytes.
const WHOLE: u64 = 4 << 20;

/// The first level of zlib-rs that comes near level 1 of libdeflate in size.
const PIECES: flate2::Compression = flate2::Compression::new(2);

/// Names are UTF-8; sizes follow the content.
const UTF8: u16 = 1 << 11;
const DESCRIPTOR: u16 = 1 << 3;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A zip that is being written.
pub(super) struct ZipWriter<'a> {
    out: &'a mut dyn Write,
    offset: u64,
    directory: Vec<u8>,
    entries: u64,
    packer: Packer,
}

/// Compresses files, one at a time.
pub(super) struct Packer {
    compressor: Compressor,
    buffer: Vec<u8>,
}

/// A file as it goes into a zip.
pub(super) struct Packed {
    facts: Facts,
    bytes: Vec<u8>,
}

/// What both headers of an entry say.
#[derive(Clone, Copy)]
struct Facts {
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
}

impl Packer {
    pub(super) fn new() -> Self {
        // Level 1 of the library, whose fastest level does not compress at all.
        Self { compressor: Compressor::new(CompressionLvl::new(1).unwrap_or_default()), buffer: Vec::new() }
    }

    /// Compresses a file that is not large; see [`is_large`].
    pub(super) fn pack(&mut self, content: &[u8]) -> io::Result<Packed> {
        let most = self.compressor.deflate_compress_bound(content.len());
        if self.buffer.len() < most {
            self.buffer.resize(most, 0);
        }
        let deflated = self.compressor.deflate_compress(content, &mut self.buffer).unwrap_or(usize::MAX);
        let (crc, size) = (crc(content), small(content.len() as u64)?);
        let (method, bytes) = match deflated < content.len() {
            true => (DEFLATED, self.buffer[..deflated].to_vec()),
            false => (STORED, content.to_vec()),
        };
        Ok(Packed { facts: Facts { flags: UTF8, method, crc, compressed: small(bytes.len() as u64)?, size }, bytes })
    }
}

/// Whether a file of that many bytes is compressed piece by piece, by [`ZipWriter::file`] alone.
pub(super) const fn is_large(size: u64) -> bool {
    size > WHOLE
}

impl<'a> ZipWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, offset: 0, directory: Vec::new(), entries: 0, packer: Packer::new() }
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        if is_large(content.len() as u64) {
            let at = small(self.offset)?;
            let facts = self.pieces(name, content)?;
            return self.directory_entry(name, facts, at);
        }
        let packed = self.packer.pack(content)?;
        self.packed(name, &packed)
    }

    /// Adds a file that was compressed.
    pub(super) fn packed(&mut self, name: &str, packed: &Packed) -> io::Result<()> {
        let at = small(self.offset)?;
        self.local_header(name, packed.facts)?;
        self.put(&packed.bytes)?;
        self.directory_entry(name, packed.facts, at)
    }

    fn pieces(&mut self, name: &str, content: &[u8]) -> io::Result<Facts> {
        let unknown = Facts { flags: UTF8 | DESCRIPTOR, method: DEFLATED, crc: 0, compressed: 0, size: 0 };
        self.local_header(name, unknown)?;
        let mut deflater = flate2::write::DeflateEncoder::new(&mut *self.out, PIECES);
        deflater.write_all(content)?;
        deflater.try_finish()?;
        let compressed = deflater.total_out();
        drop(deflater);
        self.offset += compressed;
        let facts =
            Facts { crc: crc(content), compressed: small(compressed)?, size: small(content.len() as u64)?, ..unknown };
        self.put(b"PK\x07\x08")?;
        self.put(&sizes(facts))?;
        Ok(facts)
    }

    fn local_header(&mut self, name: &str, facts: Facts) -> io::Result<()> {
        self.put(b"PK\x03\x04")?;
        self.put(&common(name, facts)?)?;
        self.put(name.as_bytes())
    }

    fn directory_entry(&mut self, name: &str, facts: Facts, at: u32) -> io::Result<()> {
        const VERSION_MADE_BY: [u8; 2] = [20, 0];
        const NO_COMMENT_DISK_OR_ATTRIBUTES: [u8; 10] = [0; 10];
        self.directory.extend_from_slice(b"PK\x01\x02");
        self.directory.extend_from_slice(&VERSION_MADE_BY);
        self.directory.extend_from_slice(&common(name, facts)?);
        self.directory.extend_from_slice(&NO_COMMENT_DISK_OR_ATTRIBUTES);
        self.directory.extend_from_slice(&at.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory and the end records.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let (start, entries) = (self.offset, self.entries);
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let len = directory.len() as u64;
        if entries > 0xfffe {
            self.end64(start, len)?;
        }
        let count = u16::try_from(entries).unwrap_or(u16::MAX).to_le_bytes();
        self.put(b"PK\x05\x06\0\0\0\0")?;
        self.put(&[count, count].concat())?;
        self.put(&small(len)?.to_le_bytes())?;
        self.put(&small(start)?.to_le_bytes())?;
        self.put(&[0, 0])?;
        self.out.flush()
    }

    /// The end record for more entries than the old one can count.
    fn end64(&mut self, start: u64, len: u64) -> io::Result<()> {
        const VERSION: [u8; 2] = [45, 0];
        let (at, entries) = (self.offset, self.entries);
        self.put(b"PK\x06\x06")?;
        self.put(&44_u64.to_le_bytes())?;
        self.put(&[VERSION, VERSION].concat())?;
        self.put(&[0; 8])?;
        for number in [entries, entries, len, start] {
            self.put(&number.to_le_bytes())?;
        }
        self.put(b"PK\x06\x07\0\0\0\0")?;
        self.put(&at.to_le_bytes())?;
        self.put(&1_u32.to_le_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// What both headers have between their signature and the name: no time, no extra fields.
fn common(name: &str, facts: Facts) -> io::Result<Vec<u8>> {
    const VERSION_NEEDED: [u8; 2] = [20, 0];
    const NO_TIME: [u8; 4] = [0; 4];
    let len = u16::try_from(name.len()).map_err(|_| io::Error::other("a file name is too long"))?;
    let mut header = Vec::with_capacity(26);
    header.extend_from_slice(&VERSION_NEEDED);
    header.extend_from_slice(&facts.flags.to_le_bytes());
    header.extend_from_slice(&facts.method.to_le_bytes());
    header.extend_from_slice(&NO_TIME);
    header.extend_from_slice(&sizes(facts));
    header.extend_from_slice(&len.to_le_bytes());
    header.extend_from_slice(&[0, 0]);
    Ok(header)
}

fn sizes(facts: Facts) -> [u8; 12] {
    let mut sizes = [0; 12];
    for (place, number) in sizes.chunks_exact_mut(4).zip([facts.crc, facts.compressed, facts.size]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    sizes
}

fn crc(content: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(content);
    crc.sum()
}

/// Module zips have at most 500 MiB of content.
fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| io::Error::other("a zip of more than 4 GiB"))
}
