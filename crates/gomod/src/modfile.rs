//! As much of go.mod as a proxy needs: whose it is, which language version, what is retracted, and whether bytes can be
//! one at all.

mod lax;
mod requirements;
mod syntax;

pub use lax::{Interval, Lax, parse_lax, retractions};
pub use requirements::{Requirements, requirements};

use crate::ModulePath;

/// The largest go.mod, in bytes (x/mod/zip `MaxGoMod`).
pub const MAX_SIZE: usize = crate::zip::MAX_GO_MOD as usize;

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
    /// An answer of some API.
    #[error("go.mod file is JSON")]
    Json,
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
        Some(b'{' | b'[') => return Err(ModFileError::Json),
        Some(_) if data.starts_with(b"\xef\xbb\xbf") || data.contains(&0) => return Err(ModFileError::NotText),
        Some(_) => {}
    }
    // `module(` opens a block in the eyes of go's parser, not in those of its scan.
    let block = data.split(|&byte| byte == b'\n').any(|line| line.trim_ascii().starts_with(b"module("));
    if block || module_path(data).is_some() { Ok(()) } else { Err(ModFileError::NoModule) }
}

/// The module path that a go.mod declares, by the lax scan of x/mod/modfile `ModulePath`: the first line that begins
/// with `module`, whatever stands around it. `module (` gives `(`.
pub fn module_path(data: &[u8]) -> Option<String> {
    let path = argument(data, "module")?;
    match path.as_bytes().first()? {
        b'"' => unquote(path.strip_prefix('"')?.strip_suffix('"')?),
        b'`' => path.strip_prefix('`')?.strip_suffix('`').filter(|path| !path.contains('`')).map(str::to_owned),
        _ => Some(path),
    }
}

/// What stands between double quotes, as Go's `strconv.Unquote` reads it; module paths are ASCII, so no more than that.
fn unquote(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let Some(escape) = (c == '\\').then(|| rest.chars().next()) else {
            plain.push(Some(c).filter(|&c| c != '"')?);
            continue;
        };
        let escape = escape?;
        rest = &rest[escape.len_utf8()..];
        let (digits, radix) = match escape {
            '\\' | '"' => ("", 0),
            'x' => (rest.get(..2)?, 16),
            'u' => (rest.get(..4)?, 16),
            'U' => (rest.get(..8)?, 16),
            '0'..='3' => (rest.get(..2)?, 8),
            _ => return None,
        };
        rest = &rest[digits.len()..];
        plain.push(match radix {
            0 => escape,
            8 => ascii(&format!("{escape}{digits}"), 8)?,
            _ => ascii(digits, 16)?,
        });
    }
    Some(plain)
}

fn ascii(digits: &str, radix: u32) -> Option<char> {
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u8::from_str_radix(digits.trim_start_matches('0'), radix).ok().filter(|b| plain && b.is_ascii()).map(char::from)
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
            ("module \"x\\x2ey\\u002f\\U0000007a\\056\\\"\\\\\"\n", Some("x.y/z.\"\\")),
            ("module \"x\\x2\"\n", None),
            ("module \"x\\q\"\n", None),
            ("module \"x\\\"\n", None),
            ("module \"x\" \"y\"\n", None),
            ("module \"x\\u+02e\"\n", None),
            ("module \"x\\u\u{e9}\u{e9}\"\n", None),
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
            // Measured with Go 1.26, which builds with each of these.
            "module (\n\texample.com/m\n)\n",
            "module(\nexample.com/m\n)\n",
            "go 1.20\nmodule example.com/m\n",
            "module \"example.com/m\"\r\n",
            "module \"exam\\x70le.com/m\"\n",
            "\r\n\t module example.com/m",
            "module example.com/m\r",
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
            (b"{\"message\":\"module\"}", ModFileError::Json),
            (b" [\nmodule x.y\n]", ModFileError::Json),
            (b"go 1.20\n", ModFileError::NoModule),
            (b"// module x.y\n", ModFileError::NoModule),
            (b"<a>\nmodule x.y\n", ModFileError::Html),
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
