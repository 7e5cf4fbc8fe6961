//! What others say of an object that holds by itself: for `goproxy verify`, which looks at what is stored already.

use crate::{Engine, Error, ErrorKind, Fact, Kind, Object, Result, Stored, sumdb::pin_of};

/// Who says that an object is the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// A checksum database, with proof.
    Database,
    /// What was written down when it was seen first.
    FirstSight,
    /// Nobody.
    Nobody,
}

impl Engine {
    /// Asks whoever vouches for an object: stored lookups and tiles before the network. `sum` is the `h1:` of a go.mod or
    /// a zip.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: it is contradicted. All others: it cannot be told.
    pub async fn vouch(&self, object: &Object, stored: &Stored, sum: Option<&str>) -> Result<Voucher> {
        let (Object::Module(version, kind), Some(sum)) = (object, sum) else {
            return self.shared.holds(object, stored).await.map(|proved| match proved {
                true => Voucher::Database,
                false => Voucher::Nobody,
            });
        };
        let notary = self.routing().notary_of(version.path()).map(str::to_owned);
        if let Some(db) = notary.and_then(|name| self.shared.database(&name)) {
            let sums = self.shared.sums(&db, version).await.map_err(|error| match error.kind() {
                // The database, or what is stored of it: that says nothing about this file.
                ErrorKind::Invalid => Error::new(ErrorKind::Unavailable, error.message()),
                _ => error,
            })?;
            let expected = if *kind == Kind::Zip { sums.zip } else { sums.go_mod };
            return same(object, sum, &expected, &db.name).map(|()| Voucher::Database);
        }
        let Some(first) = self.shared.store.recall(&Fact::Sum(version.clone(), *kind)).await? else {
            return Ok(Voucher::Nobody);
        };
        if first.text == pin_of(version, *kind, sum) {
            return Ok(Voucher::FirstSight);
        }
        let before = String::from_utf8_lossy(&first.text).trim_end().to_owned();
        same(object, sum, &before, &format!("when it was seen first ({})", first.place)).map(|()| Voucher::FirstSight)
    }

    /// Fetches an object that was moved away, if it is not there again by now.
    ///
    /// # Errors
    /// As [`Engine::serve`].
    pub async fn restore(&self, object: &Object) -> Result<()> {
        self.shared.memory.forget_object(object);
        self.object(object.clone(), false).await?.whole().await.map(drop)
    }
}

fn same(object: &Object, sum: &str, expected: &str, whose: &str) -> Result<()> {
    if sum == expected {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, format!("{object} has {sum}; {whose}: {expected}")))
}
