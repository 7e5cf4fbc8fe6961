//! What checksums protect from (T1 to T10 of the threat model, as far as they are not about the proofs alone, which
//! `gomod::sumdb` tests): a lying source, a lying proxy of the database, a database with two histories, a moved tag.

mod heads;
mod lies;
mod pins;
mod toolchain;

use std::path::Path;

use goproxy_testkit::{ModuleFixture, Proxy, ProxyBuilder, SumDb, Upstream};

use crate::support::{files, goproxy};

const NAME: &str = "sums.example.org";

/// A module that both know, after so many others in the database.
async fn world(before: usize) -> (Upstream, SumDb, ModuleFixture) {
    let (upstream, sums) = (Upstream::start().await, SumDb::new(NAME));
    let module = ModuleFixture::new("example.com/Summed", "v1.0.0");
    sums.pad(before).add(&module).pad(3);
    upstream.add(&module).attach(&sums);
    (upstream, sums, module)
}

/// Router mode with a database that vouches for everything.
fn verifying(upstream: &Upstream, sums: &SumDb) -> ProxyBuilder {
    let args = ["-proxy".to_owned(), upstream.url(), "-sumdb".to_owned(), NAME.to_owned()];
    goproxy().args(args).env("GOSUMDB", sums.verifier_key())
}

fn lookup_of(module: &ModuleFixture) -> String {
    format!("/sumdb/{NAME}/lookup/example.com/!summed@{}", module.version())
}

/// Whether something with this in its name lies among the objects.
fn stored(proxy: &Proxy, part: &str) -> bool {
    files(&proxy.download_dir()).iter().any(|file| file.to_string_lossy().contains(part))
}

/// Our facts about databases.
fn facts(proxy: &Proxy) -> impl Iterator<Item = std::path::PathBuf> {
    let dir = proxy.cache_dir().join("pkg/mod/cache/goproxy/facts");
    files(Path::new(&dir)).into_iter()
}
