//! Paths, versions and patterns: escaping is undone by unescaping, what has a type has one spelling, and no pattern takes
//! long. A line each: a path, a version, patterns.

use gomod::{ModulePath, ModuleVersion, Patterns, Query, Version, pattern, pseudo, semver, vcs};

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let Ok(text) = std::str::from_utf8(data) else { return };
        // As long as anything that comes with a request.
        let mut lines = text.split('\n').map(|line| line.get(..3000).unwrap_or(line)).filter(|line| line.len() <= 3000);
        let (path, version, patterns) =
            (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        for text in [path, version] {
            paths(text);
            versions(text);
        }
        if let (Ok(path), Ok(version)) = (ModulePath::parse(path), Version::parse(version)) {
            let _ = ModuleVersion::new(path, version);
        }
        let _ = semver::compare(path, version);
        if let Ok(list) = Patterns::parse(patterns) {
            assert_eq!(Patterns::parse(&list.to_string()).as_ref(), Ok(&list));
            let _ = list.matches_str(path);
        }
        let _ = pattern::match_glob(patterns, path);
    });
}

fn paths(text: &str) {
    if let Ok(path) = ModulePath::parse(text) {
        assert_eq!(path.as_str(), text);
        assert_eq!(ModulePath::unescape(&path.escaped()).as_ref(), Ok(&path));
        let (prefix, major) = path.split_major();
        assert_eq!(format!("{prefix}{major}"), text);
        assert!(Patterns::parse(text).is_ok_and(|list| list.matches(&path)) || text.contains(['*', '?', '[', '\\']));
        if let Ok(Some(known)) = vcs::known(text) {
            assert!(text.contains(&known.root));
        }
    }
    if let Ok(path) = ModulePath::unescape(text) {
        assert_eq!(path.escaped(), text);
    }
}

fn versions(text: &str) {
    if let Ok(version) = Version::parse(text) {
        assert_eq!(version.as_str(), text);
        assert_eq!(semver::canonical(text), text.strip_suffix("+incompatible").unwrap_or(text));
        assert!(semver::compare(text, text).is_eq());
        if version.is_pseudo() {
            let _ = (pseudo::pseudo_version_time(text), pseudo::pseudo_version_base(text));
            assert!(pseudo::pseudo_version_rev(text).is_ok_and(|rev| text.contains(rev)));
        }
    }
    if let Ok(query) = Query::parse(text) {
        assert_eq!(Query::unescape(&query.escaped()).as_ref(), Ok(&query));
        assert!(!text.starts_with('-') && !text.contains('/'));
    }
}
