//! Modules as large as one likes: a zip that holds one file of bytes that do not compress, as they are.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use flate2::Crc;

/// Writes `.info`, `.mod` and a `.zip` of about so many bytes into a folder in the layout of a module cache.
pub(crate) fn write(download: &Path, path: &str, version: &str, size: usize) -> Result<()> {
    ensure!(!path.contains(char::is_uppercase), "{path}: such names are escaped on disk");
    let folder = download.join(path).join("@v");
    fs::create_dir_all(&folder)?;
    let put = |extension: &str, bytes: &[u8]| {
        let file = folder.join(format!("{version}.{extension}"));
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))
    };
    let go_mod = format!("module {path}\n");
    put("info", format!(r#"{{"Version":"{version}","Time":"2024-01-23T18:54:04Z"}}"#).as_bytes())?;
    put("mod", go_mod.as_bytes())?;
    let prefix = format!("{path}@{version}");
    put("zip", &zip(&[(&format!("{prefix}/go.mod"), go_mod.as_bytes()), (&format!("{prefix}/data"), &noise(size))]))
}

/// Bytes that do not compress (xorshift), always the same.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A zip of files that are not compressed (APPNOTE 4.3), below 4 GiB.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in files {
        let offset = out.len() as u32;
        let common = common(name, data);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*data);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, offset, len) = (files.len() as u16, out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend([len.to_le_bytes(), offset.to_le_bytes()].concat());
    out.extend([0; 2]);
    out
}

/// What the header of a file and its entry in the directory share.
fn common(name: &str, data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(data);
    let size = (data.len() as u32).to_le_bytes();
    let mut common = vec![0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    common.extend([crc.sum().to_le_bytes(), size, size].concat());
    common.extend((name.len() as u16).to_le_bytes());
    common.extend([0; 2]);
    common
}
