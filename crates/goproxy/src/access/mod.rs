//! From settings to the gate of the server: files are read here, and keys of issuers fetched.

mod gate;
mod keys;

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwapOption;
use goproxy_access::{Access, FetchKeys, Htpasswd, Issuer, KeysFrom};
use goproxy_fetch::HttpClient;

pub(crate) use gate::AccessGate;

use crate::{
    access::keys::HttpKeys,
    failure::Failure,
    settings::{IssuerRow, KeysAt, Loaded},
};

/// The gate in force, if there is one; SIGHUP puts another in its place, for the next request.
pub(crate) type InForce = Arc<ArcSwapOption<AccessGate>>;

/// Builds the gate; `None` where everybody may read everything. Asks nobody yet.
pub(crate) fn build(loaded: &Loaded, client: &HttpClient) -> Result<Option<Arc<AccessGate>>, Failure> {
    let settings = &loaded.settings.access;
    if !settings.is_on() {
        return match settings.metrics_admin {
            true => Err(loaded.bad_value("metricsAccess", "needs accounts; configure htpasswd, tokens or issuers")),
            false => Ok(None),
        };
    }
    let fetch: Arc<dyn FetchKeys> = Arc::new(HttpKeys(client.clone()));
    let issuers = settings.issuers.iter().map(|row| issuer(row, &fetch)).collect::<Result<_, _>>()?;
    let access = Access::new(accounts(loaded)?, settings.tokens.clone(), issuers, settings.rules.clone());
    let access = access.map_err(|why| Failure::config(format!("access: {why}")))?;
    Ok(Some(Arc::new(AccessGate::new(access, &loaded.settings))))
}

fn accounts(loaded: &Loaded) -> Result<Htpasswd, Failure> {
    let Some(path) = &loaded.settings.access.htpasswd else { return Ok(Htpasswd::default()) };
    let text = read(path).map_err(|why| loaded.bad_value("htpasswd", &why))?;
    let text = String::from_utf8(text).map_err(|_| loaded.bad_value("htpasswd", "is not UTF-8; write it in UTF-8"))?;
    Htpasswd::parse(&text).map_err(|why| Failure::config(format!("htpasswd: {}: {why}", path.display())))
}

fn issuer(row: &IssuerRow, fetch: &Arc<dyn FetchKeys>) -> Result<Issuer, Failure> {
    let bad = |why: String| Failure::config(format!("{}: [[issuers]]: {why}", row.place));
    let from = match &row.keys {
        KeysAt::Url(url) => KeysFrom::Url(url.clone()),
        KeysAt::File(path) => KeysFrom::Text(read(path).map_err(|why| bad(format!("jwksFile {why}")))?),
        KeysAt::Discovery => KeysFrom::Discovery,
    };
    let keys = (from, Arc::clone(fetch));
    Issuer::new(&row.name, &row.issuer, &row.audience, row.claims.clone(), keys).map_err(bad)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot be read ({error}); correct the path or its permissions"))
}
