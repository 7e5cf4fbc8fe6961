//! What a module's files must agree with beyond being well formed: the sums of the checksum database, or what was seen
//! of them first.

use std::sync::Arc;

use bytes::Bytes;
use gomod::ModuleVersion;

use super::Database;
use crate::{Error, ErrorKind, Fact, Kind, Object, Result, Verified, engine::Shared};

impl Shared {
    /// Whether content may be committed under its name.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: it is not what the database has, or not what it was when it was first seen. Otherwise it
    /// cannot be told.
    pub(crate) async fn vouched(self: &Arc<Self>, verified: &Verified) -> Result<()> {
        match verified.sum() {
            Some(sum) => self.vouched_sum(verified.object(), sum).await,
            None => Ok(()),
        }
    }

    /// The same of the `h1:` of a file.
    pub(crate) async fn vouched_sum(self: &Arc<Self>, object: &Object, sum: &str) -> Result<()> {
        let Object::Module(version, kind) = object else { return Ok(()) };
        let notary = self.routing.load().notary_of(version.path()).map(str::to_owned);
        let (answer, good) = match notary.and_then(|name| self.database(&name)) {
            Some(db) => (self.by_database(&db, version, *kind, sum).await, "verified"),
            None => (self.by_first_sight(version, *kind, sum).await, "pinned"),
        };
        let outcome = match &answer {
            Ok(()) => good,
            Err(error) if error.kind() == ErrorKind::Invalid => "mismatch",
            Err(error) if error.kind() == ErrorKind::Refused => "unlisted",
            Err(_) => "failed",
        };
        self.observer.checksum(outcome);
        answer
    }

    /// Writes down what was stored first of what no database vouches for. It is in the cache by now, which is the better
    /// protection: that this fails is worth a word and no more.
    pub(crate) async fn pin(&self, object: &Object, sum: &str) {
        let Object::Module(version, kind) = object else { return };
        if self.routing.load().notary_of(version.path()).is_some() {
            return;
        }
        let (fact, pin) = (Fact::Sum(version.clone(), *kind), pin_of(version, *kind, sum));
        if let Err(error) = self.store.establish(&fact, None, &pin).await {
            tracing::warn!(%object, detail = error.detail(), "cannot write down what was seen first");
        }
    }

    /// Whether the check of this file has to ask somebody.
    pub(crate) fn asks_for_sums(&self, object: &Object) -> bool {
        match object {
            Object::Module(version, Kind::Mod | Kind::Zip) => self.routing.load().notary_of(version.path()).is_some(),
            _ => false,
        }
    }

    async fn by_database(
        self: &Arc<Self>,
        db: &Database,
        version: &ModuleVersion,
        kind: Kind,
        sum: &str,
    ) -> Result<()> {
        let sums = self.sums(db, version).await.map_err(|error| unverified(db, version, &error))?;
        let expected = if kind == Kind::Zip { sums.zip } else { sums.go_mod };
        if expected == sum {
            return Ok(());
        }
        let line = go_sum_line(version, kind);
        tracing::error!(
            line,
            sum,
            expected,
            database = db.name,
            "what a source sent, or another program stored, is not what the checksum database has"
        );
        Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "{line}: checksum mismatch\n\tdownloaded: {sum}\n\t{}: {expected}\nSECURITY: the source or somebody on \
                 the way has replaced it; nothing was stored",
                db.name
            ),
        ))
    }

    async fn by_first_sight(&self, version: &ModuleVersion, kind: Kind, sum: &str) -> Result<()> {
        let Some(first) = self.store.recall(&Fact::Sum(version.clone(), kind)).await? else { return Ok(()) };
        let line = go_sum_line(version, kind);
        if first.text == pin_of(version, kind, sum) {
            return Ok(());
        }
        let before = String::from_utf8_lossy(&first.text).trim_end().to_owned();
        tracing::error!(line, sum, before, place = first.place, "a version has changed since it was first seen");
        let text = format!(
            "{line}: changed since it was first seen\n\tdownloaded: {sum}\n\tfirst: {before}\nSECURITY: a tag was moved, \
             or the source replaced; nothing was stored"
        );
        let remedy = format!("remove {} if the change is meant", first.place);
        Err(Error::new(ErrorKind::Invalid, text).with_detail(remedy))
    }
}

/// What is written down of a file.
pub(crate) fn pin_of(version: &ModuleVersion, kind: Kind, sum: &str) -> Bytes {
    format!("{} {sum}\n", go_sum_line(version, kind)).into()
}

/// The database has no answer, or none that holds.
fn unverified(db: &Database, version: &ModuleVersion, error: &Error) -> Error {
    let (kind, text) = match error.kind() {
        ErrorKind::NotFound => (
            ErrorKind::Refused,
            format!(
                "{version}: cannot be verified: {} has no record of it ({error}); a private module belongs into -exclude \
                 or GONOSUMDB of the proxy",
                db.name
            ),
        ),
        // Says nothing about the content.
        ErrorKind::Invalid => (ErrorKind::Unavailable, format!("{version}: cannot be verified: {error}")),
        kind => (kind, format!("{version}: cannot be verified: {error}")),
    };
    let told = Error::new(kind, text).with_retry_after(error.retry_after());
    match error.detail() {
        Some(detail) => told.with_detail(detail),
        None => told,
    }
}

/// The beginning of the line in go.sum.
fn go_sum_line(version: &ModuleVersion, kind: Kind) -> String {
    let suffix = if kind == Kind::Mod { "/go.mod" } else { "" };
    format!("{} {}{suffix}", version.path(), version.version())
}
