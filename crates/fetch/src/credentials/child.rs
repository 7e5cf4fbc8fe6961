//! Credentials for programs that we start: in their environment, as git configuration for one place, and in a private
//! `.netrc` for `go`. Never in an argument or a URL, which all users of the machine can read.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::{Credential, entry::Entry};
use crate::exec::hostenv::{self, Var};

/// Tells git to send it to its place. Git sends such a header wherever a redirect leads, so none is followed.
pub(crate) fn add_to_git(vars: &mut Vec<Var>, credential: &Credential) {
    let Ok(value) = credential.header.to_str() else { return };
    let url = credential.bound.url();
    hostenv::add_git_config(vars, &format!("http.{url}.extraHeader"), &format!("Authorization: {value}"));
    hostenv::add_git_config(vars, &format!("http.{url}.followRedirects"), "false");
}

/// What `go` itself sends to hosts, before what stands in the host's own file. One that cannot be had is left out: what
/// needs it fails, and says so.
pub(crate) async fn netrc(entries: &[std::sync::Arc<Entry>], own: &[u8]) -> Option<Vec<u8>> {
    let mut text = String::new();
    for entry in entries.iter().filter(|entry| entry.fits_netrc()) {
        let Ok(login) = entry.login().await else { continue };
        let (host, secret) = (crate::reach::host(entry.row.bound.url()), login.password.expose());
        // A space would end the word, and there is no way to quote one.
        if ![&*login.user, secret].iter().any(|word| word.contains(char::is_whitespace)) {
            text.push_str(&format!("machine {host} login {} password {secret}\n", login.user));
        }
    }
    (!text.is_empty()).then(|| [text.as_bytes(), own].concat())
}

/// Writes it where nobody else reads.
pub(crate) fn write_netrc(path: &Path, text: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text)
}
