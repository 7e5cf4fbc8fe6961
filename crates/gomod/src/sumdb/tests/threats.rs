//! What a hostile database or mirror tries: T1 to T10, as the threat model counts them. T4 is in `mutations`, T8 in
//! `real`, T10 with the settings; T9 (private modules are not asked about) is `engine::routing`'s.

use super::super::{
    CheckError, HeadError, Lookup, LookupError, NoteError, Sums, SumsError, TileHeight, TilePlan, Tiles, TreeHead,
    check,
};
use super::{Log, Signer, height};
use crate::{ModulePath, ModuleVersion, Tile, Version};

const ZIP: &str = "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=";
const EVIL: &str = "h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=";

fn version(path: &str) -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse(path).unwrap(), Version::parse("v1.0.0").unwrap()).unwrap()
}

fn record(path: &str, sum: &str) -> String {
    format!("{path} v1.0.0 {sum}\n{path} v1.0.0/go.mod {sum}\n")
}

/// A database with the records of a.b/m0 to a.b/m39, and somebody between it and us.
struct Scene {
    log: Log,
    signer: Signer,
}

#[derive(Debug, PartialEq)]
enum Refused {
    Lookup(LookupError),
    Head(HeadError),
    Check(CheckError),
    Sums(SumsError),
}

impl Scene {
    fn new() -> Self {
        let log = Log::of((0..40).map(|id| record(&format!("a.b/m{id}"), ZIP)).collect());
        Self { log, signer: Signer::new("sum.test", 1) }
    }

    fn signed(&self) -> String {
        self.signer.signed(&self.log.head(40))
    }

    /// What a client does with a lookup, with the true tiles.
    fn ask(&self, body: &str, path: &str) -> Result<Sums, Refused> {
        let lookup = Lookup::parse(body.as_bytes()).map_err(Refused::Lookup)?;
        let head = TreeHead::open(lookup.note().as_bytes(), &self.signer.key()).map_err(Refused::Head)?;
        check::consistency(&self.log.head(20), &head, &self.tiles(&head, lookup.id())).map_err(Refused::Check)?;
        let tiles = self.tiles(&head, lookup.id());
        let record = check::inclusion(&head, lookup.id(), lookup.record(), &tiles).map_err(Refused::Check)?;
        record.sums(&version(path)).map_err(Refused::Sums)
    }

    fn tiles(&self, head: &TreeHead, id: u64) -> Tiles {
        let mut tiles = Tiles::new(height(2));
        let plans =
            [TilePlan::inclusion(head, id, height(2)), TilePlan::consistency(&self.log.head(20), head, height(2))];
        for tile in plans.iter().flatten().flat_map(TilePlan::tiles) {
            tiles.insert(*tile, self.log.tile(*tile).unwrap());
        }
        tiles
    }
}

#[test]
fn the_true_answer() {
    let scene = Scene::new();
    let body = format!("7\n{}\n{}", record("a.b/m7", ZIP), scene.signed());
    assert_eq!(scene.ask(&body, "a.b/m7"), Ok(Sums { zip: ZIP.to_owned(), go_mod: ZIP.to_owned() }));
}

/// CVE-2026-42501: no answer is no assent.
#[test]
fn t1_empty_lookup() {
    let scene = Scene::new();
    for body in
        [String::new(), scene.signed(), format!("7\n\n{}", scene.signed()), format!("7\n\n\n{}", scene.signed())]
    {
        assert_eq!(scene.ask(&body, "a.b/m7"), Err(Refused::Lookup(LookupError)), "{body}");
    }
}

/// CVE-2026-42501: an authentic record of something else.
#[test]
fn t2_lookup_of_another_module() {
    let scene = Scene::new();
    let body = format!("8\n{}\n{}", record("a.b/m8", ZIP), scene.signed());
    let missing = SumsError::Missing { line: "a.b/m7 v1.0.0".to_owned() };
    assert_eq!(scene.ask(&body, "a.b/m7"), Err(Refused::Sums(missing)));
}

/// CVE-2026-56864: lines beside the record.
#[test]
fn t3_lines_in_the_note_or_around_the_record() {
    let scene = Scene::new();
    let (own, evil, signed) = (record("a.b/m8", ZIP), record("a.b/m7", EVIL), scene.signed());
    let missing = Err(Refused::Sums(SumsError::Missing { line: "a.b/m7 v1.0.0".to_owned() }));
    let not_included = Err(Refused::Check(CheckError::NotIncluded { id: 8, size: 40 }));
    let unsigned = |text: &str| signed.replacen("\n\n", text, 1);
    // In a note that the database did sign: its text is not the record.
    let head = format!("go.sum database tree\n40\n{}\n", scene.log.head(40).root());
    assert_eq!(scene.ask(&format!("8\n{own}\n{}", scene.signer.note(&format!("{head}{evil}"))), "a.b/m7"), missing);
    assert_eq!(scene.ask(&format!("8\n{own}\n{}", scene.signer.note(&format!("{head}\n{evil}"))), "a.b/m7"), missing);
    // In a note that it did not sign.
    for text in [format!("\n{evil}\n"), format!("\n\n{evil}\n")] {
        let refused = scene.ask(&format!("8\n{own}\n{}", unsigned(&text)), "a.b/m7");
        assert!(matches!(refused, Err(Refused::Head(HeadError::Note(NoteError::BadSignature { .. })))), "{refused:?}");
    }
    // Before, within and behind the record.
    assert_eq!(scene.ask(&format!("8\n{evil}{own}\n{signed}"), "a.b/m7"), not_included);
    assert_eq!(scene.ask(&format!("8\n{own}{evil}\n{signed}"), "a.b/m7"), not_included);
    for body in [
        format!("{evil}8\n{own}\n{signed}"),
        format!("{evil}\n8\n{own}\n{signed}"),
        format!("8\n{own}\n{evil}\n{signed}"),
        format!("8\n\n{evil}\n{own}\n{signed}"),
        format!("8\n{own}\n{signed}{evil}"),
        format!("8\n{own}\n{signed}\n{evil}"),
    ] {
        assert!(scene.ask(&body, "a.b/m7").is_err(), "{body}");
    }
}

