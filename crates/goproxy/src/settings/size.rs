//! Amounts of bytes: `10GB`, `500MB`, `1.5TB`, and in powers of two `512MiB`.

/// Bytes in each unit, without case.
const UNITS: [(&str, u128); 9] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Reads an amount; the error is the remedy.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
        return Err("is no size, for example 10GB or 500MB".into());
    }
    let unit = unit.trim_start();
    if unit.is_empty() && text != "0" {
        return Err("needs a unit, for example 10GB or 500MB".into());
    }
    let wanted = if unit.is_empty() { "b".to_owned() } else { unit.to_ascii_lowercase() };
    let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == wanted) else {
        return Err(format!("has the unknown unit {unit:?}, known are B, KB, MB, GB, TB, KiB, MiB, GiB and TiB"));
    };
    scale(whole, fraction, *bytes).ok_or_else(|| "is too large".into())
}

/// `whole.fraction` units in bytes; what is smaller is cut off.
fn scale(whole: &str, fraction: &str, unit: u128) -> Option<u64> {
    let mut total = whole.parse::<u64>().ok().map(u128::from)?.checked_mul(unit)?;
    let mut part = unit;
    for digit in fraction.bytes() {
        total += part * u128::from(digit - b'0') / 10;
        part /= 10;
    }
    u64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_their_units() {
        for (text, bytes) in [
            ("0", 0),
            ("0MB", 0),
            ("7B", 7),
            ("10GB", 10_000_000_000),
            ("10 gb", 10_000_000_000),
            ("500MB", 500_000_000),
            ("1.5GB", 1_500_000_000),
            ("512MiB", 512 << 20),
            ("0.5GiB", 1 << 29),
            ("1.0000000000000000001KB", 1000),
            ("18446744073709551615B", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_with_a_remedy() {
        for (text, remedy) in [
            ("", "is no size, for example"),
            ("GB", "is no size"),
            ("10", "needs a unit, for example 10GB"),
            ("-1GB", "is no size"),
            ("1.GB", "is no size"),
            (".5GB", "is no size"),
            ("1.2.3GB", "is no size"),
            ("10G", "unknown unit \"G\""),
            ("10 apples", "unknown unit \"apples\""),
            ("18446744073709551616B", "too large"),
            ("99999999999TB", "too large"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }
}
