//! The JSON of `.info` and `@latest`, read as the `go` command's encoding/json reads it, less what that forgives.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::fold::fold;
use crate::rfc3339;

/// How Go writes a time that is not known.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// Why an answer is no module version's information.
#[derive(Debug, thiserror::Error)]
pub enum InfoError {
    /// Longer than [`Info::MAX_LEN`].
    #[error("invalid info: {0} bytes are too many")]
    TooLong(usize),
    /// Nested deeper than [`Info::MAX_DEPTH`].
    #[error("invalid info: exceeded max depth")]
    TooDeep,
    /// Not a JSON object, or a field twice.
    #[error("invalid info: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that is not of its type.
    #[error("invalid info: {field} is not {expected}")]
    Field {
        /// `Version`, `Time`, `Origin` or a field of it.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// No version is named.
    #[error("invalid info: no Version")]
    NoVersion,
}

/// What a proxy says of a version (`cmd/go/internal/modfetch.RevInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    version: String,
    time: Option<Timestamp>,
    origin: Option<Origin>,
}

/// Where a version came from; what is not said is empty (`cmd/go/internal/modfetch/codehost.Origin`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The version control system: `git`.
    pub vcs: String,
    /// The repository's URL.
    pub url: String,
    /// The module's folder in the repository.
    pub subdir: String,
    /// The commit.
    pub hash: String,
    /// What the commit was found by: `refs/tags/v1.2.3`, `refs/heads/main`, `HEAD`.
    pub reference: String,
}

impl Info {
    /// Longest answer that is read, in bytes. Real ones have a few hundred.
    pub const MAX_LEN: usize = 1 << 20;

    /// Deepest nesting, the outermost object included. Go's encoding/json refuses what is deeper (scanner.go,
    /// maxNestingDepth), in fields that it does not know as well.
    pub const MAX_DEPTH: usize = 10_000;

    /// Reads the answer to a request. Names of fields match in any case and unknown ones are ignored, as Go does; a
    /// field that occurs twice is an error, since readers differ on which one counts.
    pub fn parse(body: &[u8]) -> Result<Self, InfoError> {
        if body.len() > Self::MAX_LEN {
            return Err(InfoError::TooLong(body.len()));
        }
        let fields: Fields<'_> = serde_json::from_slice(body)?;
        if depth(body) > Self::MAX_DEPTH {
            return Err(InfoError::TooDeep);
        }
        let version = fields.string("Version")?;
        if version.is_empty() {
            return Err(InfoError::NoVersion);
        }
        Ok(Self { version, time: fields.time("Time")?, origin: fields.origin("Origin")? })
    }

    /// The version, as it stands there: whether it is a version at all, and the right one, is the caller's question.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The commit's time, unless it is not known.
    pub const fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// Where it came from.
    pub const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }
}

/// How deep valid JSON is nested.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The fields of an object by their folded names, unread.
struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl Fields<'_> {
    /// The text of a field; null counts as absent.
    fn get(&self, field: &str) -> Option<&str> {
        self.0.get(&*fold(field)).map(|value| value.get()).filter(|&json| json != "null")
    }

    fn string(&self, field: &'static str) -> Result<String, InfoError> {
        let Some(json) = self.get(field) else { return Ok(String::new()) };
        serde_json::from_str(json).map_err(|_| InfoError::Field { field, expected: "a string" })
    }

    /// Go looks at the text between the quotes, escapes and all.
    fn time(&self, field: &'static str) -> Result<Option<Timestamp>, InfoError> {
        let Some(json) = self.get(field) else { return Ok(None) };
        let text = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
        if text == ZERO_TIME {
            return Ok(None);
        }
        match rfc3339::parse(text) {
            Some(time) => Ok(Some(time)),
            None => Err(InfoError::Field { field, expected: "a time of RFC 3339" }),
        }
    }

    fn origin(&self, field: &'static str) -> Result<Option<Origin>, InfoError> {
        let Some(json) = self.get(field) else { return Ok(None) };
        let fields: Fields<'_> =
            serde_json::from_str(json).map_err(|_| InfoError::Field { field, expected: "an object" })?;
        // Fields that only the go command's own cache uses: a wrong type fails there, so it fails here.
        for unused in ["TagPrefix", "TagSum", "RepoSum"] {
            fields.string(unused)?;
        }
        Ok(Some(Origin {
            vcs: fields.string("VCS")?,
            url: fields.string("URL")?,
            subdir: fields.string("Subdir")?,
            hash: fields.string("Hash")?,
            reference: fields.string("Ref")?,
        }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
                    if fields.insert(fold(&name).into_owned(), value).is_some() {
                        return Err(A::Error::custom(format_args!("field {name:?} occurs twice")));
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object).map(Self)
    }
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
