//! Start: the directories, the number of the format, and what dead processes left. No scan of what is stored.

use std::{fs, io, io::Read as _, os::unix::fs::MetadataExt, path::Path};

use goproxy_engine::{Result, own_dir};

use crate::{failure, files, layout::Layout, owner};

/// The number of the on-disk format below `goproxy/`.
const FORMAT: u32 = 1;

/// Makes the cache directory ready. One that exists but cannot be written is accepted with a warning: what is stored
/// in it can be served.
pub(crate) fn prepare(layout: &Layout) -> Result<()> {
    fs::create_dir_all(&layout.download).map_err(|e| theirs(layout, &layout.download, &e))?;
    match prepare_own(&layout.own) {
        // Serving only what is there, because of an owner that nobody thought of, is not what anybody wants.
        Err(e)
            if e.kind() == io::ErrorKind::PermissionDenied && owner::remedy(&layout.own, layout.root()).is_some() =>
        {
            return Err(theirs(layout, &layout.own, &e));
        }
        Err(e) if failure::is_unwritable(&e) => {
            tracing::warn!(path = %layout.own.display(), error = %e, "the cache cannot be written, only read");
        }
        result => result.map_err(|e| refused(&layout.own, &e))?,
    }
    same_file_system(layout)?;
    check_format(&layout.own.join("VERSION"))
}

/// Looks whether there is a cache, and makes nothing.
pub(crate) fn look(layout: &Layout) -> Result<()> {
    fs::read_dir(&layout.download).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => {
            failure::at_start(&layout.download, "there is none", "name the one that is meant with -cacheDir")
        }
        _ => refused(&layout.download, &e),
    })?;
    check_format(&layout.own.join("VERSION"))
}

fn prepare_own(own: &Path) -> io::Result<()> {
    let (version, tmp) = (own.join("VERSION"), own.join("tmp"));
    fs::create_dir_all(&tmp)?;
    own_dir::sweep(&tmp, "", |_| {})?;
    if !version.exists() {
        // By way of a name of its own: another process may start at this moment.
        let new = own.join(format!("VERSION.{:016x}", fastrand::u64(..)));
        fs::write(&new, format!("{FORMAT}\n")).and_then(|()| fs::rename(&new, &version)).inspect_err(|_| {
            let _ = fs::remove_file(&new);
        })?;
    }
    Ok(())
}

/// Files are published by rename, which does not leave a file system.
fn same_file_system(layout: &Layout) -> Result<()> {
    let (Ok(download), Ok(own)) = (fs::metadata(&layout.download), fs::metadata(&layout.own)) else { return Ok(()) };
    if download.dev() == own.dev() {
        return Ok(());
    }
    let cause = "`download` and `goproxy` in it are on different file systems";
    let cache = layout.own.parent().unwrap_or(&layout.own);
    Err(failure::at_start(cache, cause, "mount the volume on the cache directory itself"))
}

fn check_format(version: &Path) -> Result<()> {
    let text = match read_version(version) {
        Ok(text) => text,
        // Read-only and without our tree: nothing there could be of a newer format.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(refused(version, &e)),
    };
    let (cause, remedy) = match text.trim().parse::<u32>() {
        Ok(1..=FORMAT) => return Ok(()),
        Ok(number) => (
            format!("it has format {number}, and this goproxy knows formats up to {FORMAT}"),
            "use a newer goproxy, or another directory with -cacheDir",
        ),
        Err(_) => ("its VERSION file holds no number".to_owned(), "remove the `goproxy` directory that the file is in"),
    };
    Err(failure::at_start(version, &cause, remedy))
}

/// The same where it may be somebody else's.
fn theirs(layout: &Layout, path: &Path, error: &io::Error) -> goproxy_engine::Error {
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    match owner::remedy(path, layout.root()).filter(|_| denied) {
        Some(remedy) => failure::at_start(path, &error.to_string(), &remedy),
        None => refused(path, error),
    }
}

fn read_version(path: &Path) -> io::Result<String> {
    io::read_to_string(files::open_own(fs::File::options().read(true), path)?.take(64))
}

fn refused(path: &Path, error: &io::Error) -> goproxy_engine::Error {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "make it writable for this user, or choose another with -cacheDir",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or choose another with -cacheDir"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "remove the file that is where a directory should be, or choose another with -cacheDir"
        }
        _ => "choose another with -cacheDir",
    };
    failure::at_start(path, &error.to_string(), remedy)
}
