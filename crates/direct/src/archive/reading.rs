//! Reads files ahead while those before them are compressed: either takes about as long as the other.

use std::{io, sync::mpsc, thread};

use goproxy_engine::Result;
use goproxy_git::{Error, Kind, Objects, Oid};

use super::{internal, plan::File};

/// Files that are read ahead, and the largest of them in bytes: together a few MiB. Larger ones wait for their turn.
const AHEAD: usize = 16;
const SMALL: u64 = 512 << 10;

/// Largest file that is read. More than a zip holds is refused before.
const MAX_FILE: u64 = gomod::zip::MAX_ZIP;

/// Passes the files with their contents, in their order.
pub(super) fn each(
    files: &[File],
    objects: &dyn Objects,
    mut visit: impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        let (sender, ahead) = mpsc::sync_channel(AHEAD);
        let reader = thread::Builder::new().name("zip reader".to_owned());
        // Where no thread can be started, nothing arrives, and all is read here.
        let _ = reader.spawn_scoped(scope, move || read_ahead(files, objects, &sender));
        for file in files {
            let content = match ahead.recv() {
                Ok(Some(content)) => content,
                _ => content(objects, &file.id)?,
            };
            visit(&file.path, &content).map_err(|e| internal(&e))?;
        }
        Ok(())
    })
}

/// Sends nothing for a file that cannot be read: whoever waits for it will see why.
fn read_ahead(files: &[File], objects: &dyn Objects, sender: &mpsc::SyncSender<Option<Vec<u8>>>) {
    for file in files {
        let content = (file.size <= SMALL).then(|| read(objects, &file.id, SMALL).ok()).flatten();
        if sender.send(content).is_err() {
            return;
        }
    }
}

/// A file's content.
pub(super) fn content(objects: &dyn Objects, id: &Oid) -> Result<Vec<u8>> {
    read(objects, id, MAX_FILE).map_err(|e| internal(&e))
}

fn read(objects: &dyn Objects, id: &Oid, limit: u64) -> Result<Vec<u8>, Error> {
    match objects.read(id, limit)? {
        Some(object) if object.kind == Kind::Blob => Ok(object.data),
        Some(_) => Err(Error::Corrupt(format!("object {id} is no file"))),
        None => Err(Error::Missing(*id)),
    }
}
