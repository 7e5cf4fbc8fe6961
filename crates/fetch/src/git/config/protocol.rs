//! Protocols that the host's git would not speak: GIT_ALLOW_PROTOCOL (git(1)), else `protocol.<name>.allow` (git-config(1)).
//! What git allows by itself, [`super::Way::check`] narrows further.

use goproxy_engine::{Error, ErrorKind, Result};

use super::{
    entries::{Entries, is_true},
    place::Scheme,
};
use crate::exec::hostenv::Var;

/// # Errors
/// [`ErrorKind::Refused`] where the operator forbids it.
pub(super) fn check(scheme: Scheme, entries: &Entries, env: &[Var]) -> Result<()> {
    let name = scheme.name();
    let variable = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, value)| value.to_string_lossy());
    let (allowed, by) = match variable("GIT_ALLOW_PROTOCOL") {
        Some(list) => (list.split(':').any(|word| word == name), "GIT_ALLOW_PROTOCOL"),
        None => {
            let own = entries.subsections("protocol", "allow").filter(|(sub, _)| *sub == name).last();
            let policy = own.map(|(_, value)| value).or_else(|| entries.get("protocol", "allow"));
            let user = variable("GIT_PROTOCOL_FROM_USER").is_none_or(|value| is_true(&value));
            let allowed = match policy.map(str::to_ascii_lowercase).as_deref() {
                Some("never") => false,
                Some("user") => user,
                _ => true,
            };
            (allowed, "protocol.allow")
        }
    };
    let message = || format!("{by} on the proxy host forbids the protocol {name}");
    if allowed { Ok(()) } else { Err(Error::new(ErrorKind::Refused, message())) }
}

#[cfg(test)]
mod tests {
    use super::{super::entries::entries, *};

    #[test]
    fn the_operator_may_narrow() {
        let allowed = |settings: &[(&str, &str)], env: &[(&str, &str)]| {
            let env: Vec<Var> = env.iter().map(|(n, v)| (n.into(), v.into())).collect();
            check(Scheme::Ssh, &entries(settings), &env).is_ok()
        };
        assert!(allowed(&[], &[]));
        assert!(allowed(&[("protocol.allow", "never"), ("protocol.ssh.allow", "always")], &[]));
        assert!(!allowed(&[("protocol.allow", "never")], &[]));
        assert!(!allowed(&[("protocol.ssh.allow", "user")], &[("GIT_PROTOCOL_FROM_USER", "0")]));
        assert!(!allowed(&[], &[("GIT_ALLOW_PROTOCOL", "https:git")]));
        assert!(allowed(&[("protocol.ssh.allow", "never")], &[("GIT_ALLOW_PROTOCOL", "https:ssh")]));
    }
}
