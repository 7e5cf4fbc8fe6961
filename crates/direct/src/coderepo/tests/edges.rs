//! What the tables leave out: each measured with Go 1.26, or a decision of ours where `go` has none.

use goproxy_engine::ErrorKind;

use super::{answer, ask, fake::Fake, module};

const M: &str = "h.x/m";
const MOD: (&str, &str) = ("go.mod", "module h.x/m\n");

async fn versions(fake: &Fake, path: &str) -> Vec<String> {
    module(fake, path).versions().await.unwrap()
}

#[tokio::test]
async fn tags_on_trees_and_blobs_are_listed_and_cannot_be_had() {
    let fake = Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[])
        .tags("aaaaaaa", &["v1.0.0", "v2.0.0"])
        .tags("7ee7ee7", &["v1.1.0", "v3.0.0"]);
    assert_eq!(versions(&fake, M).await, ["v1.0.0", "v1.1.0", "v2.0.0+incompatible", "v3.0.0+incompatible"]);
    assert_eq!(answer(&fake, M, "v1.1.0").await.unwrap_err(), "h.x/m@v1.1.0: invalid version: unknown revision v1.1.0");
    assert!(answer(&fake, M, "latest").await.unwrap_err().ends_with("unknown revision v1.1.0"));
    assert_eq!(answer(&fake, M, "v1.0.0").await.unwrap(), "v1.0.0");
}

#[tokio::test]
async fn when_all_is_retracted_latest_is_head_without_a_base() {
    let file = ("go.mod", "module h.x/m\nretract [v1.0.0, v1.9.9]\n");
    let fake = Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD])
        .tags("aaaaaaa", &["v1.0.0"])
        .commit("bbbbbbb", "2020-01-02T00:00:00Z", &["aaaaaaa"], &[file])
        .tags("bbbbbbb", &["v1.1.0"]);
    assert_eq!(answer(&fake, M, "latest").await.unwrap(), "v0.0.0-20200102000000-bbbbbbb00000");
    assert_eq!(answer(&fake, M, "v1.1.0").await.unwrap(), "v1.1.0");
    assert!(answer(&fake, M, "v1").await.unwrap_err().ends_with("no matching versions for query \"v1\""));
    assert_eq!(versions(&fake, M).await, ["v1.0.0", "v1.1.0"]);
    let all = ("go.mod", "module h.x/m\nretract [v0.0.0-0, v1.9.9]\n");
    let fake = Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[all]);
    assert!(answer(&fake, M, "latest").await.unwrap_err().contains("no matching versions"));
}

#[tokio::test]
async fn hashes() {
    let fake = Fake::default()
        .commit("5555555", "2020-01-05T00:00:00Z", &[], &[MOD])
        .commit("abcdef1", "2020-01-01T00:00:00Z", &[], &[MOD])
        .commit("abcdef12", "2020-01-02T00:00:00Z", &["abcdef1"], &[MOD])
        .commit("abcdef123", "2020-01-03T00:00:00Z", &["abcdef12"], &[MOD])
        .branch("abcdef123", "deadbeef")
        .commit("1234567a", "2020-01-04T00:00:00Z", &["abcdef123"], &[MOD])
        .branch("1234567a", "main")
        .annotated("5555555", "fedcba9", "old");
    for (query, expected) in [
        // One tip begins so, whatever the history holds.
        ("abcdef1", "v0.0.0-20200103000000-abcdef123000"),
        ("deadbeef", "v0.0.0-20200103000000-abcdef123000"),
        ("1234567", "v0.0.0-20200104000000-1234567a0000"),
        // The tag itself.
        ("fedcba9", "v0.0.0-20200105000000-555555500000"),
        ("abcdef120", "v0.0.0-20200102000000-abcdef120000"),
    ] {
        assert_eq!(answer(&fake, M, query).await.unwrap(), expected, "{query}");
    }
    for unknown in ["abcdef", "ABCDEF1", "abcdef1z", "0000000", "refs", "HEAD~1", "main^", "@", "fedcba98"] {
        let words = answer(&fake, M, unknown).await.unwrap_err();
        assert_eq!(words, format!("h.x/m@{unknown}: invalid version: unknown revision {unknown}"));
    }
    let two_tips = fake.branch("abcdef12", "other");
    assert_eq!(
        answer(&two_tips, M, "abcdef1").await.unwrap_err(),
        "h.x/m@abcdef1: invalid version: ambiguous revision abcdef1"
    );
    let deep = Fake::default()
        .commit("abcdef11", "2020-01-01T00:00:00Z", &[], &[MOD])
        .commit("abcdef12", "2020-01-02T00:00:00Z", &["abcdef11"], &[MOD])
        .commit("1234567a", "2020-01-03T00:00:00Z", &["abcdef12"], &[MOD]);
    assert!(answer(&deep, M, "abcdef1").await.unwrap_err().ends_with("unknown revision abcdef1"));
}

