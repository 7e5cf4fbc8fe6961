//! From settings to the sources of the engine: who is asked for public modules, for private ones, for checksums.

use std::sync::Arc;

use gomod::{ProxyEntry, ProxyTarget};
use goproxy_engine::{Error, Hop, Observer, Routing, Source, Unobserved};
use goproxy_fetch::{ClientOptions, Credentials, HttpClient, SumProxy, SumRoute, Upstream};

use crate::{
    failure::Failure,
    settings::{Loaded, Settings},
    sumdbs::SumDbs,
};

/// Everything that the settings let us speak HTTP with. Making it opens no connection.
#[derive(Debug)]
pub(crate) struct Upstreams {
    client: HttpClient,
    /// The `-proxy` list; `None` is version control, the last one there is.
    hops: Vec<(Option<Upstream>, bool)>,
    sums: SumProxy,
}

impl Upstreams {
    /// Makes the clients; they send what `credentials` have at the time. What cannot be used is a bad value: of `-proxy`, of `-sumdb`, or of an environment variable
    /// that the message names.
    pub(crate) fn new(loaded: &Loaded, credentials: &Credentials) -> Result<Self, Failure> {
        Self::observed(loaded, credentials, Arc::new(Unobserved))
    }

    /// The same; the observer is told how they answer.
    pub(crate) fn observed(
        loaded: &Loaded,
        credentials: &Credentials,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Failure> {
        let settings = &loaded.settings;
        for (place, row) in &settings.sources.credentials {
            row.check().map_err(|why| Failure::config(format!("{place}: [[credentials]]: {why}")))?;
        }
        let limits = &settings.limits;
        let client = HttpClient::new(ClientOptions {
            connect_timeout: limits.connect,
            response_timeout: limits.response,
            idle_timeout: limits.idle,
            in_flight: limits.upstream_requests,
            credentials: credentials.clone(),
            observer,
            inside: settings.sources.inside.clone(),
            ..ClientOptions::default()
        });
        let client = client.map_err(|error| Failure::config(error.message()))?;
        let hops = hops(&client, loaded)?;
        let databases = SumDbs::new(&settings.sources);
        let sums = SumProxy::new(&client, databases.targets(), sum_routes(&hops, settings))
            .map_err(|error| bad_url(loaded, "sumdb", &error))?;
        Ok(Self { client, hops, sums })
    }

    /// Those of `-proxy`.
    pub(crate) fn asked(&self) -> Vec<Upstream> {
        self.hops.iter().filter_map(|(upstream, _)| upstream.clone()).collect()
    }

    /// What they speak HTTP with.
    pub(crate) fn client(&self) -> &HttpClient {
        &self.client
    }

    /// The engine's view of the settings, with `direct` for what comes from version control.
    pub(crate) fn routing(self, settings: &Settings, direct: &Arc<dyn Source>) -> Routing {
        let hop = |(upstream, on_any_error): (Option<Upstream>, bool)| {
            let source = upstream.map_or_else(|| Arc::clone(direct), |upstream| Arc::new(upstream));
            Hop { source, on_any_error }
        };
        let databases = SumDbs::new(&settings.sources);
        Routing {
            private: settings.sources.private(),
            no_sum: settings.sources.go_no_sum.clone(),
            direct: Arc::clone(direct),
            public: self.hops.into_iter().map(hop).collect(),
            sums: Arc::new(self.sums),
            sum_keys: databases.keys,
            notary: databases.notary,
            sum_names: settings.sources.sumdb.iter().map(|db| db.name.clone()).collect(),
            fetches: settings.limits.fetches,
            read_ahead: settings.cache.read_ahead,
            freshness: settings.cache.expire,
        }
    }
}

/// The elements of `-proxy`. `off` ends the list: after it nobody is asked, and alone it leaves nobody to ask.
fn hops(client: &HttpClient, loaded: &Loaded) -> Result<Vec<(Option<Upstream>, bool)>, Failure> {
    let Some(list) = &loaded.settings.sources.proxy else { return Ok(vec![(None, false)]) };
    let mut hops = Vec::new();
    for ProxyEntry { target, on_any_error } in list.entries() {
        match target {
            ProxyTarget::Url(url) => {
                let upstream = Upstream::new(client.clone(), url);
                let upstream = upstream.map_err(|error| bad_url(loaded, "proxy", &error))?;
                hops.push((Some(upstream), *on_any_error));
            }
            ProxyTarget::Direct => hops.push((None, *on_any_error)),
            ProxyTarget::Off => break,
        }
    }
    Ok(hops)
}

/// The parser was content with the URL, the client is not.
fn bad_url(loaded: &Loaded, setting: &str, error: &Error) -> Failure {
    loaded.bad_value(setting, &format!("{error}; write an https URL, an http one without credentials, or file:///path"))
}

/// The ways to a checksum database, as `go` takes them behind the same list.
fn sum_routes(hops: &[(Option<Upstream>, bool)], settings: &Settings) -> Vec<SumRoute> {
    let route = |(upstream, on_any_error): &(Option<Upstream>, bool)| match upstream {
        Some(upstream) => SumRoute::Proxy { upstream: upstream.clone(), on_any_error: *on_any_error },
        None => SumRoute::Direct,
    };
    let off = settings.sources.proxy.iter().any(|list| list.entries().iter().any(|e| e.target == ProxyTarget::Off));
    hops.iter().map(route).chain(off.then_some(SumRoute::Off)).collect()
}
