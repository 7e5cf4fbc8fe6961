//! Wrappers of `go` and `git` on PATH that write down every call and then run the real one.

use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

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
            write_script(&wrapper, &script);
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

/// Writes an executable file. Another program does the writing: a file that this process had open could not be run
/// while a child started by another thread still holds a copy of the descriptor (ETXTBSY).
pub fn write_script(path: &Path, text: &str) {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell runs");
    shell.stdin.take().expect("piped").write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().expect("a shell ends").success());
}
