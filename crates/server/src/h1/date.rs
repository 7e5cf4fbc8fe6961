//! The `Date` field, made once in a second.

use std::{
    cell::RefCell,
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use httpdate::HttpDate;

/// RFC 9110 5.6.7: always so many characters.
const LEN: usize = 29;

thread_local! {
    static LAST: RefCell<(u64, [u8; LEN])> = const { RefCell::new((u64::MAX, [b' '; LEN])) };
}

/// Gives the date of this second away.
pub(super) fn now(give: impl FnOnce(&[u8])) {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            let _ = write!(&mut text[..], "{}", HttpDate::from(now));
            *last = second;
        }
        give(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_time() {
        for _ in 0..2 {
            let mut told = String::new();
            now(|date| told.push_str(std::str::from_utf8(date).unwrap()));
            let told = httpdate::parse_http_date(&told).unwrap();
            assert!(told.elapsed().unwrap().as_secs() < 5);
        }
    }
}
