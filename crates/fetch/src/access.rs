//! What may be connected to, and for whom.

use crate::Groups;

/// What may be connected to on behalf of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// Addresses inside our own network: for private modules and for what the operator configured, never because a
    /// stranger's page or redirect says so.
    pub internal: bool,
    /// Plain http, and TLS that cannot be verified: GOINSECURE.
    pub insecure: bool,
    /// Which configured credentials are for this module.
    pub credentials: Groups,
}
