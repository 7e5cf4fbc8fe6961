//! What is known of an object beside its bytes: one line of text for each finding, appended to the version's record.
//!
//! `zip <sha256> <size> <mtime ns> <first seen, Unix seconds> own|adopted`. Not made durable: without its line an
//! object is checked again, no more. A line that cannot be read is as good as none.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use crate::{files, layout::Place};

/// How much of the end of a record is read. A record of three lines has some 400 bytes; one is longer only if files
/// were rewritten again and again.
const TAIL: u64 = 16 << 10;

/// Who wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// We, after the checks; or somebody else, and whoever vouches for it was asked.
    Own,
    /// Somebody else; we checked its form afterwards.
    Adopted,
}

/// One finding: these bytes were checked while the file had this size and modification time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) sha256: [u8; 32],
    pub(crate) size: u64,
    pub(crate) mtime: i128,
    /// When the object was first stored or found, in Unix seconds.
    pub(crate) first_seen: u64,
    pub(crate) writer: Writer,
}

impl Finding {
    fn line(&self, word: &str) -> String {
        let Self { sha256, size, mtime, first_seen, writer } = self;
        let writer = match writer {
            Writer::Own => "own",
            Writer::Adopted => "adopted",
        };
        format!("{word} {} {size} {mtime} {first_seen} {writer}\n", to_hex(sha256))
    }

    fn parse(line: &str, word: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        if fields.next()? != word {
            return None;
        }
        let found = Self {
            sha256: from_hex(fields.next()?)?,
            size: fields.next()?.parse().ok()?,
            mtime: fields.next()?.parse().ok()?,
            first_seen: fields.next()?.parse().ok()?,
            writer: match fields.next()? {
                "own" => Writer::Own,
                "adopted" => Writer::Adopted,
                _ => return None,
            },
        };
        fields.next().is_none().then_some(found)
    }
}

/// The last finding at a place.
pub(crate) fn last(place: &Place) -> io::Result<Option<Finding>> {
    let mut file = files::open_own(File::options().read(true), &place.path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(last_in(&String::from_utf8_lossy(&bytes), place.word))
}

fn last_in(text: &str, word: &str) -> Option<Finding> {
    let (complete, _torn) = text.rsplit_once('\n')?;
    complete.rsplit('\n').find_map(|line| Finding::parse(line, word))
}

/// Appends a finding with a single write, so that processes do not mix their lines. The first line of a record says
/// what it is about.
pub(crate) fn append(place: &Place, finding: &Finding) -> io::Result<()> {
    let Place { path, name, word } = place;
    let open = || files::open_own(File::options().append(true).create(true), path);
    let mut file = match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(files::parent(path)?)?;
            open()?
        }
        other => other?,
    };
    let head = if file.metadata()?.len() == 0 { format!("# {name}\n") } else { String::new() };
    file.write_all((head + &finding.line(word)).as_bytes())
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
        hex
    })
}

/// The 32 bytes of [`to_hex`].
pub(crate) fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(first_seen: u64) -> Finding {
        let sha256 = std::array::from_fn(|i| u8::try_from(i * 8).unwrap());
        Finding { sha256, size: 7, mtime: -3, first_seen, writer: Writer::Adopted }
    }

    #[test]
    fn the_last_whole_line_of_its_kind_counts() {
        let (a, b) = (finding(1), finding(2));
        let text = [a.line("zip"), b.line("zip"), finding(3).line("mod"), "zip nonsense\n".into()].concat();
        assert_eq!(last_in(&text, "zip"), Some(b));
        assert_eq!(last_in(&text, "info"), None);
        let torn = text + finding(4).line("zip").trim_end();
        assert_eq!(last_in(&torn, "zip"), Some(b));
        assert_eq!(last_in(&(torn + &a.line("zip")), "zip"), Some(b), "a line behind a torn one is part of it");
    }

    #[test]
    fn malformed_lines_are_none() {
        let good = finding(1).line("zip");
        let good = good.trim_end();
        assert_eq!(Finding::parse(good, "zip"), Some(finding(1)));
        for bad in ["", "zip", &format!("{good} more"), &good[..good.len() - 1], &good.replace("00", "0g")] {
            assert_eq!(Finding::parse(bad, "zip"), None, "{bad:?}");
        }
    }

    #[test]
    fn appends_and_reads_the_end_of_a_long_record() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place { path: dir.path().join("12/34"), name: "a.b/c/@v/v1.0.0".into(), word: "zip" };
        assert!(last(&place).is_err());
        for first_seen in 0..400 {
            append(&place, &finding(first_seen)).unwrap();
        }
        assert_eq!(last(&place).unwrap(), Some(finding(399)));
        let text = std::fs::read_to_string(&place.path).unwrap();
        assert_eq!((text.lines().next(), text.lines().count()), (Some("# a.b/c/@v/v1.0.0"), 401));
    }
}
