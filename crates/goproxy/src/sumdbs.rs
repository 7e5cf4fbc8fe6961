//! From `-sumdb` and GOSUMDB to databases: where each one is, whose key we know, which one vouches for modules.

use std::collections::BTreeMap;

use gomod::sumdb::{SumDbSetting, VerifierKey};
use goproxy_fetch::SumTarget;

use crate::settings::Sources;

/// The name under which sum.golang.org can be reached in mainland China: the same database, by the same key.
const ALIAS: &str = "sum.golang.google.cn";

/// All databases that clients or we ourselves use.
#[derive(Debug)]
pub(crate) struct SumDbs {
    /// By name: the URL, and whether nobody else is asked.
    places: BTreeMap<String, (String, bool)>,
    pub(crate) keys: BTreeMap<String, VerifierKey>,
    pub(crate) notary: Option<String>,
}

impl SumDbs {
    pub(crate) fn new(sources: &Sources) -> Self {
        let mut places: BTreeMap<_, _> =
            sources.sumdb.iter().map(|db| (db.name.clone(), (db.url.clone(), false))).collect();
        let known = VerifierKey::sum_golang_org();
        let mut keys = BTreeMap::from([(known.name().to_owned(), known.clone()), (ALIAS.to_owned(), known)]);
        let mut notary = None;
        if let SumDbSetting::On { key, url } = &sources.go_sumdb {
            let name = key.name().to_owned();
            match url {
                Some(url) => drop(places.insert(name.clone(), (url.clone(), true))),
                None => drop(places.entry(name.clone()).or_insert_with(|| (format!("https://{name}"), false))),
            }
            keys.insert(name.clone(), key.clone());
            notary = Some(name);
        }
        Self { places, keys, notary }
    }

    /// Where they are.
    pub(crate) fn targets(&self) -> impl Iterator<Item = SumTarget<'_>> {
        self.places.iter().map(|(name, (url, only_there))| SumTarget { name, url, only_there: *only_there })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SumDb;

    fn sources(go_sumdb: &str) -> Sources {
        let sumdb = vec![SumDb { name: "sum.golang.org".into(), url: "https://mirror.example/sum".into() }];
        Sources { sumdb, go_sumdb: SumDbSetting::parse(go_sumdb).expect("good"), ..Sources::default() }
    }

    #[test]
    fn go_sumdb_says_who_vouches_and_where() {
        for (go_sumdb, notary, url, only_there) in [
            ("off", None, "https://mirror.example/sum", false),
            ("sum.golang.org", Some("sum.golang.org"), "https://mirror.example/sum", false),
            ("sum.golang.google.cn", Some("sum.golang.org"), "https://sum.golang.google.cn", true),
            ("sum.golang.org https://own.example", Some("sum.golang.org"), "https://own.example", true),
        ] {
            let databases = SumDbs::new(&sources(go_sumdb));
            assert_eq!(databases.notary.as_deref(), notary, "{go_sumdb}");
            let targets: Vec<_> = databases.targets().map(|t| (t.name, t.url, t.only_there)).collect();
            assert_eq!(targets, [("sum.golang.org", url, only_there)], "{go_sumdb}");
        }
    }

    #[test]
    fn a_database_that_only_we_use_is_found() {
        let databases = SumDbs::new(&Sources::default());
        let targets: Vec<_> = databases.targets().map(|t| (t.name, t.url)).collect();
        assert_eq!(targets, [("sum.golang.org", "https://sum.golang.org")]);
        assert!(databases.keys.contains_key("sum.golang.google.cn"));
    }
}
