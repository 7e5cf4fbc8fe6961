//! SIGHUP: reads the settings again and applies what may change while requests are served.

use std::sync::Arc;

use crate::{
    access::{self, AccessGate},
    address,
    failure::Failure,
    log::Log,
    service::Service,
    settings::{Effective, Environment, Given, Loaded, Mode, Row, Settings, TABLES, load},
    tls,
    upstreams::Upstreams,
};

/// The settings in force, and where they come from.
pub(crate) struct Reloader {
    mode: Mode,
    flags: Vec<Given>,
    environment: Environment,
    /// One for each setting: what the running service works with.
    effective: Vec<Effective>,
    rows: Vec<Row>,
}

impl Reloader {
    /// Remembers what the service was started with.
    pub(crate) fn new(mode: Mode, flags: Vec<Given>, environment: Environment, loaded: &Loaded) -> Self {
        Self { mode, flags, environment, effective: loaded.effective.clone(), rows: loaded.rows.clone() }
    }

    /// Reads everything again. A mistake anywhere changes nothing; either way the log says what happened.
    pub(crate) fn reload(&mut self, service: &Service, log: &Log) {
        let (loaded, upstreams, gate) = match self.read(service) {
            Ok(read) => read,
            Err(failure) => {
                tracing::error!("SIGHUP: nothing changed: {}", failure.line());
                return;
            }
        };
        // The last that can fail.
        if let Err(error) = service.reload_certificate() {
            tracing::error!("SIGHUP: nothing changed: {error}");
            return;
        }
        if let Err(why) = service.send(&loaded.settings) {
            tracing::error!("SIGHUP: nothing changed but the certificate: {why}");
            return;
        }
        // First who is let in: where modules become private, nobody reads them under the old rules.
        service.admit(gate);
        self.apply(&loaded.settings, upstreams, service, log);
        if self.note(loaded.effective) + self.note_rows(loaded.rows) == 0 {
            tracing::info!("SIGHUP: the settings are unchanged");
        }
    }

    fn read(&self, service: &Service) -> Result<(Loaded, Upstreams, Option<Arc<AccessGate>>), Failure> {
        let mut loaded = load(self.mode, &self.flags, &self.environment)?;
        // Upstreams are made anew, version control is not: both keep what they were started with.
        loaded.settings.sources.inside = service.inside().clone();
        let upstreams = Upstreams::observed(&loaded, service.credentials(), service.observer())?;
        address::not_ours(&loaded, &upstreams.asked(), service.address())?;
        // Only checked: other files or none need a restart, and that must not fail then.
        tls::open(&loaded)?;
        let gate = access::build(&loaded, upstreams.client())?;
        match self.gone(&loaded, service.has_gate() && gate.is_none()) {
            Some(what) => Err(Failure::config(format!("{what} are gone altogether; restart if that is meant"))),
            None => Ok((loaded, upstreams, gate)),
        }
    }

    /// What kept somebody out and is there no more at all. Most likely the file is being written, or is not mounted:
    /// nothing is opened to everybody for that.
    fn gone(&self, new: &Loaded, accounts: bool) -> Option<&'static str> {
        let rules = |rows: &[Row]| rows.iter().any(|row| row.table.name == "access");
        let private = |all: &[Effective]| all.iter().any(|one| one.setting.name == "exclude" && !one.text.is_empty());
        let lost = |before: bool, now: bool| before && !now;
        [
            (accounts, "the accounts"),
            (lost(rules(&self.rows), rules(&new.rows)), "the tables [[access]]"),
            (lost(private(&self.effective), private(&new.effective)), "the patterns of exclude"),
        ]
        .into_iter()
        .find_map(|(gone, what)| gone.then_some(what))
    }

    /// Also where no setting changed: the new clients have read `.netrc` and the roots again.
    fn apply(&self, settings: &Settings, upstreams: Upstreams, service: &Service, log: &Log) {
        service.route(upstreams, settings);
        log.set_level(settings.logs.level);
        service.names().apply(settings);
    }

    /// Logs which tables of the file differ; gives their number.
    fn note_rows(&mut self, new: Vec<Row>) -> usize {
        let old = std::mem::replace(&mut self.rows, new);
        let mut changes = 0;
        for table in TABLES {
            let of = |rows: &[Row]| rows.iter().filter(|row| row.table.name == table.name).cloned().collect::<Vec<_>>();
            let (old, new) = (of(&old), of(&self.rows));
            let same = old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| old.says(new));
            if !same {
                changes += 1;
                tracing::info!("SIGHUP: {} tables [[{}]] are in force now", new.len(), table.name);
            }
        }
        changes
    }

    /// Logs every difference; gives their number.
    fn note(&mut self, new: Vec<Effective>) -> usize {
        let mut changes = 0;
        for (old, new) in self.effective.iter_mut().zip(new) {
            if old.text == new.text {
                continue;
            }
            changes += 1;
            let (setting, value) = (new.setting, new.setting.shown(&new.text));
            let origin = new.origin.describe(setting);
            if setting.reload {
                tracing::info!("SIGHUP: {} is now {value:?} ({origin})", setting.name);
                *old = new;
            } else {
                // `old` stays, so that the next SIGHUP says it again.
                tracing::warn!("SIGHUP: {} is {value:?} now ({origin}): this needs a restart", setting.name);
            }
        }
        changes
    }
}
