//! A random repository: made from its seed, written with one `git fast-import`.

use goproxy_testkit::{BareRepo, GitServer, ObjectFormat, git_says};

use super::{
    history::{Commit, history},
    random::Random,
    refs::{Head, Refs, Tag, Target, refs},
    tree::Item,
};
use crate::oracle::VANITY;

/// How a repository is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// `github.com/owner/name`.
    Forge,
    /// By a page: the module's path, and what stands before and in the repository's folder.
    Page { path: String, folder: &'static str },
    /// `.git` in the path.
    Suffix,
}

/// One repository and where it is.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) repo: BareRepo,
    pub(super) format: ObjectFormat,
    pub(super) server: GitServer,
    pub(super) address: Address,
    /// The path of the module in its root, or in the folder that a page names.
    pub(super) root: String,
    /// `owner/name` below every host.
    pub(super) name: String,
    pub(super) commits: Vec<Commit>,
    /// The mark of each commit.
    pub(super) marks: Vec<usize>,
    pub(super) refs: Refs,
    /// The outermost object of each tag, and whether that is a tag object.
    pub(super) tag_objects: Vec<(String, bool)>,
}

impl Repository {
    /// The repository of a seed; the same for ever, until somebody changes the generator.
    pub(super) fn generate(seed: u64, random: &mut Random) -> Self {
        let format = if random.percent(12) { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let servers = [GitServer::Filters, GitServer::NoFilters, GitServer::Version0, GitServer::Dumb];
        let server = servers[[0, 0, 0, 0, 0, 0, 1, 1, 2, 3][random.below(10)]];
        let server = forced_server().unwrap_or(server);
        let name = format!("random/r{seed}");
        let (address, root) = address(seed, &name, random);
        let commits = history(&root, random);
        let major = root.rsplit_once(".v").filter(|_| root.starts_with("gopkg.in/")).map_or("1", |(_, major)| major);
        let refs = refs(commits.len(), &format!("v{major}"), random);
        let (stream, marks, tag_marks) = Stream::of(format, &commits, &refs);
        let repo = BareRepo::import(format, &stream);
        let tag_objects = tag_objects(&repo, &refs, &marks, &tag_marks);
        let repository = Self { repo, format, server, address, root, name, commits, marks, refs, tag_objects };
        repository.write_refs();
        repository
    }

    /// The full hash of a commit.
    pub(super) fn hash(&self, commit: usize) -> &str {
        self.repo.object(self.marks[commit])
    }

    fn write_refs(&self) {
        let branches = self.refs.branches.iter();
        let branches = branches.map(|(name, commit)| (format!("refs/heads/{name}"), self.hash(*commit).to_owned()));
        let tags = self.refs.tags.keys().zip(&self.tag_objects);
        let tags = tags.map(|(name, (object, _))| (format!("refs/tags/{name}"), object.clone()));
        let all: Vec<_> = branches.chain(tags).collect();
        let head = match &self.refs.head {
            Head::Branch(name) => format!("refs/heads/{name}"),
            Head::Detached(commit) => self.hash(*commit).to_owned(),
            Head::Unborn => "refs/heads/unborn".to_owned(),
        };
        self.repo.set_refs(&head, &all);
    }
}

/// One kind of server for all repositories, by the environment: `filters`, `nofilters`, `version0`, `dumb`.
fn forced_server() -> Option<GitServer> {
    match std::env::var("DIFFERENTIAL_SERVER").ok()?.as_str() {
        "filters" => Some(GitServer::Filters),
        "nofilters" => Some(GitServer::NoFilters),
        "version0" => Some(GitServer::Version0),
        "dumb" => Some(GitServer::Dumb),
        other => panic!("DIFFERENTIAL_SERVER={other}: filters, nofilters, version0 or dumb"),
    }
}

fn address(seed: u64, name: &str, random: &mut Random) -> (Address, String) {
    let (path, folder) = match random.below(10) {
        0 => (format!("gopkg.in/r{seed}.v1"), ""),
        1 => (format!("gopkg.in/r{seed}.v2"), ""),
        2 => (format!("{VANITY}/go/r{seed}"), *random.one(&["", "sub", "a/b"])),
        3 => return (Address::Suffix, format!("{VANITY}/{name}.git")),
        _ => return (Address::Forge, format!("github.com/{name}")),
    };
    (Address::Page { path: path.clone(), folder }, path)
}

/// The outermost object of each tag.
fn tag_objects(repo: &BareRepo, refs: &Refs, marks: &[usize], tag_marks: &[usize]) -> Vec<(String, bool)> {
    let objects = refs.tags.values().zip(tag_marks).map(|(tag, mark)| match tag.target {
        Target::Tree(commit) => {
            let tree = format!("{}^{{tree}}", repo.object(marks[commit]));
            (git_says(repo.git_dir(), &["rev-parse", &tree]), false)
        }
        Target::Commit(_) | Target::Blob => (repo.object(*mark).to_owned(), tag.layers > 0),
    });
    objects.collect()
}

/// The input of `git fast-import`.
struct Stream {
    out: Vec<u8>,
    marks: usize,
    /// The commit that submodules are at: nobody's.
    elsewhere: String,
}

impl Stream {
    /// The bytes, the mark of each commit, and the outermost one of each tag.
    fn of(format: ObjectFormat, commits: &[Commit], refs: &Refs) -> (Vec<u8>, Vec<usize>, Vec<usize>) {
        let digits = if format == ObjectFormat::Sha256 { 64 } else { 40 };
        let mut stream = Self { out: Vec::new(), marks: 0, elsewhere: "1".repeat(digits) };
        let mut marks = Vec::new();
        for commit in commits {
            let mark = stream.commit(commit, &marks);
            marks.push(mark);
        }
        let tags = refs.tags.iter().map(|(name, tag)| stream.tag(name, *tag, &marks)).collect();
        stream.out.extend(b"done\n");
        (stream.out, marks, tags)
    }

