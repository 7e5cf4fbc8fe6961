//! Credentials files: a login is made of the file's own words, is found by its own machine, and is never shown.

use gomod::netrc::Netrc;

use crate::bound::bounded;

pub(crate) fn run(data: &[u8]) {
    bounded(data, |data| {
        let text = String::from_utf8_lossy(data);
        let netrc = Netrc::parse(&text);
        let words = || text.split_whitespace();
        for machine in words().zip(words().skip(1)).filter(|(key, _)| *key == "machine").map(|(_, name)| name).take(32)
        {
            let Some(login) = netrc.login(machine) else { continue };
            assert!([&login.user, &login.password].into_iter().all(|part| words().any(|word| word == part)));
            assert!(!format!("{login:?}").contains(&format!("{:?}", login.password)) || login.password == login.user);
            let only = format!("machine {machine} login {} password {}\n", login.user, login.password);
            assert_eq!(Netrc::parse(&only).login(machine), Some(login));
        }
        assert_eq!(netrc.login(""), None);
        // No word has a space.
        assert_eq!(netrc.login("a b"), None);
    });
}
