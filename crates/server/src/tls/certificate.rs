//! The two things that we want to know of a certificate and rustls does not tell: its time and its common name. What
//! is read here admits nobody: rustls has parsed and verified the certificate. A parser for all of X.509 would bring a
//! dozen crates.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
/// id-at-commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// From when until when a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (mut validity, _) = validity_and_subject(certificate)?;
        Some(Self { not_before: time(validity.next()?)?, not_after: time(validity.next()?)? })
    }

    /// What is wrong with it at that time, with the remedy.
    pub(super) fn fault_at(&self, now: Timestamp) -> Option<String> {
        let Self { not_before, not_after } = self;
        if now > *not_after {
            return Some(format!("the certificate expired at {not_after} and clients refuse it; renew it"));
        }
        let early = || format!("the certificate begins at {not_before} and clients refuse it; look at the clock");
        (now < *not_before).then(early)
    }
}

/// The common name of a certificate's subject; `None` if it has none.
pub(super) fn common_name(certificate: &[u8]) -> Option<String> {
    let (_, mut subject) = validity_and_subject(certificate)?;
    while let Some(mut set) = subject.inside(SET) {
        while let Some(mut attribute) = set.inside(SEQUENCE) {
            if attribute.next()?.1 == COMMON_NAME {
                return Some(String::from_utf8_lossy(attribute.next()?.1).into_owned());
            }
        }
    }
    None
}

/// RFC 5280 4.1: in the first sequence of the certificate, after the version, the serial number, the algorithm and the
/// issuer.
fn validity_and_subject(certificate: &[u8]) -> Option<(Der<'_>, Der<'_>)> {
    let mut fields = Der(certificate).inside(SEQUENCE)?.inside(SEQUENCE)?;
    // The version may be left out.
    if fields.next()?.0 == VERSION {
        fields.next()?;
    }
    fields.inside(SEQUENCE)?;
    fields.inside(SEQUENCE)?;
    Some((fields.inside(SEQUENCE)?, fields.inside(SEQUENCE)?))
}

/// RFC 5280 4.1.2.5: `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
fn time((tag, text): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let century = match text.get(..2)?.parse::<u8>().ok()? {
        _ if tag != UTC_TIME => "",
        0..50 => "20",
        _ => "19",
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", format!("{century}{text}")).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// DER values one behind the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value: tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, length, rest @ ..] = self.0 else { return None };
        // From 128 on, the first byte is the number of bytes that follow with the length.
        let (length, rest) = match usize::from(*length) {
            short @ 0..128 => (short, rest),
            long => {
                let (bytes, rest) = rest.split_at_checked(long - 128).filter(|(bytes, _)| bytes.len() <= 4)?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// What is inside the next value, if it has that tag.
    fn inside(&mut self, tag: u8) -> Option<Self> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| Self(content))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn times_before_and_after_2050() {
        let der = made(|params| {
            params.not_before = date_time_ymd(1999, 12, 31);
            params.not_after = date_time_ymd(2051, 2, 3);
        });
        let validity = Validity::of(&der).unwrap();
        assert_eq!(validity.not_before.to_string(), "1999-12-31T00:00:00Z");
        assert_eq!(validity.not_after.to_string(), "2051-02-03T00:00:00Z");
        let fault = |time: &str| validity.fault_at(time.parse().unwrap()).unwrap_or_default();
        assert_eq!(fault("2026-01-01T00:00:00Z"), "");
        assert!(fault("2051-02-03T00:00:01Z").contains("expired at 2051-02-03"));
        assert!(fault("1999-12-30T00:00:00Z").contains("begins at 1999-12-31"));
    }

    #[test]
    fn the_common_name_among_others() {
        let der = made(|params| {
            params.distinguished_name.push(DnType::OrganizationName, "An organisation".repeat(20));
            params.distinguished_name.push(DnType::CommonName, "ci-\u{fc}");
        });
        assert_eq!(common_name(&der).as_deref(), Some("ci-\u{fc}"));
        let der = made(|params| params.distinguished_name = rcgen::DistinguishedName::new());
        assert_eq!(common_name(&der), None);
    }

    /// Cut anywhere or with any byte turned, it is read or not, but nothing panics.
    #[test]
    fn damaged_certificates_do_no_harm() {
        let der = made(|_| {});
        for at in 0..der.len() {
            let mut turned = der.clone();
            turned[at] = !turned[at];
            for bytes in [&der[..at], &turned] {
                let _ = (Validity::of(bytes), common_name(bytes));
            }
        }
    }
}
