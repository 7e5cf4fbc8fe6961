//! The command line as a user meets it: what is printed where, and the exit status.

use std::path::Path;

use goproxy_testkit::{Output, Proxy, ProxyBuilder};

fn goproxy<const N: usize>(args: [&str; N]) -> ProxyBuilder {
    Proxy::builder(env!("CARGO_BIN_EXE_goproxy")).bare().args(args)
}

/// Refused in one line on standard error, with nothing on standard output.
fn assert_refused(output: &Output, code: i32, line: &str) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(code), ""), "{output:?}");
    assert_eq!(output.stderr, format!("goproxy: {line}\n"));
}

#[tokio::test]
async fn help_and_version_go_to_standard_output() {
    for args in [["-h"], ["-help"], ["--help"], ["help"]] {
        let output = goproxy(args).run().await;
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{args:?}");
        for part in [
            "Usage:\n",
            "\n  -cacheExpire duration  [GOPROXY_CACHE_EXPIRE; default 5m]\n",
            "goproxy run [flags] -- command",
        ] {
            assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
        }
    }
    for args in [["-version"], ["version"]] {
        let output = goproxy(args).run().await;
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert_eq!(
            output.stdout,
            format!("goproxy {} (commit {})\n", env!("CARGO_PKG_VERSION"), env!("GOPROXY_BUILT_COMMIT"))
        );
    }
}

#[tokio::test]
async fn a_command_line_that_is_not_understood_exits_2() {
    for (args, line) in [
        (["-cachedir", "/x"], "unknown flag -cachedir; did you mean -cacheDir?"),
        (["--nonsense=1", ""], "unknown flag -nonsense; see goproxy -help"),
        (["serve", "extra"], "unexpected argument \"extra\"; see goproxy -help"),
        (["sevre", ""], "unknown command \"sevre\"; did you mean serve?"),
        (["serve", "-listen"], "-listen needs a value, for example -listen 127.0.0.1:8081"),
    ] {
        assert_refused(&goproxy(args).run().await, 2, line);
    }
}

#[tokio::test]
async fn a_bad_value_exits_64_and_nothing_is_touched() {
    for (flag, value, line) in [
        ("-cacheExpire", "5", "cacheExpire: bad value \"5\" (flag -cacheExpire): needs a unit, for example 5m"),
        ("-accessLog", "xml", "accessLog: bad value \"xml\" (flag -accessLog): must be one of text, json, off"),
        (
            "-directLimit",
            "0",
            "directLimit: bad value \"0\" (flag -directLimit): needs a whole number from 1 to 1000000",
        ),
        (
            "-pathPrefix",
            "go",
            "pathPrefix: bad value \"go\" (flag -pathPrefix): must begin with a slash, for example /go",
        ),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = dir.path().join("cache");
        // A port that cannot be bound without a privilege, or is taken: never reached.
        let output = goproxy(["-cacheDir"]).arg(&cache).args(["-listen", "127.0.0.1:0", flag, value]).run().await;
        assert_refused(&output, 64, line);
        assert!(!cache.exists(), "{flag} {value}");
    }
}

#[tokio::test]
async fn a_malformed_pattern_is_an_error_and_not_ignored() {
    let output = goproxy(["-exclude", "corp.example.com/[a"]).run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
    assert!(output.stderr.starts_with("goproxy: exclude: bad value \"corp.example.com/[a\" (flag -exclude): "));
    let output = goproxy(["check-config"]).env("GOPRIVATE", "corp.example.com/[a").run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
    assert!(output.stderr.starts_with("goproxy: GOPRIVATE: bad value "), "{output:?}");
}

#[tokio::test]
async fn an_unusable_upstream_is_an_error_without_its_password() {
    for proxy in ["ftp://u:canary@a.example", "https://u:canary@a.example:port", "https://u:can|ary@", "word"] {
        for command in ["serve", "check-config"] {
            let output = goproxy([command, "-proxy", proxy]).run().await;
            assert_eq!(output.code, Some(64), "{command} {proxy}: {output:?}");
            assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
            assert!(output.stderr.contains("(flag -proxy)") && !output.stderr.contains("can"), "{output:?}");
        }
    }
}

#[tokio::test]
async fn an_unusable_proxy_of_the_environment_is_an_error() {
    let output = goproxy(["check-config"]).env("HTTPS_PROXY", "ftp://localhost:1").run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
    assert!(output.stderr.contains("HTTPS_PROXY"), "{output:?}");
}

