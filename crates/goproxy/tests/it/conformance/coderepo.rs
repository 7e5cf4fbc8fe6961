//! The table of cmd/go/internal/modfetch/coderepo_test.go, as far as its repositories are in GOROOT: what it says is
//! what `go` says today, and what we say.

use super::Repositories;
use crate::oracle::{Go, Question, compare};

/// Short for [`super::super::oracle::VANITY`].
const VT: &str = "vcs-test.golang.org";

/// Path, revision, and the version, the time and the h1 hash of the zip where they are known.
const VERSIONS: &[(&str, &str, &str, &str, &str)] = &[
    ("vgotest1", "v0.0.0", "v0.0.0", "2018-02-19T23:10:06Z", "h1:zVEjciLdlk/TPWCOyZo7k24T+tOKRQC+u8MKq/xS80I="),
    (
        "vgotest1",
        "v0.0.0-20180219231006-80d85c5d4d17",
        "v0.0.0-20180219231006-80d85c5d4d17",
        "2018-02-19T23:10:06Z",
        "h1:nOznk2xKsLGkTnXe0q9t1Ewt9jxK+oadtafSUqHM3Ec=",
    ),
    ("vgotest1", "v1.0.0", "v1.0.0", "2018-02-19T23:10:06Z", "h1:e040hOoWGeuJLawDjK9DW6med+cz9FxMFYDMOVG8ctQ="),
    ("vgotest1", "80d85c5", "v1.0.0", "2018-02-19T23:10:06Z", "h1:e040hOoWGeuJLawDjK9DW6med+cz9FxMFYDMOVG8ctQ="),
    ("vgotest1", "mytag", "v1.0.0", "2018-02-19T23:10:06Z", ""),
    ("vgotest1/submod", "v1.0.4", "v1.0.4", "2018-02-19T23:12:07Z", "h1:iMsJ/9uQsk6MnZNnJK311f11QiSlmN92Q2aSjCywuJY="),
    ("vgotest1", "v1.1.0", "v1.1.0", "2018-02-19T23:13:36Z", "h1:M69k7q+8bQ+QUpHov45Z/NoR8rj3DsQJUnXLWvf01+Q="),
    ("vgotest1/v2", "v2.0.1", "v2.0.1", "2018-02-19T23:14:23Z", "h1:QmgYy/zt+uoWhDpcsgrSVzYFvKtBEjl5zT/FRz9GTzA="),
    ("vgotest1/v2", "v2.0.5", "v2.0.5", "2018-02-20T00:03:59Z", "h1:RIEb9q1SUSEQOzMn0zfl/LQxGFWlhWEAdeEguf1MLGU="),
    (
        "VT/go/mod/gitrepo1",
        "master",
        "v1.2.4-annotated",
        "2018-04-17T19:43:22Z",
        "h1:YJYZRsM9BHFTlVr8YADjT0cJH8uFIDtoc5NLiVqZEx8=",
    ),
    (
        "VT/go/v2module/v2",
        "v2.0.0",
        "v2.0.0",
        "2019-04-03T15:52:15Z",
        "h1:JItBZ+gwA5WvtZEGEbuDL4lUttGtLrs53lmdurq3bOg=",
    ),
    ("VT/git/v2sub.git", "80beb17a1603", "v0.0.0-20220222205507-80beb17a1603", "2022-02-22T20:55:07Z", ""),
    ("VT/git/v2sub.git", "v2.0.0+incompatible", "v2.0.0+incompatible", "2022-02-22T20:53:33Z", ""),
    (
        "VT/git/v2sub.git",
        "v2.0.1-0.20220222205507-80beb17a1603+incompatible",
        "v2.0.1-0.20220222205507-80beb17a1603+incompatible",
        "2022-02-22T20:55:07Z",
        "",
    ),
    (
        "VT/git/odd-tags.git",
        "v0.1.0+build-metadata",
        "v0.1.1-0.20220223184835-9d863d525bbf",
        "2022-02-23T18:48:35Z",
        "",
    ),
    ("VT/git/odd-tags.git", "9d863d525bbf", "v0.1.1-0.20220223184835-9d863d525bbf", "2022-02-23T18:48:35Z", ""),
    ("VT/git/odd-tags.git", "latest", "v0.1.1-0.20220223184835-9d863d525bbf", "2022-02-23T18:48:35Z", ""),
    (
        "VT/git/odd-tags.git",
        "12d19af20458",
        "v2.0.1-0.20220223184802-12d19af20458+incompatible",
        "2022-02-23T18:48:02Z",
        "",
    ),
    (
        "VT/git/odd-tags.git",
        "v3.0.0-20220223184802-12d19af20458",
        "v3.0.0-20220223184802-12d19af20458+incompatible",
        "2022-02-23T18:48:02Z",
        "",
    ),
];

