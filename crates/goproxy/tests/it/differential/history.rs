//! Commits: lines and merges, orphans, times out of order, and files that change on the way.

use super::{
    files::{self, FOLDERS, Theme},
    modfile::go_mod,
    random::Random,
    tree::Tree,
};

/// A commit.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) parents: Vec<usize>,
    pub(super) tree: Tree,
    /// The committer's, seconds since 1970.
    pub(super) time: u64,
    pub(super) zone: &'static str,
    pub(super) author_time: u64,
}

/// The commits of a repository, parents first.
pub(super) fn history(root: &str, random: &mut Random) -> Vec<Commit> {
    let themes = files::themes(random);
    let count = if random.percent(4) { random.between(20, 60) } else { *random.one(&[1, 1, 2, 3, 4, 5, 6, 8]) };
    let mut commits: Vec<Commit> = Vec::new();
    let mut time = 1_400_000_000 + random.below(200_000_000) as u64;
    for index in 0..count {
        let parents = parents(index, random);
        let mut tree = match parents.first() {
            Some(parent) if !random.percent(5) => commits[*parent].tree.clone(),
            _ => first(root, random),
        };
        if index > 0 {
            for _ in 0..random.between(1, 3) {
                change(root, &mut tree, random);
            }
        }
        for theme in &themes {
            if random.percent(60) {
                files::add(*theme, &mut tree, random);
            }
        }
        time = match random.below(10) {
            0 => time,
            1 => time.saturating_sub(1000),
            _ => time + random.below(1_000_000) as u64,
        };
        let zone = random.pick(&["+0000", "+0000", "+0530", "-0800", "+1400"]);
        let author_time = if random.percent(70) { time } else { time - 100 };
        commits.push(Commit { parents, tree, time, zone, author_time });
    }
    commits
}

fn parents(index: usize, random: &mut Random) -> Vec<usize> {
    if index == 0 || random.percent(4) {
        return Vec::new();
    }
    let mut parents = vec![if random.percent(75) { index - 1 } else { random.below(index) }];
    if index > 1 && random.percent(20) {
        let other = random.below(index);
        if !parents.contains(&other) {
            parents.push(other);
        }
    }
    parents
}

/// What a repository begins with.
fn first(root: &str, random: &mut Random) -> Tree {
    let mut tree = Tree::default();
    tree.file("x.go", "package x\n");
    if random.percent(60) {
        tree.file("LICENSE", "Licence of all\n");
    }
    if random.percent(75) {
        tree.file("go.mod", go_mod(root, "", random));
    }
    for folder in &FOLDERS[1..] {
        if random.percent(25) {
            tree.file(format!("{folder}x.go"), "package x\n");
            if random.percent(75) {
                tree.file(format!("{folder}go.mod"), go_mod(root, folder, random));
            }
        }
    }
    if random.percent(2) { Tree::default() } else { tree }
}

fn change(root: &str, tree: &mut Tree, random: &mut Random) {
    let folder = random.pick(&FOLDERS);
    match random.below(10) {
        0..3 => tree.file(format!("{folder}go.mod"), go_mod(root, folder, random)),
        3 => tree.file("go.mod", go_mod(root, "", random)),
        4 => tree.remove(&format!("{folder}go.mod")),
        5 => tree.remove("LICENSE"),
        6 => {
            let paths = tree.paths();
            if !paths.is_empty() {
                let path = random.one(&paths).clone();
                tree.file(path, files::contents(random));
            }
        }
        7 => files::add(Theme::Contents, tree, random),
        _ => tree.file(format!("{folder}new{}.go", random.below(9)), files::contents(random)),
    }
}
