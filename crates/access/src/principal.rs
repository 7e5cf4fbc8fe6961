//! Somebody who asks, with what they may do.

use std::sync::Arc;

use gomod::ModulePath;

use crate::{ANONYMOUS, AUTHENTICATED, Right, Rule};

/// Who asks. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Principal {
    name: Option<Arc<str>>,
    rules: Arc<[Rule]>,
}

impl Principal {
    /// Nobody in particular.
    pub(crate) fn anonymous(rules: &[Rule]) -> Self {
        Self { name: None, rules: of(rules, &[ANONYMOUS]) }
    }

    /// Somebody by that name, whom rules for any of `names` concern.
    pub(crate) fn known(shown: &str, names: &[&str], rules: &[Rule]) -> Self {
        let names: Vec<&str> = names.iter().copied().chain([ANONYMOUS, AUTHENTICATED]).collect();
        Self { name: Some(shown.into()), rules: of(rules, &names) }
    }

    /// For logs. `None`: there were no credentials.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// Whether they may do this with that module.
    pub fn may(&self, right: Right, path: &ModulePath) -> bool {
        self.rules.iter().any(|rule| rule.allows(right, path))
    }

    /// Whether they may do this with any module at all.
    pub fn may_something(&self, right: Right) -> bool {
        self.rules.iter().any(|rule| rule.allows_something(right))
    }

    /// Whether they may do this with every module, by one rule.
    pub fn may_everything(&self, right: Right) -> bool {
        self.rules.iter().any(|rule| rule.allows_everything(right))
    }
}

/// The rules that concern any of the names.
fn of(rules: &[Rule], names: &[&str]) -> Arc<[Rule]> {
    rules.iter().filter(|rule| rule.who().any(|who| names.contains(&who))).cloned().collect()
}
