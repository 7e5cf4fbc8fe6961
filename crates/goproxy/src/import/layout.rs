//! Which object a file is, by its path below the folder that is imported.
//!
//! - goproxy/goproxy's and goproxyio/goproxy's caches, and the `go` command's `cache/download`: the paths of the protocol,
//!   `<module>/@v/<version>.{info,mod,zip}` (<https://go.dev/ref/mod#module-cache>).
//! - Athens on disk: `<module>/<version>/{go.mod,source.zip,<version>.info}`, names not escaped (its pkg/storage/fs).

use gomod::{ModulePath, ModuleVersion, Route, Version, What};
use goproxy_engine::{Kind, Object};

/// The object at a path whose separators are slashes.
pub(super) fn object(relative: &str) -> Option<Object> {
    if relative.contains("/@v/") { of_the_protocol(relative) } else { of_athens(relative) }
}

/// The folder that was given may lie above the cache: a GOPATH, a GOMODCACHE, a volume.
fn of_the_protocol(relative: &str) -> Option<Object> {
    let path = relative.rsplit_once("cache/download/").map_or(relative, |(_, below)| below);
    let Ok(Route::Module(request)) = gomod::route::parse(&format!("/{path}"), "") else { return None };
    let (version, kind) = match request.what {
        What::Info(version) => (version, Kind::Info),
        What::Mod(version) => (version, Kind::Mod),
        What::Zip(version) => (version, Kind::Zip),
        What::List | What::Latest | What::Query(_) => return None,
    };
    Some(Object::Module(version, kind))
}

fn of_athens(relative: &str) -> Option<Object> {
    let (folder, name) = relative.rsplit_once('/')?;
    let (module, version) = folder.rsplit_once('/')?;
    let kind = match name {
        "go.mod" => Kind::Mod,
        "source.zip" => Kind::Zip,
        _ if name.strip_suffix(".info") == Some(version) => Kind::Info,
        _ => return None,
    };
    let version = ModuleVersion::new(ModulePath::parse(module).ok()?, Version::parse(version).ok()?).ok()?;
    Some(Object::Module(version, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs() {
        for (path, expected) in [
            ("github.com/!azure/x/@v/v1.0.0.zip", Some("github.com/Azure/x@v1.0.0 zip")),
            ("pkg/mod/cache/download/example.com/a/v2/@v/v2.0.0.mod", Some("example.com/a/v2@v2.0.0 mod")),
            ("example.com/a/@v/v1.0.0-!r!c1.info", Some("example.com/a@v1.0.0-RC1 info")),
            ("github.com/Azure/x/v1.0.0/source.zip", Some("github.com/Azure/x@v1.0.0 zip")),
            ("github.com/Azure/x/v1.0.0/go.mod", Some("github.com/Azure/x@v1.0.0 mod")),
            ("github.com/Azure/x/v1.0.0/v1.0.0.info", Some("github.com/Azure/x@v1.0.0 info")),
            ("github.com/Azure/x/v1.0.0/v1.0.1.info", None),
            ("github.com/Azure/x/@v/v1.0.0.zip", None),
            ("example.com/a/@v/list", None),
            ("example.com/a/@v/v1.0.0.lock", None),
            ("example.com/a/@v/v1.0.0.ziphash", None),
            ("example.com/a/@v/main.info", None),
            ("example.com/a/@v/v2.0.0.zip", None),
            ("sumdb/sum.golang.org/tile/8/0/000", None),
            ("pkg/mod/example.com/a@v1.0.0/testdata/v1.0.0/go.mod", None),
            ("x/../example.com/a/@v/v1.0.0.zip", None),
            ("go.mod", None),
            ("v1.0.0/go.mod", None),
        ] {
            let found = object(path).map(|object| match object {
                Object::Module(version, kind) => format!("{version} {}", kind.extension()),
                _ => String::new(),
            });
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
