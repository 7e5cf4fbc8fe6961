//! Durations as Go writes them (`time.ParseDuration`): `5m`, `1h30m`, `1.5h`, `300ms`. Never negative.

use std::time::Duration;

/// Nanoseconds in each unit, longer names first so that `ms` is not read as `m`.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Go's durations are an i64 of nanoseconds: about 292 years.
const LONGEST: u128 = i64::MAX as u128;

/// Reads a duration; the error is the remedy.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err("needs a duration, for example 5m".into());
    }
    if rest.starts_with('-') {
        return Err("must not be negative, for example 5m".into());
    }
    let mut total = 0_u128;
    while !rest.is_empty() {
        let (nanos, after) = term(rest)?;
        total += nanos;
        if total > LONGEST {
            return Err("is too long, the limit is 2562047h".into());
        }
        rest = after;
    }
    Ok(Duration::from_nanos(u64::try_from(total).unwrap_or(u64::MAX)))
}

/// One number with its unit, in nanoseconds, and what follows it.
fn term(text: &str) -> Result<(u128, &str), String> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err("is no duration, for example 5m or 1h30m".into());
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return Err("needs a unit, for example 5m".into());
    }
    let Some((_, unit)) = UNITS.iter().find(|(known, _)| *known == name) else {
        return Err(format!("has the unknown unit {name:?}, known are ns, us, ms, s, m and h"));
    };
    Ok((scale(whole, fraction, *unit), rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `whole.fraction` units in nanoseconds; what is smaller is cut off, what is too large saturates.
fn scale(whole: &str, fraction: &str, unit: u128) -> u128 {
    let mut total = 0_u128;
    for digit in whole.bytes() {
        total = total.saturating_mul(10).saturating_add(u128::from(digit - b'0')).min(LONGEST + 1);
    }
    let mut total = total.saturating_mul(unit).min(LONGEST + 1);
    let mut part = unit;
    for digit in fraction.bytes() {
        // Exact down to the nanosecond: the longest unit has fewer than 14 digits, so a remainder never matters before.
        total += part * u128::from(digit - b'0') / 10;
        part /= 10;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanos) in [
            ("0", 0),
            ("5m", 300_000_000_000),
            ("+5s", 5_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("300ms", 300_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("10us", 10_000),
            ("10\u{b5}s", 10_000),
            ("10\u{3bc}s", 10_000),
            ("3ns", 3),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("1.004s", 1_004_000_000),
            ("0s", 0),
            ("0.100000000000000000000h", 360_000_000_000),
            ("2562047h", 9_223_369_200_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_with_a_remedy() {
        for (text, remedy) in [
            ("", "needs a duration"),
            ("5", "needs a unit, for example 5m"),
            ("1h30", "needs a unit, for example 5m"),
            ("5min", "unknown unit \"min\""),
            ("5d", "unknown unit \"d\""),
            ("5 m", "unknown unit \" m\""),
            ("-5m", "negative"),
            ("m", "is no duration"),
            (".s", "is no duration"),
            ("5m ", "unknown unit"),
            ("2562048h", "too long"),
            ("99999999999999999999999999999999999999999999999h", "too long"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }
}
