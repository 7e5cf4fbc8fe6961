//! From the path of a request line to what is asked for: the module proxy protocol
//! (<https://go.dev/ref/mod#goproxy-protocol>) and the checksum database under `/sumdb/`.
//!
//! A path is decoded once and must then be plain: no empty, `.` or `..` element, nothing that could be read in two
//! ways. What it yields are checked types, so nothing built from a route (file names, upstream URLs) can hold raw
//! client text, and every route has one spelling: escaping it again gives the decoded path back.

use std::borrow::Cow;

use crate::{ModulePath, ModuleVersion, PathError, Query, Tile, Version, VersionError, path};

/// Longest request path that is looked at, in bytes.
pub const MAX_PATH: usize = 4096;
/// Longest path after decoding: with a cache root of up to 1,000 bytes before it, the kernel still takes it as a name.
pub const MAX_DECODED: usize = 3072;
/// Longest path element: common file systems allow 255 bytes, less what a store adds to a name.
pub const MAX_ELEMENT: usize = 240;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// A file of the module proxy protocol.
    Module(ModuleRequest),
    /// A file of a checksum database.
    SumDb(SumRequest),
}

/// A request about a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModuleRequest {
    /// The module.
    pub path: ModulePath,
    /// The file.
    pub what: What,
    /// Whether the path began with `/cached-only`: nothing may be fetched.
    pub cached_only: bool,
}

/// The files of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// `@v/list`
    List,
    /// `@latest`
    Latest,
    /// `@v/<query>.info` of anything but a canonical version that agrees with the path.
    Query(Query),
    /// `@v/<version>.info`
    Info(ModuleVersion),
    /// `@v/<version>.mod`
    Mod(ModuleVersion),
    /// `@v/<version>.zip`
    Zip(ModuleVersion),
}

/// A request to a checksum database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SumRequest {
    /// The database, a host name. Whether it is one we serve is the caller's question.
    pub name: String,
    /// The file.
    pub what: SumWhat,
}

/// The files of a checksum database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SumWhat {
    /// `supported`: whether we stand in for the database.
    Supported,
    /// `latest`: the signed tree head.
    Latest,
    /// `lookup/<module>@<version>`
    Lookup(ModuleVersion),
    /// `tile/<height>/<level>/<number>`
    Tile(Tile),
}

/// Why a path is refused, with the text for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Nothing has such a path: 404.
    #[error("{0}")]
    NotFound(String),
    /// No client sends such a path: 400.
    #[error("{0}")]
    BadRequest(String),
    /// Longer than [`MAX_PATH`], or than [`MAX_DECODED`] when decoded: 414.
    #[error("request path too long")]
    TooLong,
}

impl From<PathError> for RouteError {
    fn from(error: PathError) -> Self {
        Self::NotFound(error.to_string())
    }
}

impl From<VersionError> for RouteError {
    fn from(error: VersionError) -> Self {
        Self::NotFound(error.to_string())
    }
}

/// Reads a path as it stands on the request line: percent-encoded, without query. `prefix` is empty or begins with a
/// slash and has none at its end.
pub fn parse(raw_path: &str, prefix: &str) -> Result<Route, RouteError> {
    if raw_path.len() > MAX_PATH {
        return Err(RouteError::TooLong);
    }
    let decoded = decode(raw_path)?;
    if decoded.len() > MAX_DECODED {
        return Err(RouteError::TooLong);
    }
    let rest = decoded.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).filter(|rest| !rest.is_empty());
    let rest = rest.ok_or_else(no_such_path)?;
    check_elements(rest)?;
    let (rest, cached_only) = match rest.strip_prefix("cached-only/") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    match rest.strip_prefix("sumdb/") {
        // Checksums are no module content: a cached-only client still needs them.
        Some(rest) => sumdb(rest).map(Route::SumDb),
        None => module(rest, cached_only).map(Route::Module),
    }
}

