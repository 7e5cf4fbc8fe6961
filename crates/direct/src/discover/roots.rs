//! Which URLs a stranger's page may send us to. `go` hands them to `git`, `hg` and the like; we look first.

use goproxy_fetch::Access;

use super::Vcs;

/// Refuses what nobody needs of a go-import page: programs, options, passwords, and whatever goes over the network in
/// the clear, unless the module may be insecure. The address behind the host is looked at when it is connected to.
pub(super) fn check(vcs: Vcs, url: &str, access: Access) -> Result<(), &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Err("not scheme://host/path") };
    let scheme = scheme.to_ascii_lowercase();
    if !is_known(vcs, &scheme) {
        return Err("no such scheme for this version control system");
    }
    if !gomod::vcs::is_secure_scheme(&scheme) && !access.insecure {
        return Err("insecure scheme; for a module that may come without TLS, add it to -insecure of the proxy");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Err("a password in the URL; configure credentials on the proxy host");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if host.is_empty() || host.starts_with(['-', ':']) || !host.bytes().all(plain) || user.starts_with('-') {
        return Err("malformed host");
    }
    if url.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
        return Err("white space, a control character or a backslash in the URL");
    }
    Ok(())
}

fn is_known(vcs: Vcs, scheme: &str) -> bool {
    vcs.schemes().contains(&scheme)
}

/// Without a password.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if rest[..at].contains(':') => format!("{scheme}://xxxxx{}", &rest[at..]),
        _ => url.to_owned(),
    }
}
