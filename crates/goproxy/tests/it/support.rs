//! What the tests share: how the program is started, and short names for what they ask.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use goproxy_testkit::{GitHost, GoClient, Home, ModuleFixture, Proxy, ProxyBuilder, Upstream};

/// The program under test.
pub(crate) fn goproxy() -> ProxyBuilder {
    Proxy::builder(env!("CARGO_BIN_EXE_goproxy"))
}

/// Router mode in front of an upstream.
pub(crate) async fn router(upstream: &Upstream) -> Proxy {
    router_with(upstream, &[]).await
}

/// Router mode with more flags.
pub(crate) async fn router_with(upstream: &Upstream, flags: &[&str]) -> Proxy {
    goproxy().args(["-proxy", &upstream.url()]).args(flags.iter().copied()).start().await
}

/// An upstream with one module version, and that version.
pub(crate) async fn upstream_with(path: &str, version: &str) -> (Upstream, ModuleFixture) {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new(path, version);
    upstream.add(&module);
    (upstream, module)
}

/// A home whose git finds `https://<domain>/...` on the host, with a token where one is given.
pub(crate) fn home_with_git(domain: &str, host: &GitHost, token: Option<&str>) -> Home {
    let home = Home::new();
    let userinfo = token.map(|token| format!("x:{token}")).unwrap_or_default();
    let target = if userinfo.is_empty() { host.url() } else { host.url_with_userinfo(&userinfo) };
    home.instead_of(&format!("https://{domain}/"), &format!("{target}/"));
    home
}

/// A real `go`, or `None` after saying that the test was skipped.
pub(crate) async fn go_client(test: &str) -> Option<GoClient> {
    let client = GoClient::find().await;
    if client.is_none() {
        goproxy_testkit::skipped(&format!("{test}: no go on this machine"));
    }
    client
}

/// Bytes that do not compress (xorshift), the same for the same seed.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Every regular file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
