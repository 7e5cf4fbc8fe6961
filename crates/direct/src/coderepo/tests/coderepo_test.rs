//! The tables of `cmd/go/internal/modfetch/coderepo_test.go`, on the same histories.

use super::{answer, ask, fake::Fake, module};

fn vgotest1() -> Fake {
    let root = ("go.mod", "module \"github.com/rsc/vgotest1\" // root go.mod\n");
    let root_v2 = ("go.mod", "module \"github.com/rsc/vgotest1/v2\" // root go.mod\n");
    let v2 = ("v2/go.mod", "module \"github.com/rsc/vgotest1/v2\" // v2/go.mod\n");
    let bad_v2 = ("v2/go.mod", "module \"github.com/rsc/vgotest\" // v2/go.mod\n");
    let submod = ("submod/go.mod", "module \"github.com/vgotest1/submod\" // submod/go.mod\n");
    let head = "module \"github.com/vgotest1/v2\"\n";
    Fake::default()
        .commit("1111111111", "2018-02-19T22:21:09Z", &[], &[])
        .commit("80d85c5d4d17598a", "2018-02-19T23:10:06Z", &["1111111111"], &[])
        .tags("80d85c5d4d17598a", &["v0.0.0", "v1.0.0", "mytag"])
        .commit("45f53230a74ad275", "2018-07-19T01:21:27Z", &["1111111111"], &[])
        .tags("45f53230a74ad275", &["v2.0.0"])
        .commit("ea65f87c8f52c15e", "2018-02-19T23:14:23Z", &["80d85c5d4d17598a"], &[root_v2])
        .tags("ea65f87c8f52c15e", &["v2.0.1"])
        .commit("f7b23352af1cd750", "2018-02-19T23:15:11Z", &["ea65f87c8f52c15e"], &[root_v2])
        .tags("f7b23352af1cd750", &["v2.0.2"])
        .commit("f18795870fb14388", "2018-02-19T23:16:04Z", &["f7b23352af1cd750"], &[root_v2, bad_v2])
        .tags("f18795870fb14388", &["v2.0.3"])
        .commit("1f863feb76bc7029", "2018-02-20T00:03:38Z", &["f18795870fb14388"], &[root_v2, v2])
        .tags("1f863feb76bc7029", &["v2.0.4"])
        .commit("2f615117ce481c8e", "2018-02-20T00:03:59Z", &["1f863feb76bc7029"], &[root, v2])
        .tags("2f615117ce481c8e", &["v2.0.5"])
        .commit("5a115c66393dd8c4", "2018-02-19T23:10:28Z", &["80d85c5d4d17598a"], &[root])
        .tags("5a115c66393dd8c4", &["v0.0.1", "v1.0.1"])
        .commit("2e38a1a347ba4d9e", "2018-02-19T23:11:28Z", &["5a115c66393dd8c4"], &[root])
        .tags("2e38a1a347ba4d9e", &["v1.0.2"])
        .commit("8afe2b2efed96e08", "2018-02-19T23:12:07Z", &["2e38a1a347ba4d9e"], &[root, submod])
        .tags("8afe2b2efed96e08", &["v1.0.3", "submod/v1.0.4"])
        .commit("70fd92eaa4dacf82", "2018-02-19T23:12:59Z", &["8afe2b2efed96e08"], &[root, submod])
        .tags("70fd92eaa4dacf82", &["submod/v1.0.5"])
        .commit("b769f2de407a4db8", "2018-02-19T23:13:36Z", &["70fd92eaa4dacf82"], &[root, submod])
        .tags("b769f2de407a4db8", &["v1.1.0"])
        .commit("a01a0aef06cbd571", "2018-02-19T22:51:24Z", &["a08abb797a67"], &[("go.mod", head), ("v2/go.mod", head)])
        .tags("a01a0aef06cbd571", &["v2.0.6"])
        .commit("a08abb797a67", "2018-02-19T22:32:37Z", &["1111111111"], &[("go.mod", head), ("v2/go.mod", head)])
}

fn semver_branch() -> Fake {
    let file = ("go.mod", "module vcs-test.golang.org/git/semver-branch.git\n");
    Fake::default()
        .commit("33ea7ee36f3e", "2022-02-02T19:15:21Z", &[], &[file])
        .tags("33ea7ee36f3e", &["v0.1.0"])
        .branch("33ea7ee36f3e", "v2.0.0")
        .commit("09c4d8f6938c", "2022-02-02T19:19:44Z", &["33ea7ee36f3e"], &[file])
        .branch("09c4d8f6938c", "v1.0.0")
        .commit("d59622f6e4d7", "2022-02-03T15:53:13Z", &["09c4d8f6938c"], &[file])
        .branch("d59622f6e4d7", "v3.0.0-devel")
        .tags("d59622f6e4d7", &["v4.0.0-beta.1"])
        .branch("33ea7ee36f3e", "main")
        .head(Some("33ea7ee36f3e"))
}

