use super::*;

fn line(args: &str) -> Result<Invocation, String> {
    parse(args.split(' ').filter(|a| !a.is_empty()).map(OsString::from)).map_err(|f| f.line().to_owned())
}

fn flags(args: &str) -> Vec<(&'static str, String)> {
    line(args).expect(args).flags.into_iter().map(|given| (given.setting.name, given.text)).collect()
}

#[test]
fn one_dash_or_two_with_or_without_an_equals_sign() {
    for args in ["-listen :1", "--listen :1", "-listen=:1", "--listen=:1", "serve -listen :1", "-listen :1 serve"] {
        assert_eq!(flags(args), [("listen", ":1".to_owned())], "{args}");
    }
    assert_eq!(
        flags("-proxy= -exclude -x -sumdb a=b"),
        [("proxy", String::new()), ("exclude", "-x".to_owned()), ("sumdb", "a=b".to_owned()),]
    );
}

#[test]
fn commands() {
    let run = |args: &[&str]| Command::Run(args.iter().map(OsString::from).collect());
    for (args, command) in [
        ("", Command::Serve),
        ("--", Command::Serve),
        ("serve", Command::Serve),
        ("check-config -listen :1", Command::CheckConfig),
        ("-listen :1 check-config -proxy off", Command::CheckConfig),
        ("verify", Command::Verify(VerifyOptions::default())),
        ("-cacheDir /x verify -repair", Command::Verify(VerifyOptions { repair: true, offline: false })),
        ("verify -offline -cacheDir=/x", Command::Verify(VerifyOptions { repair: false, offline: true })),
        ("verify -repair=false", Command::Verify(VerifyOptions::default())),
        ("healthcheck", Command::HealthCheck { ready: false }),
        ("healthcheck -listen :1 -ready", Command::HealthCheck { ready: true }),
        ("completions zsh", Command::Completions(Shell::Zsh)),
        ("man", Command::Man),
        ("version", Command::Version),
        ("-version", Command::Version),
        ("-version=true -unknown", Command::Version),
        ("-version=false", Command::Serve),
        ("import /x -cacheDir /y", Command::Import("/x".into())),
        ("import -cacheDir /y -- /x", Command::Import("/x".into())),
        ("help", Command::Help),
        ("help run", Command::Help),
        ("-h", Command::Help),
        ("--help", Command::Help),
        ("run -help", Command::Help),
        ("token -help", Command::Help),
        ("import /x -help", Command::Help),
        ("import /x -version", Command::Version),
        ("auth", Command::Auth(None)),
        ("auth https://goproxy.io/x", Command::Auth(Some("https://goproxy.io/x".into()))),
        ("run -- go build ./...", run(&["go", "build", "./..."])),
        ("run -listen :1 go build -v", run(&["go", "build", "-v"])),
        ("run -- -x -- y", run(&["-x", "--", "y"])),
    ] {
        assert_eq!(line(args).expect(args).command, command, "{args}");
    }
}

#[test]
fn mistakes_are_one_line() {
    for (args, error) in [
        ("-cachedir x", "unknown flag -cachedir; did you mean -cacheDir?"),
        ("-verbose", "unknown flag -verbose; see goproxy -help"),
        ("--verbose=1", "unknown flag -verbose; see goproxy -help"),
        ("-listen", "-listen needs a value, for example -listen 127.0.0.1:8081"),
        ("-=x", "bad flag syntax \"-=x\"; see goproxy -help"),
        ("---listen", "bad flag syntax \"---listen\"; see goproxy -help"),
        ("-help=maybe", "-help is a switch; write -help without a value"),
        ("sevre", "unknown command \"sevre\"; did you mean serve?"),
        ("-", "unknown command \"-\"; see goproxy -help"),
        ("serve extra", "unexpected argument \"extra\"; see goproxy -help"),
        ("check-config extra", "unexpected argument \"extra\"; see goproxy -help"),
        ("run", "run needs a command, for example goproxy run -- go build ./..."),
        ("-repair verify", "-repair belongs to verify; write goproxy verify -repair"),
        ("serve -offline", "-offline belongs to verify; write goproxy verify -offline"),
        ("healthcheck -repair", "-repair belongs to verify; write goproxy verify -repair"),
        ("-ready", "-ready belongs to healthcheck; write goproxy healthcheck -ready"),
        ("completions", "completions needs a shell: bash, zsh or fish"),
        ("completions tcsh", "completions needs a shell: bash, zsh or fish"),
        ("man x", "unexpected argument \"x\"; see goproxy -help"),
        ("verify /x", "unexpected argument \"/x\"; see goproxy -help"),
        ("import", "import needs a folder, for example goproxy import /var/lib/athens"),
        ("import /x /y", "unexpected argument \"/y\"; see goproxy -help"),
        ("token", "token: it needs a name; write goproxy token NAME [-expires 90d]"),
        ("run -verbose -- x", "unknown flag -verbose; see goproxy -help"),
    ] {
        assert_eq!(line(args).expect_err(args), error, "{args}");
    }
}
