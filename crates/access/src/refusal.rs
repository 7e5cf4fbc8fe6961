//! Why nobody was identified.

/// Why a request's credentials were not accepted. A client learns only whether to come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No `Authorization` that we can read.
    Malformed,
    /// Nobody has these credentials.
    Unknown,
    /// Somebody had them.
    Expired,
    /// A good token of an issuer, whose claims are not those that were configured.
    Claims,
    /// Too many credentials wait to be verified.
    Busy,
    /// The keys of the token's issuer cannot be had.
    Unavailable,
}

impl Refusal {
    /// A fixed word, for metrics and logs.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Claims => "claims",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the same credentials may be good a little later.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable)
    }
}
