//! Tests of [`load`].

use std::{io::Write as _, path::Path};

use gomod::{sumdb::SumDbSetting, vcs::Vcs};
use goproxy_server::{AccessLogFormat, Listen};

use super::{Environment, Given, Level, Loaded, Mode, effective_toml, find, load, load::Origin};
fn flag(name: &str, text: &str) -> Given {
    Given { setting: find(name).expect(name), text: text.into() }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn serve<const N: usize>(flags: &[Given], environment: [(&str, &str); N]) -> Result<Loaded, String> {
    load(Mode::Serve, flags, &Environment::from(environment)).map_err(|failure| failure.line().to_owned())
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = file("listen = ':1'\ncacheExpire = '1m'\nlogLevel = 'debug'\n");
    let config = file.path().to_str().expect("UTF-8");
    let environment = [
        ("HOME", "/h"),
        ("GOPROXY_CONFIG", config),
        ("GOPROXY_LISTEN", ":2"),
        ("GOPROXY_CACHE_EXPIRE", "2m"),
        ("GOPROXY_PROXY", ""),
    ];
    let loaded = serve(&[flag("listen", ":9"), flag("listen", ":3")], environment).expect("good");
    assert_eq!(loaded.settings.serving.listen, Listen::Tcp { host: String::new(), port: 3 });
    assert_eq!(loaded.settings.cache.expire.as_secs(), 120);
    assert_eq!(loaded.settings.logs.level, Level::Debug);
    assert_eq!(loaded.settings.cache.dir, Path::new("/h/go"));
    let origins: Vec<&Origin> = ["listen", "cacheExpire", "logLevel", "cacheDir"]
        .iter()
        .map(|name| &loaded.effective.iter().find(|e| e.setting.name == *name).expect("present").origin)
        .collect();
    assert_eq!(
        origins,
        [
            &Origin::Flag,
            &Origin::Variable("GOPROXY_CACHE_EXPIRE".into()),
            &Origin::File(config.into(), 3),
            &Origin::Default
        ]
    );
}

#[test]
fn a_bad_value_names_itself_its_source_and_the_remedy() {
    let file = file("\ncacheExpire = '5'\n");
    let config = file.path().to_str().expect("UTF-8");
    let remedy = "needs a unit, for example 5m";
    assert_eq!(
        serve(&[flag("cacheExpire", "5")], [("HOME", "/h")]).expect_err("no unit"),
        format!("cacheExpire: bad value \"5\" (flag -cacheExpire): {remedy}")
    );
    assert_eq!(
        serve(&[], [("HOME", "/h"), ("GOPROXY_CACHE_EXPIRE", "5")]).expect_err("no unit"),
        format!("cacheExpire: bad value \"5\" (environment variable GOPROXY_CACHE_EXPIRE): {remedy}")
    );
    // Outranked by the flag, but still somebody's mistake.
    assert_eq!(
        serve(&[flag("config", config), flag("cacheExpire", "1m")], [("HOME", "/h")]).expect_err("no unit"),
        format!("cacheExpire: bad value \"5\" ({config}:2): {remedy}")
    );
}

#[test]
fn malformed_patterns_are_errors_wherever_they_come_from() {
    for (flags, environment, start) in [
        (vec![flag("exclude", "a.b/[x")], [("HOME", "/h"), ("X", "")], "exclude: bad value"),
        (vec![], [("HOME", "/h"), ("GOPRIVATE", "a.b/[x")], "GOPRIVATE: bad value"),
        (vec![], [("HOME", "/h"), ("GONOSUMDB", "a.b/[x")], "GONOSUMDB: bad value"),
        (vec![flag("insecure", "a.b/[x")], [("HOME", "/h"), ("X", "")], "insecure: bad value"),
        (vec![], [("HOME", "/h"), ("GOINSECURE", "a.b/[x")], "GOINSECURE: bad value"),
        (vec![], [("HOME", "/h"), ("GOVCS", "a.b/[x:git")], "GOVCS: bad value"),
    ] {
        let error = serve(&flags, environment).expect_err(start);
        assert!(error.starts_with(start) && error.contains("a.b/[x"), "{error}");
    }
}

#[test]
fn go_sumdb_is_read_as_go_does() {
    let read = |text| serve(&[], [("HOME", "/h"), ("GOSUMDB", text)]).map(|loaded| loaded.settings.sources.go_sumdb);
    assert_eq!(read("off").expect("off"), SumDbSetting::Off);
    assert_eq!(read("").expect("unset"), SumDbSetting::default());
    assert_eq!(read("sum.golang.org").expect("known"), SumDbSetting::default());
    let error = read("sum.example.com https://u:secret@h.example").expect_err("no key");
    assert!(error.starts_with("GOSUMDB: bad value") && !error.contains("secret"), "{error}");
}

#[test]
fn go_private_adds_to_exclude_and_goproxy_is_not_used() {
    let environment = [("HOME", "/h"), ("GOPRIVATE", "c.d"), ("GONOSUMDB", "e.f"), ("GOPROXY", "https://x.y")];
    let loaded = serve(&[flag("exclude", "a.b")], environment).expect("good");
    let sources = &loaded.settings.sources;
    assert!(sources.private().matches_str("a.b/x") && sources.private().matches_str("c.d/x"));
    assert!(!sources.private().matches_str("e.f/x") && sources.go_no_sum.matches_str("e.f/x"));
    assert!(sources.proxy.is_none());
}

#[test]
fn go_insecure_adds_to_insecure_and_go_vcs_counts() {
    let environment = [("HOME", "/h"), ("GOINSECURE", "c.d"), ("GOVCS", "e.f:none")];
    let sources = serve(&[flag("insecure", "a.b")], environment).expect("good").settings.sources;
    assert!(sources.insecure().matches_str("a.b/x") && sources.insecure().matches_str("c.d/x"));
    assert!(!sources.insecure().matches_str("e.f/x"));
    assert!(sources.go_vcs.check(Vcs::Git, "e.f/x", false).is_err());
    let sources = serve(&[flag("insecure", "a.b")], [("HOME", "/h")]).expect("good").settings.sources;
    assert!(!sources.insecure().matches_str("c.d/x") && sources.go_vcs.check(Vcs::Git, "e.f/x", false).is_ok());
}

#[test]
fn passwords_are_never_shown() {
    let proxy = "https://u:canary@a.b,direct";
    let sumdb = "s.t=https://u:canary@s.t";
    let loaded = serve(&[flag("proxy", proxy), flag("sumdb", sumdb)], [("HOME", "/h")]).expect("good");
    let shown = effective_toml(&loaded);
    assert!(!shown.contains("canary") && shown.contains("https://xxxxx@a.b,direct"), "{shown}");
    for (name, bad) in
        [("proxy", "https://u:can,ary@a.b:x"), ("proxy", "ftp://u:canary@a.b"), ("sumdb", "s=ftp://u:canary@s.t")]
    {
        let error = serve(&[flag(name, bad)], [("HOME", "/h")]).expect_err(bad);
        assert!(!error.contains("can") && !error.contains("ary@"), "{error}");
    }
}

#[test]
fn no_default_for_the_cache_is_an_error_only_when_it_is_needed() {
    let error = serve(&[], []).expect_err("no home");
    assert_eq!(error, "cacheDir: neither GOPATH nor HOME is set, so there is no default; set -cacheDir");
    serve(&[flag("cacheDir", "/x")], []).expect("given");
    let loaded = serve(&[flag("cacheDir", "")], [("GOPATH", "/g:/h")]).expect("empty asks for the default");
    assert_eq!(loaded.settings.cache.dir, Path::new("/g"));
}

#[test]
fn a_private_instance_takes_its_address_from_flags_only() {
    let environment = Environment::from([
        ("HOME", "/h"),
        ("GOPROXY_LISTEN", "0.0.0.0:8081"),
        ("GOPROXY_TLS_CERT", "/c"),
        ("GOPROXY_LOG_LEVEL", "info"),
    ]);
    let loaded = load(Mode::Run, &[], &environment).expect("good");
    assert_eq!(loaded.settings.serving.tls_cert, None);
    assert_eq!(loaded.settings.serving.listen, Listen::Tcp { host: "127.0.0.1".into(), port: 0 });
    assert_eq!(loaded.settings.logs.access, AccessLogFormat::Off);
    assert_eq!(loaded.settings.logs.level, Level::Info);
    let loaded = load(Mode::Run, &[flag("listen", "127.0.0.1:7")], &environment).expect("good");
    assert_eq!(loaded.settings.serving.listen, Listen::Tcp { host: "127.0.0.1".into(), port: 7 });
}

#[test]
fn what_is_printed_can_be_read_again() {
    let flags = [flag("exclude", "a.b/\"x,c.d"), flag("directLimit", "3"), flag("config", "/dev/null")];
    let loaded = serve(&flags, [("HOME", "/h"), ("GOPROXY_LISTN", ":1")]).expect("good");
    let printed = effective_toml(&loaded);
    assert!(printed.contains("# GOPROXY_LISTN in the environment names no setting"), "{printed}");
    let again = file(&printed);
    let config = again.path().to_str().expect("UTF-8");
    let reread = serve(&[flag("config", config)], [("HOME", "/other")]).expect("readable");
    for (a, b) in loaded.effective.iter().zip(&reread.effective).skip(1) {
        assert_eq!((a.setting.name, &a.text), (b.setting.name, &b.text));
    }
}

const TABLES_OF_A_FILE: &str = "listen = ':1'\n[[tokens]]\nname = 'ci'\n\
    sha256 = '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'\n\n[[access]]\nwho = 'ci'\n\
    modules = ['a.b/c', 'd.e']\n[[issuers]]\nname = 'gh'\nissuer = 'https://ci.example.com'\naudience = 'x'\n\
    claims = { owner = 'corp', ref = ['a', 'b'] }\n[[access]]\nwho = ['anonymous', 'gh']\n";

#[test]
fn tables_are_read_in_the_order_of_the_file_and_shown_without_secrets() {
    let file = file(TABLES_OF_A_FILE);
    let config = file.path().to_str().expect("UTF-8");
    let loaded = serve(&[flag("config", config)], [("HOME", "/h")]).expect("good");
    let access = &loaded.settings.access;
    assert_eq!((access.tokens.len(), access.issuers.len(), access.rules.len()), (1, 1, 2));
    assert_eq!(access.rules[0].who().collect::<Vec<_>>(), ["ci"]);
    assert_eq!(access.issuers[0].claims[1], ("ref".into(), vec!["a".into(), "b".into()]));
    let shown = effective_toml(&loaded);
    assert!(shown.contains(&format!("[[tokens]]  # {config}:2\nname = \"ci\"\nsha256 = \"xxxxx\"\n")), "{shown}");
    assert!(shown.contains("claims = { owner = [\"corp\"], ref = [\"a\", \"b\"] }"), "{shown}");
    assert!(!shown.contains("2bb80d"), "{shown}");
    assert!(shown.find("[[access]]").unwrap() < shown.find("[[issuers]]").unwrap(), "{shown}");
    toml::from_str::<toml::Table>(&shown).expect("TOML");
}

#[test]
fn a_private_instance_has_no_accounts() {
    let file = file(TABLES_OF_A_FILE);
    let environment = Environment::from([("HOME", "/h"), ("GOPROXY_CONFIG", file.path().to_str().expect("UTF-8"))]);
    let loaded = load(Mode::Run, &[], &environment).expect("good");
    assert!(!loaded.settings.access.is_on());
}

#[test]
fn a_mistake_in_a_table_names_its_place_and_the_remedy() {
    let hash = "0".repeat(64);
    for (text, error) in [
        ("[[tokens]]\nnaem = 'x'".to_owned(), ":1: [[tokens]]: unknown key \"naem\"; did you mean name?"),
        (
            "[[access]]\ncolour = 'x'".to_owned(),
            ":1: [[access]]: unknown key \"colour\"; known are who, modules, right",
        ),
        ("\n[[tokens]]\nname = 'x'".to_owned(), ":2: [[tokens]]: sha256 is missing, for example sha256 = "),
        ("[[tokens]]\nname = 5".to_owned(), ":1: [[tokens]]: name wants a string, not this integer"),
        ("[tokens]\nname = 'x'".to_owned(), ":1: tokens wants tables; write [[tokens]] above each"),
        ("tokens = 'x'".to_owned(), ":1: tokens wants tables; write [[tokens]] above each"),
        ("[[token]]\nname = 'x'".to_owned(), ":1: unknown key \"token\"; did you mean tokens?"),
        ("[[tokens]]\nname = 'x'\nsha256 = 'canary'".to_owned(), ":1: [[tokens]]: sha256 wants 64 hexadecimal digits"),
        (
            format!("[[tokens]]\nname = 'x'\nsha256 = '{hash}'\nexpires = 'soon'"),
            ":1: [[tokens]]: expires \"soon\" is no",
        ),
        ("[[access]]\nwho = 'x'\nmodules = 'a.b/[x'".to_owned(), ":1: [[access]]: malformed pattern \"a.b/[x\""),
        ("[[access]]\nwho = 'x'\nright = 'write'".to_owned(), ":1: [[access]]: right \"write\" must be one of"),
        ("[[access]]\nwho = []".to_owned(), ":1: [[access]]: who wants names"),
        (
            "[[issuers]]\nname='i'\nissuer='https://a.b'\naudience='x'\njwks='https://a.b'\njwksFile='/x'".to_owned(),
            ":1: [[issuers]]: jwks and jwksFile exclude each other",
        ),
    ] {
        let file = file(&text);
        let found = serve(&[flag("config", file.path().to_str().expect("UTF-8"))], [("HOME", "/h")]).expect_err(&text);
        assert!(found.contains(error) && !found.contains("canary"), "{text}: {found}");
    }
}
