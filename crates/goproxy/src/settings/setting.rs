//! What one row of the table says about a setting.

use super::{Environment, Settings, redact};

/// A setting: everything that parsing, `-help`, the documentation and the example file need to know about it.
pub(crate) struct Setting {
    /// The flag without its dash, and the key in the file: `cacheDir`.
    pub(crate) name: &'static str,
    /// The heading that it stands under.
    pub(crate) group: Group,
    /// What its value looks like.
    pub(crate) shape: Shape,
    /// What holds when nobody says anything.
    pub(crate) default: Fallback,
    /// Whether SIGHUP applies a change.
    pub(crate) reload: bool,
    /// One to three sentences.
    pub(crate) help: &'static str,
    /// A value that shows the shape, for the example file.
    pub(crate) example: &'static str,
    /// Parses a value into its field. The error is the remedy: it completes "bad value ...: ".
    pub(crate) set: fn(&mut Settings, &str) -> Result<(), String>,
}

/// The headings of `-help` and of the documentation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Serving,
    Cache,
    Sources,
    Access,
    Limits,
    Logs,
}

impl Group {
    pub(crate) const ALL: [Self; 6] =
        [Self::Serving, Self::Cache, Self::Sources, Self::Access, Self::Limits, Self::Logs];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Serving => "Serving",
            Self::Cache => "Cache",
            Self::Sources => "Sources",
            Self::Access => "Access",
            Self::Limits => "Limits",
            Self::Logs => "Logs",
        }
    }
}

/// What a value looks like: the placeholder in `-help`, the type in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Address,
    Path,
    Prefix,
    /// A GOPROXY list: may hold credentials.
    Upstreams,
    Patterns,
    /// A URL: may hold credentials.
    Url,
    /// Checksum databases, perhaps with URLs: may hold credentials.
    Databases,
    Duration,
    /// Bytes.
    Size,
    Count,
    Choice(&'static [&'static str]),
}

impl Shape {
    /// The word after the flag in `-help`.
    pub(crate) fn placeholder(self) -> String {
        match self {
            Self::Address => "addr".into(),
            Self::Path => "path".into(),
            Self::Prefix => "prefix".into(),
            Self::Upstreams => "urls".into(),
            Self::Url => "url".into(),
            Self::Patterns => "patterns".into(),
            Self::Databases => "names".into(),
            Self::Duration => "duration".into(),
            Self::Size => "size".into(),
            Self::Count => "n".into(),
            Self::Choice(words) => words.join("|"),
        }
    }

    /// Whether the file may give a list of strings instead of one string with commas.
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Patterns | Self::Databases)
    }

    /// Whether a value may hold a password, so that it is never printed as it is.
    pub(crate) const fn may_hold_secrets(self) -> bool {
        matches!(self, Self::Upstreams | Self::Databases | Self::Url)
    }
}

/// A default: a fixed value, or one that depends on the machine.
#[derive(Clone, Copy)]
pub(crate) enum Fallback {
    /// The same everywhere.
    Value(&'static str),
    /// Found when the program starts; an empty value asks for it too. The first text describes it; the error is the
    /// remedy.
    Found(&'static str, fn(&Environment) -> Result<String, String>),
}

impl Setting {
    /// The environment variable: `GOPROXY_CACHE_DIR` for `cacheDir`, `GOPROXY_TLS_CLIENT_CA` for `tlsClientCA`.
    pub(crate) fn variable(&self) -> String {
        let mut variable = String::from("GOPROXY_");
        let mut in_word = false;
        for c in self.name.chars() {
            if c.is_ascii_uppercase() && in_word {
                variable.push('_');
            }
            in_word = c.is_ascii_lowercase();
            variable.push(c.to_ascii_uppercase());
        }
        variable
    }

    /// A good value as it may be shown to anybody.
    pub(crate) fn shown(&self, text: &str) -> String {
        if self.shape.may_hold_secrets() { redact::elements(text) } else { text.to_owned() }
    }

    /// A bad value as it may be shown to anybody.
    pub(crate) fn shown_bad(&self, text: &str) -> String {
        if self.shape.may_hold_secrets() { redact::unparsed(text) } else { text.to_owned() }
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "-{}", self.name)
    }
}