/// Path, revision, and words of the error.
const ERRORS: &[(&str, &str, &str)] = &[
    (
        "vgotest1",
        "v0.0.1-0.20180219231006-80d85c5d4d17",
        "tag (v0.0.0) found on revision 80d85c5d4d17 is already canonical",
    ),
    ("vgotest1/v2", "v2.0.0", "missing github.com/rsc/vgotest1/go.mod and .../v2/go.mod at revision v2.0.0"),
    ("vgotest1/v2", "45f53230a", "missing github.com/rsc/vgotest1/go.mod and .../v2/go.mod at revision v2.0.0"),
    (
        "vgotest1/v54321",
        "80d85c5",
        "missing github.com/rsc/vgotest1/go.mod and .../v54321/go.mod at revision 80d85c5d4d17",
    ),
    ("vgotest1/submod", "v1.0.0", "unknown revision submod/v1.0.0"),
    ("vgotest1/submod", "v1.0.3", "unknown revision submod/v1.0.3"),
    (
        "vgotest1/v2",
        "v2.0.3",
        "github.com/rsc/vgotest1/v2/go.mod has non-.../v2 module path \"github.com/rsc/vgotest\" at revision v2.0.3",
    ),
    (
        "vgotest1/v2",
        "v2.0.4",
        "github.com/rsc/vgotest1/go.mod and .../v2/go.mod both have .../v2 module paths at revision v2.0.4",
    ),
    ("VT/go/mod/gitrepo1", "v2.3.4+incompatible", "resolves to version v2.0.1+incompatible (v2.3.4 is not a tag)"),
    (
        "VT/git/semver-branch.git",
        "v1.0.0",
        "resolves to version v0.1.1-0.20220202191944-09c4d8f6938c (v1.0.0 is not a tag)",
    ),
    ("VT/git/semver-branch.git", "v2.0.0+incompatible", "resolves to version v0.1.0 (v2.0.0 is not a tag)"),
    ("VT/git/semver-branch.git", "v2.0.0", "resolves to version v0.1.0 (v2.0.0 is not a tag)"),
    (
        "VT/git/semver-branch.git",
        "v3.0.0-devel",
        "resolves to version v0.1.1-0.20220203155313-d59622f6e4d7 (v3.0.0-devel is not a tag)",
    ),
    ("VT/git/v2sub.git", "v2.0.0", "module contains a go.mod file, so module path must match major version"),
    (
        "VT/git/v2sub.git",
        "v2.0.1-0.20220222205507-80beb17a1603",
        "module contains a go.mod file, so module path must match major version",
    ),
    ("VT/git/odd-tags.git", "v2.0.0+incompatible", "unknown revision v2.0.0"),
];

/// Lists of versions, with all that the table says of prefixes in them.
const LISTS: &[(&str, &[&str])] = &[
    ("vgotest1", &["v0.0.0", "v0.0.1", "v1.0.0", "v1.0.1", "v1.0.2", "v1.0.3", "v1.1.0"]),
    ("vgotest1/v2", &["v2.0.0", "v2.0.1", "v2.0.2", "v2.0.3", "v2.0.4", "v2.0.5", "v2.0.6"]),
    ("VT/git/odd-tags.git", &[]),
];

/// What the newest commit is, where no version is asked for.
const HEADS: &[(&str, &str)] = &[
    ("VT/git/commit-after-tag.git", "v1.0.1-0.20190715211727-b325d8217783"),
    ("VT/git/no-tags.git", "v0.0.0-20190715212047-e706ba1d9f6d"),
    ("VT/go/gitreposubdir", "v1.2.3"),
    ("VT/go/gitreposubdirv2/v2", "v2.0.0"),
];

fn question(path: &str, query: &str) -> Question {
    let path = match path.strip_prefix("VT/") {
        Some(rest) => format!("{VT}/{rest}"),
        None => format!("github.com/rsc/{path}"),
    };
    Question::new(path, query)
}

#[tokio::test]
async fn the_table_of_coderepo() {
    let Some(set) = Repositories::start("coderepo", |_| true).await else { return };
    let versions = VERSIONS.iter().map(|row| question(row.0, row.1));
    let heads = HEADS.iter().map(|row| question(row.0, "HEAD"));
    let errors = ERRORS.iter().map(|row| question(row.0, row.1));
    let lists = LISTS.iter().map(|row| question(row.0, ""));
    let questions: Vec<_> = versions.chain(heads).chain(errors).collect();

    let go = Go::cold(&set.world.go);
    let told = go.versions(&questions).await;
    let (good, bad) = told.split_at(VERSIONS.len() + HEADS.len());
    for (row, told) in VERSIONS.iter().zip(good) {
        let info = String::from_utf8_lossy(told.info.as_deref().unwrap_or_default());
        assert!(told.version == row.2 && info.contains(row.3), "{row:?}: {told:?}");
        assert!(row.4.is_empty() || told.sum.as_deref() == Some(row.4), "{row:?}: {told:?}");
    }
    for (row, told) in HEADS.iter().zip(&good[VERSIONS.len()..]) {
        assert_eq!(told.version, row.1, "{row:?}: {told:?}");
    }
    for (row, told) in ERRORS.iter().zip(bad) {
        assert!(told.error.as_ref().is_some_and(|error| error.contains(row.2)), "{row:?}: {told:?}");
    }
    let paths: Vec<_> = lists.clone().map(|list| list.path).collect();
    for (row, list) in LISTS.iter().zip(go.lists(&paths).await) {
        assert_eq!(list.unwrap(), row.1, "{row:?}");
    }

    let all: Vec<_> = questions.into_iter().chain(lists).collect();
    let found: Vec<_> =
        compare(&set.world.proxy, &set.world.go, &all).await.differences.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}\n{} differences", found.join("\n"), found.len());
}

#[tokio::test]
async fn no_module_is_inside_another_major_of_gopkg() {
    let Some(set) = Repositories::start("gopkg", |name| name == "gitrepo1").await else { return };
    let (git, repository) = (format!("https://{VT}/git/gitrepo1"), "gopkg.in/yaml.v2");
    for path in [repository, "gopkg.in/yaml.v2-unstable"] {
        set.world.host.go_import(path, "git", &git);
    }
    let questions = ["gopkg.in/yaml.v2", "gopkg.in/yaml.v2/abc", "gopkg.in/yaml.v2-unstable"]
        .into_iter()
        .flat_map(|path| ["", "latest", "v2.0.1", "v2.3", "master", "v2"].map(|query| Question::new(path, query)))
        .collect::<Vec<_>>();
    let found: Vec<_> = compare(&set.world.proxy, &set.world.go, &questions)
        .await
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{}\n{} differences", found.join("\n"), found.len());
}
