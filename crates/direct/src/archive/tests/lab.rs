//! A repository whose tags are as many cases, each with a tree of its own, and the zips that the real `go` makes of them.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::ZlibEncoder};
use gomod::{ModulePath, ModuleVersion, Version, zip};
use goproxy_git::{EntryKind, MemoryObjects, ObjectFormat, Oid};
use goproxy_testkit::{GoClient, skipped};
use tempfile::TempDir;

use super::super::{Planned, plan, write, write_converted};

const URL: &str = "https://github.com/acme/m";
const ROOT: &str = "github.com/acme/m";

/// A directory that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Dir(BTreeMap<Vec<u8>, Node>);

#[derive(Clone, Debug)]
enum Node {
    Leaf(EntryKind, Vec<u8>),
    Dir(Dir),
}

impl Dir {
    pub(super) fn file(self, path: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) -> Self {
        self.put(path.as_ref(), Node::Leaf(EntryKind::File, content.into()))
    }

    pub(super) fn link(self, path: impl AsRef<[u8]>, target: impl Into<Vec<u8>>) -> Self {
        self.put(path.as_ref(), Node::Leaf(EntryKind::Symlink, target.into()))
    }

    pub(super) fn submodule(self, path: impl AsRef<[u8]>) -> Self {
        self.put(path.as_ref(), Node::Leaf(EntryKind::Submodule, Vec::new()))
    }

    /// What is in the way makes room.
    fn put(mut self, path: &[u8], node: Node) -> Self {
        let Some(slash) = path.iter().position(|byte| *byte == b'/') else {
            self.0.insert(path.to_vec(), node);
            return self;
        };
        let (name, rest) = (&path[..slash], &path[slash + 1..]);
        let below = match self.0.remove(name) {
            Some(Node::Dir(dir)) => dir,
            _ => Self::default(),
        };
        self.0.insert(name.to_vec(), Node::Dir(below.put(rest, node)));
        self
    }

    fn write(&self, objects: &mut MemoryObjects) -> Oid {
        let entry = |(name, node): (&Vec<u8>, &Node)| match node {
            Node::Dir(dir) => (EntryKind::Directory, name.clone(), dir.write(objects)),
            Node::Leaf(EntryKind::Submodule, _) => (EntryKind::Submodule, name.clone(), elsewhere()),
            Node::Leaf(kind, content) => (*kind, name.clone(), objects.add_blob(content.clone())),
        };
        let entries: Vec<_> = self.0.iter().map(entry).collect();
        objects.add_tree(&entries)
    }
}

fn elsewhere() -> Oid {
    Oid::from_hex(&"5".repeat(40)).unwrap()
}

/// A module of this tree: in its root, or in the directory `sub`.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) dir: &'static str,
    pub(super) tree: Dir,
}

/// The hash of a zip, or why there is none.
type Said = Result<String, String>;

/// Asks `go` and us for the zips of all cases, and tells the differences.
pub(super) async fn differences(cases: &[Case]) -> Option<String> {
    let Some(go) = GoClient::find().await else {
        skipped("no go on this machine");
        return None;
    };
    let remote = TempDir::new().unwrap();
    let (objects, commits) = written(cases, remote.path());
    let go = ask_go(go, remote.path(), cases).await;
    let mut different = String::new();
    for (at, (case, (commit, tree))) in cases.iter().zip(commits).enumerate() {
        let module = version(case, at);
        let we = ours(&objects, &tree, case, &module, remote.path(), &commit);
        let go = go.get(&module.to_string()).cloned().unwrap_or_else(|| Err("nothing".to_owned()));
        if !agree(&go, &we) {
            different += &format!("{:?} ({module})\n  go {go:?}\n  we {we:?}\n", case.name);
        }
    }
    Some(different)
}

/// The same hash, or the same words but for characters that each shows in its own way.
fn agree(go: &Said, we: &Said) -> bool {
    let odd = |words: &str| ["invalid char", "invalid path", "invalid UTF-8"].iter().find(|odd| words.contains(**odd));
    match (go, we) {
        (Err(go), Err(we)) => we.ends_with(go) || odd(go).is_some() && odd(go) == odd(we),
        _ => go == we,
    }
}

