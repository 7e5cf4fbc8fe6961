//! A git server that lies: in its packs, in its framing, in its words. Nothing wrong is served or kept, and a lie that
//! has been mended stops hurting.

use std::time::Duration;

use goproxy_testkit::{Answer, Delivery, Proxy};

use super::{
    forge::{self, BLOB, COMMIT, Entry, OFS_DELTA, REF_DELTA, TREE, pack, pack_claiming, sealed, unhex},
    lab::{Lab, assert_refused, below_cache, peak_memory},
    script::{Fetch, Lines, Script, capabilities, framed, packet, result},
};
use crate::support::PATIENCE;

const GO_MOD: &[u8] = b"module github.com/evil/lib\n";
const SOURCE: &[u8] = b"package lib\n";

/// The objects of a good version.
struct Good {
    commit: Vec<u8>,
    tree: Vec<u8>,
}

impl Good {
    fn new() -> Self {
        let (go_mod, source) = (forge::id("blob", GO_MOD), forge::id("blob", SOURCE));
        let tree = forge::tree_bytes(&[("100644", b"go.mod", &go_mod), ("100644", b"lib.go", &source)]);
        let person = "A <a@example.com> 1704164645 +0000";
        let head = format!("tree {}\nauthor {person}\ncommitter {person}\n\nGood\n", forge::id("tree", &tree));
        Self { commit: head.into_bytes(), tree }
    }

    fn id(&self) -> String {
        forge::id("commit", &self.commit)
    }

    fn entries(&self) -> [Entry; 4] {
        [
            Entry::new(COMMIT, &self.commit),
            Entry::new(TREE, &self.tree),
            Entry::new(BLOB, GO_MOD),
            Entry::new(BLOB, SOURCE),
        ]
    }

    fn pack(&self) -> Vec<u8> {
        pack(&self.entries())
    }

    fn lines(&self) -> Lines {
        Lines::honest(&self.id(), self.pack())
    }
}

