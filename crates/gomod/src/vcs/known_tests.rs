use super::*;

fn url(path: &str) -> Option<(Vcs, String, String)> {
    match known(path) {
        Ok(Some(Known { vcs, root, location: Location::Url(url) })) => Some((vcs, root, url)),
        _ => None,
    }
}

/// The paths of Go's TestRepoRootForImportPath that need no network, and more of the kind.
#[test]
fn hosts_that_everybody_knows() {
    for (path, vcs, root) in [
        ("github.com/golang/groupcache", Vcs::Git, "github.com/golang/groupcache"),
        ("github.com/golang/groupcache/lru/x_y/v2", Vcs::Git, "github.com/golang/groupcache"),
        ("github.com/a/b.go", Vcs::Git, "github.com/a/b.go"),
        ("github.com/a/b/c.git", Vcs::Git, "github.com/a/b"),
        ("hub.jazz.net/git/user1/pkgname", Vcs::Git, "hub.jazz.net/git/user1/pkgname"),
        ("hub.jazz.net/git/user1/pkgname/submodule/submodule/submodule", Vcs::Git, "hub.jazz.net/git/user1/pkgname"),
        ("hub.jazz.net/git/user/pkg.name", Vcs::Git, "hub.jazz.net/git/user/pkg.name"),
        ("git.openstack.org/openstack/swift", Vcs::Git, "git.openstack.org/openstack/swift"),
        ("git.openstack.org/openstack/swift.git", Vcs::Git, "git.openstack.org/openstack/swift.git"),
        ("git.openstack.org/openstack/swift/go/hummingbird", Vcs::Git, "git.openstack.org/openstack/swift"),
        ("git.apache.org/package-name.git", Vcs::Git, "git.apache.org/package-name.git"),
        ("git.apache.org/package-name_2.x.git/path/to/lib", Vcs::Git, "git.apache.org/package-name_2.x.git"),
        ("chiselapp.com/user/kyle/repository/fossilgg", Vcs::Fossil, "chiselapp.com/user/kyle/repository/fossilgg"),
        ("bitbucket.org/workspace/pkgname", Vcs::Git, "bitbucket.org/workspace/pkgname"),
    ] {
        assert_eq!(url(path), Some((vcs, root.to_owned(), format!("https://{root}"))), "{path}");
    }
}

#[test]
fn paths_that_a_known_host_cannot_have() {
    for (path, words) in [
        ("github.com", "invalid github.com import path \"github.com\""),
        ("github.com/a", "invalid github.com import path"),
        ("github.com/a/b~c", "invalid github.com import path"),
        ("github.com/user/unicode/\u{438}", "invalid github.com import path"),
        ("github.com/a/b.git", "invalid version control suffix in github.com/ path"),
        ("github.com/a/b.hg/c", "invalid version control suffix in github.com/ path"),
        ("bitbucket.org/a/b.bzr", "invalid version control suffix in bitbucket.org/ path"),
        ("hub.jazz.net/git/User 1/pkgname", "invalid hub.jazz.net/git import path"),
        ("hub.jazz.net/git/user1/pkg name", "invalid hub.jazz.net/git import path"),
        ("hub.jazz.net/git/user.1/pkgname", "invalid hub.jazz.net/git import path"),
        ("hub.jazz.net/git/USER/pkgname", "invalid hub.jazz.net/git import path"),
        ("hub.jazz.net/git/a/b.fossil", "invalid version control suffix in hub.jazz.net/git/ path"),
        ("git.openstack.org", "invalid git.openstack.org import path"),
        ("git.openstack.org/openstack", "invalid git.openstack.org import path"),
        ("git.apache.org/package name/path/to/lib", "invalid git.apache.org import path"),
        ("git.apache.org/package-name/path/to/lib", "invalid git.apache.org import path"),
        ("git.apache.org/Name.git", "invalid git.apache.org import path"),
        ("chiselapp.com/kyle/repository/fossilgg", "invalid chiselapp.com import path"),
        ("chiselapp.com/user/kyle/fossilgg", "invalid chiselapp.com import path"),
        ("chiselapp.com/user/kyle/repository/fossilgg/sub", "invalid chiselapp.com import path"),
        ("example.net/x", "no modules on example.net"),
        ("rsc.io", "rsc.io is not a module"),
    ] {
        let error = known(path).expect_err(path);
        assert!(error.starts_with(words), "{path}: {error}");
    }
}

#[test]
fn paths_that_need_a_page() {
    for path in [
        "hub.jazz.net",
        "hubajazz.net",
        "hub2.jazz.net",
        "hub.jazz.net/someotherprefix/user1/pkgname",
        "gitbapache.org",
        "rsc.io/quote",
        "example.com/x",
        "example.com/x.gitlab",
        "example.com/~.git",
        "x.git",
        "gopkg.in/yaml.v2",
        "example.com/a~b/x.git",
        "example.com/a~b/foo/x.git",
    ] {
        assert_eq!(known(path), Ok(None), "{path}");
    }
}

#[test]
fn the_first_element_that_ends_like_a_repository_is_the_root() {
    for (path, vcs, root, repo) in [
        ("example.com/x.git", Vcs::Git, "example.com/x.git", "example.com/x"),
        ("example.com/a/b.git/sub/v2", Vcs::Git, "example.com/a/b.git", "example.com/a/b"),
        ("example.com/a.hg/b.git", Vcs::Hg, "example.com/a.hg", "example.com/a"),
        ("example.com/a.hg.git", Vcs::Git, "example.com/a.hg.git", "example.com/a.hg"),
        ("example.com/~u/b.svn", Vcs::Svn, "example.com/~u/b.svn", "example.com/~u/b"),
        ("example.com/b.fossil/~x", Vcs::Fossil, "example.com/b.fossil", "example.com/b"),
        ("example.com/B.bzr", Vcs::Bzr, "example.com/B.bzr", "example.com/B"),
        ("x.git/y.git", Vcs::Git, "x.git/y.git", "x.git/y"),
        // Not anchored: no prefix of the path.
        ("example.com/a~b.org/x.git", Vcs::Git, "b.org/x.git", "b.org/x"),
        ("example.com/a~b/foo.com/x.git/y", Vcs::Git, "foo.com/x.git", "foo.com/x"),
    ] {
        let location = Location::Schemeless(repo.to_owned());
        assert_eq!(known(path), Ok(Some(Known { vcs, root: root.to_owned(), location })), "{path}");
    }
}
