//! The frame of an archive: the record at its end, and the directory before that.

use rawzip::{RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipFileHeaderRecord, ZipLocator};

use super::{MAX_NAMES, MAX_PATHS, ZipError};

/// Length of the end record without its comment, in bytes.
const END_LEN: u64 = 22;
/// Length of the zip64 end record and its locator.
const END64_LEN: u64 = 56 + 20;
/// Length of a directory entry without its name, extra fields and comment.
const ENTRY_LEN: u64 = 46;
/// The longest comment.
const MAX_COMMENT: u64 = 0xffff;

/// An archive whose end is where it says, and nowhere else.
pub(crate) struct Archive<'a, R> {
    zip: ZipArchive<&'a R>,
    end: End,
}

/// What the end record says, as far as it is compared.
struct End {
    entries: u16,
    directory_size: u32,
    directory_offset: u32,
}

impl<'a, R: ReaderAt> Archive<'a, R> {
    pub(crate) fn open(reader: &'a R, size: u64) -> Result<Self, ZipError> {
        let locator = ZipLocator::new().max_search_space(END_LEN + MAX_COMMENT);
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = locator.locate_in_reader(reader, &mut buffer, size).map_err(|(_, error)| error)?;
        let end = End::read(reader, zip.eocd_offset(), size)?;
        Ok(Self { zip, end })
    }

    pub(super) fn reader(&self) -> &'a R {
        self.zip.get_ref()
    }

    /// Where the entries end and the directory begins.
    pub(super) fn directory(&self) -> u64 {
        self.zip.directory_offset()
    }

    /// Goes through the directory, and returns how many entries it has. There must be as many as the end record says,
    /// and nothing behind them.
    pub(crate) fn each(
        &self,
        mut visit: impl FnMut(&ZipFileHeaderRecord<'_>) -> Result<(), ZipError>,
    ) -> Result<u64, ZipError> {
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut records = self.zip.entries(&mut buffer);
        let (mut count, mut end, mut names) = (0, self.directory(), 0);
        while let Some(record) = records.next_entry()? {
            names += record.file_path().as_ref().len() as u64;
            if names > MAX_NAMES || count >= MAX_PATHS as u64 {
                return Err(ZipError::TooManyFiles);
            }
            visit(&record)?;
            count += 1;
            end = record.central_directory_offset() + record_len(&record);
        }
        self.check_end(count, end)?;
        Ok(count)
    }

    /// Compares what all end records say with what was found: `count` entries up to offset `end`.
    fn check_end(&self, count: u64, end: u64) -> Result<(), ZipError> {
        let (start, eocd) = (self.directory(), self.zip.eocd_offset());
        let zip64 = end + END64_LEN == eocd;
        if end != eocd && !zip64 {
            return Err(ZipError::format("directory does not end at its end record"));
        }
        if zip64 {
            check_end64(self.reader(), end, [count, count, end - start, start])?;
        }
        // Numbers that do not fit here, or any, may stand in the zip64 record alone.
        let says = |declared: u64, actual: u64, max: u64| declared == actual || (zip64 && declared == max);
        let agrees = says(self.end.entries.into(), count, u16::MAX.into())
            && says(self.end.directory_size.into(), end - start, u32::MAX.into())
            && says(self.end.directory_offset.into(), start, u32::MAX.into());
        if agrees { Ok(()) } else { Err(ZipError::format("end record does not agree with the directory")) }
    }

    /// The name in the directory entry at `offset`.
    pub(super) fn name_at(&self, offset: u64) -> Result<Vec<u8>, ZipError> {
        let mut len = [0; 2];
        self.reader().read_exact_at(&mut len, offset + 28)?;
        let mut name = vec![0; u16::from_le_bytes(len).into()];
        self.reader().read_exact_at(&mut name, offset + ENTRY_LEN)?;
        Ok(name)
    }
}

impl End {
    fn read(reader: &impl ReaderAt, offset: u64, size: u64) -> Result<Self, ZipError> {
        let mut record = [0; END_LEN as usize];
        reader.read_exact_at(&mut record, offset)?;
        if offset + END_LEN + u64::from(u16_at(&record, 20)) != size {
            return Err(ZipError::format("bytes behind its end"));
        }
        let (disk, first_disk, here) = (u16_at(&record, 4), u16_at(&record, 6), u16_at(&record, 8));
        let entries = u16_at(&record, 10);
        if disk != 0 || first_disk != 0 || here != entries {
            return Err(ZipError::format("one of several disks"));
        }
        Ok(Self { entries, directory_size: u32_at(&record, 12), directory_offset: u32_at(&record, 16) })
    }
}

/// Compares the zip64 end record with the numbers expected: entries on this disk, entries, size and offset of the
/// directory.
fn check_end64(reader: &impl ReaderAt, offset: u64, expected: [u64; 4]) -> Result<(), ZipError> {
    let mut record = [0; END64_LEN as usize];
    reader.read_exact_at(&mut record, offset)?;
    let signed = record.starts_with(b"PK\x06\x06") && record[56..].starts_with(b"PK\x06\x07");
    let one_disk = u32_at(&record, 16) == 0 && u32_at(&record, 20) == 0 && u32_at(&record, 60) == 0;
    let numbers = [24, 32, 40, 48].map(|at| u64_at(&record, at));
    let located = u64_at(&record, 64) == offset && u32_at(&record, 72) == 1;
    if signed && one_disk && located && numbers == expected {
        Ok(())
    } else {
        Err(ZipError::format("zip64 end record does not agree with the directory"))
    }
}

fn record_len(record: &ZipFileHeaderRecord<'_>) -> u64 {
    // Before the first field is taken, all of them are left.
    let extra = record.extra_fields().remaining_bytes().len();
    ENTRY_LEN + (record.file_path().as_ref().len() + extra + record.comment().as_bytes().len()) as u64
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}
