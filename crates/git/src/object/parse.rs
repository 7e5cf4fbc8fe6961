//! Reads the content of commits and trees, as strictly as git does where a module is made from them.

use super::{Commit, EntryKind, TreeEntry};
use crate::{Error, ObjectFormat, Oid};

/// A directory: `<mode> <name>\0<id>` without separators.
pub(super) fn tree(format: ObjectFormat, mut data: &[u8]) -> Result<Vec<TreeEntry>, Error> {
    let mut entries = Vec::new();
    while !data.is_empty() {
        let (entry, rest) = tree_entry(format, data).ok_or_else(|| Error::Corrupt("a tree that is not one".into()))?;
        entries.push(entry);
        data = rest;
    }
    Ok(entries)
}

fn tree_entry(format: ObjectFormat, data: &[u8]) -> Option<(TreeEntry, &[u8])> {
    let space = data.iter().take(8).position(|&b| b == b' ')?;
    let kind = entry_kind(&data[..space])?;
    let data = &data[space + 1..];
    let end = data.iter().position(|&b| b == 0)?;
    let name = data[..end].to_vec();
    if name.is_empty() || name.contains(&b'/') {
        return None;
    }
    let (id, rest) = data[end + 1..].split_at_checked(format.len())?;
    Some((TreeEntry { kind, name, id: Oid::from_bytes(format, id)? }, rest))
}

/// Old repositories hold modes such as 100664, and 40000 with a zero in front; git reads what it doesn't know as a
/// submodule (`canon_mode`).
fn entry_kind(digits: &[u8]) -> Option<EntryKind> {
    if digits.is_empty() {
        return None;
    }
    let mode =
        digits.iter().try_fold(0u32, |mode, &b| matches!(b, b'0'..=b'7').then(|| mode << 3 | u32::from(b - b'0')))?;
    Some(match mode & 0o170_000 {
        0o040_000 => EntryKind::Directory,
        0o100_000 => EntryKind::File,
        0o120_000 => EntryKind::Symlink,
        _ => EntryKind::Submodule,
    })
}

/// A commit: header lines `tree`, `parent`, `author`, `committer` and others, an empty line, the message.
pub(super) fn commit(format: ObjectFormat, data: &[u8]) -> Result<Commit, Error> {
    let bad = |what: &str| Error::Corrupt(format!("a commit without {what}"));
    let mut lines = data.split(|&b| b == b'\n').peekable();
    let id = |line: &[u8], word: &str| {
        let id = Oid::from_hex(str::from_utf8(line.strip_prefix(word.as_bytes())?).ok()?)?;
        (id.format() == format).then_some(id)
    };
    let tree = lines.next().and_then(|line| id(line, "tree ")).ok_or_else(|| bad("a tree"))?;
    let mut parents = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with(b"parent ")) {
        parents.push(id(line, "parent ").ok_or_else(|| bad("well-formed parents"))?);
    }
    // The last one counts, as for `git log --format=%ct`, from which `go` takes the time.
    let header = lines.take_while(|line| !line.is_empty());
    let committer = header.filter_map(|line| line.strip_prefix(b"committer ")).last();
    let committed = committer.and_then(time).ok_or_else(|| bad("a time"))?;
    Ok(Commit { tree, parents, committed })
}

/// The time of `Name <address> 1700000000 +0100`, counted from the last `>` since addresses may hold others.
fn time(line: &[u8]) -> Option<i64> {
    let rest = line[line.iter().rposition(|&b| b == b'>')? + 1..].trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (seconds, zone) = rest.split_at(digits);
    match zone.trim_ascii_start() {
        [b'+' | b'-', b'0'..=b'9', ..] => str::from_utf8(seconds).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn read(text: &str) -> Result<Commit, Error> {
        commit(ObjectFormat::Sha1, text.replace("TREE", TREE).as_bytes())
    }

    #[test]
    fn commits() {
        let plain =
            read("tree TREE\nparent TREE\nparent TREE\nauthor A <a> 1 +0000\ncommitter B <b> 1700000000 -0130\n\nm")
                .unwrap();
        assert_eq!((plain.tree.to_string().as_str(), plain.parents.len(), plain.committed), (TREE, 2, 1_700_000_000));
        let signed = "tree TREE\nauthor A <a> 1 +0000\ncommitter B> <b>> 7 +0000\ngpgsig x\n committer B <b> 8 +0000\n\ncommitter B <b> 9 +0000\n";
        let signed = read(signed).unwrap();
        assert_eq!((signed.parents.len(), signed.committed), (0, 7));
        for bad in [
            "",
            "tree TREE",
            "tree TREEa\ncommitter B <b> 7 +0000\n",
            "parent TREE\ncommitter B <b> 7 +0000\n",
            "tree TREE\nparent 12\ncommitter B <b> 7 +0000\n",
            "tree TREE\ncommitter B <b> -7 +0000\n",
            "tree TREE\ncommitter B <b> 7\n",
            "tree TREE\ncommitter B <b> 99999999999999999999 +0000\n",
            "tree TREE\n\ncommitter B <b> 7 +0000\n",
        ] {
            assert!(matches!(read(bad), Err(Error::Corrupt(_))), "{bad}");
        }
    }

    #[test]
    fn trees() {
        let entry = |mode: &str, name: &str| [format!("{mode} {name}\0").as_bytes(), &[7; 20]].concat();
        let modes = [("40000", EntryKind::Directory), ("040000", EntryKind::Directory), ("100664", EntryKind::File)];
        for (mode, kind) in modes.into_iter().chain([("120000", EntryKind::Symlink), ("160000", EntryKind::Submodule)])
        {
            let entries = tree(ObjectFormat::Sha1, &[entry(mode, "a b"), entry("100644", "c")].concat()).unwrap();
            assert_eq!((entries.len(), entries[0].kind, entries[0].name.as_slice()), (2, kind, b"a b".as_slice()));
        }
        let whole = entry("100644", "a");
        for bad in [
            &whole[..whole.len() - 1],
            &entry("", "a"),
            &entry("100648", "a"),
            &entry("100644", ""),
            &entry("100644", "a/b"),
        ] {
            assert!(tree(ObjectFormat::Sha1, bad).is_err());
        }
        assert_eq!(tree(ObjectFormat::Sha1, b"").unwrap(), []);
    }
}