#[tokio::test]
async fn pseudo_versions_must_be_true() {
    let fake = Fake::default()
        .commit("aaaaaaaaaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD])
        .tags("aaaaaaaaaaaaaa", &["v0.5.0", "v0.6.0-pre"])
        .commit("bbbbbbbbbbbbbb", "2020-01-02T00:00:00Z", &["aaaaaaaaaaaaaa"], &[MOD])
        .commit("cccccccccccccc", "2020-01-03T00:00:00Z", &["aaaaaaaaaaaaaa"], &[MOD])
        .tags("cccccccccccccc", &["v0.7.0", "v0.8.0+meta"])
        .branch("cccccccccccccc", "other")
        .branch("bbbbbbbbbbbbbb", "main");
    for (version, words) in [
        ("v0.0.0-20200102000000-bbbbbbbbbbbb", ""),
        ("v0.5.1-0.20200102000000-bbbbbbbbbbbb", ""),
        ("v0.6.0-pre.0.20200102000000-bbbbbbbbbbbb", ""),
        ("v0.8.1-0.20200103000000-cccccccccccc", ""),
        ("v0.0.0-20200101000000-aaaaaaaaaaaa", ""),
        ("v0.0.0-20200102000000-bbbbbbbbbbbbb", "revision is longer than canonical (expected bbbbbbbbbbbb)"),
        ("v0.0.0-20200102000000-bbbbbbbbbbb", "revision is shorter than canonical (expected bbbbbbbbbbbb)"),
        ("v0.0.0-20200102000000-main", "does not match short name of revision (expected bbbbbbbbbbbb)"),
        ("v0.0.0-20200102000001-bbbbbbbbbbbb", "does not match version-control timestamp (expected 20200102000000)"),
        ("v0.0.0-20201302000000-bbbbbbbbbbbb", "malformed time \"20201302000000\""),
        ("v1.0.0-20200102000000-bbbbbbbbbbbb", "major version without preceding tag must be v0, not v1"),
        ("v0.0.0-0.20200102000000-bbbbbbbbbbbb", "version before v0.0.0 would have negative patch number"),
        ("v0.9.1-0.20200102000000-bbbbbbbbbbbb", "preceding tag (v0.9.0) not found"),
        ("v0.7.1-0.20200102000000-bbbbbbbbbbbb", "revision bbbbbbbbbbbb is not a descendent of preceding tag (v0.7.0)"),
        (
            "v0.8.1-0.20200102000000-bbbbbbbbbbbb",
            "revision bbbbbbbbbbbb is not a descendent of preceding tag (v0.8.0+meta)",
        ),
    ] {
        let expected = match words {
            "" => Ok(version.to_owned()),
            words => Err(format!("h.x/m@{version}: invalid pseudo-version: {words}")),
        };
        assert_eq!(answer(&fake, M, version).await, expected);
    }
    let unknown = answer(&fake, M, "v0.0.0-20200102000000-dddddddddddd").await.unwrap_err();
    assert!(unknown.ends_with("invalid version: unknown revision dddddddddddd"), "{unknown}");
}

#[tokio::test]
async fn go_mod_files_that_are_none() {
    for (text, words) in [
        ("\u{feff}module h.x/m\n", "go.mod is missing module path at revision v1.0.0"),
        ("", "go.mod is missing module path at revision v1.0.0"),
        ("module \"h.x/m\n", "go.mod is missing module path at revision v1.0.0"),
        ("module h.x/m/v1\n", "go.mod has malformed module path \"h.x/m/v1\" at revision v1.0.0"),
        ("module h.x/m/v2\n", "go.mod has post-v1 module path \"h.x/m/v2\" at revision v1.0.0"),
        ("module (\n\th.x/m\n)\n", ""),
        ("module gopkg.in/m.v5\n", ""),
        ("module elsewhere.org/x\n", ""),
    ] {
        let file = [("go.mod", text)];
        let fake = Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &file).tags("aaaaaaa", &["v1.0.0"]);
        match ask(&fake, M, "v1.0.0").await {
            Ok(revision) => assert_eq!((words, &revision.go_mod[..]), ("", text.as_bytes())),
            Err(error) => assert_eq!(error.message(), format!("h.x/m@v1.0.0: invalid version: {words}")),
        }
        assert_eq!(versions(&fake, M).await, ["v1.0.0"], "the list does not look");
    }
}

