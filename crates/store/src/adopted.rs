//! What another program wrote, and whoever vouches for it was not asked about.

use std::io;

use goproxy_engine::{Object, Result, check};

use crate::{
    Inner, failure, files,
    inspect::Look,
    record::{self, Finding, Writer},
};

impl Inner {
    /// The `h1:` and the SHA-256 of an adopted file. Blocking, slow for zips.
    pub(crate) fn sum_of_adopted(&self, object: &Object) -> Result<Option<(String, [u8; 32])>> {
        let Look::File(path, file, stamp, Some(known)) = self.look(object)? else { return Ok(None) };
        if self.finding(object).is_none_or(|finding| finding.writer == Writer::Own) {
            return Ok(None);
        }
        let sum = check::content(object, &file, stamp.size)?;
        let sha256 = files::sha256(&file).map_err(|e: io::Error| failure::at("reading", &path, &e))?;
        Ok(sum.filter(|_| sha256 == known).map(|sum| (sum, sha256)))
    }

    /// Writes down that somebody has vouched for it. Blocking.
    pub(crate) fn vouched_for(&self, object: &Object, sha256: [u8; 32]) -> Result<()> {
        let (Some(place), Some(finding)) = (self.layout.record(object), self.finding(object)) else { return Ok(()) };
        if finding.sha256 != sha256 {
            return Ok(());
        }
        let told = Finding { writer: Writer::Own, ..finding };
        record::append(&place, &told).map_err(|e| failure::at("writing", &place.path, &e))
    }

    fn finding(&self, object: &Object) -> Option<Finding> {
        record::last(&self.layout.record(object)?).ok()?
    }
}
