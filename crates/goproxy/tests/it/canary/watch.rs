//! What other programs of the machine can read of ours and of the programs that it starts.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use goproxy_testkit::write_script;
use tempfile::TempDir;

use super::needles::Seen;
use crate::support::files;

/// Looks at the arguments of all processes again and again.
pub(super) struct Arguments {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Arguments {
    pub(super) fn watch() -> Self {
        let over = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut seen = std::collections::BTreeSet::new();
            while !flag.load(Ordering::Relaxed) {
                let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
                let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
                seen.extend(lines.map(|line| String::from_utf8_lossy(&line).into_owned()));
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            seen.into_iter().collect()
        });
        Self { over, thread }
    }

    /// All that were seen. Git itself gives its helpers the URL that `insteadOf` led to.
    pub(super) fn end(self, seen: &mut Seen) {
        self.over.store(true, Ordering::Relaxed);
        let own = |line: &String| line.contains("goproxy") && line.contains("-proxy\0");
        for line in self.thread.join().unwrap() {
            let by_git = line.contains("remote-http") || line.contains("http-fetch");
            // The test gives the program a password as an argument: to find it elsewhere.
            if !own(&line) && !by_git {
                seen.add("/proc/*/cmdline", line);
            }
        }
    }
}

/// Programs before the true ones that write down their arguments and environment.
pub(super) struct Children(TempDir);

impl Children {
    pub(super) fn new(programs: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("seen")).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        for program in programs {
            let real = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
            let Some(real) = real else { continue };
            let (out, real) = (dir.path().join("seen"), real.display().to_string());
            let script = format!(
                "#!/bin/sh\n{{ printf '%s\\n' \"$@\"; env; }} >\"$(mktemp '{}/XXXXXXXXXX')\"\nexec '{real}' \"$@\"\n",
                out.display()
            );
            write_script(&dir.path().join(program), &script);
        }
        Self(dir)
    }

    pub(super) fn path(&self) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.0.path().to_owned()].into_iter().chain(std::env::split_paths(&path));
        std::env::join_paths(folders.collect::<Vec<PathBuf>>()).unwrap()
    }

    /// Arguments and environments of each. In its environment, a program has the secret of the repository that it is sent
    /// to, and no other.
    pub(super) fn end(self, seen: &mut Seen) {
        let calls = files(&self.0.path().join("seen"));
        assert!(!calls.is_empty(), "no program was started");
        for call in calls {
            let text = String::from_utf8_lossy(&fs::read(call).unwrap()).into_owned();
            let (given, rest): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| line.starts_with("GIT_CONFIG_VALUE_"));
            let mut own = Seen::default();
            own.add("what a program is given", given.join("\n"));
            for field in own.found() {
                assert!(text.contains(&format!("/{field}/")), "the secret of {field} is given to\n{text}");
            }
            seen.add("the arguments and the environment of a program", rest.join("\n"));
        }
    }
}
