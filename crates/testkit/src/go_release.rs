//! Other releases of Go, from the module registry that this machine's `go` is set up for.

use std::{process::Stdio, time::Duration};

use tokio::process::Command;

use crate::{
    fault::shared_dir,
    go_client::{GoClient, finish},
};

impl GoClient {
    /// The `go` of this release, such as `1.21.13`, or `None` if the registry does not have it: the caller says
    /// SKIPPED. Kept below the target directory, so that only the first run downloads it.
    pub async fn release(version: &str) -> Option<Self> {
        let cache = shared_dir("go-releases");
        let installed = |cache: &std::path::Path| {
            let listing = std::fs::read_dir(cache.join("golang.org")).ok()?;
            let wanted = format!("toolchain@v0.0.1-go{version}.");
            let folder = listing.flatten().find(|entry| entry.file_name().to_string_lossy().starts_with(&wanted))?;
            Some(folder.path().join("bin/go")).filter(|go| go.is_file())
        };
        if let Some(client) = installed(&cache) {
            return Self::at(&client).await.filter(|client| client.version() == version);
        }
        let host = Self::find().await?;
        // The machine's own settings (registry, certificates, checksum database) apply, so its environment is kept.
        let mut command = Command::new(host.program());
        command
            .arg("version")
            .current_dir(&cache)
            .env("GOTOOLCHAIN", format!("go{version}"))
            .env("GOMODCACHE", &cache)
            .env("GOFLAGS", "-modcacherw")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = finish(command, Duration::from_secs(300)).await;
        if !output.ok {
            return None;
        }
        Self::at(&installed(&cache)?).await.filter(|client| client.version() == version)
    }
}
