//! What the protocol has, what clients send that it has not, and what nobody but an attacker sends.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A route as `kind path@what`, an error as its status and text.
fn show(raw_path: &str, prefix: &str) -> String {
    match parse(raw_path, prefix) {
        Ok(Route::Module(ModuleRequest { path, what, cached_only })) => {
            let what = match what {
                What::List => format!("list {path}"),
                What::Latest => format!("latest {path}"),
                What::Query(query) => format!("query {path} {query}"),
                What::Info(module) => format!("info {module}"),
                What::Mod(module) => format!("mod {module}"),
                What::Zip(module) => format!("zip {module}"),
            };
            if cached_only { format!("cached {what}") } else { what }
        }
        Ok(Route::SumDb(SumRequest { name, what })) => match what {
            SumWhat::Supported => format!("{name} supported"),
            SumWhat::Latest => format!("{name} latest"),
            SumWhat::Lookup(module) => format!("{name} lookup {module}"),
            SumWhat::Tile(tile) => format!("{name} {tile}"),
        },
        Err(RouteError::NotFound(text)) => format!("404 {text}"),
        Err(RouteError::BadRequest(text)) => format!("400 {text}"),
        Err(RouteError::TooLong) => "414".to_owned(),
    }
}

/// The one spelling of a route, without prefix.
fn spelling(route: &Route) -> String {
    match route {
        Route::Module(ModuleRequest { path, what, cached_only }) => {
            let file = match what {
                What::List => "v/list".to_owned(),
                What::Latest => "latest".to_owned(),
                What::Query(query) => format!("v/{}.info", query.escaped()),
                What::Info(module) => format!("v/{}.info", module.version().escaped()),
                What::Mod(module) => format!("v/{}.mod", module.version().escaped()),
                What::Zip(module) => format!("v/{}.zip", module.version().escaped()),
            };
            format!("{}/{}/@{file}", if *cached_only { "/cached-only" } else { "" }, path.escaped())
        }
        Route::SumDb(SumRequest { name, what }) => match what {
            SumWhat::Supported => format!("/sumdb/{name}/supported"),
            SumWhat::Latest => format!("/sumdb/{name}/latest"),
            SumWhat::Lookup(module) => {
                format!("/sumdb/{name}/lookup/{}@{}", module.path().escaped(), module.version().escaped())
            }
            SumWhat::Tile(tile) => format!("/sumdb/{name}/{tile}"),
        },
    }
}

