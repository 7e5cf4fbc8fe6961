//! Times as Go's `time.Parse(time.RFC3339, …)` reads them: a little wider than RFC 3339 (an hour of one digit, a comma
//! before the fraction), and neither lower-case letters nor leap seconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Nanoseconds have nine digits; Go drops what follows.
const FRACTION_DIGITS: usize = 9;

/// The instant that `text` names; `None` if it is no such time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let mut scan = Scan(text.as_bytes());
    let year = scan.digits(4)?;
    scan.literal(b'-')?;
    let month = scan.digits(2)?;
    scan.literal(b'-')?;
    let day = scan.digits(2)?;
    scan.literal(b'T')?;
    let hour = scan.digits(2).or_else(|| scan.digits(1))?;
    scan.literal(b':')?;
    let minute = scan.digits(2)?;
    scan.literal(b':')?;
    let second = scan.digits(2)?;
    let nanosecond = scan.fraction();
    let offset = scan.zone()?;
    let small = |value: i32| i8::try_from(value).ok();
    let year = i16::try_from(year).ok()?;
    let civil =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanosecond);
    let local = TimeZone::UTC.to_timestamp(civil.ok()?).ok()?;
    let seconds = local.as_second().checked_sub(i64::from(offset))?;
    Timestamp::new(seconds, local.subsec_nanosecond()).ok()
}

/// What is left of the text.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    /// Exactly `count` digits; takes nothing if there are fewer.
    fn digits(&mut self, count: usize) -> Option<i32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let value = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
        self.0 = rest;
        Some(value)
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// The nanoseconds after the second, zero if there are none.
    fn fraction(&mut self) -> i32 {
        let [b'.' | b',', rest @ ..] = self.0 else { return 0 };
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return 0;
        }
        let digits = rest[..count].iter().copied().chain(std::iter::repeat(b'0')).take(FRACTION_DIGITS);
        let nanoseconds = digits.fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
        self.0 = &rest[count..];
        nanoseconds
    }

    /// `Z` or `±hh:mm` at the end, in seconds east of UTC. Go allows hour 24 and minute 60.
    fn zone(&mut self) -> Option<i32> {
        let sign = match self.0 {
            b"Z" => return Some(0),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.digits(2).filter(|&hours| hours <= 24)?;
        self.literal(b':')?;
        let minutes = self.digits(2).filter(|&minutes| minutes <= 60)?;
        self.0.is_empty().then_some(sign * (hours * 60 + minutes) * 60)
    }
}

#[cfg(test)]
#[path = "rfc3339_tests.rs"]
mod tests;
