//! The scripts from which Go's own tests make their repositories (`GOROOT/src/cmd/go/testdata/vcstest`): an archive of
//! files in txtar form, with commands before it. Only what the scripts for git use is understood.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A script, read.
#[derive(Clone, Debug)]
pub struct VcsScript {
    /// The path below the folder of all scripts, without `.txt`: `git/hello`, `go/mod/gitrepo1`.
    pub name: String,
    commands: Vec<String>,
    /// Name and content of each file of the archive.
    pub files: Vec<(String, String)>,
}

impl VcsScript {
    /// All scripts below a folder, by name.
    pub fn all(folder: &Path) -> Vec<Self> {
        let mut found = Vec::new();
        collect(folder, "", &mut found);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn parse(name: &str, text: &str) -> Self {
        let (mut commands, mut files) = (Vec::new(), Vec::<(String, String)>::new());
        for line in text.split_inclusive('\n') {
            let marker = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
            match (marker, files.last_mut()) {
                (Some(name), _) => files.push((name.to_owned(), String::new())),
                (None, Some((_, content))) => content.push_str(line),
                (None, None) => commands.push(line.trim().to_owned()),
            }
        }
        Self { name: name.to_owned(), commands, files }
    }

    /// Whether it makes a repository, rather than pages.
    pub fn is_git(&self) -> bool {
        self.commands.iter().any(|command| command == "handle git")
    }

    /// Runs it; the repository is the `.git` of the folder. It compares its refs with what it says itself.
    ///
    /// # Panics
    /// If a command fails or is unknown.
    pub fn run(&self) -> TempDir {
        let dir = TempDir::new().unwrap();
        for (name, content) in &self.files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let mut state = State { script: &self.name, dir: dir.path(), env: environment(dir.path()), stdout: Vec::new() };
        for line in &self.commands {
            let words = state.words(line);
            state.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        dir
    }
}

/// What git says in a repository, trimmed.
///
/// # Panics
/// If it fails.
pub fn git_says(git_dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let output = command.args(arguments).env_clear().envs(environment(git_dir)).env("GIT_DIR", git_dir).output();
    let output = output.expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn collect(folder: &Path, below: &str, found: &mut Vec<VcsScript>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = format!("{below}{}", path.file_stem().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), found);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(VcsScript::parse(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

fn environment(home: &Path) -> BTreeMap<String, String> {
    let text = |path: &Path| path.to_str().expect("a UTF-8 path").to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let pairs = [("PATH", path), ("HOME", text(&home.join(".home"))), ("GIT_CONFIG_NOSYSTEM", "1".to_owned())];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

struct State<'a> {
    script: &'a str,
    dir: &'a Path,
    env: BTreeMap<String, String>,
    stdout: Vec<u8>,
}

impl State<'_> {
    /// Single quotes hold everything, doubled they are one; `$NAME` is replaced outside them; `#` begins a comment.
    fn words(&self, line: &str) -> Vec<String> {
        let (mut words, mut word) = (Vec::new(), None::<String>);
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '#' if word.is_none() => break,
                ' ' | '\t' => words.extend(word.take()),
                '\'' => {
                    let word = word.get_or_insert_default();
                    while let Some(c) = chars.next() {
                        match c {
                            '\'' if chars.peek() == Some(&'\'') => word.extend(chars.next()),
                            '\'' => break,
                            c => word.push(c),
                        }
                    }
                }
                '$' => {
                    let mut name = String::new();
                    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                        name.push(c);
                    }
                    word.get_or_insert_default().push_str(self.env.get(&name).map_or("", String::as_str));
                }
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    fn run(&mut self, words: &[&str]) {
        match words {
            // `[!git-sha256] skip`: every git that goes by our tests knows SHA-256.
            [] | ["handle", ..] | ["[!git-sha256]", "skip"] => {}
            ["env", pair] => {
                let (name, value) = pair.split_once('=').expect("NAME=value");
                self.env.insert(name.to_owned(), value.to_owned());
            }
            ["at", date] => {
                for name in ["GIT_COMMITTER_DATE", "GIT_AUTHOR_DATE"] {
                    self.env.insert(name.to_owned(), (*date).to_owned());
                }
            }
            ["git", arguments @ ..] => self.git(arguments),
            ["echo", words @ ..] => self.stdout = format!("{}\n", words.join(" ")).into_bytes(),
            ["unquote", text] => self.stdout = text.replace("\\n", "\n").replace("\\t", "\t").into_bytes(),
            ["mkdir", folder] => fs::create_dir_all(self.dir.join(folder)).unwrap(),
            ["cp", "stdout", file] => self.write(file, self.stdout.clone()),
            ["cp", from, to] => self.write(to, fs::read(self.dir.join(from)).unwrap()),
            ["cmp", "stdout", file] => {
                let expected = fs::read_to_string(self.dir.join(file)).unwrap();
                assert_eq!(String::from_utf8_lossy(&self.stdout), expected, "{}", self.script);
            }
            other => panic!("{}: unknown command {other:?}", self.script),
        }
    }

    fn git(&mut self, arguments: &[&str]) {
        let mut command = Command::new("git");
        let output =
            command.args(arguments).current_dir(self.dir).env_clear().envs(&self.env).output().expect("git runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: git {arguments:?}: {stderr}", self.script);
        self.stdout = output.stdout;
    }

    fn write(&self, name: &str, data: Vec<u8>) {
        let path: PathBuf = self.dir.join(name);
        let path = if path.is_dir() { path.join("stdout") } else { path };
        fs::write(path, data).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_script() {
        let env = BTreeMap::from([("NAME".to_owned(), "a b".to_owned())]);
        let state = State { script: "x", dir: Path::new("/"), env, stdout: Vec::new() };
        assert_eq!(state.words("git commit -m 'it''s' $NAME # why"), ["git", "commit", "-m", "it's", "a b"]);
        assert_eq!(state.words("unquote ''"), ["unquote", ""]);
        let script = VcsScript::parse("git/x", "handle git\ngit init\n-- a --\n1\n2\n-- b/c --\n");
        assert!(script.is_git());
        assert_eq!(script.files, [("a".to_owned(), "1\n2\n".to_owned()), ("b/c".to_owned(), String::new())]);
    }
}
