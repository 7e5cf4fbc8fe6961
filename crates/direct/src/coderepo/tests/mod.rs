//! The rules on repositories in memory, and beside the real `go`.

mod coderepo_test;
mod differential;
mod edges;
mod fake;
mod operations;
mod random;

use gomod::{ModulePath, Query, Version};
use goproxy_engine::{Error, ErrorKind};

use self::fake::Fake;
use super::{CodeRepo, Coordinates, Revision};

/// A module of a repository: `root` alone, or `root//rest` where the module is below it.
fn module<'f>(fake: &'f Fake, path: &str) -> CodeRepo<'f> {
    let (root, rest) = path.split_once("//").unwrap_or((path, ""));
    let path = if rest.is_empty() { root.to_owned() } else { format!("{root}/{rest}") };
    let path = ModulePath::parse(&path).unwrap();
    CodeRepo::new(Coordinates::new(&path, root, "").unwrap(), fake)
}

/// What is answered: as a client asks for it, canonical versions exactly.
async fn ask(fake: &Fake, path: &str, query: &str) -> Result<Revision, Error> {
    let module = module(fake, path);
    let canonical = Version::parse(query).ok().filter(|v| gomod::path::match_path_major(v.as_str(), &module.at.major));
    match (query, canonical) {
        ("latest", _) => module.latest().await,
        (_, Some(version)) => module.version(&version).await,
        (query, None) => module.query(&Query::parse(query).unwrap()).await,
    }
}

/// The version, or the words of the error after `: invalid version: `, which must be about the content.
async fn answer(fake: &Fake, path: &str, query: &str) -> Result<String, String> {
    ask(fake, path, query).await.map(|revision| revision.version.to_string()).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        error.message().to_owned()
    })
}
