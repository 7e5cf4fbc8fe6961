//! Every git repository of Go's vcs-test set: every ref, some commits and some odd queries of every module path that
//! could be in it.

use std::{collections::BTreeSet, sync::Arc};

use goproxy_testkit::git_says;

use super::{Repositories, repositories::git_dir};
use crate::oracle::{Question, VANITY, World, compare};

/// Queries of every module that are no names of refs.
const ODD: &[&str] = &[
    "",
    "latest",
    "HEAD",
    "v0",
    "v1",
    "v1.2",
    "v2",
    "v9.9.9",
    "v0.0.0-20180219231006-80d85c5d4d17",
    "nosuch",
    "refs/heads/main",
    "0123456",
    "v1.0.0+incompatible",
    "v2.0.0+incompatible",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_repository_of_gos_own_tests() {
    let Some(set) = Repositories::start("vcstest", |_| true).await else { return };
    let set = Arc::new(set);
    let halves = [0, 1].map(|half| {
        let set = set.clone();
        tokio::spawn(async move {
            let mut differences = Vec::new();
            for (name, folder) in set.made.iter().skip(half).step_by(2) {
                differences.extend(ask(&set.world, &questions(name, &git_dir(folder.path()))).await);
            }
            differences
        })
    });
    let mut differences = Vec::new();
    for half in halves {
        differences.extend(half.await.expect("no half panics"));
    }
    assert!(differences.is_empty(), "{}\n{} differences", differences.join("\n"), differences.len());
}

/// Modules whose repository is found by a page.
#[tokio::test]
async fn every_page_of_gos_own_tests() {
    let Some(set) = Repositories::start("vcstest_pages", |_| true).await else { return };
    let paths = ["gitreposubdir", "gitreposubdirv2/v2", "v2module/v2", "mod/gitrepo1", "mod/gitrepo-sha256"];
    let missing =
        ["missingrepo/missingrepo-git", "missingrepo/missingrepo-git/notmissing", "gitreposubdir/x", "nosuch"];
    let questions: Vec<_> = paths
        .iter()
        .chain(&missing)
        .flat_map(|path| {
            let queries = ["", "latest", "main", "master", "v1.2.3", "v1.2.4-annotated", "v2.0.0", "v2.3", "v1.3.0"];
            queries.map(|query| Question::new(format!("{VANITY}/go/{path}"), query))
        })
        .collect();
    let differences = ask(&set.world, &questions).await;
    assert!(differences.is_empty(), "{}\n{} differences", differences.join("\n"), differences.len());
}

async fn ask(world: &World, questions: &[Question]) -> Vec<String> {
    let found = compare(&world.proxy, &world.go, questions).await;
    found.differences.iter().map(ToString::to_string).collect()
}

fn questions(name: &str, git_dir: &std::path::Path) -> Vec<Question> {
    let queries = queries(git_dir);
    let all: Vec<_> = ODD.iter().map(|query| (*query).to_owned()).chain(queries).collect();
    modules(name, git_dir)
        .iter()
        .flat_map(|path| {
            let below = path.rsplit_once(".git/").map(|(_, below)| format!("{below}/")).unwrap_or_default();
            // `submod/v1.0.0` is what `v1.0.0` of the module in that folder is tagged with.
            let own = move |query: &String| query.strip_prefix(&below).unwrap_or(query).to_owned();
            all.iter().map(move |query| Question::new(path.clone(), own(query))).collect::<Vec<_>>()
        })
        .collect()
}

/// Names of all refs; hashes and pseudo-versions of the newest commits.
fn queries(git_dir: &std::path::Path) -> Vec<String> {
    let mut queries: Vec<String> = git_says(git_dir, &["for-each-ref", "--format=%(refname:lstrip=2)"])
        .lines()
        .flat_map(|name| [name.to_owned(), format!("{name}+incompatible")])
        .filter(|name| !name.contains("+incompatible") || name.starts_with('v'))
        .collect();
    let format = ["log", "--all", "-n5", "--date=format-local:%Y%m%d%H%M%S", "--format=%H %cd"];
    for line in git_says(git_dir, &format).lines() {
        let (hash, date) = line.split_once(' ').expect("hash and date");
        let short = &hash[..12];
        queries.extend([hash.to_owned(), hash[..7].to_owned(), short.to_owned()]);
        queries.extend(["v0.0.0", "v2.0.0"].map(|base| format!("{base}-{date}-{short}")));
        queries.extend(["v0.0.1", "v1.0.1", "v2.0.1"].map(|base| format!("{base}-0.{date}-{short}")));
    }
    queries
}

/// The root, each folder that had a go.mod at a ref, the majors, and one that is not there.
fn modules(name: &str, git_dir: &std::path::Path) -> BTreeSet<String> {
    let root = format!("{VANITY}/git/{name}.git");
    let mut modules: BTreeSet<String> = ["", "/v2", "/v3", "/nosuch"].map(|below| format!("{root}{below}")).into();
    for reference in git_says(git_dir, &["for-each-ref", "--format=%(objectname)"]).lines() {
        let files = git_says(git_dir, &["ls-tree", "-r", "--name-only", reference]);
        let folders = files.lines().filter_map(|file| file.strip_suffix("/go.mod").map(str::to_owned));
        modules.extend(folders.map(|folder| format!("{root}/{folder}")));
    }
    modules
}
