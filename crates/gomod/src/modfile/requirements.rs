//! What `go` reads next when it has read the go.mod of a dependency (cmd/go/internal/modload/buildlist.go
//! `readModGraph`).

use super::{lax, syntax};
use crate::{ModulePath, ModuleVersion, Version};

/// More requirements than any real go.mod has; what follows them is not kept.
const MOST: usize = 4096;

/// The requirements of a go.mod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Whether the module takes part in graph pruning (`go 1.17` and up): then its own requirements are all that a
    /// build needs of it, and `go` reads none of their go.mod files for its sake.
    pub pruned: bool,
    /// The requirements in the order of the file; those that no module can meet are left out.
    pub modules: Vec<ModuleVersion>,
}

/// The requirements of a go.mod; `None` if it cannot be read.
pub fn requirements(data: &[u8]) -> Option<Requirements> {
    let mut found = Requirements::default();
    let mut go = None;
    syntax::each(&String::from_utf8_lossy(data), |verb, args| {
        match (verb, args) {
            ("go", [version]) if go.is_none() => go = Some(lax::go_version(version)?.to_owned()),
            ("require", [path, version]) if found.modules.len() < MOST => {
                found.modules.extend(module(&lax::string(path)?, &lax::string(version)?));
            }
            _ => {}
        }
        Some(())
    })?;
    found.pruned = go.is_some_and(|go| prunes(&go));
    Some(found)
}

fn module(path: &str, version: &str) -> Option<ModuleVersion> {
    ModuleVersion::new(ModulePath::parse(path).ok()?, Version::parse(version).ok()?).ok()
}

/// Whether a language version is 1.17 or newer.
fn prunes(go: &str) -> bool {
    let mut numbers = go.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(u32::MAX));
    (numbers.next(), numbers.next()) >= (Some(1), Some(17))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_in_their_order_and_whether_they_end_there() {
        let text = "module a.b/c\n\ngo 1.17\n\nrequire x.y/z v1.2.3 // indirect\nrequire (\n\tgopkg.in/q.v2 v2.0.0\n\
                    \t\"d.e/f\" v0.0.0-20200101000000-abcdefabcdef\n\tno.such/v2 v1.0.0\n)\nreplace x.y/z => ../z\n";
        let found = requirements(text.as_bytes()).unwrap();
        let names: Vec<_> = found.modules.iter().map(ToString::to_string).collect();
        let expected = ["x.y/z@v1.2.3", "gopkg.in/q.v2@v2.0.0", "d.e/f@v0.0.0-20200101000000-abcdefabcdef"];
        assert_eq!((names, found.pruned), (expected.map(str::to_owned).to_vec(), true));
        assert_eq!(requirements(b"module a\nrequire (\n"), None);
    }

    #[test]
    fn pruning_begins_with_go_1_17() {
        for (go, pruned) in [
            ("", false),
            ("go 1.16", false),
            ("go 1.9", false),
            ("go 1.17", true),
            ("go 1.17rc1", true),
            ("go 1.26.8", true),
            ("go 2.0", true),
        ] {
            assert_eq!(requirements(format!("module a\n{go}\n").as_bytes()).unwrap().pruned, pruned, "{go}");
        }
    }

    #[test]
    fn a_go_mod_without_end_is_no_list_without_end() {
        let lines: String = (0..2 * MOST).map(|i| format!("require a.b/c{i} v1.0.0\n")).collect();
        assert_eq!(requirements(lines.as_bytes()).unwrap().modules.len(), MOST);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let _ = requirements(&data);
        }
    }
}