#[tokio::test]
async fn mistakes_in_the_file_name_file_and_line() {
    let dir = tempfile::tempdir().expect("a directory");
    for (text, message) in [
        ("\ncachedir = '/x'\n", "FILE:2: unknown key \"cachedir\"; did you mean cacheDir?"),
        ("cacheExpire = '5'", "cacheExpire: bad value \"5\" (FILE:1): needs a unit, for example 5m"),
        (
            "directLimit = '5'",
            "FILE:1: directLimit wants a whole number, not a value of type string, for example directLimit = 8",
        ),
    ] {
        let file = write(dir.path(), text);
        assert_refused(&goproxy(["-config", &file]).run().await, 64, &message.replace("FILE", &file));
    }
    let missing = dir.path().join("missing.toml");
    let output = goproxy(["-config"]).arg(&missing).run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
    assert!(output.stderr.starts_with(&format!("goproxy: config: cannot read {}: ", missing.display())), "{output:?}");
}

#[tokio::test]
async fn check_config_shows_each_value_and_where_it_came_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = write(dir.path(), "listen = ':1'\ncacheExpire = '1m'\nexclude = ['a.example', 'b.example/*']\n");
    let output = goproxy(["check-config", "-listen", ":3", "--proxy=https://u:canary@a.example,direct"])
        .env("GOPROXY_CONFIG", &file)
        .env("GOPROXY_LISTEN", ":2")
        .env("GOPROXY_CACHE_EXPIRE", "2m")
        .env("GOPATH", "/gopath:/other")
        .env("GOPRIVATE", "c.example")
        .env("GOPROXY", "https://ignored.example")
        .run()
        .await;
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    let lines: Vec<String> = output.stdout.lines().map(squeeze).collect();
    for line in [
        format!("# config = \"{file}\" # environment variable GOPROXY_CONFIG"),
        "listen = \":3\" # flag -listen".to_owned(),
        "cacheExpire = \"2m\" # environment variable GOPROXY_CACHE_EXPIRE".to_owned(),
        format!("exclude = \"a.example,b.example/*\" # {file}:3"),
        "cacheDir = \"/gopath\" # default".to_owned(),
        "proxy = \"https://xxxxx@a.example,direct\" # flag -proxy".to_owned(),
        "# GOPRIVATE=\"c.example\" in the environment: adds to exclude".to_owned(),
    ] {
        assert!(lines.contains(&line), "{line}\n{}", output.stdout);
    }
    assert!(!output.stdout.contains("canary") && !output.stdout.contains("ignored"), "{}", output.stdout);
}

#[tokio::test]
async fn without_gopath_and_home_the_cache_must_be_named() {
    let output = goproxy(["check-config"]).env("HOME", "").run().await;
    assert_refused(&output, 64, "cacheDir: neither GOPATH nor HOME is set, so there is no default; set -cacheDir");
    assert_eq!(goproxy(["check-config", "-cacheDir", "/x"]).env("HOME", "").run().await.code, Some(0));
}

/// Path, cause and remedy, each once.
#[tokio::test]
async fn a_cache_that_cannot_be_used() {
    let dir = goproxy_testkit::Home::new();
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    let output = goproxy(["-listen", "127.0.0.1:0", "-cacheDir", file.to_str().expect("UTF-8")]).run().await;
    let line = output.stderr.lines().last().expect("a line");
    let expected = format!("goproxy: the cache directory cannot be used: {}/pkg/mod/cache/download: ", file.display());
    assert!(output.code == Some(1) && line.starts_with(&expected), "{output:?}");
    assert_eq!(line.matches("remove the file").count(), 1, "{output:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_exits_1_and_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let output = goproxy(["-listen", &address]).run().await;
    assert_eq!(output.code, Some(1), "{output:?}");
    let line = output.stderr.lines().last().expect("a line");
    assert!(line.starts_with(&format!("goproxy: cannot listen on {address}: ")), "{output:?}");
    assert!(line.ends_with("or choose another with -listen"), "{output:?}");
}

/// What `-proxy "$(go env GOPROXY)"` is on a machine where `go` has been pointed at the proxy.
#[tokio::test]
async fn a_proxy_is_not_its_own_upstream() {
    let port = goproxy_testkit::free_port();
    for (listen, proxy) in [
        (format!(":{port}"), format!("http://localhost:{port}")),
        (format!(":{port}"), format!("https://goproxy.io|http://127.0.0.1:{port}/,direct")),
        (format!("127.0.0.1:{port}"), format!("http://0.0.0.0:{port}")),
    ] {
        let output = goproxy(["-listen", &listen, "-proxy", &proxy]).run().await;
        assert_eq!(output.code, Some(64), "{output:?}");
        let (line, why) = (output.stderr.lines().last().expect("a line"), "it leads back to this proxy");
        assert!(line.contains(&format!("bad value {proxy:?} (flag -proxy): {why}")), "{output:?}");
    }
}

fn write(dir: &Path, text: &str) -> String {
    let path = dir.join("goproxy.toml");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// Columns are for people.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
