//! As much of go.mod as a proxy needs: whose it is, which language version, and whether bytes can be one at all.

use crate::ModulePath;

/// The largest go.mod, in bytes (x/mod/zip `MaxGoMod`).
pub const MAX_SIZE: usize = 16 << 20;

/// Why bytes cannot be a go.mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModFileError {
    /// More than [`MAX_SIZE`].
    #[error("go.mod file is too large")]
    TooLarge,
    /// Nothing but space.
    #[error("go.mod file is empty")]
    Empty,
    /// A page, such as a captive portal's.
    #[error("go.mod file is HTML")]
    Html,
    /// NUL bytes or a byte order mark, which `go` does not read.
    #[error("go.mod file is not plain text")]
    NotText,
    /// No line names the module.
    #[error("go.mod file has no module directive")]
    NoModule,
}

/// Whether bytes can be a go.mod that `go` will read. Whose it is does not count: `go` checks that where it matters,
/// and a fork keeps the path of its origin.
///
/// # Errors
/// What makes it impossible.
pub fn check(data: &[u8]) -> Result<(), ModFileError> {
    if data.len() > MAX_SIZE {
        return Err(ModFileError::TooLarge);
    }
    let text = data.trim_ascii();
    match text.first() {
        None => return Err(ModFileError::Empty),
        Some(b'<') => return Err(ModFileError::Html),
        Some(_) if data.starts_with(b"\xef\xbb\xbf") || data.contains(&0) => return Err(ModFileError::NotText),
        Some(_) => {}
    }
    match module_path(data) {
        Some(_) => Ok(()),
        None => Err(ModFileError::NoModule),
    }
}

/// The module path that a go.mod declares, by the lax scan of x/mod/modfile `ModulePath`: the first line that begins
/// with `module`, whatever stands around it. `module (` gives `(`.
pub fn module_path(data: &[u8]) -> Option<String> {
    let path = argument(data, "module")?;
    match path.as_bytes().first()? {
        b'"' => serde_json::from_str(&path).ok(),
        b'`' => path.strip_prefix('`')?.strip_suffix('`').filter(|path| !path.contains('`')).map(str::to_owned),
        _ => Some(path),
    }
}

/// The language version that a go.mod asks for, as it is written.
pub fn go_version(data: &[u8]) -> Option<String> {
    argument(data, "go")
}

/// The go.mod of a module that has none (cmd/go/internal/modfetch/coderepo.go `LegacyGoMod`). Valid module paths need
/// no quotes.
pub fn synthesized(path: &ModulePath) -> String {
    format!("module {path}\n")
}

/// What follows a verb on the first line that begins with it; comments are cut off.
fn argument(data: &[u8], verb: &str) -> Option<String> {
    data.split(|byte| *byte == b'\n').find_map(|line| {
        let end = line.windows(2).position(|pair| pair == b"//").unwrap_or(line.len());
        let rest = line[..end].trim_ascii().strip_prefix(verb.as_bytes())?;
        let argument = rest.trim_ascii();
        if argument.is_empty() || argument.len() == rest.len() {
            return None;
        }
        Some(String::from_utf8_lossy(argument).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths() {
        for (text, expected) in [
            ("module x.y/z\n", Some("x.y/z")),
            ("module x.y/z", Some("x.y/z")),
            ("// module a.b\r\n\r\nmodule \tx.y/z // why\r\ngo 1.20\r\n", Some("x.y/z")),
            ("go 1.20\nmodule x.y/z\n", Some("x.y/z")),
            ("module \"x.y/z\"\n", Some("x.y/z")),
            ("module `x.y/z`\n", Some("x.y/z")),
            ("module (\n\tx.y/z\n)\n", Some("(")),
            ("module \"x.y/z\nmodule a.b\n", None),
            ("modules x.y\n", None),
            ("module\nx.y", None),
            ("module // x.y\n", None),
            ("", None),
        ] {
            assert_eq!(module_path(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_can_be_a_go_mod() {
        for text in [
            "module x.y/z\n",
            "// Deprecated: gone\nmodule x.y/z\n\ngo 1.99\n\nrequire (\n\ta.b v1.0.0 // indirect\n)\n",
            "module other.path/of/a/fork",
            "// caf\u{e9}\nmodule x.y\n",
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text:?}");
        }
        assert_eq!(check(b"// latin-1: caf\xe9\nmodule x.y\n"), Ok(()));
        for (data, error) in [
            (&b""[..], ModFileError::Empty),
            (b" \n", ModFileError::Empty),
            (b"<!DOCTYPE html>module x", ModFileError::Html),
            (b"\xef\xbb\xbfmodule x.y\n", ModFileError::NotText),
            (b"module x.y\n\0", ModFileError::NotText),
            (b"{\"message\":\"module\"}", ModFileError::NoModule),
            (b"go 1.20\n", ModFileError::NoModule),
        ] {
            assert_eq!(check(data), Err(error), "{:?}", String::from_utf8_lossy(data));
        }
        assert_eq!(check(&vec![b'\n'; MAX_SIZE + 1]), Err(ModFileError::TooLarge));
    }

    #[test]
    fn language_versions_and_synthesis() {
        assert_eq!(go_version(b"module x\n\ngo 1.24rc1 // soon\n").as_deref(), Some("1.24rc1"));
        assert_eq!(go_version(b"module x\n"), None);
        let path = ModulePath::parse("example.com/a").unwrap();
        assert_eq!(synthesized(&path), "module example.com/a\n");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let _ = (check(&data), go_version(&data));
        }
    }
}
