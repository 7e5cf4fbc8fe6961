//! Bytes as a module zip: what is accepted has one hash, and holds no more than its entries can.

use gomod::zip::{Summary, check_bytes, hash_bytes};

use crate::forge::module;

pub(crate) fn run(data: &[u8]) {
    judge(data);
}

/// What the check says of a zip, which the hash has to agree with.
pub(crate) fn judge(zip: &[u8]) -> Option<Summary> {
    let hash = hash_bytes(zip);
    let summary = check_bytes(zip, &module()).ok()?;
    assert_eq!(hash.unwrap(), summary.hash);
    // A byte of deflated data makes 1,032 at most.
    assert!(summary.entries <= zip.len() as u64 / 46 && summary.uncompressed <= zip.len() as u64 * 1032);
    assert_eq!(check_bytes(&[zip, b"x"].concat(), &module()).ok(), None, "bytes behind the end");
    assert_eq!(check_bytes(&zip[..zip.len() - 1], &module()).ok(), None, "bytes missing");
    Some(summary)
}