/// T5: what a mirror may show instead of the true head.
#[test]
fn t5_heads() {
    let scene = Scene::new();
    let (known, tall, key) = (scene.log.head(30), height(2), scene.signer.key());
    let opened = |note: &str| TreeHead::open(note.as_bytes(), &key);
    // Smaller than ours: no fault if it is a beginning of ours, a fork if not.
    let older = opened(&scene.signer.signed(&scene.log.head(20))).unwrap();
    let plan = TilePlan::consistency(&older, &known, tall).unwrap();
    check::consistency(&older, &known, &scene.log.tiles(&plan, tall)).unwrap();
    let fork = scene.log.forked(10, &Log::new(9, 60), 60);
    let result = check::consistency(&fork.head(20), &known, &scene.log.tiles(&plan, tall));
    assert!(matches!(result, Err(CheckError::Fork(_))), "{result:?}");
    // As large with another root.
    let result = check::consistency(&known, &fork.head(30), &Tiles::<Vec<u8>>::new(tall));
    assert!(matches!(result, Err(CheckError::Fork(_))), "{result:?}");
    // From the future, of another history.
    let plan = TilePlan::consistency(&known, &fork.head(60), tall).unwrap();
    let result = check::consistency(&known, &fork.head(60), &fork.tiles(&plan, tall));
    assert!(matches!(result, Err(CheckError::Fork(_))), "{result:?}");
    // Unsigned, or by another key of the same name.
    let text = format!("go.sum database tree\n40\n{}\n", scene.log.head(40).root());
    let stranger = Signer::new("sum.test", 2);
    assert_eq!(opened(&text), Err(HeadError::Note(NoteError::Malformed)));
    let refused = opened(&stranger.note(&text));
    assert!(matches!(refused, Err(HeadError::Note(NoteError::Unsigned { .. }))), "{refused:?}");
    // Two signatures: a stranger's does not count, a wrong one of the key is fatal.
    opened(&format!("{text}\n{}{}", stranger.line(&text), scene.signer.line(&text))).unwrap();
    let refused = opened(&format!("{text}\n{}{}", scene.signer.line("x\n"), stranger.line(&text)));
    assert!(matches!(refused, Err(HeadError::Note(NoteError::BadSignature { .. }))), "{refused:?}");
    // Signed, and no head.
    assert_eq!(opened(&scene.signer.note("go.sum database tree\n40\n")), Err(HeadError::Malformed));
}

/// T6: the width is the head's; the full tile serves, another width does not.
#[test]
fn t6_partial_tiles() {
    let scene = Scene::new();
    let head = scene.log.head(30);
    let tile = |path: &str| Tile::parse(path).unwrap();
    let prove = |path: &str, from: &str| {
        let mut tiles = Tiles::new(TileHeight::new(5).unwrap());
        tiles.insert(tile(path), scene.log.tile(tile(from)).unwrap());
        check::inclusion(&head, 7, scene.log.record(7), &tiles).map(|_| ())
    };
    assert_eq!(prove("tile/5/0/000.p/30", "tile/5/0/000.p/30"), Ok(()));
    assert_eq!(prove("tile/5/0/000", "tile/5/0/000"), Ok(()));
    let bad = Err(CheckError::BadTile(vec![tile("tile/5/0/000.p/30")]));
    for other in ["tile/5/0/000.p/29", "tile/5/0/000.p/31", "tile/5/0/000"] {
        assert_eq!(prove("tile/5/0/000.p/30", other), bad, "{other}");
    }
    let missing = Err(CheckError::MissingTile(tile("tile/5/0/000.p/30")));
    assert_eq!(prove("tile/5/0/000.p/31", "tile/5/0/000.p/31"), missing);
    assert_eq!(prove("tile/5/0/000", "tile/5/0/000.p/30"), bad);
}

/// T7: sums compare with what [`crate::dirhash`] gives, for zip and go.mod each on its own.
#[test]
fn t7_sums_of_other_content() {
    let go_mod = b"module a.b/m0\n";
    let sum = crate::dirhash::hash_go_mod(go_mod);
    let log = Log::of(vec![format!("a.b/m0 v1.0.0 {ZIP}\na.b/m0 v1.0.0/go.mod {sum}\n")]);
    let (head, signer) = (log.head(1), Signer::new("sum.test", 1));
    let scene = Scene { log, signer };
    let tiles = {
        let plan = TilePlan::inclusion(&head, 0, height(2)).unwrap();
        scene.log.tiles(&plan, height(2))
    };
    let sums = check::inclusion(&head, 0, scene.log.record(0), &tiles).unwrap().sums(&version("a.b/m0")).unwrap();
    assert_eq!(sums.go_mod, sum);
    assert_ne!(sums.go_mod, crate::dirhash::hash_go_mod(b"module a.b/m1\n"));
    assert_eq!(sums.zip, ZIP);
    let toolchain = version("golang.org/toolchain");
    let record = check::inclusion(&head, 0, scene.log.record(0), &tiles).unwrap();
    assert!(matches!(record.sums(&toolchain), Err(SumsError::Missing { .. })));
}
