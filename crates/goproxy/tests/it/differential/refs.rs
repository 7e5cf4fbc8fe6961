//! Tags and branches with names of every odd form.

use std::collections::BTreeMap;

use super::random::Random;

/// What a ref leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Commit(usize),
    /// The tree of a commit.
    Tree(usize),
    /// A file that is in no commit.
    Blob,
}

/// A tag: how many tag objects are before what it leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) target: Target,
    pub(super) layers: usize,
}

/// All refs of a repository.
#[derive(Clone, Debug)]
pub(super) struct Refs {
    pub(super) tags: BTreeMap<String, Tag>,
    pub(super) branches: BTreeMap<String, usize>,
    pub(super) head: Head,
}

#[derive(Clone, Debug)]
pub(super) enum Head {
    Branch(String),
    Detached(usize),
    /// A branch that has no commit yet.
    Unborn,
}

const PREFIXES: &[&str] =
    &["", "", "", "", "", "", "", "", "sub/", "sub/", "a/b/", "deep/er/", "v2/", "sub/v2/", "nosuch/"];

const VERSIONS: &[&str] = &[
    "v0.0.0",
    "v0.0.1",
    "v0.1.0",
    "v0.1.1",
    "v1.0.0",
    "v1.0.0",
    "v1.0.1",
    "v1.1.0",
    "v1.2.3",
    "v1.2.4",
    "v1.10.0",
    "v1.9.99",
    "v2.0.0",
    "v2.0.0",
    "v2.0.1",
    "v2.1.0",
    "v3.0.0",
    "v3.1.0",
    "v4.0.0",
    "v10.0.0",
    "v1.99999999999999999999.0",
];

const SUFFIXES: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "-pre",
    "-rc.1",
    "-rc.2",
    "-0",
    "-alpha.0.beta",
    "-0.x",
    "+meta",
    "+incompatible",
    "-pre+meta",
    "-01",
    "-",
    "-0.20200101000000-0123456789ab",
    "-20200101000000-0123456789ab",
    "-pre.0.20200101000000-0123456789ab",
];

const ODD: &[&str] = &[
    "v1",
    "v2",
    "v1.2",
    "v1.2.3.4",
    "1.0.0",
    "V1.0.0",
    "v01.0.0",
    "vv1.0.0",
    "release",
    "latest",
    "HEAD",
    "upgrade",
    "patch",
    "abcdef1",
    "deadbeefdeadbeef",
    "0123456789abcdef0123456789abcdef01234567",
    "caf\u{e9}",
    "v1.0.0-caf\u{e9}",
    "x/v1.0.0",
    "sub/v1",
    "v",
    "v1.x",
    "con",
    "a#b",
    "x@y",
    "name=value",
];

const BRANCHES: &[&str] = &[
    "dev",
    "v1",
    "v2",
    "v2.0.0",
    "v1.0.0",
    "v1.5.0",
    "v1.2",
    "feature/x",
    "latest",
    "abcdef2",
    "0123456",
    "sub/v1.0.0",
    "release-1.0",
    "UPPER",
    "v3.0.0-dev",
    "v9.9.9+incompatible",
    "deadbeef1234",
    "x.y",
    "HEAD2",
];

/// Tags and branches on these many commits; more tags than by chance begin with `major`.
pub(super) fn refs(commits: usize, major: &str, random: &mut Random) -> Refs {
    let mut tags = BTreeMap::new();
    for _ in 0..*random.one(&[0, 1, 2, 3, 4, 5, 6, 8, 12]) {
        let name = tag_name(major, random);
        if free(&name, tags.keys()) {
            tags.insert(name, tag(commits, random));
        }
    }
    let main = random.pick(&["main", "master", "trunk", "v2", "v1.0.0"]).to_owned();
    let mut branches =
        BTreeMap::from([(main.clone(), if random.percent(80) { commits - 1 } else { random.below(commits) })]);
    for _ in 0..random.below(4) {
        let name = random.pick(BRANCHES);
        if free(name, branches.keys()) {
            branches.insert(name.to_owned(), random.below(commits));
        }
    }
    // What nothing leads to does not exist, so most commits that are no parent get a branch.
    for commit in 0..commits {
        if random.percent(60) {
            branches.insert(format!("line{commit}"), commit);
        }
    }
    let head = match random.below(30) {
        0 => Head::Detached(random.below(commits)),
        1 => Head::Unborn,
        _ => Head::Branch(main),
    };
    if matches!(head, Head::Unborn) && random.percent(50) {
        branches.clear();
    }
    Refs { tags, branches, head }
}

fn tag_name(major: &str, random: &mut Random) -> String {
    if random.percent(15) {
        return random.pick(ODD).to_owned();
    }
    let suffix = if random.percent(60) { "" } else { random.pick(SUFFIXES) };
    let fitting: Vec<&str> = VERSIONS.iter().filter(|version| version.starts_with(major)).copied().collect();
    let version = if random.percent(60) { random.one(&fitting) } else { random.pick(VERSIONS) };
    format!("{}{version}{suffix}", random.pick(PREFIXES))
}

fn tag(commits: usize, random: &mut Random) -> Tag {
    let commit = if random.percent(50) { commits - 1 } else { random.below(commits) };
    let target = match random.below(80) {
        0 => Target::Tree(commit),
        1 => Target::Blob,
        _ => Target::Commit(commit),
    };
    let layers = match random.below(10) {
        0..6 => 0,
        6..9 => 1,
        _ => 2,
    };
    Tag { target, layers }
}

/// Git keeps refs in files: none may be the folder of another.
fn free<'a>(name: &str, mut taken: impl Iterator<Item = &'a String>) -> bool {
    let below = |folder: &str, name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    !taken.any(|other| other == name || below(other, name) || below(name, other))
}
