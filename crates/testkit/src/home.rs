//! A private home directory with the files that authenticate git and `go`.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use tempfile::TempDir;

/// A home directory, removed when dropped.
#[derive(Debug)]
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Appends to `.gitconfig`.
    pub fn git_config(&self, text: &str) -> &Self {
        self.append(".gitconfig", text)
    }

    /// Lets git fetch what begins with `base` from `target` instead.
    pub fn instead_of(&self, base: &str, target: &str) -> &Self {
        self.git_config(&format!("[url \"{target}\"]\n\tinsteadOf = {base}\n"))
    }

    /// Appends a machine to `.netrc`.
    pub fn netrc(&self, host: &str, login: &str, password: &str) -> &Self {
        self.append(".netrc", &format!("machine {host} login {login} password {password}\n"))
    }

    /// Writes a file, folders included.
    pub fn write(&self, name: &str, data: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
        self
    }

    fn append(&self, name: &str, text: &str) -> &Self {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        self
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}
