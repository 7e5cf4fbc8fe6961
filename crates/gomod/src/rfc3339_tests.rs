use proptest::prelude::*;

use super::parse;

#[test]
fn go_reads_the_same() {
    // Measured with Go 1.26: what time.Parse(time.RFC3339, …) makes of it, in UTC.
    let table = [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T3:04:05Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T03:04:05,5Z", "2020-01-02T03:04:05.5Z"),
        ("2020-01-02T03:04:05.123456789123Z", "2020-01-02T03:04:05.123456789Z"),
        ("2020-01-02T03:04:05+24:60", "2020-01-01T02:04:05Z"),
        ("2020-01-02T03:04:05+24:59", "2020-01-01T02:05:05Z"),
        ("2020-01-02T03:04:05-07:00", "2020-01-02T10:04:05Z"),
        ("2020-01-02T03:04:05.5-00:30", "2020-01-02T03:34:05.5Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("9999-12-30T21:59:59Z", "9999-12-30T21:59:59Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ];
    for (text, utc) in table {
        assert_eq!(parse(text).map(|time| time.to_string()).as_deref(), Some(utc), "{text}");
    }
}

#[test]
fn go_refuses_the_same() {
    let table = [
        "",
        "2020-01-02t03:04:05z",
        "2020-01-02T03:04:60Z",
        "2020-01-02T24:00:00Z",
        "2020-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2020-01-02T03:04:05+25:00",
        "2020-01-02T03:04:05+23:61",
        "2020-01-02T03:04:05+0700",
        "2020-01-02T03:04:05",
        "2020-01-02 03:04:05Z",
        "2020-1-02T03:04:05Z",
        "2020-01-02T03:04:05.Z",
        "2020-01-02T03:04:05Zx",
        "2020-01-02T3:4:05Z",
        "+020-01-02T03:04:05Z",
        "2020-00-02T03:04:05Z",
        "2020-01-02T03:04:05Z ",
    ];
    for text in table {
        assert_eq!(parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_second_is_read_back(seconds in -62_135_596_800_i64..253_402_214_400, nanosecond in 0..1_000_000_000_i64) {
        let time = jiff::Timestamp::new(seconds, 0).unwrap() + jiff::SignedDuration::from_nanos(nanosecond);
        prop_assert_eq!(parse(&time.to_string()), Some(time));
    }

    #[test]
    fn any_text_is_survived(text in "[0-9T:.,Z+-]{0,30}") {
        parse(&text);
    }
}
