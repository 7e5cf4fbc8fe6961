//! What the system says of this process, under the names that Prometheus' client libraries use. Linux' /proc is read when
//! somebody asks; elsewhere there are none of these.

use std::{
    fmt::{self, Write as _},
    fs,
};

use super::gauge;

/// The unit of times in /proc: 100 in a second wherever Linux runs our targets (proc(5), `sysconf(_SC_CLK_TCK)`).
const TICKS: f64 = 100.0;

/// Writes what is known.
pub(super) fn expose(page: &mut String) -> fmt::Result {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(stat) = Stat::parse(&stat) {
        let name = "process_cpu_seconds";
        write!(page, "# HELP {name} User and system time, in seconds.\n# TYPE {name} counter\n")?;
        writeln!(page, "{name}_total {}", stat.cpu_ticks as f64 / TICKS)?;
        gauge(page, "process_virtual_memory_bytes", "Virtual memory", stat.virtual_bytes)?;
        if let Some(boot) = boot_time(&fs::read_to_string("/proc/stat").unwrap_or_default()) {
            let started = boot as f64 + stat.start_ticks as f64 / TICKS;
            gauge(page, "process_start_time_seconds", "When the process started, in seconds since 1970", started)?;
        }
    }
    if let Some(bytes) = resident(&fs::read_to_string("/proc/self/status").unwrap_or_default()) {
        gauge(page, "process_resident_memory_bytes", "Resident memory", bytes)?;
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory itself.
        gauge(page, "process_open_fds", "Open file descriptors", open.count().saturating_sub(1))?;
    }
    if let Some(most) = max_fds(&fs::read_to_string("/proc/self/limits").unwrap_or_default()) {
        gauge(page, "process_max_fds", "How many file descriptors may be open", most)?;
    }
    Ok(())
}

/// Of /proc/self/stat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    start_ticks: u64,
    virtual_bytes: u64,
}

impl Stat {
    /// The program's name may hold anything, so that the fields count from the last bracket on.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // proc(5) numbers them from 1; the first one here is number 3.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self { cpu_ticks: field(14)? + field(15)?, start_ticks: field(22)?, virtual_bytes: field(23)? })
    }
}

/// Of /proc/stat, in seconds since 1970.
fn boot_time(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// Of /proc/self/status, in bytes.
fn resident(status: &str) -> Option<u64> {
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    kilobytes.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Of /proc/self/limits: the soft limit.
fn max_fds(limits: &str) -> Option<f64> {
    let words = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match words.split_ascii_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc() {
        let line = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 8 9 20 0 5 0 123400 5678080 99 1 2 3\n";
        let stat = Stat { cpu_ticks: 300, start_ticks: 123_400, virtual_bytes: 5_678_080 };
        assert_eq!(Stat::parse(line), Some(stat));
        assert_eq!((Stat::parse(""), Stat::parse("7 (a) S 1")), (None, None));
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000));
        assert_eq!(resident("VmHWM:\t 9 kB\nVmRSS:\t   12 kB\n"), Some(12 << 10));
        assert_eq!(
            max_fds("Limit  Soft\nMax open files            1024                 4096                 files\n"),
            Some(1024.0)
        );
        assert_eq!(max_fds("Max open files unlimited unlimited files\n"), Some(f64::INFINITY));
        assert_eq!((boot_time("x"), resident("x"), max_fds("x")), (None, None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process() {
        let mut page = String::new();
        expose(&mut page).unwrap();
        let value = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let started = value("process_start_time_seconds ").unwrap();
        assert!((now - 86400.0..=now + 60.0).contains(&started), "{started} {now}");
        assert!(value("process_resident_memory_bytes ").unwrap() > 1e6, "{page}");
        assert!(value("process_open_fds ").unwrap() >= 3.0 && value("process_max_fds ").unwrap() >= 3.0, "{page}");
        assert!(value("process_cpu_seconds_total ").unwrap() < 3600.0 * 24.0, "{page}");
    }
}
