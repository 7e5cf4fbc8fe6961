//! A go.mod is judged the same with an empty line before or behind it, and its parts agree.

use gomod::modfile::{MAX_SIZE, check, go_version, module_path, parse_lax, requirements, retractions, synthesized};
use gomod::{ModulePath, dirhash, semver};

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let (checked, path, lax) = (check(data), module_path(data), parse_lax(data));
        if checked.is_ok() {
            assert!(data.len() <= MAX_SIZE && !data.contains(&0) && !data.starts_with(b"\xef\xbb\xbf"));
            let text = String::from_utf8_lossy(data);
            assert!(path.is_some() || text.contains("module("));
        }
        assert_eq!(retractions(data), lax.as_ref().map(|file| file.retract.clone()).unwrap_or_default());
        // What a lax reader reads whole, the walk reads too; it never finds more than there are bytes for.
        let found = requirements(data);
        assert!(lax.is_none() || found.is_some());
        assert!(found.is_none_or(|found| found.modules.len() <= data.len() / 10));
        for interval in lax.iter().flat_map(|file| &file.retract) {
            let ordered = semver::compare(&interval.low, &interval.high).is_le();
            assert_eq!(interval.contains(&interval.low), ordered);
            assert_eq!(interval.contains(&interval.high), ordered);
        }
        if !data.starts_with(b"\xef\xbb\xbf") && data.len() < MAX_SIZE {
            let spaced = [b"\n", data].concat();
            assert_eq!((check(&spaced), module_path(&spaced), parse_lax(&spaced)), (checked, path.clone(), lax));
            let spaced = [data, b"\n"].concat();
            assert_eq!((check(&spaced), module_path(&spaced)), (checked, path.clone()));
        }
        let _ = go_version(data);
        assert!(dirhash::hash_go_mod(data).starts_with("h1:"));
        if let Some(path) = path.and_then(|path| ModulePath::parse(&path).ok()) {
            let made = synthesized(&path);
            assert_eq!(
                (check(made.as_bytes()), module_path(made.as_bytes())),
                (Ok(()), Some(path.as_str().to_owned()))
            );
        }
    });
}
