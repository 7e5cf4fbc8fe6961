//! What logs hide of private modules, where `-redactPrivate` says so: their names, behind a short hash that is the same
//! for the same name as long as this process lives, so that lines can be put together and nothing can be looked up.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use arc_swap::ArcSwapOption;
use gomod::PrivateNames;
use goproxy_server::Redact;

use crate::settings::Settings;

/// The names to hide; none without the setting. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Names(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: RandomState,
    hidden: ArcSwapOption<PrivateNames>,
}

impl Names {
    pub(crate) fn new(settings: &Settings) -> Self {
        let names = Self(Arc::new(Inner { key: RandomState::new(), hidden: ArcSwapOption::empty() }));
        names.apply(settings);
        names
    }

    /// Whether names of private modules are hidden.
    pub(crate) fn hides(&self) -> bool {
        self.0.hidden.load().is_some()
    }

    /// Hides what these settings want hidden, from the next line on.
    pub(crate) fn apply(&self, settings: &Settings) {
        let private = settings.sources.private();
        let hides = settings.logs.redact_private && !private.is_empty();
        self.0.hidden.store(hides.then(|| Arc::new(PrivateNames::new(&private))));
    }
}

impl Redact for Names {
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &*self.0.hidden.load() {
            Some(names) => {
                names.replace(text, None, |name| format!("private:{:08x}", self.0.key.hash_one(name) as u32))
            }
            None => Cow::Borrowed(text),
        }
    }
}
