//! Trees and commits: what is read has usable names, and can be written again.

use goproxy_git::{Kind, MemoryObjects, ObjectFormat, Objects as _, Oid};

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
            let mut objects = MemoryObjects::new(format);
            tree(&mut objects, data);
            commit(&mut objects, data);
        }
        if let Some(id) = std::str::from_utf8(data).ok().and_then(Oid::from_hex) {
            assert_eq!(id.to_string().as_bytes(), data);
        }
    });
}

fn tree(objects: &mut MemoryObjects, data: &[u8]) {
    let id = objects.add(Kind::Tree, data);
    let Ok(Some(entries)) = objects.tree(&id) else { return };
    assert!(entries.iter().all(|entry| !entry.name.is_empty() && !entry.name.contains(&b'/')));
    let written: Vec<_> = entries.iter().map(|entry| (entry.kind, &entry.name, entry.id)).collect();
    let again = objects.add_tree(&written);
    let mut read = objects.tree(&again).unwrap().unwrap();
    let mut entries = entries;
    let key = |entry: &goproxy_git::TreeEntry| (entry.name.clone(), entry.id, format!("{:?}", entry.kind));
    read.sort_by_key(key);
    entries.sort_by_key(key);
    assert_eq!(read, entries);
}

fn commit(objects: &mut MemoryObjects, data: &[u8]) {
    let id = objects.add(Kind::Commit, data);
    let Ok(Some(commit)) = objects.commit(&id) else { return };
    let again = objects.add_commit(commit.tree, &commit.parents, commit.committed);
    assert_eq!(objects.commit(&again).unwrap(), Some(commit));
}
