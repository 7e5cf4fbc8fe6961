//! Programs on PATH that write down their arguments and environment, each call in a file of its own.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use goproxy_testkit::write_script;
use tempfile::TempDir;

/// Every program that version control might start.
const PROGRAMS: [&str; 9] = ["git", "go", "hg", "svn", "fossil", "bzr", "ssh", "curl", "sh"];

/// A folder of wrappers, removed when dropped.
#[derive(Debug)]
pub(crate) struct Spy {
    dir: TempDir,
}

/// One start of a program.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<String>,
}

impl Spy {
    /// Wraps them all. `git` runs the real one; `ssh` takes its last argument for a command of this machine, as the
    /// other side would; the rest are never needed and fail.
    pub(crate) fn new() -> Self {
        let spy = Self { dir: TempDir::new().unwrap() };
        fs::create_dir(spy.calls_dir()).unwrap();
        for program in PROGRAMS {
            let then = match program {
                "git" => format!("exec '{}' \"$@\"", real(program).display()),
                // The other side has a home of its own.
                "ssh" => "for last; do :; done; HOME=/nonexistent exec /bin/sh -c \"$last\"".to_owned(),
                "sh" => "exec /bin/sh \"$@\"".to_owned(),
                _ => "exit 97".to_owned(),
            };
            let calls = spy.calls_dir();
            let script = format!(
                "#!/bin/sh\nf='{}/'$$-{program}\n\
                 {{ printf '%s\\0' \"$@\"; printf 'ENV\\0'; env -0; }} >\"$f.part\"\nmv \"$f.part\" \"$f\"\n{then}\n",
                calls.display()
            );
            write_script(&spy.dir.path().join(program), &script);
        }
        spy
    }

    /// The PATH to give to the program under test.
    pub(crate) fn path(&self) -> OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.dir.path().to_owned()].into_iter().chain(std::env::split_paths(&path));
        std::env::join_paths(folders).unwrap()
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let files = fs::read_dir(self.calls_dir()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|file| file.extension().is_none()).map(|file| call(&file)).collect()
    }

    /// The calls of one program.
    pub(crate) fn calls_of(&self, program: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.program == program).collect()
    }

    /// # Panics
    /// If a text was an argument, or part of one, of any program.
    pub(crate) fn assert_never_an_argument(&self, text: &str) {
        for call in self.calls() {
            assert!(!call.args.iter().any(|arg| arg.contains(text)), "{text}: {} {:?}", call.program, call.args);
        }
    }

    fn calls_dir(&self) -> PathBuf {
        self.dir.path().join("calls")
    }
}

fn real(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file()).unwrap_or_default()
}

fn call(file: &Path) -> Call {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    let mut words = text.split_terminator('\0').map(str::to_owned);
    let args = words.by_ref().take_while(|word| word != "ENV").collect();
    let name = file.file_name().unwrap().to_str().unwrap();
    Call { program: name.split_once('-').unwrap().1.to_owned(), args, env: words.collect() }
}
