//! One byte range: RFC 9110 14.

use std::ops::Range;

use http::{HeaderMap, header};

/// What a `Range` field asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// No range, one that is not understood, or several: everything, with 200. Several ranges would be a multipart
    /// answer, which no module client asks for and with which many small ranges cost more than the whole.
    Whole,
    /// 206: this part, not empty.
    Part(Range<u64>),
    /// 416: begins behind the end.
    Unsatisfiable,
}

/// What the header asks for of `size` bytes. A range of nothing is ignored, as Go's net/http does.
pub(crate) fn select(headers: &HeaderMap, size: u64) -> Selected {
    let mut values = headers.get_all(header::RANGE).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) if size > 0 => parse(value, size).unwrap_or(Selected::Whole),
        _ => Selected::Whole,
    }
}

fn parse(value: &str, size: u64) -> Option<Selected> {
    let (unit, range) = value.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    if first.is_empty() {
        let suffix = number(last)?.min(size);
        return Some(if suffix == 0 { Selected::Unsatisfiable } else { Selected::Part(size - suffix..size) });
    }
    let first = number(first)?;
    let end = if last.is_empty() { size } else { number(last)?.saturating_add(1).min(size) };
    if !last.is_empty() && number(last)? < first {
        return None;
    }
    Some(if first >= size { Selected::Unsatisfiable } else { Selected::Part(first..end) })
}

/// A decimal number; one that is too large counts as the largest.
fn number(digits: &str) -> Option<u64> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        use Selected::{Part, Unsatisfiable, Whole};
        for (value, selected) in [
            ("bytes=0-0", Part(0..1)),
            ("bytes=2-4", Part(2..5)),
            ("bytes=2-", Part(2..10)),
            ("bytes=9-9", Part(9..10)),
            ("bytes=0-99", Part(0..10)),
            ("bytes=-3", Part(7..10)),
            ("bytes=-99", Part(0..10)),
            ("BYTES=1-2", Part(1..3)),
            ("bytes=0-99999999999999999999999", Part(0..10)),
            ("bytes=10-", Unsatisfiable),
            ("bytes=10-20", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=0-1,3-4", Whole),
            ("bytes=4-2", Whole),
            ("bytes=20-12", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1-2-3", Whole),
            ("bytes", Whole),
            ("lines=1-2", Whole),
            ("", Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, value.parse().unwrap())]);
            assert_eq!(select(&headers, 10), selected, "{value}");
            assert_eq!(select(&headers, 0), Whole, "{value} of nothing");
        }
        assert_eq!(select(&HeaderMap::new(), 10), Whole);
    }

    #[test]
    fn two_fields_are_two_ranges() {
        let mut headers = HeaderMap::new();
        headers.append(header::RANGE, "bytes=0-1".parse().unwrap());
        headers.append(header::RANGE, "bytes=2-3".parse().unwrap());
        assert_eq!(select(&headers, 10), Selected::Whole);
    }
}