fn v2sub() -> Fake {
    let v2 = ("v2/go.mod", "module vcs-test.golang.org/git/v2sub.git/v2\n\ngo 1.16\n");
    Fake::default().commit("5fcd3eaeeb39", "2022-02-22T20:53:33Z", &[], &[v2]).tags("5fcd3eaeeb39", &["v2.0.0"]).commit(
        "80beb17a16036f",
        "2022-02-22T20:55:07Z",
        &["5fcd3eaeeb39"],
        &[v2],
    )
}

fn odd_tags() -> Fake {
    Fake::default()
        .commit("12d19af204585b", "2022-02-23T18:48:02Z", &[], &[])
        .tags("12d19af204585b", &["v2.0.0+incompatible"])
        .commit(
            "9d863d525bbfcc",
            "2022-02-23T18:48:35Z",
            &["12d19af204585b"],
            &[("go.mod", "module vcs-test.golang.org/git/odd-tags.git\n")],
        )
        .tags("9d863d525bbfcc", &["v0.1.0+build-metadata"])
        .commit(
            "cce3d0f5d2ec85",
            "2022-02-23T19:41:55Z",
            &["9d863d525bbfcc"],
            &[("go.mod", "module vcs-test.golang.org/git/odd-tags.git/v3\n")],
        )
        .tags("cce3d0f5d2ec85", &["v3.0.0-20220223184802-12d19af20458"])
        .branch("cce3d0f5d2ec85", "v3-dev")
        .branch("9d863d525bbfcc", "main")
        .head(Some("9d863d525bbfcc"))
}

fn gitrepo1() -> Fake {
    Fake::default()
        .commit("ede458df7cd0", "2018-04-17T19:43:22Z", &[], &[])
        .tags("ede458df7cd0", &["v1.2.3"])
        .annotated("ede458df7cd0", "b004e48a345a86", "v1.2.4-annotated")
        .branch("ede458df7cd0", "master")
        .commit("76a00fb249b7", "2018-04-17T19:45:48Z", &["ede458df7cd0"], &[])
        .tags("76a00fb249b7", &["v2.3", "v2.0.1"])
        .branch("76a00fb249b7", "v2.3.4")
        .commit("97f6aa59c81c", "2018-04-17T20:00:19Z", &["76a00fb249b7"], &[])
        .commit("9d02800338b8", "2018-04-17T20:00:32Z", &["97f6aa59c81c"], &[])
        .tags("9d02800338b8", &["v2.0.2"])
        .branch("9d02800338b8", "v2")
        .commit("a8205f853c29", "2018-04-17T20:16:52Z", &["ede458df7cd0"], &[])
        .branch("a8205f853c29", "v3")
        .branch("ede458df7cd0", "main")
        .head(Some("ede458df7cd0"))
}

/// Rows: path, query, and the version or what the error says.
async fn check(fake: &Fake, rows: &[(&str, &str, &str)]) {
    for (path, query, expected) in rows {
        let got = answer(fake, path, query).await;
        match got {
            Ok(version) => assert_eq!(version, *expected, "{path} {query}"),
            Err(words) => assert!(words.ends_with(expected), "{path} {query}: {words}"),
        }
    }
}

