//! Reads and compresses the files of a zip on several cores, and gives them in their order.

use std::{sync::mpsc, thread};

use goproxy_engine::Result;
use goproxy_git::Objects;

use super::{
    content, internal,
    plan::File,
    writer::{Packed, Packer, is_large},
};

/// How many threads work on one zip.
const WORKERS: usize = 2;
/// How many files a thread may be ahead of the one that writes.
const AHEAD: usize = 4;
/// Fewer files are done sooner than threads are started.
const FEW: usize = 32;

/// Calls `each` for every file, in order; `None` for a large one, which is the caller's to read.
pub(super) fn each(
    files: &[File],
    objects: &dyn Objects,
    mut each: impl FnMut(&File, Option<Packed>) -> Result<()>,
) -> Result<()> {
    if files.len() < FEW {
        let mut packer = Packer::new();
        return files.iter().try_for_each(|file| each(file, packed(file, objects, &mut packer)?));
    }
    thread::scope(|scope| {
        let mut lanes = Vec::new();
        for first in 0..WORKERS {
            let (sender, lane) = mpsc::sync_channel(AHEAD);
            lanes.push(lane);
            scope.spawn(move || {
                let mut packer = Packer::new();
                for file in files.iter().skip(first).step_by(WORKERS) {
                    // Nobody takes it after an error.
                    if sender.send(packed(file, objects, &mut packer)).is_err() {
                        return;
                    }
                }
            });
        }
        for (number, file) in files.iter().enumerate() {
            let packed = lanes[number % WORKERS].recv().map_err(|e| internal(&e))?;
            each(file, packed?)?;
        }
        Ok(())
    })
}

fn packed(file: &File, objects: &dyn Objects, packer: &mut Packer) -> Result<Option<Packed>> {
    if objects.header(&file.id).map_err(|e| internal(&e))?.is_some_and(|(_, size)| is_large(size)) {
        return Ok(None);
    }
    packer.pack(&content(objects, &file.id)?).map(Some).map_err(|e| internal(&e))
}
