//! A pack is refused and leaves nothing, or every object of it can be read.

use std::path::Path;

use goproxy_git::{Kind, MemoryObjects, ObjectFormat, Objects as _, Odb, PackLimits, PackReceiver, init};

use crate::forge::checksum;
use crate::input::Input;

/// Small, so that the work that a pack may make stays small.
const LIMITS: PackLimits = PackLimits { bytes: 256 << 10, objects: 2000, object: 64 << 10 };
const SHA1: ObjectFormat = ObjectFormat::Sha1;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = 1 + usize::from(input.byte());
    receive(input.rest(), piece, &elsewhere());
}

/// Objects that thin packs may be based on.
pub(crate) fn elsewhere() -> MemoryObjects {
    let mut objects = MemoryObjects::new(SHA1);
    objects.add(Kind::Blob, b"a blob that is elsewhere\n".to_vec());
    objects
}

/// Receives a pack without its checksum, in pieces of a size. Whether it was accepted.
pub(crate) fn receive(pack: &[u8], piece: usize, bases: &MemoryObjects) -> bool {
    let Some(checksum) = checksum(pack) else { return false };
    let pack = [pack, &checksum].concat();
    let dir = scratch();
    init(dir.path(), SHA1).unwrap();
    let mut receiver = PackReceiver::new(dir.path(), SHA1, LIMITS).unwrap();
    let written = pack.chunks(piece).try_for_each(|bytes| receiver.write(bytes));
    let received = written.and_then(|()| receiver.finish(bases));
    let files = files(dir.path());
    match &received {
        Err(_) => assert_eq!(files, 0, "left behind after {received:?}"),
        // An empty pack is none.
        Ok(stats) => assert_eq!(files, if stats.objects > 0 { 2 } else { 0 }),
    }
    let Ok(stats) = received else { return false };
    let odb = Odb::open(dir.path(), SHA1).unwrap();
    let ids = odb.with_prefix("", usize::MAX).unwrap();
    assert_eq!(ids.len(), stats.objects as usize);
    for id in &ids {
        let object = odb.read(id, LIMITS.object).unwrap().unwrap();
        assert_eq!(odb.header(id).unwrap(), Some((object.kind, object.data.len() as u64)));
        let again = MemoryObjects::new(SHA1).add(object.kind, object.data);
        assert_eq!(again, *id);
        let _ = (odb.tree(id), odb.commit(id));
    }
    true
}

/// In memory where the system has such a place: on a disk, waiting for it to be written takes nearly all the time.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(within).unwrap()
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("objects/pack")).unwrap().count()
}