#[tokio::test]
async fn vgotest1_is_read_as_go_does() {
    let fake = vgotest1();
    let m = "github.com/rsc/vgotest1";
    let (v2, submod, v54321) = (&*format!("{m}//v2"), &*format!("{m}//submod"), &*format!("{m}//v54321"));
    check(
        &fake,
        &[
            (m, "v0.0.0", "v0.0.0"),
            (m, "v0.0.0-20180219231006-80d85c5d4d17", "v0.0.0-20180219231006-80d85c5d4d17"),
            (
                m,
                "v0.0.1-0.20180219231006-80d85c5d4d17",
                "vgotest1@v0.0.1-0.20180219231006-80d85c5d4d17: invalid pseudo-version: tag (v0.0.0) found on revision 80d85c5d4d17 is already canonical, so should not be replaced with a pseudo-version derived from that tag",
            ),
            (m, "v1.0.0", "v1.0.0"),
            (v2, "v2.0.0", "vgotest1/v2@v2.0.0: invalid version: missing github.com/rsc/vgotest1/go.mod and .../v2/go.mod at revision v2.0.0"),
            (m, "80d85c5", "v1.0.0"),
            (m, "mytag", "v1.0.0"),
            (v2, "45f53230a", "vgotest1/v2@v2.0.0: invalid version: missing github.com/rsc/vgotest1/go.mod and .../v2/go.mod at revision v2.0.0"),
            (
                v54321,
                "80d85c5",
                "@v54321.0.0-20180219231006-80d85c5d4d17: invalid version: missing github.com/rsc/vgotest1/go.mod and .../v54321/go.mod at revision 80d85c5d4d17",
            ),
            (submod, "v1.0.0", "submod@v1.0.0: invalid version: unknown revision submod/v1.0.0"),
            (submod, "v1.0.3", "unknown revision submod/v1.0.3"),
            (submod, "v1.0.4", "v1.0.4"),
            (m, "v1.1.0", "v1.1.0"),
            (v2, "v2.0.1", "v2.0.1"),
            (v2, "v2.0.3", "github.com/rsc/vgotest1/v2/go.mod has non-.../v2 module path \"github.com/rsc/vgotest\" at revision v2.0.3"),
            (v2, "v2.0.4", "github.com/rsc/vgotest1/go.mod and .../v2/go.mod both have .../v2 module paths at revision v2.0.4"),
            (v2, "v2.0.5", "v2.0.5"),
        ],
    )
    .await;
    let revision = ask(&fake, v2, "v2.0.5").await.unwrap();
    assert_eq!(
        (revision.dir.as_str(), &revision.go_mod[..]),
        ("v2", &b"module \"github.com/rsc/vgotest1/v2\" // v2/go.mod\n"[..])
    );
    let info = revision.info("https://h.x/r");
    assert!(!info.windows(6).any(|w| w == b"Subdir") && info.ends_with(b"\"Ref\":\"refs/tags/v2.0.5\"}}"), "{info:?}");
    let revision = ask(&fake, submod, "v1.0.4").await.unwrap();
    assert_eq!(revision.dir, "submod");
    assert!(revision.info("u").ends_with(b"\"Ref\":\"refs/tags/submod/v1.0.4\"}}"));
    assert_eq!(ask(&fake, m, "v1.0.0").await.unwrap().go_mod, "module github.com/rsc/vgotest1\n");

    let list = module(&fake, m).versions().await.unwrap();
    assert_eq!(list, ["v0.0.0", "v0.0.1", "v1.0.0", "v1.0.1", "v1.0.2", "v1.0.3", "v1.1.0"]);
    let list = module(&fake, v2).versions().await.unwrap();
    assert_eq!(list, ["v2.0.0", "v2.0.1", "v2.0.2", "v2.0.3", "v2.0.4", "v2.0.5", "v2.0.6"]);
    for (path, words) in [
        (
            m,
            "@v0.0.0-20180219223237-a08abb797a67: invalid version: go.mod has post-v0 module path \"github.com/vgotest1/v2\" at revision a08abb797a67",
        ),
        (
            v2,
            "@v2.0.0-20180219223237-a08abb797a67: invalid version: github.com/rsc/vgotest1/go.mod and .../v2/go.mod both have .../v2 module paths at revision a08abb797a67",
        ),
    ] {
        let error = answer(&fake, path, "HEAD").await.unwrap_err();
        assert!(error.ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn branches_that_look_like_versions() {
    let fake = semver_branch();
    let m = "vcs-test.golang.org/git/semver-branch.git";
    check(
        &fake,
        &[
            (m, "v1.0.0", "resolves to version v0.1.1-0.20220202191944-09c4d8f6938c (v1.0.0 is not a tag)"),
            (m, "v2.0.0+incompatible", "resolves to version v0.1.0 (v2.0.0 is not a tag)"),
            (m, "v2.0.0", "resolves to version v0.1.0 (v2.0.0 is not a tag)"),
            (m, "v3.0.0-devel", "resolves to version v0.1.1-0.20220203155313-d59622f6e4d7 (v3.0.0-devel is not a tag)"),
        ],
    )
    .await;
    let fake = gitrepo1();
    let m = "vcs-test.golang.org/go/mod/gitrepo1";
    check(
        &fake,
        &[
            (m, "master", "v1.2.4-annotated"),
            (m, "v2.3.4+incompatible", "resolves to version v2.0.1+incompatible (v2.3.4 is not a tag)"),
            (m, "b004e48", "v1.2.4-annotated"),
            (m, "v2.0.1", "v2.0.1+incompatible"),
        ],
    )
    .await;
}

#[tokio::test]
async fn incompatible_beside_a_v2_directory() {
    let fake = v2sub();
    let m = "vcs-test.golang.org/git/v2sub.git";
    let major = "module contains a go.mod file, so module path must match major version (\"vcs-test.golang.org/git/v2sub.git/v2\")";
    check(
        &fake,
        &[
            (m, "80beb17a1603", "v0.0.0-20220222205507-80beb17a1603"),
            (m, "v2.0.0", major),
            (m, "v2.0.1-0.20220222205507-80beb17a1603", major),
            (m, "v2.0.0+incompatible", "v2.0.0+incompatible"),
            (
                m,
                "v2.0.1-0.20220222205507-80beb17a1603+incompatible",
                "v2.0.1-0.20220222205507-80beb17a1603+incompatible",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn tags_that_are_no_versions() {
    let fake = odd_tags();
    let m = "vcs-test.golang.org/git/odd-tags.git";
    check(
        &fake,
        &[
            (m, "v0.1.0+build-metadata", "v0.1.1-0.20220223184835-9d863d525bbf"),
            (m, "9d863d525bbf", "v0.1.1-0.20220223184835-9d863d525bbf"),
            (m, "latest", "v0.1.1-0.20220223184835-9d863d525bbf"),
            (m, "v2.0.0+incompatible", "unknown revision v2.0.0"),
            (m, "12d19af20458", "v2.0.1-0.20220223184802-12d19af20458+incompatible"),
            (m, "v3.0.0-20220223184802-12d19af20458", "v3.0.0-20220223184802-12d19af20458+incompatible"),
        ],
    )
    .await;
    assert!(module(&fake, m).versions().await.unwrap().is_empty());
    let tags = ["huh?", "1.0.1", "v1", "v0.1", "v1.🐕.🐄", "v1.0.1"];
    let fake = Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[]).tags("aaaaaaa", &tags);
    assert_eq!(module(&fake, "h.x/m").versions().await.unwrap(), ["v1.0.1"]);
}

#[tokio::test]
async fn gopkg_in() {
    let file = ("go.mod", "module gopkg.in/yaml.v2\n");
    let yaml =
        Fake::default().commit("d670f9405373", "2018-01-09T11:43:31Z", &[], &[file]).tags("d670f9405373", &["v2.0.0"]);
    check(&yaml, &[("gopkg.in/yaml.v2", "d670f940", "v2.0.0"), ("gopkg.in/yaml.v2", "v2", "v2.0.0")]).await;
    let check_v1 = Fake::default().commit("20d25e280405", "2016-12-08T18:13:25Z", &[], &[]);
    let pseudo = "v1.0.0-20161208181325-20d25e280405";
    check(&check_v1, &[("gopkg.in/check.v1", "20d25e280405", pseudo), ("gopkg.in/check.v1", pseudo, pseudo)]).await;
    let lumberjack = Fake::default()
        .commit("a96e63847dc3", "2017-05-31T16:03:50Z", &[], &[("go.mod", "module gopkg.in/natefinch/lumberjack.v2\n")])
        .tags("a96e63847dc3", &["v2.1"]);
    let m = "gopkg.in/natefinch/lumberjack.v2";
    check(&lumberjack, &[(m, "a96e638", "v2.0.0-20170531160350-a96e63847dc3")]).await;
    let unstable =
        Fake::default().commit("abcdefabcdef", "2020-01-01T00:00:00Z", &[], &[]).tags("abcdefabcdef", &["v2.0.0"]);
    let m = "gopkg.in/x.v2-unstable";
    assert!(module(&unstable, m).versions().await.unwrap().is_empty());
    check(&unstable, &[(m, "latest", "v2.0.0"), (m, "v2.0.0", "v2.0.0")]).await;
}

#[tokio::test]
async fn directories_and_latest() {
    let file = ("go.mod", "module vcs-test.golang.org/git/commit-after-tag.git\n");
    let after_tag = Fake::default()
        .commit("8da67e0", "2019-07-15T21:16:47Z", &[], &[file])
        .tags("8da67e0", &["v1.0.0"])
        .commit("b325d8217783", "2019-07-15T21:17:27Z", &["8da67e0"], &[file]);
    let m = "vcs-test.golang.org/git/commit-after-tag.git";
    check(&after_tag, &[(m, "HEAD", "v1.0.1-0.20190715211727-b325d8217783"), (m, "latest", "v1.0.0")]).await;
    let buggy = Fake::default().commit("c4d4236f9242", "2018-01-01T00:00:00Z", &[], &[]);
    check(
        &buggy,
        &[(
            "github.com/rsc/quote//buggy",
            "c4d4236f",
            "missing github.com/rsc/quote/buggy/go.mod at revision c4d4236f9242",
        )],
    )
    .await;
    let empty = Fake::default();
    check(
        &empty,
        &[("github.com/rsc/empty", "latest", "module github.com/rsc/empty: no matching versions for query \"latest\"")],
    )
    .await;
    assert!(module(&empty, "github.com/rsc/empty").versions().await.unwrap().is_empty());
}
