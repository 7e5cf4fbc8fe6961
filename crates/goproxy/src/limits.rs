//! Limits that the system sets for this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the number of open files to what the system allows, as Go's runtime does for the programs it runs: the usual
/// default of 1024 is less than `-maxConnections`.
pub(crate) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // The old limit stays when the system refuses; nothing depends on the new one.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// Keeps the secrets in our memory out of core dumps, and our environment from other programs of the same user. Programs
/// that we start are not concerned: executing one undoes it.
#[cfg(target_os = "linux")]
pub(crate) fn no_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // Where the system refuses, everything works all the same.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// There is no such switch here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn no_core_dumps() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn a_crash_leaves_no_secrets() {
        super::no_core_dumps();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
