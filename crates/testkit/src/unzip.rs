//! A zip reader of the simplest kind: what the central directory lists, in its order, stored or deflated.

use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::zip::Entry;

/// The members of an archive, or what is wrong with it.
pub fn read_archive(zip: &[u8]) -> Result<Vec<Entry>, String> {
    let end = zip.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or("no end of central directory")?;
    slice(zip, end, 22)?;
    let count = u16_at(zip, end + 10)?;
    let mut at = u32_at(zip, end + 16)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, next) = member(zip, at)?;
        entries.push(entry);
        at = next;
    }
    if at != end {
        return Err(format!("the central directory ends at {at}, not at {end}"));
    }
    Ok(entries)
}

fn member(zip: &[u8], at: usize) -> Result<(Entry, usize), String> {
    if slice(zip, at, 4)? != b"PK\x01\x02" {
        return Err(format!("no member at {at}"));
    }
    let (method, packed, size) = (u16_at(zip, at + 10)?, u32_at(zip, at + 20)?, u32_at(zip, at + 24)?);
    let (name_length, extra, comment) = (u16_at(zip, at + 28)?, u16_at(zip, at + 30)?, u16_at(zip, at + 32)?);
    let mode = u32::try_from(u32_at(zip, at + 38)? >> 16).expect("half of 32 bits");
    let name = String::from_utf8(slice(zip, at + 46, name_length)?.to_vec()).map_err(|e| e.to_string())?;
    let local = u32_at(zip, at + 42)?;
    let start = local + 30 + u16_at(zip, local + 26)? + u16_at(zip, local + 28)?;
    if slice(zip, local + 30, name_length)? != name.as_bytes() {
        return Err(format!("{name}: another name in its own header"));
    }
    let data = slice(zip, start, packed)?;
    let data = match method {
        0 => data.to_vec(),
        8 => {
            let mut out = Vec::new();
            DeflateDecoder::new(data).read_to_end(&mut out).map_err(|e| format!("{name}: {e}"))?;
            out
        }
        other => return Err(format!("{name}: method {other}")),
    };
    if data.len() != size {
        return Err(format!("{name}: {} bytes instead of {size}", data.len()));
    }
    Ok((Entry { name, data, mode }, at + 46 + name_length + extra + comment))
}

fn slice(zip: &[u8], at: usize, length: usize) -> Result<&[u8], String> {
    zip.get(at..at + length).ok_or_else(|| format!("it ends before {}", at + length))
}

fn u16_at(zip: &[u8], at: usize) -> Result<usize, String> {
    let bytes = slice(zip, at, 2)?;
    Ok(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

fn u32_at(zip: &[u8], at: usize) -> Result<usize, String> {
    let bytes = slice(zip, at, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::zip_archive;

    #[test]
    fn what_is_written_is_read() {
        let entries = [Entry::new("a/b", "text ".repeat(100)), Entry { mode: 0o644, ..Entry::new("\u{e9}", "") }];
        let zip = zip_archive(&entries);
        let read = read_archive(&zip).unwrap();
        assert!(read.iter().zip(&entries).all(|(a, b)| (&a.name, &a.data, a.mode) == (&b.name, &b.data, b.mode)));
        for cut in 0..zip.len() {
            assert!(read_archive(&zip[..cut]).is_err(), "{cut}");
        }
    }
}
