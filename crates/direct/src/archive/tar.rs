//! What `git archive` made of a module's directory, judged by the same rules.

use std::{fs::File, io, io::Read as _, path::Path};

use ::tar::{Archive, Entry, EntryType};
use gomod::{
    ModuleVersion,
    zip::{Candidate, MAX_GO_MOD, Vendoring, ZipError, select},
};
use goproxy_engine::Result;

use super::{internal, plan::Plan, refused};

/// Passes the files that the zip holds, in its order, without the LICENSE of the repository's root.
pub(super) fn each_chosen(
    plan: &Plan,
    tar: &Path,
    module: &ModuleVersion,
    mut visit: impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<()> {
    let listed = list(plan, tar).map_err(|e| internal(&e))?;
    let chosen = select(&listed.files, Vendoring::of(listed.go_mod.as_deref()));
    let chosen = chosen.map_err(|why: ZipError| refused(module, &why))?;
    let mut chosen = chosen.into_iter().peekable();
    let mut place = 0;
    each(plan, tar, |path, _, entry| {
        let here = place;
        place += 1;
        if chosen.next_if_eq(&here).is_none() {
            return Ok(());
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        visit(&String::from_utf8_lossy(&path), &content)
    })
    .map_err(|e| internal(&e))
}

/// What the rules need to know.
struct Listed {
    files: Vec<Candidate>,
    go_mod: Option<Vec<u8>>,
}

fn list(plan: &Plan, tar: &Path) -> io::Result<Listed> {
    let mut listed = Listed { files: Vec::new(), go_mod: None };
    each(plan, tar, |path, symlink, entry| {
        let size = entry.size();
        if path == b"go.mod" && !symlink && size <= MAX_GO_MOD {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            listed.go_mod = Some(content);
        }
        listed.files.push(Candidate { path, symlink, size });
        Ok(())
    })?;
    if let Some(size) = plan.license_size {
        listed.files.push(Candidate { path: b"LICENSE".to_vec(), symlink: false, size });
    }
    Ok(listed)
}

/// Each file and symbolic link below the module's directory, by its path relative to that.
fn each(
    plan: &Plan,
    tar: &Path,
    mut visit: impl FnMut(Vec<u8>, bool, &mut Entry<'_, io::BufReader<File>>) -> io::Result<()>,
) -> io::Result<()> {
    let prefix = if plan.dir.is_empty() { String::new() } else { format!("{}/", plan.dir) };
    let mut archive = Archive::new(io::BufReader::with_capacity(256 << 10, File::open(tar)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let symlink = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => false,
            EntryType::Symlink => true,
            _ => continue,
        };
        let path = entry.path_bytes().into_owned();
        if let Some(path) = path.strip_prefix(prefix.as_bytes()) {
            visit(path.to_vec(), symlink, &mut entry)?;
        }
    }
    Ok(())
}
