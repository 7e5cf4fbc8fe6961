//! The zip of a module, straight from git objects: which files it holds (`plan`), and writing it.
//!
//! The same commit gives the same bytes: files in the order of `git archive`, no times, and a compression that depends on
//! nothing but the content.

mod attributes;
mod plan;
mod reading;
mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use std::{io, path::Path};

use gomod::ModuleVersion;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::Objects;

pub(crate) use self::plan::{Plan, Planned, plan};
use self::writer::ZipWriter;

/// Writes the zip of a plan. Blocks; memory is that of one file, its compressed form if it is not
/// large, and a few small files that are read ahead.
///
/// # Errors
/// Those of `out`, and objects that are not there any more: internal.
pub(crate) fn write(plan: &Plan, objects: &dyn Objects, module: &ModuleVersion, out: &mut dyn io::Write) -> Result<()> {
    let mut zip = ZipWriter::new(out);
    reading::each(&plan.files, objects, |path, content| zip.file(&format!("{module}/{path}"), content))?;
    zip.finish().map_err(|e| internal(&e))
}

/// Writes the zip of a plan whose files attributes convert, from what `git archive` made of the module's directory.
///
/// # Errors
/// As [`write`], and those of the rules, which see sizes and go.mod as they were converted.
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
        let content = reading::content(objects, &license)?;
        zip.file(&format!("{module}/LICENSE"), &content).map_err(|e| internal(&e))?;
    }
    zip.finish().map_err(|e| internal(&e))
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("making a zip: {error}"))
}

/// The module has no zip, and never will.
fn refused(module: &ModuleVersion, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::NotFound, format!("{module}: create zip: {why}"))
}
