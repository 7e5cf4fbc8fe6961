//! Programs that a benchmark starts, stops and weighs.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// A server under test: killed when dropped.
pub(crate) struct Server(Child);

/// Starts programs with one core for all of them: they find no other, and divide their work accordingly.
pub(crate) fn on_one_core<T>(start: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a thread starts runs where the thread may.
    let cores = |cores: &str| run("taskset", &["-c", "-p", cores, &std::process::id().to_string()], &[]);
    cores("0")?;
    let started = start();
    cores("0-1")?;
    started
}

impl Server {
    /// Starts it and waits until it listens on the port. What it prints goes to a file.
    pub(crate) fn start(program: &Path, arguments: &[&str], port: u16, log: &Path) -> Result<Self> {
        Self::start_with(program, arguments, &[], port, log)
    }

    /// Us, with the cache and the log in that folder, and our port.
    pub(crate) fn ours(binary: &Path, work: &Path, flags: &[&str]) -> Result<(Self, u16)> {
        let port = free_port()?;
        let own = [format!("-listen=127.0.0.1:{port}"), format!("-cacheDir={}", work.join("cache").display())];
        let flags: Vec<&str> = own.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        Ok((Self::start(binary, &flags, port, &work.join("goproxy.log"))?, port))
    }

    /// The same as [`Server::start`] with more environment.
    pub(crate) fn start_with(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        port: u16,
        log: &Path,
    ) -> Result<Self> {
        let log = std::fs::File::create(log)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            // Made-up modules are in no checksum database; no rival looks there either.
            .env("GOSUMDB", "off")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let server = Self(command.spawn().with_context(|| format!("starting {}", program.display()))?);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                bail!("{} does not listen on port {port}", program.display());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(server)
    }

    /// User and system time of the process and of its children that have ended.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.0.id().to_string(), &[13, 14, 15, 16])
    }

    /// The most memory that the process ever held, in MiB.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        status(self.0.id(), "VmHWM:")
    }

    /// What it and its children hold now, in MiB.
    pub(crate) fn memory(&self) -> Result<f64> {
        self.pids().iter().map(|pid| status(*pid, "VmRSS:")).sum()
    }

    fn pids(&self) -> Vec<u32> {
        let own = self.0.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        children.split_whitespace().filter_map(|pid| pid.parse().ok()).chain([own]).collect()
    }

    /// User and system time of the process and its children in clock ticks of 10 ms, from /proc.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        self.pids().iter().map(|pid| ticks(&pid.to_string()).unwrap_or_default()).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The sum of some fields of `/proc/<pid>/stat`, counted from 0 as proc(5) counts from 1, that are clock ticks of 10 ms.
pub(crate) fn cpu_seconds(pid: &str, fields: &[usize]) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field, the program's name, may hold spaces.
    let rest: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    let ticks = fields.iter().filter_map(|field| rest.get(field - 2)?.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / 100.0
}

/// A line of `/proc/<pid>/status` that is in kB, in MiB.
fn status(pid: u32, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} in /proc"))?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn ticks(pid: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("running {program}"))?;
    if !output.status.success() {
        bail!("{program} {}: {}", arguments.join(" "), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A port that is free now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Removes a folder, a module cache with its read-only trees too.
pub(crate) fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        let path = path.to_string_lossy();
        run("chmod", &["-R", "u+w", &path], &[])?;
        run("rm", &["-rf", &path], &[])?;
    }
    Ok(())
}
