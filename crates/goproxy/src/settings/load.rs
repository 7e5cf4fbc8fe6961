//! Brings the sources together: flag before environment before file before default.
//!
//! A bad value is an error wherever it stands, even where a better source outranks it: nothing that somebody wrote is
//! ignored in silence.

use std::path::{Path, PathBuf};

use gomod::{Patterns, sumdb::SumDbSetting, vcs::GoVcs};

use super::{Access, Environment, Fallback, Row, Setting, Settings, TABLE, file, otel};
use crate::failure::Failure;

/// What a private instance takes from flags only: the service's address is taken, and its certificate is for its name.
const OF_THE_SERVICE: [&str; 4] = ["listen", "tlsCert", "tlsKey", "tlsClientCA"];

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
    /// A private instance for one command, or `verify`: quiet, on a free loopback port whatever the service's settings say.
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
    /// The tables of the file, in its order.
    pub(crate) rows: Vec<Row>,
    /// What the variables of Go and of OpenTelemetry add: name, value, what it means here.
    pub(crate) from_go: Vec<(&'static str, String, &'static str)>,
    /// Variables that look like ours and are not.
    pub(crate) unknown_variables: Vec<String>,
}

impl Loaded {
    /// A value that only its use showed to be bad.
    pub(crate) fn bad_value(&self, name: &str, remedy: &str) -> Failure {
        match self.effective.iter().find(|effective| effective.setting.name == name) {
            Some(Effective { setting, text, origin }) => bad_value(setting, text, origin, remedy),
            None => Failure::config(format!("{name}: {remedy}")),
        }
    }
}

/// Reads every source, checks every value. Touches nothing but the file that `-config` names.
pub(crate) fn load(mode: Mode, flags: &[Given], environment: &Environment) -> Result<Loaded, Failure> {
    let mut loading = Loading { mode, environment, settings: Settings::default(), effective: Vec::new() };
    let mut contents = file::Contents::default();
    // The first row is `config`: what the file says is known before any other row is looked at.
    for setting in TABLE {
        let in_file = contents.entries.iter().find(|entry: &&file::Entry| entry.setting.name == setting.name);
        loading.row(setting, flags, in_file)?;
        if setting.name == "config"
            && let Some(path) = &loading.settings.config
        {
            contents = file::read(path)?;
        }
    }
    let Loading { mut settings, effective, .. } = loading;
    for row in &contents.rows {
        (row.table.set)(&mut settings, row).map_err(|why| file::bad_row(row.table, &row.place, &why))?;
    }
    if mode == Mode::Run {
        // On this machine, for one command, whose `go` sends credentials over https only.
        settings.access = Access::default();
    }
    let mut from_go = go_variables(&mut settings, environment)?;
    if settings.logs.otlp.is_some() {
        settings.logs.otel = otel::read(environment, &mut from_go)?;
    }
    let of_credentials = |name: &str| settings.sources.credentials.iter().any(|(_, row)| row.variable() == Some(name));
    let ours = |name: &str| TABLE.iter().any(|setting| setting.variable() == name) || of_credentials(name);
    let unknown_variables = environment.unknown(ours);
    Ok(Loaded { settings, effective, rows: contents.rows, from_go, unknown_variables })
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
        let private = self.mode == Mode::Run && OF_THE_SERVICE.contains(&setting.name);
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
            (Mode::Run, "accessLog" | "otlpEndpoint") => Ok("off".to_owned()),
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
    settings: &mut Settings,
    environment: &Environment,
) -> Result<Vec<(&'static str, String, &'static str)>, Failure> {
    let mut found = Vec::new();
    for (name, meaning, field) in [
        ("GOPRIVATE", "adds to exclude", &mut settings.sources.go_private),
        ("GONOSUMDB", "not looked up in checksum databases", &mut settings.sources.go_no_sum),
        ("GOINSECURE", "adds to insecure", &mut settings.sources.go_insecure),
    ] {
        let Some(text) = environment.get(name) else { continue };
        *field = Patterns::parse(text).map_err(|error| {
            Failure::config(format!("{name}: bad value {text:?} (environment): {error}; see go help private"))
        })?;
        found.push((name, text.to_owned(), meaning));
    }
    if let Some(text) = environment.get("GOSUMDB") {
        settings.sources.go_sumdb = SumDbSetting::parse(text).map_err(|error| {
            Failure::config(format!("GOSUMDB: bad value (environment): {error}; see go help module-auth"))
        })?;
        let shown = format!("{:?}", settings.sources.go_sumdb);
        found.push(("GOSUMDB", shown, "the checksum database that vouches for public modules"));
    }
    if let Some(text) = environment.get("GOVCS") {
        settings.sources.go_vcs = GoVcs::parse(text).map_err(|error| {
            Failure::config(format!("GOVCS: bad value {text:?} (environment): {error}; see go help vcs"))
        })?;
        found.push(("GOVCS", text.to_owned(), "which version control systems may be used for which modules"));
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