fn version(case: &Case, at: usize) -> ModuleVersion {
    let slash = if case.dir.is_empty() { "" } else { "/" };
    let path = ModulePath::parse(&format!("{ROOT}{slash}{}", case.dir)).unwrap();
    ModuleVersion::new(path, Version::parse(&format!("v0.0.{at}")).unwrap()).unwrap()
}

/// A repository of loose objects, without starting git.
fn written(cases: &[Case], git_dir: &Path) -> (MemoryObjects, Vec<(Oid, Oid)>) {
    goproxy_git::init(git_dir, ObjectFormat::Sha1).unwrap();
    let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
    let mut commits = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let tree = case.tree.write(&mut objects);
        let commit = objects.add_commit(tree, &[], 1_700_000_000 + at as i64);
        let slash = if case.dir.is_empty() { "" } else { "/" };
        put(&git_dir.join(format!("refs/tags/{}{slash}v0.0.{at}", case.dir)), format!("{commit}\n").as_bytes());
        put(&git_dir.join("refs/heads/main"), format!("{commit}\n").as_bytes());
        commits.push((commit, tree));
    }
    for (id, object) in objects.iter() {
        let hex = id.to_string();
        let mut deflater = ZlibEncoder::new(Vec::new(), Compression::fast());
        write!(deflater, "{} {}\0", object.kind.name(), object.data.len()).unwrap();
        deflater.write_all(&object.data).unwrap();
        put(&git_dir.join("objects").join(&hex[..2]).join(&hex[2..]), &deflater.finish().unwrap());
    }
    (objects, commits)
}

fn put(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// One `go mod download` for all.
async fn ask_go(go: GoClient, remote: &Path, cases: &[Case]) -> BTreeMap<String, Said> {
    let key = format!("url.{}.insteadOf", remote.display());
    let config = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", &*key), ("GIT_CONFIG_VALUE_0", URL)];
    let go = config.iter().fold(go.proxy("direct"), |go, (name, value)| go.env(name, value));
    let modules: Vec<String> = cases.iter().enumerate().map(|(at, case)| version(case, at).to_string()).collect();
    let args: Vec<&str> = ["mod", "download", "-json"].into_iter().chain(modules.iter().map(|m| &**m)).collect();
    let output = go.run(&args).await;
    let said = serde_json::Deserializer::from_str(&output.stdout).into_iter::<serde_json::Value>().map(|said| {
        let said = said.unwrap();
        let text = |field: &str| said[field].as_str().map(str::to_owned);
        let module = format!("{}@{}", text("Path").unwrap(), text("Version").unwrap());
        (module, text("Error").map_or_else(|| Ok(text("Sum").unwrap()), Err))
    });
    let said: BTreeMap<_, _> = said.collect();
    assert!(!said.is_empty(), "{}", output.stderr);
    said
}

fn ours(
    objects: &MemoryObjects,
    tree: &Oid,
    case: &Case,
    module: &ModuleVersion,
    git_dir: &Path,
    commit: &Oid,
) -> Said {
    let words = |error: goproxy_engine::Error| error.message().to_owned();
    let Planned::Ready(plan) = plan(objects, tree, case.dir, module).map_err(words)? else {
        panic!("{}: everything is there", case.name)
    };
    let mut zip = Vec::new();
    if plan.converted() {
        let tar = archive(git_dir, commit, case.dir)?;
        write_converted(&plan, objects, &tar, module, &mut zip).map_err(words)?;
    } else {
        write(&plan, objects, module, &mut zip).map_err(words)?;
    }
    zip::check_bytes(&zip, module).map_err(|error| format!("our own check: {error}"))?;
    Ok(zip::hash_bytes(&zip).unwrap())
}

/// As `fetch` does it; here without its care.
#[expect(clippy::disallowed_methods, reason = "a test, beside the real git")]
fn archive(git_dir: &Path, commit: &Oid, dir: &str) -> Result<PathBuf, String> {
    let tar = git_dir.join(format!("{commit}.tar"));
    let mut git = std::process::Command::new("git");
    git.args(["-c", "core.autocrlf=input", "-c", "core.eol=lf", "archive", "--format=tar", "-o"]).arg(&tar);
    git.arg(commit.to_string()).args(Some(dir).filter(|dir| !dir.is_empty())).env("GIT_DIR", git_dir);
    let output = git.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]).output().unwrap();
    let error = || Err(String::from_utf8_lossy(&output.stderr).into_owned());
    if output.status.success() { Ok(tar) } else { error() }
}
