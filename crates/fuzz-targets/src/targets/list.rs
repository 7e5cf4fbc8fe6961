//! What comes out of a list is canonical, sorted, each once, and stands in the body; written again it is the same.

use gomod::{Version, list};

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let Ok(parsed) = list::parse(data) else { return };
        assert!(parsed.versions().is_sorted_by(|a, b| a < b));
        for version in parsed.versions() {
            assert_eq!(Version::parse(version.as_str()).as_ref(), Ok(version));
            assert!(!version.is_pseudo());
        }
        assert!(parsed.newest_pseudo().is_none_or(Version::is_pseudo));
        let body = parsed.body();
        assert!(body.len() <= data.len() + 1);
        assert_eq!(list::parse(body.as_bytes()).unwrap().versions(), parsed.versions());
        let chosen = [parsed.last_compatible(), parsed.highest_compatible(), parsed.highest_incompatible()];
        assert!(chosen.into_iter().flatten().all(|version| parsed.versions().binary_search(version).is_ok()));
        assert!(chosen[..2].iter().flatten().all(|version| !version.is_incompatible()));
    });
}