/// Undoes percent-encoding, once. An encoded slash would not be the separator that it looks like afterwards, and a
/// percent sign that is left would be decoded by the next program; neither occurs in a name.
fn decode(raw: &str) -> Result<Cow<'_, str>, RouteError> {
    let bad = |why: &str| RouteError::BadRequest(format!("bad request path: {why}"));
    let mut pieces = raw.split('%');
    let mut decoded = Cow::Borrowed(pieces.next().unwrap_or_default());
    for piece in pieces {
        let hex = piece.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or_else(|| bad("malformed escape"))?;
        match byte {
            b'/' => return Err(bad("encoded slash")),
            b'%' => return Err(bad("encoded percent sign")),
            0x80.. => return Err(RouteError::NotFound("no such path: not ASCII".to_owned())),
            _ => decoded.to_mut().push(char::from(byte)),
        }
        decoded.to_mut().push_str(&piece[2..]);
    }
    if decoded.bytes().any(|b| b.is_ascii_control() || b == b'\\') {
        return Err(bad("control character or backslash"));
    }
    if !decoded.is_ascii() {
        return Err(RouteError::NotFound("no such path: not ASCII".to_owned()));
    }
    Ok(decoded)
}

fn check_elements(path: &str) -> Result<(), RouteError> {
    for element in path.split('/') {
        match element {
            "" | "." | ".." => return Err(RouteError::BadRequest("bad request path: not a clean path".to_owned())),
            long if long.len() > MAX_ELEMENT => {
                return Err(RouteError::NotFound("no such path: path element too long".to_owned()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn no_such_path() -> RouteError {
    RouteError::NotFound("no such path".to_owned())
}

fn not_recognized() -> RouteError {
    RouteError::NotFound("request not recognized".to_owned())
}

fn module(rest: &str, cached_only: bool) -> Result<ModuleRequest, RouteError> {
    let (escaped, file) = rest.split_once("/@").ok_or_else(no_such_path)?;
    let path = ModulePath::unescape(escaped)?;
    let what = match file {
        "latest" => What::Latest,
        "v/list" => What::List,
        _ => version_file(&path, file.strip_prefix("v/").ok_or_else(not_recognized)?)?,
    };
    Ok(ModuleRequest { path, what, cached_only })
}

/// Reads `<version>.info`, `.mod` or `.zip`.
fn version_file(module: &ModulePath, file: &str) -> Result<What, RouteError> {
    let (escaped, extension) = file.rsplit_once('.').ok_or_else(not_recognized)?;
    if escaped.is_empty() || !matches!(extension, "info" | "mod" | "zip") || file.contains('/') {
        return Err(not_recognized());
    }
    let version = path::unescape_version(escaped)?;
    // Refuses `latest` and its like for every file, with the text that says so.
    let query = Query::parse(&version)?;
    let exact = match Version::parse(&version) {
        Ok(version) => ModuleVersion::new(module.clone(), version),
        Err(_) => Err(VersionError::NotCanonical(version)),
    };
    match (extension, exact) {
        ("info", Ok(exact)) => Ok(What::Info(exact)),
        ("info", Err(_)) => Ok(What::Query(query)),
        ("mod", exact) => Ok(What::Mod(exact?)),
        (_, exact) => Ok(What::Zip(exact?)),
    }
}

/// Nothing but these four exists below a database's name; what else is asked never travels on.
fn sumdb(rest: &str) -> Result<SumRequest, RouteError> {
    let (name, file) = rest.split_once('/').filter(|(name, _)| is_host(name)).ok_or_else(not_recognized)?;
    let what = match file {
        "supported" => SumWhat::Supported,
        "latest" => SumWhat::Latest,
        _ => match file.strip_prefix("lookup/") {
            Some(record) => SumWhat::Lookup(lookup(record)?),
            None => SumWhat::Tile(Tile::parse(file).ok_or_else(not_recognized)?),
        },
    };
    Ok(SumRequest { name: name.to_owned(), what })
}

fn lookup(record: &str) -> Result<ModuleVersion, RouteError> {
    let (module, version) = record.split_once('@').ok_or_else(not_recognized)?;
    let module = ModulePath::unescape(module)?;
    let version = Version::parse(&path::unescape_version(version)?)?;
    Ok(ModuleVersion::new(module, version)?)
}

/// A lower-case host name, with or without a port.
fn is_host(name: &str) -> bool {
    let (host, port) = name.split_once(':').unwrap_or((name, "0"));
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        plain && !label.is_empty() && !label.starts_with('-')
    };
    host.split('.').all(label) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