/// Every way to lie in a pack.
fn lies(good: &Good) -> Vec<(&'static str, Vec<u8>)> {
    let (entries, whole) = (good.entries(), good.pack());
    let with = |at: usize, entry: Entry| {
        let mut changed = entries.clone();
        changed[at] = entry;
        pack(&changed)
    };
    let plus = |more: &[Entry]| pack(&[&entries[..], more].concat());
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let resealed = |at: usize| {
        let mut bytes = flipped(at);
        bytes.truncate(whole.len() - 20);
        sealed(bytes)
    };
    let missing = [0xAB; 20];
    let own = unhex(&forge::id("blob", SOURCE));
    let source = |data: &[u8]| with(3, Entry::new(BLOB, data));
    vec![
        ("its checksum is wrong", flipped(whole.len() - 1)),
        ("a byte of content is flipped", flipped(whole.len() / 2)),
        ("a byte is flipped, the checksum right", resealed(whole.len() / 2)),
        ("its last byte of data is flipped, the checksum right", resealed(whole.len() - 21)),
        ("its signature is wrong", resealed(0)),
        ("its version is wrong", sealed([b"PACK\0\0\0\x09", &whole[8..whole.len() - 20]].concat())),
        ("cut after its head", whole[..12].to_vec()),
        ("cut in its head", whole[..7].to_vec()),
        ("empty", Vec::new()),
        ("cut in the middle", whole[..whole.len() / 2].to_vec()),
        ("cut before its checksum", whole[..whole.len() - 20].to_vec()),
        ("cut in its checksum", whole[..whole.len() - 1].to_vec()),
        ("cut in the middle and sealed", sealed(whole[..whole.len() / 2].to_vec())),
        ("junk after it", [&whole[..], b"junk"].concat()),
        ("another pack after it", [&whole[..], &whole[..]].concat()),
        ("it claims one object more", pack_claiming(&entries, 5)),
        ("it claims one object less", pack_claiming(&entries, 3)),
        ("it claims four milliard objects", pack_claiming(&entries, u32::MAX)),
        ("it claims none", pack_claiming(&entries, 0)),
        ("it holds nothing", pack(&[])),
        ("another file", source(b"package other\n")),
        ("no go.mod", pack(&[entries[0].clone(), entries[1].clone(), entries[3].clone()])),
        ("no tree", pack(&[entries[0].clone(), entries[2].clone(), entries[3].clone()])),
        ("no commit", pack(&entries[1..])),
        ("a blob for the commit", with(0, Entry::new(BLOB, &good.commit))),
        ("a blob for the tree", with(1, Entry::new(BLOB, &good.tree))),
        ("kind 0", with(3, Entry::new(0, SOURCE))),
        ("kind 5", with(3, Entry::new(5, SOURCE))),
        ("a size too small", with(3, Entry::new(BLOB, SOURCE).claiming(3))),
        ("a size too large", with(3, Entry::new(BLOB, SOURCE).claiming(300))),
        ("a size of a pebibyte", with(3, Entry::new(BLOB, SOURCE).claiming(1 << 50))),
        ("a size of 64 bits and more", with(3, Entry::new(BLOB, SOURCE).claiming(u64::MAX))),
        ("no zlib stream", with(3, Entry::new(BLOB, SOURCE).compressed(b"plain text, no zlib".to_vec()))),
        ("an empty stream", with(3, Entry::new(BLOB, b"").claiming(SOURCE.len() as u64))),
        ("a gibibyte in ten bytes", with(3, Entry::new(BLOB, SOURCE).claiming(10).compressed(forge::zeros(1024)))),
        ("a delta on what is not there", plus(&[delta_on(&missing)])),
        ("a delta on itself", with(3, Entry::new(OFS_DELTA, b"").base(&[0]))),
        ("a delta on before the pack", with(3, offset_delta(&[0xff, 0xff, 0x7f]))),
        ("a delta with an endless offset", with(3, offset_delta(&[0xff; 40]))),
        ("a delta whose base has another size", with(3, bad_delta(&own, &forge::delta(99, 12, &[0x90, 12])))),
        ("a delta that copies from beyond", plus(&[bad_delta(&own, &forge::delta(12, 500, &[0xb1, 5, 0xf4, 1]))])),
        ("a delta that inserts more than it has", plus(&[bad_delta(&own, &forge::delta(12, 100, &[100, b'x']))])),
        ("a delta of a reserved instruction", plus(&[bad_delta(&own, &forge::delta(12, 1, &[0]))])),
        ("a delta that claims a pebibyte", plus(&[bad_delta(&own, &forge::delta(12, 1 << 50, &[0x90, 12]))])),
        ("a delta without an end of its size", plus(&[bad_delta(&own, &[0xff; 30])])),
        ("deltas in a circle", circle(&entries)),
    ]
}

fn delta_on(base: &[u8; 20]) -> Entry {
    Entry::new(REF_DELTA, &forge::delta(12, 12, &[0x90, 12])).base(base)
}

fn bad_delta(base: &[u8], delta: &[u8]) -> Entry {
    Entry::new(REF_DELTA, delta).base(base)
}

fn offset_delta(offset: &[u8]) -> Entry {
    Entry::new(OFS_DELTA, &forge::delta(12, 12, &[0x90, 12])).base(offset)
}

/// Two deltas, each on what the other would be.
fn circle(entries: &[Entry]) -> Vec<u8> {
    let one = unhex(&forge::id("blob", b"one"));
    let two = unhex(&forge::id("blob", b"two"));
    let to = |base: &[u8], text: &[u8]| bad_delta(base, &forge::delta(3, 3, &[&[3], text].concat()));
    pack(&[entries, &[to(&two, b"one"), to(&one, b"two")]].concat())
}

async fn attacked() -> (Lab, Script, Good, Proxy) {
    let (lab, good) = (Lab::new().await, Good::new());
    let script = Script::start(&good.id(), good.pack()).await;
    lab.home.instead_of("https://github.com/evil/", &format!("{}/", script.url()));
    let proxy = lab.builder().args(["-directTimeout", "20s"]).start().await;
    (lab, script, good, proxy)
}

