//! The zip of a module, straight from git objects: which files it holds (`plan`), and writing it.
//!
//! The same commit gives the same bytes: files in the order of `git archive`, no times, and a compression that depends on
//! nothing but the content.

mod attributes;
mod pack;
mod plan;
mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use std::{io, path::Path};

use gomod::ModuleVersion;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::{Kind, Objects, Oid};

pub(crate) use self::plan::{Plan, Planned, plan};
use self::writer::ZipWriter;

/// Largest file that is read. More than a zip holds is refused before.
const MAX_FILE: u64 = gomod::zip::MAX_ZIP;

/// Writes the zip of a plan. Blocks; memory is that of the largest file, or of some that are not large.
///
/// # Errors
/// Those of `out`, and objects that are not there any more: internal.
pub(crate) fn write(plan: &Plan, objects: &dyn Objects, module: &ModuleVersion, out: &mut dyn io::Write) -> Result<()> {
    let mut zip = ZipWriter::new(out);
    pack::each(&plan.files, objects, |file, packed| {
        let name = format!("{module}/{}", file.path);
        let written = match packed {
            Some(packed) => zip.packed(&name, &packed),
            None => zip.file(&name, &content(objects, &file.id)?),
        };
        written.map_err(|e| internal(&e))
    })?;
    zip.finish().map_err(|e| internal(&e))
}

/// Writes the zip of a plan whose files attributes convert, from what `git archive` made of the module's directory.
///
/// # Errors
/// As [`write()`], and those of the rules, which see sizes and go.mod as they were converted.
pub(crate) fn write_converted(
    plan: &Plan,
    objects: &dyn Objects,
    tar: &Path,
    module: &ModuleVersion,
    out: &mut dyn io::Write,
) -> Result<()> {
    let mut zip = ZipWriter::new(out);
    tar::each_chosen(plan, tar, module, |path, content| zip.file(&format!("{module}/{path}"), content))?;
    if let Some(license) = plan.license {
        let content = content(objects, &license)?;
        zip.file(&format!("{module}/LICENSE"), &content).map_err(|e| internal(&e))?;
    }
    zip.finish().map_err(|e| internal(&e))
}

/// A file's content.
fn content(objects: &dyn Objects, id: &Oid) -> Result<Vec<u8>> {
    match objects.read(id, MAX_FILE).map_err(|e| internal(&e))? {
        Some(object) if object.kind == Kind::Blob => Ok(object.data),
        Some(_) => Err(internal(&goproxy_git::Error::Corrupt(format!("object {id} is no file")))),
        None => Err(internal(&goproxy_git::Error::Missing(*id))),
    }
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("making a zip: {error}"))
}

/// The module has no zip, and never will.
fn refused(module: &ModuleVersion, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::NotFound, format!("{module}: create zip: {why}"))
}
