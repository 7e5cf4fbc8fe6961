//! Reads and compresses the files of a zip on two cores, and gives them in their order.

use std::{sync::mpsc, thread};

use goproxy_engine::Result;
use goproxy_git::Objects;

use super::{
    content, internal,
    plan::File,
    writer::{Packed, Packer, is_large},
};

/// How many files the second thread may be ahead of the one that writes.
const AHEAD: usize = 2;
/// Fewer files are done sooner than threads are started.
const FEW: usize = 32;

/// Calls `each` for every file, in order; `None` for a large one, which is the caller's to read.
pub(super) fn each(
    files: &[File],
    objects: &dyn Objects,
    mut each: impl FnMut(&File, Option<Packed>) -> Result<()>,
) -> Result<()> {
    let mut packer = Packer::new();
    if files.len() < FEW {
        return files.iter().try_for_each(|file| each(file, packed(file, objects, &mut packer)?));
    }
    thread::scope(|scope| {
        let (sender, second) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            let mut packer = Packer::new();
            // Nobody takes it after an error.
            files.iter().skip(1).step_by(2).all(|file| sender.send(packed(file, objects, &mut packer)).is_ok())
        });
        files.chunks(2).try_for_each(|pair| {
            each(&pair[0], packed(&pair[0], objects, &mut packer)?)?;
            let Some(other) = pair.get(1) else { return Ok(()) };
            each(other, second.recv().map_err(|e| internal(&e))??)
        })
    })
}

fn packed(file: &File, objects: &dyn Objects, packer: &mut Packer) -> Result<Option<Packed>> {
    if objects.header(&file.id).map_err(|e| internal(&e))?.is_some_and(|(_, size)| is_large(size)) {
        return Ok(None);
    }
    packer.pack(&content(objects, &file.id)?).map(Some).map_err(|e| internal(&e))
}
