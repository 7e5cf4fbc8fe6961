//! What the fields of a go-import tag must look like.

/// A subdirectory: relative, and not to be taken for an option.
///
/// # Errors
/// In `go`'s words.
pub fn check_subdirectory(subdirectory: &str) -> Result<(), &'static str> {
    match subdirectory.bytes().next() {
        Some(b'/') => Err("leading slash"),
        Some(b'-') => Err("leading hyphen"),
        _ => Ok(()),
    }
}

/// The root of a repository: a URL with a scheme, and not of a file. Says nothing about its host.
///
/// # Errors
/// In `go`'s words.
pub fn check_repo_root(root: &str) -> Result<(), String> {
    let bad = |reason: &str| Err(format!("parse {root:?}: {reason}"));
    // RFC 3986 keeps them out; net/url looks at them before anything else.
    if root.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return bad("net/url: invalid control character in URL");
    }
    let url = root.split('#').next().unwrap_or_default();
    match scheme(url) {
        Some("") => bad("missing protocol scheme"),
        Some(scheme) if scheme.eq_ignore_ascii_case("file") => Err("file scheme disallowed".to_owned()),
        Some(_) => Ok(()),
        None if url.split(['/', '?']).next().is_some_and(|segment| segment.contains(':')) => {
            bad("first path segment in URL cannot contain colon")
        }
        None => Err("no scheme".to_owned()),
    }
}

/// What stands before the first colon, if it can be a scheme.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let valid = |(at, b): (usize, u8)| b.is_ascii_alphabetic() || at > 0 && (b.is_ascii_digit() || b"+-.".contains(&b));
    scheme.bytes().enumerate().all(valid).then_some(scheme)
}