#[tokio::test]
async fn paths_that_are_no_modules_have_no_list() {
    let fake =
        Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD, ("sub/go.mod", "module h.x/m/sub\n")]);
    assert!(versions(&fake, M).await.is_empty());
    assert!(versions(&fake, "h.x/m//sub").await.is_empty());
    for absent in ["h.x/m//none", "h.x/m//v2", "h.x/m//sub/v3"] {
        let error = module(&fake, absent).versions().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.message().contains("invalid version: "), "{error}");
    }
    assert!(versions(&fake.head(None), "h.x/m//none").await.is_empty(), "without HEAD nobody knows");
}

#[tokio::test]
async fn incompatible_versions() {
    let before = Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[])
        .tags("aaaaaaa", &["v1.0.0", "v2.0.0", "v10.0.0"]);
    assert_eq!(versions(&before, M).await, ["v1.0.0", "v2.0.0+incompatible", "v10.0.0+incompatible"]);
    for (query, expected) in [
        ("latest", "v10.0.0+incompatible"),
        ("v1", "v1.0.0"),
        ("v2", "v2.0.0+incompatible"),
        ("v2.0.0", "v2.0.0+incompatible"),
        ("v2.0.0+incompatible", "v2.0.0+incompatible"),
        ("main", "v10.0.0+incompatible"),
    ] {
        assert_eq!(answer(&before, M, query).await.unwrap(), expected, "{query}");
    }
    let words = answer(&before, M, "v1.0.0+incompatible").await.unwrap_err();
    assert!(words.ends_with("+incompatible suffix not allowed: major version v1 is compatible"), "{words}");
    // The list goes back to v1 with the first go.mod there, and a major version goes with its own.
    let since = before.commit("bbbbbbb", "2020-01-02T00:00:00Z", &["aaaaaaa"], &[MOD]).tags("bbbbbbb", &["v2.1.0"]);
    assert_eq!(versions(&since, M).await, ["v1.0.0", "v10.0.0+incompatible"]);
    let module_of_v1 = since.tags("bbbbbbb", &["v1.1.0-pre"]);
    assert_eq!(versions(&module_of_v1, M).await, ["v1.0.0", "v1.1.0-pre"]);
    assert_eq!(answer(&module_of_v1, M, "latest").await.unwrap(), "v1.0.0");
}

#[tokio::test]
async fn a_pseudo_tag_below_the_root_is_no_version() {
    let fake = Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[("sub/go.mod", "module h.x/m/sub\n")])
        .tags("aaaaaaa", &["sub/v0.0.0-20200101000000-abcdefabcdef"]);
    let words = answer(&fake, "h.x/m//sub", "HEAD").await.unwrap_err();
    let expected = "h.x/m/sub@v0.0.0-20200101000000-abcdefabcdef: invalid version: \
                    reading h.x/m/sub/go.mod at revision abcdefabcdef: unknown revision abcdefabcdef";
    assert_eq!(words, expected);
}

#[tokio::test]
async fn subdirectories_of_go_import_pages() {
    let fake = Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[("go/lib/go.mod", "module h.x/m/v2\n")])
        .tags("aaaaaaa", &["go/lib/v2.0.0"]);
    let path = gomod::ModulePath::parse("h.x/m/v2").unwrap();
    let module = super::CodeRepo::new(super::Coordinates::new(&path, "h.x/m", "go/lib").unwrap(), &fake);
    assert_eq!(module.versions().await.unwrap(), ["v2.0.0"]);
    let revision = module.latest().await.unwrap();
    assert_eq!((revision.version.as_str(), revision.dir.as_str()), ("v2.0.0", "go/lib"));
    let info = String::from_utf8(revision.info("https://h.x/r").to_vec()).unwrap();
    assert!(info.contains("\"Subdir\":\"go/lib\",") && info.contains("\"Ref\":\"refs/tags/go/lib/v2.0.0\""), "{info}");
}

#[tokio::test]
async fn dates_that_no_version_can_hold() {
    let fake = Fake::default().commit("aaaaaaa", "-000001-01-01T00:00:00Z", &[], &[MOD]).tags("aaaaaaa", &["v1.0.0"]);
    for query in ["main", "v1.0.0"] {
        let words = answer(&fake, M, query).await.unwrap_err();
        assert!(words.contains("impossible date"), "{words}");
    }
}