#[test]
fn module_files() {
    let table = [
        ("/a.b/c/@v/list", "list a.b/c"),
        ("/a.b/@v/list", "list a.b"),
        ("/a.b/c/@latest", "latest a.b/c"),
        ("/a.b/c/@v/v1.0.0.info", "info a.b/c@v1.0.0"),
        ("/a.b/c/@v/v1.0.0.mod", "mod a.b/c@v1.0.0"),
        ("/a.b/c/@v/v1.0.0.zip", "zip a.b/c@v1.0.0"),
        ("/a.b/c/v2/@v/v2.0.0-rc.1.zip", "zip a.b/c/v2@v2.0.0-rc.1"),
        ("/gopkg.in/yaml.v2/@v/v2.4.0.mod", "mod gopkg.in/yaml.v2@v2.4.0"),
        (
            "/golang.org/toolchain/@v/v0.0.1-go1.27.3.linux-amd64.zip",
            "zip golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
        ),
        // Escapes as real clients send them: `!` encoded or not, `+` raw or encoded, in either case of hex digits.
        ("/github.com/!azure/!x/@v/v1.0.0-!r!c1.info", "info github.com/Azure/X@v1.0.0-RC1"),
        ("/github.com/%21azure/%21x/@v/v1.0.0-%21r%21c1.info", "info github.com/Azure/X@v1.0.0-RC1"),
        ("/a.b/c/@v/v2.0.0+incompatible.zip", "zip a.b/c@v2.0.0+incompatible"),
        ("/a.b/c/@v/v2.0.0%2Bincompatible.zip", "zip a.b/c@v2.0.0+incompatible"),
        ("/a.b/c/@v/v2.0.0%2bincompatible.zip", "zip a.b/c@v2.0.0+incompatible"),
        ("/%67ithub.com/c/d/%40v/list", "list github.com/c/d"),
        // Queries.
        ("/a.b/c/@v/master.info", "query a.b/c master"),
        ("/a.b/c/@v/%21h%21e%21a%21d.info", "query a.b/c HEAD"),
        ("/a.b/c/@v/v1.info", "query a.b/c v1"),
        ("/a.b/c/@v/v1.2.info", "query a.b/c v1.2"),
        ("/a.b/c/@v/deadbeef.info", "query a.b/c deadbeef"),
        ("/a.b/c/@v/v1.2.3+meta.info", "query a.b/c v1.2.3+meta"),
        ("/a.b/c/@v/a%20b.info", "query a.b/c a b"),
        ("/a.b/c/@v/v2.0.0.info", "query a.b/c v2.0.0"),
        ("/a.b/c/v2/@v/v1.0.0.info", "query a.b/c/v2 v1.0.0"),
        ("/a.b/c/@v/v1.0.0.zip.info", "query a.b/c v1.0.0.zip"),
        ("/a.b/c/@v/list.info", "query a.b/c list"),
    ];
    for (path, want) in table {
        assert_eq!(show(path, ""), want, "{path}");
    }
}

