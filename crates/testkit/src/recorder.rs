//! Wrappers of `go` and `git` on PATH that write down every call and then run the real one.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::PathBuf};

use tempfile::TempDir;

/// A folder of wrappers, removed when dropped.
#[derive(Debug)]
pub struct Recorder {
    dir: TempDir,
}

impl Recorder {
    /// Wraps these programs; one that is not on PATH gets no wrapper.
    pub fn new(programs: &[&str]) -> Self {
        let recorder = Self { dir: TempDir::new().unwrap() };
        let path = std::env::var_os("PATH").unwrap_or_default();
        for program in programs {
            let real = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
            let Some(real) = real else { continue };
            let wrapper = recorder.dir.path().join(program);
            // One write per call, so that calls at the same time do not mix.
            let script = format!(
                "#!/bin/sh\nprintf '%s\\n' \"{program} $*\" >>'{}'\nexec '{}' \"$@\"\n",
                recorder.log_file().display(),
                real.display()
            );
            fs::write(&wrapper, script).unwrap();
            fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        }
        recorder
    }

    /// The PATH to give to the program under test.
    pub fn path(&self) -> OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.dir.path().to_owned()].into_iter().chain(std::env::split_paths(&path));
        std::env::join_paths(folders).expect("PATH is a list of folders")
    }

    /// The calls of one program so far, each as its name and arguments in one line.
    pub fn calls(&self, program: &str) -> Vec<String> {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let start = format!("{program} ");
        log.lines().filter(|line| line.starts_with(&start)).map(str::to_owned).collect()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("calls.log")
    }
}
