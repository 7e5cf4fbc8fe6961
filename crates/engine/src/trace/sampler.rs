//! Which requests are traced, in the words of OTEL_TRACES_SAMPLER.

use super::{Parent, TraceId};

/// Decides about a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whether a client that says what it does decides for us as well.
    pub parent_based: bool,
    /// How many of the others, from 0 to 1.
    pub ratio: f64,
}

/// What OpenTelemetry does by itself: everything, unless the client says no.
impl Default for Sampler {
    fn default() -> Self {
        Self { parent_based: true, ratio: 1.0 }
    }
}

impl Sampler {
    /// The sampler of that name; `arg` is the ratio, for those that have one.
    ///
    /// # Errors
    /// Another name or no such ratio: the remedy.
    pub fn parse(name: &str, arg: Option<&str>) -> Result<Self, String> {
        let (parent_based, rest) = match name.strip_prefix("parentbased_") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let ratio = match rest {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio(arg.unwrap_or("1"))?,
            _ => return Err("use always_on, always_off or traceidratio, each with or without parentbased_".to_owned()),
        };
        Ok(Self { parent_based, ratio })
    }

    /// Whether a request is traced. The same trace is by everybody who has the same ratio.
    pub fn takes(&self, trace: &TraceId, parent: Option<&Parent>) -> bool {
        if let (true, Some(parent)) = (self.parent_based, parent) {
            return parent.sampled;
        }
        let [.., a, b, c, d, e, f, g, h] = *trace;
        let place = (u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1) as f64 / (1_u64 << 63) as f64;
        // The greatest of them are rounded up to 1.
        self.ratio >= 1.0 || place < self.ratio
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "the ratio must be a number from 0 to 1".to_owned())
}