#[test]
fn absent_files_say_what_the_original_said() {
    let not_canonical = |v: &str| format!("404 version {v} is not in canonical form");
    let table = [
        ("/", "404 no such path".to_owned()),
        ("/favicon.ico", "404 no such path".to_owned()),
        ("/a.b/c", "404 no such path".to_owned()),
        ("/@v/list", "404 no such path".to_owned()),
        ("/a.b/c@v/list", "404 no such path".to_owned()),
        ("/a.b/c/@v", "404 request not recognized".to_owned()),
        ("/a.b/c/@x/list", "404 request not recognized".to_owned()),
        ("/a.b/c/@latest.info", "404 request not recognized".to_owned()),
        // The original took this for v/v1.0.0.info.
        ("/a.b/c/@v1.0.0.info", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/v1.0.0", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/v1.0.0.ziphash", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/v1.0.0.ZIP", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/.zip", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/feature/x.info", "404 request not recognized".to_owned()),
        ("/a.b/c/@v/latest.info", "404 version latest is disallowed".to_owned()),
        ("/a.b/c/@v/latest.zip", "404 version latest is disallowed".to_owned()),
        ("/a.b/c/@v/upgrade.info", "404 version upgrade is disallowed".to_owned()),
        ("/a.b/c/@v/patch.info", "404 version patch is disallowed".to_owned()),
        ("/a.b/c/@v/v1.mod", not_canonical("v1")),
        ("/a.b/c/@v/master.zip", not_canonical("master")),
        ("/a.b/c/@v/v1.0.0+meta.zip", not_canonical("v1.0.0+meta")),
        ("/a.b/c/@v/v1.0.0.zip.zip", not_canonical("v1.0.0.zip")),
        ("/a.b/c/@v/v2.0.0.mod", "404 a.b/c@v2.0.0: invalid version: should be v0 or v1, not v2".to_owned()),
        ("/a.b/c/v2/@v/v1.0.0.zip", "404 a.b/c/v2@v1.0.0: invalid version: should be v2, not v1".to_owned()),
        ("/a.b/c/@v/%3E=v1.0.0.info", "404 invalid escaped version \">=v1.0.0\": invalid char '>'".to_owned()),
        (
            "/a.b/c/@v/--upload-pack=x.info",
            "404 version \"--upload-pack=x\" invalid: disallowed version string".to_owned(),
        ),
    ];
    for (path, want) in table {
        assert_eq!(show(path, ""), want, "{path}");
    }
}

#[test]
fn prefixes() {
    let table = [
        ("/go/a.b/c/@v/list", "/go", "list a.b/c"),
        ("/go/sumdb/sum.golang.org/supported", "/go", "sum.golang.org supported"),
        ("/go/cached-only/a.b/c/@latest", "/go", "cached latest a.b/c"),
        ("/x/y/a.b/c/@v/list", "/x/y", "list a.b/c"),
        ("/a.b/c/@v/list", "/go", "404 no such path"),
        ("/gopher/a.b/@v/list", "/go", "404 no such path"),
        ("/go", "/go", "404 no such path"),
        ("/go/", "/go", "404 no such path"),
        ("", "", "404 no such path"),
        ("*", "", "404 no such path"),
        ("http://evil/a.b/@v/list", "", "404 no such path"),
        ("/cached-only/a.b/c/@v/v1.0.0.zip", "", "cached zip a.b/c@v1.0.0"),
        ("/cached-only/sumdb/sum.golang.org/latest", "", "sum.golang.org latest"),
        ("/cached-only", "", "404 no such path"),
    ];
    for (path, prefix, want) in table {
        assert_eq!(show(path, prefix), want, "{path}");
    }
    assert!(show("/cached-only/cached-only/a.b/c/@v/list", "").starts_with("404 "));
}

#[test]
fn checksum_database_has_four_kinds_of_files() {
    let db = "sum.golang.org";
    let served = [
        ("supported", "supported"),
        ("latest", "latest"),
        ("lookup/github.com/!azure/x@v1.0.0-!r!c1", "lookup github.com/Azure/x@v1.0.0-RC1"),
        ("lookup/a.b/c@v2.0.0+incompatible", "lookup a.b/c@v2.0.0+incompatible"),
        (
            "lookup/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
            "lookup golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
        ),
        ("tile/8/0/x001/234", "tile/8/0/x001/234"),
        ("tile/8/1/003.p/17", "tile/8/1/003.p/17"),
        ("tile/8/data/x001/234", "tile/8/data/x001/234"),
    ];
    for (file, want) in served {
        assert_eq!(show(&format!("/sumdb/{db}/{file}"), ""), format!("{db} {want}"));
    }
    let absent = [
        "",
        "tile",
        "tile/8",
        "tile/8/0",
        "tile/8/0/names",
        "tile/8/0/1234",
        "tile/8/0/x001",
        "tile/8/0/001.p/256",
        "tile/8/0/001.p/0",
        "tile/8/0/001/x",
        "tile/8/-1/001",
        "tile/31/0/001",
        "tile/8/64/001",
        "tile/08/0/001",
        "lookup",
        "lookup/a.b/c",
        "lookup/a.b/c@",
        "lookup/a.b/c@v1",
        "lookup/a.b/c@master",
        "lookup/a.b/c@v1.0.0@v1.0.0",
        "lookup/a.b/c@v2.0.0",
        "lookup/a.b/c@v1.0.0/go.mod",
        "lookup/A.b/c@v1.0.0",
        "lookup/../x@v1.0.0",
        "supported/x",
        "Supported",
        "latest/",
        "x",
        "internal/secret-name",
        "lookup//a.b/c@v1.0.0",
    ];
    for file in absent {
        let got = show(&format!("/sumdb/{db}/{file}"), "");
        assert!(got.starts_with("40"), "{file}: {got}");
    }
    assert_eq!(show("/sumdb/sum.golang.org", ""), "404 request not recognized");
    assert_eq!(show("/sumdb/localhost:8080/latest", ""), "localhost:8080 latest");
    for name in ["Sum.golang.org", "a@b", "a%20b", "-x", ".x", "x.", "a..b", "a:b", "a:", ":1", "a:1:2", "a%3fb"] {
        let got = show(&format!("/sumdb/{name}/supported"), "");
        assert!(got.starts_with("404 "), "{name}: {got}");
    }
}

/// Everything here is refused, and nothing asks a source.
#[test]
fn threats_are_refused() {
    let refused = [
        // Out of the cache.
        "/x/@v/../../../../../../secret/creds.zip",
        "/a.b/x/@v/%2e%2e/%2e%2e/creds.zip",
        "/a.b/x/@v/%2E%2E%2F%2E%2E%2Fcreds.zip",
        "/a.b/x/@v/..%2f..%2fcreds.zip",
        "/a.b/x/@v/..%5c..%5ccreds.zip",
        "/a.b/x/@v/..\\..\\creds.zip",
        "/a.b/x/@v/%252e%252e%252fcreds.zip",
        "/../a.b/c/@v/list",
        // Not clean.
        "/%2F%2F%2F..%2F..%2Fetc%2Fpasswd",
        "//etc/passwd",
        "/./a.b/c/@v/list",
        "/a.b//c/@v/list",
        "/a.b/c/@v//list",
        "/a.b/c/@v/list/",
        "//a.b/c/@v/list",
        // Another spelling of a private name.
        "/./github.com/corp/p/@v/list",
        "//github.com/corp/p/@v/list",
        "/github.com/corp/p%2Fq/@v/list",
        "/github.com/corp%2fp/@v/list",
        // Tricks in the file name.
        "/a.b/c/@v/v1.0.0.zip%00.mod",
        "/a.b/c/@v/v1.0.0%0d%0aX:1.info",
        "/a.b/c/@v/v1.0.0%7f.info",
        "/a.b/c/@v/v1.0.0\t.info",
        "/a.b/c/@v/v1.0.0%.info",
        "/a.b/c/@v/v1.0.0%2.info",
        "/a.b/c/@v/v1.0.0%zz.info",
        "/a.b/c/@v/v1.0.0%+1.info",
        "/a.b/c/@v/100%25.info",
    ];
    for path in refused {
        let got = show(path, "");
        assert!(got.starts_with("400 bad request path: "), "{path}: {got}");
    }
    // Capitals are the same module however they are sent.
    assert_eq!(show("/github.com/!my!org/priv/@v/list", ""), "list github.com/MyOrg/priv");
}

/// What no module and no file can be called does not exist.
#[test]
fn names_that_are_none() {
    let absent = [
        // Broken escapes; what follows a broken module is not looked at.
        "/github.com/Azure/x/@v/list",
        "/github.com/a!/x/@v/list",
        "/github.com/!!a/x/@v/list",
        "/github.com/!1/x/@v/list",
        "/github.com/a/x/@v/v1.0.0-RC1.info",
        "/github.com/a/%C3%A9/@v/list",
        "/github.com/a/é/@v/list",
        // No such files.
        "/a.b/c/@v/v1.0.0.ZIP",
        "/a.b/c/@v/.zip",
        "/a.b/c/@v/latest.info",
        "/a.b/c/@v/upgrade.info",
        "/a.b/c/@v/v1.0.0.zip.zip",
        // No module paths.
        "/con/x/@v/list",
        "/a.b/nul.txt/@v/list",
        "/a.b/c./@v/list",
        "/a.b/~1/@v/list",
        "/-x.com/a/@v/list",
        "/a/b/@v/list",
        "/a.b/c/v1/@v/list",
        "/gopkg.in/yaml/@v/list",
        "/a.b/c%20d/@v/list",
        "/a.b/c+d/@v/list",
    ];
    for path in absent {
        let got = show(path, "");
        assert!(got.starts_with("404 "), "{path}: {got}");
    }
}

/// Long paths cost nothing.
#[test]
fn long_paths_are_refused() {
    for size in [4097, 8 << 10, 64 << 10, 1 << 20] {
        assert_eq!(show(&format!("/a.b/{}", "a".repeat(size)), ""), "414");
    }
    assert_eq!(show(&"!a".repeat(10_000), ""), "414");
    assert_eq!(show(&"/a".repeat(2_000), ""), "414");
    assert_eq!(show(&"/a".repeat(1_000), ""), "404 no such path");
    let long = format!("/a.b/{}/@v/list", "a".repeat(MAX_ELEMENT + 1));
    assert_eq!(show(&long, ""), "404 no such path: path element too long");
    let fits = format!("/a.b/{}/@v/list", "a".repeat(MAX_ELEMENT));
    assert!(show(&fits, "").starts_with("list "));
    let deep = format!("/a.b{}/@v/list", "/a".repeat(1_000));
    assert!(show(&deep, "").starts_with("list "));
    // Encoding triples the length: what counts for the file system is what is left after decoding.
    let encoded = format!("/a.b{}/@v/list", "/%21a%21b".repeat(450));
    assert!(encoded.len() > MAX_DECODED && show(&encoded, "").starts_with("list a.b/AB/"));
}

/// The path decoded without any judgement, as the other side of the round trip.
fn plainly_decoded(raw: &str) -> String {
    let mut bytes = raw.bytes();
    let mut out = Vec::new();
    while let Some(b) = bytes.next() {
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).unwrap_or_default() as u8;
        out.push(if b == b'%' { hex(bytes.next()) * 16 + hex(bytes.next()) } else { b });
    }
    String::from_utf8_lossy(&out).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_string_is_read_without_panic(path in "\\PC*", prefix in "(/[a-z]{1,3})?") {
        let _ = parse(&path, &prefix);
    }

    /// Good and bad pieces put together: what is accepted is spelt as it was sent.
    #[test]
    fn a_route_has_one_spelling(
        start in select(&["", "", "/cached-only", "/sumdb/s.org/lookup", "/sumdb/s.org", "/"]),
        module in select(&["/a.b", "/a.b", "/%61.b", "/gopkg.in/c.v1", "/A.b", "/a.b/%2e%2e", ""]),
        elements in vec(select(&["/c", "/d", "/!c", "/%21c", "/v2", "/c!", "/C", "%2Fc", "/", "/~1"]), 0..3),
        middle in select(&["/@v/", "/@v/", "/%40v/", "@", "/@", "//@v/"]),
        version in select(&["v1.0.0", "v1.0.0-%21r", "v2.0.0+incompatible", "v2.0.0%2bx", "v1", "x%20y", "é", ""]),
        end in select(&[".info", ".info", ".mod", ".zip", "", "list", "latest", "/"]),
    ) {
        let path = format!("{start}{module}{}{middle}{version}{end}", elements.concat());
        if let Ok(route) = parse(&path, "") {
            prop_assert_eq!(spelling(&route), plainly_decoded(&path));
        }
    }

    #[test]
    fn a_module_route_gives_its_path_back(
        module in "[a-z]\\.[a-z]{1,3}(/(!?[a-z0-9]){1,4}){0,3}",
        version in "v[01]\\.[0-9]\\.[0-9](-(!?[a-z]){1,3})?",
        extension in "info|mod|zip",
        encode in any::<bool>(),
    ) {
        let path = format!("/{module}/@v/{version}.{extension}");
        let sent = if encode { path.replace('!', "%21") } else { path.clone() };
        if let Ok(route) = parse(&sent, "") {
            prop_assert_eq!(spelling(&route), path);
        } else {
            // Refused only for what the types refuse: device names, `/v1`, a major version that disagrees.
            let version = path::unescape_version(&version).ok().and_then(|v| Version::parse(&v).ok());
            let checked = ModulePath::unescape(&module).ok().zip(version).map(|(m, v)| ModuleVersion::new(m, v));
            prop_assert!(!matches!(checked, Some(Ok(_))), "{}", path);
        }
    }
}