    fn mark(&mut self) -> usize {
        self.marks += 1;
        self.line(&format!("mark :{}", self.marks));
        self.marks
    }

    fn line(&mut self, line: &str) {
        self.out.extend(line.as_bytes());
        self.out.push(b'\n');
    }

    fn data(&mut self, data: &[u8]) {
        self.line(&format!("data {}", data.len()));
        self.out.extend(data);
        self.out.push(b'\n');
    }

    fn commit(&mut self, commit: &Commit, marks: &[usize]) -> usize {
        // Each on a branch of its own, all of which are forgotten afterwards.
        self.line(&format!("commit refs/heads/import{}", self.marks));
        let mark = self.mark();
        let zone = commit.zone;
        self.line(&format!("author A <a@example.com> {} {zone}", commit.author_time));
        self.line(&format!("committer C <c@example.com> {} {zone}", commit.time));
        self.data(format!("commit {mark}").as_bytes());
        for (index, parent) in commit.parents.iter().enumerate() {
            let word = if index == 0 { "from" } else { "merge" };
            self.line(&format!("{word} :{}", marks[*parent]));
        }
        self.line("deleteall");
        for (path, item) in commit.tree.items() {
            self.item(path, item);
        }
        mark
    }

    fn item(&mut self, path: &[u8], item: &Item) {
        let (mode, data) = match item {
            Item::File(data) => ("100644", data.as_slice()),
            Item::Program(data) => ("100755", data.as_slice()),
            Item::Symlink(target) => ("120000", target.as_bytes()),
            Item::Submodule => ("160000", &[][..]),
        };
        let what = if mode == "160000" { self.elsewhere.as_str() } else { "inline" };
        self.out.extend(format!("M {mode} {what} ").as_bytes());
        self.out.extend(quoted(path));
        self.out.push(b'\n');
        if mode != "160000" {
            self.data(data);
        }
    }

    /// The mark of the outermost object.
    fn tag(&mut self, name: &str, tag: Tag, marks: &[usize]) -> usize {
        let mut mark = match tag.target {
            Target::Commit(commit) | Target::Tree(commit) => marks[commit],
            Target::Blob => {
                self.line("blob");
                let mark = self.mark();
                self.data(format!("blob {mark}").as_bytes());
                mark
            }
        };
        for layer in 0..tag.layers {
            self.line(&format!("tag import-{}-{layer}", self.marks));
            let object = self.mark();
            self.line(&format!("from :{mark}"));
            self.line("tagger T <t@example.com> 1500000000 +0000");
            self.data(name.as_bytes());
            mark = object;
        }
        mark
    }
}

/// As C writes strings.
fn quoted(path: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            0..0x20 | 0x7f.. => out.extend(format!("\\{byte:03o}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}