async fn zip(proxy: &Proxy, module: &str) -> goproxy_testkit::Response {
    proxy.get(&format!("/github.com/evil/{module}/@v/v1.0.0.zip")).await
}

/// Nothing was kept of a lie: no object for clients, no temporary file.
fn assert_clean(proxy: &Proxy, module: &str, case: &str) {
    let kept: Vec<_> = below_cache(proxy).into_iter().filter(|(_, size)| *size > 0).collect();
    let zips: Vec<_> = kept.iter().filter(|(file, _)| file.contains(module) && file.ends_with(".zip")).collect();
    assert!(zips.is_empty(), "{case}: {zips:?}");
    let temporary: Vec<_> = kept.iter().filter(|(file, _)| file.contains("tmp")).collect();
    assert!(temporary.is_empty(), "{case}: {temporary:?}");
}

#[tokio::test]
async fn packs_that_lie_are_refused_and_mended_ones_work() {
    let (lab, script, good, proxy) = attacked().await;
    let honest = zip(&proxy, "honest").await;
    assert_eq!(honest.status, 200, "{} {}", honest.text(), proxy.log());
    let before = lab.snapshot();
    for (number, (case, lie)) in lies(&good).into_iter().enumerate() {
        let module = format!("lie{number}");
        script.say(Lines { fetch: Fetch::Pack(lie), ..good.lines() });
        let answer = zip(&proxy, &module).await;
        assert_refused(&answer, case);
        assert!((500..=504).contains(&answer.status), "{case}: the server's fault: {}", answer.status);
        assert_clean(&proxy, &module, case);
        lab.assert_untouched(&proxy, &before, case);
    }
    script.say(good.lines());
    for (number, (case, _)) in lies(&good).into_iter().enumerate() {
        let module = format!("lie{number}");
        let mended = mended(&proxy, &module).await;
        assert_eq!(mended.status, 200, "{case}: {} {}", mended.text(), proxy.log());
        // Two files, whose names stand in a zip twice.
        let expected = honest.body.len() + 4 * module.len() - 4 * "honest".len();
        assert!(mended.complete && mended.body.len() == expected, "{case}");
    }
    assert!(peak_memory(proxy.pid()) < 128, "{} MiB", peak_memory(proxy.pid()));
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

/// Each delta is its base twice: a kilobyte becomes terabytes.
#[tokio::test]
async fn deltas_that_double_are_given_up() {
    let (lab, script, good, proxy) = attacked().await;
    let before = lab.snapshot();
    let mut entries = good.entries().to_vec();
    let mut size = 1024;
    entries.push(Entry::new(BLOB, &[b'x'; 1024]));
    while size < 1 << 42 {
        // A copy reaches four gigabytes far; what is beyond is never reached by an honest reader either.
        let twice = forge::copies(size.min(1 << 32)).repeat(2);
        entries.push(Entry::after(entries.last().unwrap(), &forge::delta(size, size * 2, &twice)));
        size *= 2;
    }
    script.say(Lines { fetch: Fetch::Pack(pack(&entries)), ..good.lines() });
    let answer = zip(&proxy, "double").await;
    assert_refused(&answer, "double");
    assert_clean(&proxy, "double", "double");
    assert!(peak_memory(proxy.pid()) < 256, "{} MiB", peak_memory(proxy.pid()));
    script.say(good.lines());
    assert_eq!(mended(&proxy, "double").await.status, 200, "{}", proxy.log());
    lab.assert_untouched(&proxy, &before, "double");
}

/// Asks until a failure that is remembered for a moment is forgotten.
async fn mended(proxy: &Proxy, module: &str) -> goproxy_testkit::Response {
    let started = std::time::Instant::now();
    loop {
        let answer = zip(proxy, module).await;
        if answer.status == 200 || started.elapsed() > PATIENCE {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Every way to lie in the framing.
fn framings(good: &Good) -> Vec<(&'static str, Answer)> {
    let whole = framed(&good.pack(), true);
    let with = |bytes: &[u8]| result(bytes.to_vec());
    let error = |text: &str| with(&packet(format!("ERR {text}\n").as_bytes()));
    let fatal = |text: &[u8]| with(&[packet(b"packfile\n"), packet(&[&[3], text].concat()), b"0000".to_vec()].concat());
    vec![
        ("an empty answer", with(b"")),
        ("a flush alone", with(b"0000")),
        ("no end", with(&whole[..whole.len() - 4])),
        ("a length that is no number", with(b"zzzzpackfile\n")),
        ("a length of 1", with(b"0001")),
        ("a length of 3", with(b"0003")),
        ("a length beyond the end", with(b"fff0packfile\n")),
        ("a length beyond what is allowed", with(&[&b"ffff"[..], &[b'x'; 65_531]].concat())),
        ("a section that nobody knows", with(&[packet(b"evil\n"), b"0000".to_vec()].concat())),
        ("only acknowledgments", with(&[packet(b"acknowledgments\n"), packet(b"NAK\n"), b"0000".to_vec()].concat())),
        ("band 0", with(&[packet(b"packfile\n"), packet(&[0, 1, 2]), b"0000".to_vec()].concat())),
        ("band 9", with(&[packet(b"packfile\n"), packet(&[9, 1, 2]), b"0000".to_vec()].concat())),
        ("an empty band", with(&[packet(b"packfile\n"), packet(b""), b"0000".to_vec()].concat())),
        ("an error", error("upload-pack: not our ref\x1b[31m<script>")),
        ("a long error", error(&"x".repeat(60_000))),
        ("a fatal error", fatal(b"out of memory\r\n\x07")),
        ("a fatal error that is no text", fatal(&[0xff; 3000])),
        ("html", Answer::html("<html>sign in</html>")),
        ("another type", Answer::new(200, "text/plain", whole.clone())),
        ("status 500", Answer::text(500, "out of order\n")),
        ("status 401", Answer::text(401, "who?").header("WWW-Authenticate", "Basic realm=\"http://127.0.0.1:1/\"")),
        ("status 206", Answer::new(206, "application/x-git-upload-pack-result", whole.clone())),
        ("cut by the connection", with(&whole).delivery(Delivery::Truncated(whole.len() / 2))),
        ("reset", with(&whole).delivery(Delivery::Reset(whole.len() / 2))),
        ("without its last chunk", with(&whole).delivery(Delivery::Unterminated)),
        ("endless progress", with(&packet(b"\x02counting\n")).delivery(Delivery::Endless)),
        ("endless", with(&whole).delivery(Delivery::Endless)),
        ("compressed", with(&whole).gzip().header("Content-Encoding", "br")),
    ]
}

#[tokio::test]
async fn framing_that_lies_is_refused_and_mended_framing_works() {
    let (lab, script, good, proxy) = attacked().await;
    let before = lab.snapshot();
    for (number, (case, lie)) in framings(&good).into_iter().enumerate() {
        let module = format!("frame{number}");
        script.say(Lines { fetch: Fetch::Other(lie), ..good.lines() });
        let answer = zip(&proxy, &module).await;
        // All of the protocol's own end was there.
        if case != "without its last chunk" || answer.status != 200 {
            assert_refused(&answer, case);
            assert_clean(&proxy, &module, case);
            assert!(!answer.text().contains(['\x1b', '\x07']), "{case}");
        }
        lab.assert_untouched(&proxy, &before, case);
    }
    script.say(good.lines());
    for (number, (case, _)) in framings(&good).into_iter().enumerate() {
        let mended = mended(&proxy, &format!("frame{number}")).await;
        assert_eq!(mended.status, 200, "{case}: {} {}", mended.text(), proxy.log());
    }
    assert!(peak_memory(proxy.pid()) < 128, "{} MiB", peak_memory(proxy.pid()));
}

/// Every way to lie about refs and about what the server can do.
fn beginnings(good: &Good) -> Vec<(&'static str, Lines)> {
    let (honest, id) = (good.lines(), good.id());
    let refs = |lines: &[String]| {
        let lines = lines.iter().map(|line| packet(line.as_bytes())).chain([b"0000".to_vec()]);
        Lines { refs: result(lines.collect::<Vec<_>>().concat()), ..honest.clone() }
    };
    let first = |answer: Answer| Lines { capabilities: answer, ..honest.clone() };
    let advert = |lines: &[&[u8]]| {
        let lines = lines.iter().map(|line| packet(line)).collect::<Vec<_>>().concat();
        let body = [packet(b"# service=git-upload-pack\n"), b"0000".to_vec(), lines, b"0000".to_vec()].concat();
        first(Answer::new(200, "application/x-git-upload-pack-advertisement", body))
    };
    vec![
        ("no refs", refs(&[])),
        ("ids that are none", refs(&["zz refs/tags/v1.0.0\n".to_owned()])),
        ("ids of another length", refs(&[format!("{id}{} refs/tags/v1.0.0\n", &id[..24])])),
        ("the id of nothing", refs(&[format!("{} refs/tags/v1.0.0\n", "0".repeat(40))])),
        ("no name", refs(&[format!("{id}\n"), format!("{id} \n")])),
        ("names that are none", refs(&[format!("{id} refs/tags/\0v1.0.0\n"), format!("{id} refs/tags/../x\n")])),
        ("names that are no text", refs(&[format!("{id} refs/tags/\u{202e}v1.0.0\n")])),
        ("a peeled id that is none", refs(&[format!("{id} refs/tags/v1.0.0 peeled:x\n")])),
        ("a symref to itself", refs(&[format!("{id} HEAD symref-target:HEAD\n")])),
        ("attributes without end", refs(&[format!("{id} refs/tags/v1.0.0{}\n", " a:b".repeat(15_000))])),
        (
            "the tag twice, different",
            refs(&[format!("{id} refs/tags/v1.0.0\n"), format!("{} refs/tags/v1.0.0\n", "1".repeat(40))]),
        ),
        (
            "another service",
            first(Answer::new(200, "application/x-git-receive-pack-advertisement", capabilities().body().clone())),
        ),
        ("a page", first(Answer::html("<html>sign in</html>"))),
        ("nothing", first(Answer::new(200, "application/x-git-upload-pack-advertisement", ""))),
        ("version 9", advert(&[b"version 9\n"])),
        ("no fetch", advert(&[b"version 2\n", b"ls-refs\n", b"object-format=sha1\n"])),
        ("another hash", advert(&[b"version 2\n", b"ls-refs\n", b"fetch=shallow filter\n", b"object-format=md5\n"])),
        (
            "the other hash",
            advert(&[b"version 2\n", b"ls-refs\n", b"fetch=shallow filter\n", b"object-format=sha256\n"]),
        ),
        ("endless", first(capabilities().delivery(Delivery::Endless))),
        ("silent", first(capabilities().delivery(Delivery::Hang(10)))),
    ]
}

#[tokio::test]
async fn beginnings_that_lie_are_refused_and_mended_ones_work() {
    let (lab, script, good, proxy) = attacked().await;
    let before = lab.snapshot();
    for (number, (case, lie)) in beginnings(&good).into_iter().enumerate() {
        let module = format!("start{number}");
        script.say(lie);
        let answer = zip(&proxy, &module).await;
        // What is said twice, or too much, does not make the rest wrong.
        let harmless = ["attributes without end", "the tag twice, different", "endless"].contains(&case);
        if !harmless || answer.status != 200 {
            assert_refused(&answer, case);
            assert_clean(&proxy, &module, case);
        }
        lab.assert_untouched(&proxy, &before, case);
    }
    script.say(good.lines());
    let asked = script.total();
    let answer = zip(&proxy, "after").await;
    assert_eq!(answer.status, 200, "{} {}", answer.text(), proxy.log());
    assert!(script.total() > asked);
    let limit = proxy.log().len();
    assert!(limit < 1 << 20, "a liar fills our log: {limit} bytes");
    assert_clean(&proxy, "none", "afterwards");
}
