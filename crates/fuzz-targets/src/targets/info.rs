//! What is accepted as `.info` is a JSON object that names a version, and says the same when it is written again.

use gomod::{Info, Origin};
use serde_json::{Map, Value, json};

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let Ok(info) = Info::parse(data) else { return };
        assert!(!info.version().is_empty() && data.len() <= Info::MAX_LEN);
        let object: Value = match serde_json::from_slice(data) {
            // The reader of values is stricter only about depth, the range of numbers, and halves of surrogate pairs, which
            // Go replaces.
            Err(error) => {
                let why = error.to_string();
                let stricter = ["recursion limit", "out of range", "hex escape"];
                assert!(stricter.iter().any(|what| why.contains(what)) || is_magic(data), "{why}");
                return;
            }
            Ok(_) if is_magic(data) => return,
            Ok(value) => value,
        };
        let fields: &Map<String, Value> = object.as_object().unwrap();
        assert!(fields.values().any(|value| value == info.version()), "{info:?}");
        let again = written(&info).to_string();
        let read = Info::parse(again.as_bytes()).unwrap();
        assert_eq!((read.version(), read.origin()), (info.version(), info.origin()));
    });
}

/// Whether an object may begin with the name by which serde_json's values know a text that is JSON itself: they read that.
fn is_magic(data: &[u8]) -> bool {
    let has = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
    has(b"private::RawValue") || has(b"\\u")
}

fn written(info: &Info) -> Value {
    let origin = |origin: &Origin| {
        let Origin { vcs, url, subdir, hash, reference } = origin;
        json!({ "VCS": vcs, "URL": url, "Subdir": subdir, "Hash": hash, "Ref": reference })
    };
    json!({ "Version": info.version(), "Origin": info.origin().map(origin) })
}
