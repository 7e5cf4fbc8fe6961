//! Tables of the file that may stand there several times (`[[tokens]]`), beside the flat settings: what their keys are,
//! and a row as it was read. Flags and variables cannot say them.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::{Settings, nearest};

/// A kind of table: everything that reading, the documentation and the example file need to know about it.
pub(crate) struct Repeated {
    /// What stands between the brackets.
    pub(crate) name: &'static str,
    /// One to three sentences.
    pub(crate) help: &'static str,
    pub(crate) keys: &'static [Key],
    /// Parses a row into its field. The error is the remedy.
    pub(crate) set: fn(&mut Settings, &Row) -> Result<(), String>,
}

/// A key of such a table.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// Whether its value is never shown.
    pub(crate) secret: bool,
    pub(crate) help: &'static str,
    /// A value as TOML.
    pub(crate) example: &'static str,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A string, or a list of them.
    List,
    /// An inline table of strings, or lists of them.
    Map,
}

/// A value as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
    Map(Vec<(String, Vec<String>)>),
}

/// One table of the file. `Debug` shows no value: some are secrets.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) table: &'static Repeated,
    /// `goproxy.toml:12`.
    pub(crate) place: String,
    values: BTreeMap<&'static str, Value>,
}

impl Row {
    /// Reads the keys; the error says which is wrong, and what would be right.
    pub(super) fn read<'a>(
        table: &'static Repeated,
        place: String,
        entries: impl Iterator<Item = (&'a str, &'a DeValue<'a>)>,
    ) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for (name, value) in entries {
            let key = table.keys.iter().find(|key| key.name == name).ok_or_else(|| table.unknown(name))?;
            let value = key.kind.read(value).ok_or_else(|| {
                let (wanted, found) = (key.kind.wanted(), value.type_str());
                format!("{name} wants {wanted}, not this {found}, for example {name} = {}", key.example)
            })?;
            values.insert(key.name, value);
        }
        match table.keys.iter().find(|key| key.required && !values.contains_key(key.name)) {
            Some(missing) => Err(format!("{0} is missing, for example {0} = {1}", missing.name, missing.example)),
            None => Ok(Self { table, place, values }),
        }
    }

    /// A string, if it is there.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A list of strings, if it is there.
    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        match self.values.get(name) {
            Some(Value::List(list)) => Some(list),
            _ => None,
        }
    }

    /// Names with their values; empty if it is not there.
    pub(crate) fn map(&self, name: &str) -> &[(String, Vec<String>)] {
        match self.values.get(name) {
            Some(Value::Map(map)) => map,
            _ => &[],
        }
    }

    /// Whether both say the same, wherever they stand.
    pub(crate) fn says(&self, other: &Self) -> bool {
        self.table.name == other.table.name && self.values == other.values
    }

    /// As the file has it, in the order of the keys, without secrets.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("[[{}]]  # {}\n", self.table.name, self.place);
        for key in self.table.keys {
            let Some(value) = self.values.get(key.name) else { continue };
            let shown = if key.secret { toml::Value::from("xxxxx").to_string() } else { value.toml() };
            text.push_str(&format!("{} = {shown}\n", key.name));
        }
        text
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[[{}]] at {}", self.table.name, self.place)
    }
}

impl Repeated {
    fn unknown(&self, name: &str) -> String {
        match nearest(name, self.keys.iter().map(|key| key.name)) {
            Some(near) => format!("unknown key {name:?}; did you mean {near}?"),
            None => {
                let keys: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
                format!("unknown key {name:?}; known are {}", keys.join(", "))
            }
        }
    }
}

impl Kind {
    /// For messages and the documentation.
    pub(crate) const fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::List => "a string or a list of strings",
            Self::Map => "a table of strings",
        }
    }

    fn read(self, value: &DeValue<'_>) -> Option<Value> {
        match (self, value) {
            (Self::Text, DeValue::String(text)) => Some(Value::Text(text.to_string())),
            (Self::List, value) => strings(value).map(Value::List),
            (Self::Map, DeValue::Table(table)) => {
                let pairs = table.iter().map(|(k, v)| Some((k.get_ref().to_string(), strings(v.get_ref())?)));
                pairs.collect::<Option<_>>().map(Value::Map)
            }
            _ => None,
        }
    }
}

fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(elements) => elements.iter().map(|e| e.get_ref().as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

impl Value {
    fn toml(&self) -> String {
        let list = |list: &[String]| toml::Value::from(list.to_vec());
        match self {
            Self::Text(text) => toml::Value::from(text.as_str()).to_string(),
            Self::List(texts) => list(texts).to_string(),
            Self::Map(map) => toml::Value::Table(map.iter().map(|(k, v)| (k.clone(), list(v))).collect()).to_string(),
        }
    }
}
