//! `go mod download` of the live test's project: straight from the upstream of `go env GOPROXY`, and through us with a
//! cold and with a warm cache. Needs `go` and the network.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::{
    binary, median,
    process::{Server, remove, run},
    root, rounds, scratch,
};

/// The three ways in turn, each with an empty module cache of the client; medians in seconds.
pub(crate) fn downloads(arguments: &[&str]) -> Result<()> {
    let rounds = rounds(arguments, 5)?;
    let work = scratch("downloads")?;
    let client = client_folder(&work);
    let upstream = upstream()?;
    let binary = binary()?;
    let (mut direct, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        direct.push(download(&client, &upstream)?);
        remove(&work.join("cache"))?;
        let (_server, port) = Server::ours(&binary, &work, &[&format!("-proxy={upstream}")])?;
        let ours = format!("http://127.0.0.1:{port}");
        cold.push(download(&client, &ours)?);
        warm.push(download(&client, &ours)?);
        println!("round {}: direct {:.2} cold {:.2} warm {:.2}", round + 1, direct[round], cold[round], warm[round]);
    }
    remove(&client)?;
    let direct = median(&direct);
    println!("go mod download, median of {rounds} interleaved rounds, seconds (ratio to direct)");
    println!("direct to the upstream   {direct:.2}");
    for (name, values) in [("through us, cold cache", &cold), ("through us, warm cache", &warm)] {
        println!("{name}   {:.2} ({:.2})", median(values), median(values) / direct);
    }
    Ok(())
}

/// The first URL of the machine's GOPROXY.
pub(super) fn upstream() -> Result<String> {
    let list = run("go", &["env", "GOPROXY"], &[])?;
    let first = list.split([',', '|']).next().unwrap_or_default().trim();
    if !first.starts_with("http") {
        bail!("go env GOPROXY names no upstream");
    }
    Ok(first.to_owned())
}

/// Where the client unpacks: in memory where that can be had. It writes half a gigabyte of small files, and a disk that
/// is busy with the last round's would be all that is measured. Our own cache stays on the disk.
fn client_folder(work: &Path) -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.join("goproxy-bench") } else { work.to_owned() }
}

fn download(folder: &Path, proxy: &str) -> Result<f64> {
    let (client, project) = (folder.join("client"), folder.join("project"));
    remove(&client)?;
    remove(&project)?;
    fs::create_dir_all(&project)?;
    let source = root().join("crates/goproxy/tests/live");
    for file in ["go.mod", "go.sum"] {
        fs::copy(source.join(file), project.join(file)).with_context(|| format!("copying {file}"))?;
    }
    let (gopath, directory) = (client.to_string_lossy(), project.to_string_lossy());
    let environment =
        [("GOPROXY", proxy), ("GOPATH", &*gopath), ("GOMODCACHE", ""), ("GOFLAGS", "-modcacherw"), ("GOSUMDB", "off")];
    let started = Instant::now();
    run("go", &["-C", &directory, "mod", "download"], &environment)?;
    Ok(started.elapsed().as_secs_f64())
}
