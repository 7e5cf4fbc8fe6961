//! Programs that outlived us because we were killed: nobody waits for them, and what they hold (the lock on a clone, a
//! connection that hangs) others wait for.

use std::path::Path;

/// Kills the processes whose environment has the variable set to something below the directory. Gives their number.
#[cfg(target_os = "linux")]
pub(crate) fn end(variable: &str, dir: &Path) -> usize {
    use std::os::unix::ffi::OsStrExt as _;

    let setting = [variable.as_bytes(), b"=", dir.as_os_str().as_bytes(), b"/"].concat();
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|number| end_if(*number, &setting)).count()
}

/// The handle first: should the number be given to another process after the look, the signal does not reach that one.
#[cfg(target_os = "linux")]
fn end_if(number: i32, setting: &[u8]) -> bool {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let Some(handle) = Pid::from_raw(number).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return false;
    };
    let Ok(environment) = std::fs::read(format!("/proc/{number}/environ")) else { return false };
    environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(setting))
        && pidfd_send_signal(handle, Signal::KILL).is_ok()
}

/// Nothing tells whose a process is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end(_: &str, _: &Path) -> usize {
    0
}
