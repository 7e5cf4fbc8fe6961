//! Brings the sources together: flag before environment before file before default.
//!
//! A bad value is an error wherever it stands, even where a better source outranks it: nothing that somebody wrote is
//! ignored in silence.

use std::path::{Path, PathBuf};

use gomod::Patterns;

use super::{Environment, Fallback, Setting, Settings, TABLE, file};
use crate::failure::Failure;

/// A flag as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) setting: &'static Setting,
    pub(crate) text: String,
}

/// What the settings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A service.
    Serve,
    /// A private instance for one command: quiet, on a free loopback port whatever the service's settings say.
    Run,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Variable(String),
    File(PathBuf, usize),
    Default,
}

/// The value in force.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    pub(crate) setting: &'static Setting,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// Settings that are complete and checked.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    /// One for each row of the table, in its order.
    pub(crate) effective: Vec<Effective>,
    /// What Go's own variables add: name, value, what it means here.
    pub(crate) from_go: Vec<(&'static str, String, &'static str)>,
    /// Variables that look like ours and are not.
    pub(crate) unknown_variables: Vec<String>,
}

/// Reads every source, checks every value. Touches nothing but the file that `-config` names.
pub(crate) fn load(mode: Mode, flags: &[Given], environment: &Environment) -> Result<Loaded, Failure> {
    let mut loading = Loading { mode, environment, settings: Settings::default(), effective: Vec::new() };
    let mut entries = Vec::new();
    // The first row is `config`: what the file says is known before any other row is looked at.
    for setting in TABLE {
        let in_file = entries.iter().find(|entry: &&file::Entry| entry.setting.name == setting.name);
        loading.row(setting, flags, in_file)?;
        if setting.name == "config"
            && let Some(path) = &loading.settings.config
        {
            entries = file::read(path)?;
        }
    }
    let Loading { mut settings, effective, .. } = loading;
    let from_go = go_variables(&mut settings, environment)?;
    let ours = |name: &str| TABLE.iter().any(|setting| setting.variable() == name);
    Ok(Loaded { settings, effective, from_go, unknown_variables: environment.unknown(ours) })
}

struct Loading<'a> {
    mode: Mode,
    environment: &'a Environment,
    settings: Settings,
    effective: Vec<Effective>,
}

impl Loading<'_> {
    /// Every value of one setting, the strongest source last, so that it is what stays.
    fn row(&mut self, setting: &'static Setting, flags: &[Given], entry: Option<&file::Entry>) -> Result<(), Failure> {
        let mut given = Vec::new();
        let private = self.mode == Mode::Run && setting.name == "listen";
        if let (false, Some(entry)) = (private, entry) {
            given.push((entry.text.clone(), Origin::File(self.file(), entry.line)));
        }
        let variable = setting.variable();
        if let (false, Some(text)) = (private, self.environment.get(&variable)) {
            given.push((text.to_owned(), Origin::Variable(variable)));
        }
        // As with Go's flag package, the last of a repeated flag counts; all of them are checked.
        let flags = flags.iter().filter(|flag| flag.setting.name == setting.name);
        given.extend(flags.map(|flag| (flag.text.clone(), Origin::Flag)));
        if given.is_empty() {
            given.push((self.default(setting)?, Origin::Default));
        }
        let mut last = None;
        for (text, origin) in given {
            let text = if text.is_empty() { self.empty(setting)? } else { text };
            (setting.set)(&mut self.settings, &text).map_err(|remedy| bad_value(setting, &text, &origin, &remedy))?;
            last = Some(Effective { setting, text, origin });
        }
        self.effective.extend(last);
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.settings.config.clone().unwrap_or_default()
    }

    /// What holds when nobody says anything.
    fn default(&self, setting: &Setting) -> Result<String, Failure> {
        match (self.mode, setting.name) {
            (Mode::Run, "listen") => Ok("127.0.0.1:0".to_owned()),
            (Mode::Run, "logLevel") => Ok("warn".to_owned()),
            (Mode::Run, "accessLog") => Ok("off".to_owned()),
            _ => match setting.default {
                Fallback::Value(text) => Ok(text.to_owned()),
                Fallback::Found(_, find) => {
                    find(self.environment).map_err(|remedy| Failure::config(format!("{}: {remedy}", setting.name)))
                }
            },
        }
    }

    /// An empty value asks for a default that depends on the machine; otherwise it is simply empty.
    fn empty(&self, setting: &Setting) -> Result<String, Failure> {
        match setting.default {
            Fallback::Found(..) => self.default(setting),
            Fallback::Value(_) => Ok(String::new()),
        }
    }
}

/// What Go's variables say to us as they said it to the `go` commands of the original.
fn go_variables(
    settings: &mut Settings, environment: &Environment,
) -> Result<Vec<(&'static str, String, &'static str)>, Failure> {
    let mut found = Vec::new();
    for (name, meaning, field) in [
        ("GOPRIVATE", "adds to exclude", &mut settings.sources.go_private),
        ("GONOSUMDB", "not looked up in checksum databases", &mut settings.sources.go_no_sum),
    ] {
        let Some(text) = environment.get(name) else { continue };
        *field = Patterns::parse(text).map_err(|error| {
            Failure::config(format!("{name}: bad value {text:?} (environment): {error}; see go help private"))
        })?;
        found.push((name, text.to_owned(), meaning));
    }
    Ok(found)
}

fn bad_value(setting: &Setting, text: &str, origin: &Origin, remedy: &str) -> Failure {
    let (name, shown) = (setting.name, setting.shown_bad(text));
    Failure::config(format!("{name}: bad value {shown:?} ({}): {remedy}", origin.describe(setting)))
}

impl Origin {
    /// For messages: `flag -listen`, `environment variable GOPROXY_LISTEN`, `goproxy.toml:3`, `default`.
    pub(crate) fn describe(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("flag -{}", setting.name),
            Self::Variable(name) => format!("environment variable {name}"),
            Self::File(path, line) => format!("{}:{line}", Path::display(path)),
            Self::Default => "default".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{
        super::{Listen, effective_toml, find},
        *,
    };

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
        assert_eq!(loaded.settings.logs.level, super::super::Level::Debug);
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
        ] {
            let error = serve(&flags, environment).expect_err(start);
            assert!(error.starts_with(start) && error.contains("a.b/[x"), "{error}");
        }
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
    fn passwords_are_never_shown() {
        let proxy = "https://u:canary@a.b,direct";
        let sumdb = "s.t=https://u:canary@s.t";
        let loaded = serve(&[flag("proxy", proxy), flag("sumdb", sumdb)], [("HOME", "/h")]).expect("good");
        let shown = effective_toml(&loaded);
        assert!(!shown.contains("canary") && shown.contains("https://xxxxx@a.b,direct"), "{shown}");
        for (name, bad) in [("proxy", "https://u:can,ary@a.b:x"), ("proxy", "ftp://u:canary@a.b"), ("sumdb", "s=ftp://u:canary@s.t")] {
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
        let environment = Environment::from([("HOME", "/h"), ("GOPROXY_LISTEN", "0.0.0.0:8081"), ("GOPROXY_LOG_LEVEL", "info")]);
        let loaded = load(Mode::Run, &[], &environment).expect("good");
        assert_eq!(loaded.settings.serving.listen, Listen::Tcp { host: "127.0.0.1".into(), port: 0 });
        assert_eq!(loaded.settings.logs.access, None);
        assert_eq!(loaded.settings.logs.level, super::super::Level::Info);
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
}
