//! Where the client was in its own trace: the `traceparent` header, <https://www.w3.org/TR/trace-context/>.

use super::{SpanId, TraceId};

/// A client's span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether the client has it recorded.
    pub sampled: bool,
}

impl Parent {
    /// Reads the header's value; what is not exactly one counts as none.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(55)?;
        let (version, [b'-', rest_of @ ..]) = known.split_at_checked(2)? else { return None };
        let (trace, [b'-', rest_of @ ..]) = rest_of.split_at_checked(32)? else { return None };
        let (span, [b'-', flags @ ..]) = rest_of.split_at_checked(16)? else { return None };
        let ([version], [flags]) = (bytes::<1>(version)?, bytes::<1>(flags)?);
        // Later versions may say more, behind another dash.
        let fits = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let (trace, span) = (bytes(trace)?, bytes(span)?);
        (fits && trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// Lower case only, as the recommendation has it.
fn bytes<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    (hex.len() == 2 * N).then_some(bytes)
}
