//! P11: a path that is accepted has one spelling, and what is built from it stays below its root.

use std::path::{Component, Path};

use gomod::route::{MAX_PATH, parse};
use gomod::{ModuleVersion, Route, RouteError, SumWhat, What};

pub(crate) fn run(data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let parsed = parse(raw, "");
    if raw.len() > MAX_PATH {
        assert_eq!(parsed, Err(RouteError::TooLong));
    }
    // What is below a prefix is what it is without one, as far as both are short enough.
    if raw.len() < 2000 {
        assert_eq!(parse(&format!("/pre/fix{raw}"), "/pre/fix").ok(), parsed.as_ref().ok().cloned());
    }
    let Ok(route) = parsed else { return };
    let written = written(&route);
    let decoded = decoded(raw);
    match decoded.strip_prefix("/cached-only") {
        Some(rest) if matches!(route, Route::SumDb(_)) => assert_eq!(written, rest),
        _ => assert_eq!(written, decoded),
    }
    assert_eq!(parse(&written, "").as_ref(), Ok(&route));
    assert!(!written.bytes().any(|b| b.is_ascii_control() || !b.is_ascii() || b == b'\\'), "{written:?}");
    let below = Path::new(&written[1..]);
    assert!(below.components().all(|part| matches!(part, Component::Normal(_))), "{written:?}");
    assert_eq!(below.components().count(), written.matches('/').count(), "{written:?}");
    assert!(Path::new("/root").join(below).starts_with("/root"));
}

/// The path that leads to a route.
fn written(route: &Route) -> String {
    let file = |version: &ModuleVersion, end: &str| format!("@v/{}.{end}", version.version().escaped());
    match route {
        Route::Module(request) => {
            let start = if request.cached_only { "/cached-only" } else { "" };
            let same = |version: &ModuleVersion| assert_eq!(version.path(), &request.path);
            let file = match &request.what {
                What::List => "@v/list".to_owned(),
                What::Latest => "@latest".to_owned(),
                What::Query(query) => format!("@v/{}.info", query.escaped()),
                What::Info(version) => file(version, "info"),
                What::Mod(version) => file(version, "mod"),
                What::Zip(version) => file(version, "zip"),
            };
            if let What::Info(version) | What::Mod(version) | What::Zip(version) = &request.what {
                same(version);
            }
            format!("{start}/{}/{file}", request.path.escaped())
        }
        Route::SumDb(request) => {
            let file = match &request.what {
                SumWhat::Supported => "supported".to_owned(),
                SumWhat::Latest => "latest".to_owned(),
                SumWhat::Lookup(of) => format!("lookup/{}@{}", of.path().escaped(), of.version().escaped()),
                SumWhat::Tile(tile) => tile.to_string(),
            };
            format!("/sumdb/{}/{file}", request.name)
        }
    }
}

/// Percent-decoded once.
fn decoded(raw: &str) -> String {
    let mut pieces = raw.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        decoded.push(char::from(u8::from_str_radix(&piece[..2], 16).unwrap()));
        decoded.push_str(&piece[2..]);
    }
    decoded
}
