//! A checksum database that real clients accept: a log of go.sum records, signed tree notes, lookups and tiles
//! (golang.org/x/mod/sumdb).

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

use crate::{
    answer::Answer,
    module::{ModuleFixture, escape},
    site::{Site, SiteOptions},
    tree::{WIDTH, leaf, root, tile},
};

/// A database; clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct SumDb {
    name: String,
    key: SigningKey,
    records: Arc<Mutex<Vec<Record>>>,
}

#[derive(Clone, Debug)]
struct Record {
    /// `escaped-path@escaped-version`, as a lookup asks for it.
    name: String,
    lines: String,
}

impl SumDb {
    /// An empty database of this name; its key depends on the name alone.
    pub fn new(name: &str) -> Self {
        let seed: [u8; 32] = Sha256::digest(name).into();
        Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed), records: Arc::default() }
    }

    /// The name, as in `/sumdb/<name>/`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The verifier key, `name+hash+key`: the value of GOSUMDB.
    pub fn verifier_key(&self) -> String {
        let public = self.key_data();
        format!("{}+{}+{}", self.name, crate::module::hex(&self.key_hash()), STANDARD.encode(public))
    }

    /// Adds the module's true sums.
    pub fn add(&self, module: &ModuleFixture) -> &Self {
        self.add_lines(module.path(), module.version(), &module.sum_lines())
    }

    /// Adds a record with these lines, true or not.
    pub fn add_lines(&self, path: &str, version: &str, lines: &str) -> &Self {
        let name = format!("{}@{}", escape(path), escape(version));
        self.records.lock().unwrap().push(Record { name, lines: lines.to_owned() });
        self
    }

    /// Adds `count` records of modules that do not exist, to make the tree high.
    pub fn pad(&self, count: usize) -> &Self {
        for _ in 0..count {
            let path = format!("padding.example/m{}", self.len());
            self.add(&ModuleFixture::new(&path, "v1.0.0"));
        }
        self
    }

    /// A database of its own with the same name, key and first `keep` records: what it gets next is a fork.
    pub fn fork(&self, keep: usize) -> Self {
        let records = self.records.lock().unwrap().iter().take(keep).cloned().collect();
        Self { name: self.name.clone(), key: self.key.clone(), records: Arc::new(Mutex::new(records)) }
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.records.lock().unwrap().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The signed note over the whole tree: the body of `/latest`.
    pub fn signed_tree(&self) -> String {
        let leaves = self.leaves();
        let text = format!("go.sum database tree\n{}\n{}\n", leaves.len(), STANDARD.encode(root(&leaves)));
        self.sign(&text)
    }

    /// `text` as a note with this database's signature.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = self.key_hash().to_vec();
        signature.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.name, STANDARD.encode(signature))
    }

    /// The body of `/lookup/<name>`, where `name` is `escaped-path@escaped-version`; `None` if there is no record.
    pub fn lookup(&self, name: &str) -> Option<String> {
        let found = {
            let records = self.records.lock().unwrap();
            let id = records.iter().position(|record| record.name == name)?;
            format!("{id}\n{}\n", records[id].lines)
        };
        Some(found + &self.signed_tree())
    }

    /// The bytes of the tile at `path`, such as `tile/8/0/x001/234.p/5`; `None` for a path that is not written
    /// exactly so, as the true database refuses it.
    pub fn tile(&self, path: &str) -> Option<Vec<u8>> {
        let (level, rest) = path.strip_prefix("tile/8/")?.split_once('/')?;
        let (digits, width) =
            rest.split_once(".p/").map_or((rest, WIDTH), |(digits, w)| (digits, w.parse().unwrap_or(0)));
        let number = digits.split('/').map(|group| group.trim_start_matches('x')).collect::<String>().parse().ok()?;
        if path != tile_path(level, number, width) {
            return None;
        }
        match level {
            "data" => self.data_tile(number, width),
            digits => {
                let level: u32 = digits.parse().ok()?;
                if level.to_string() == digits { tile(&self.leaves(), level, number, width) } else { None }
            }
        }
    }

    /// The answer to a request for `path`, below the database's own root: `/latest`, `/lookup/...`, `/tile/...`.
    pub fn answer(&self, path: &str) -> Answer {
        if path == "/latest" {
            return Answer::text(200, self.signed_tree());
        }
        if let Some(name) = path.strip_prefix("/lookup/") {
            let missing = || Answer::text(404, format!("not found: {name}: unknown revision\n"));
            return self.lookup(name).map_or_else(missing, |body| Answer::text(200, body));
        }
        match path.strip_prefix('/').and_then(|path| self.tile(path)) {
            Some(bytes) => Answer::new(200, "application/octet-stream", bytes),
            None => Answer::text(404, "404 page not found\n"),
        }
    }

    /// Serves it alone, as the database's own host does: without `/supported`.
    pub async fn serve(&self) -> SumDbSite {
        self.serve_with(SiteOptions::default()).await
    }

    /// The same with TLS or below a base path.
    pub async fn serve_with(&self, options: SiteOptions) -> SumDbSite {
        let database = self.clone();
        let handler = move |request: crate::wire::Request| {
            let answer = database.answer(&request.path);
            async move { answer }
        };
        SumDbSite { site: Site::start(options, handler).await }
    }

    fn leaves(&self) -> Vec<crate::tree::Hash> {
        self.records.lock().unwrap().iter().map(|record| leaf(record.lines.as_bytes())).collect()
    }

    fn data_tile(&self, number: usize, width: usize) -> Option<Vec<u8>> {
        let records = self.records.lock().unwrap();
        let start = number.checked_mul(WIDTH)?;
        let records = records.get(start..start.checked_add(width)?)?;
        Some(records.iter().map(|record| format!("{}\n", record.lines)).collect::<String>().into_bytes())
    }

    /// The algorithm byte (1: Ed25519) and the public key.
    fn key_data(&self) -> Vec<u8> {
        [[1].as_slice(), self.key.verifying_key().as_bytes()].concat()
    }

    fn key_hash(&self) -> [u8; 4] {
        let digest = Sha256::new().chain_update(&self.name).chain_update("\n").chain_update(self.key_data()).finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

/// The one way to write a tile's coordinates (golang.org/x/mod/sumdb/tlog, Tile.Path).
fn tile_path(level: &str, number: usize, width: usize) -> String {
    let mut digits = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        digits = format!("x{:03}/{digits}", rest % 1000);
        rest /= 1000;
    }
    let part = if width == WIDTH { String::new() } else { format!(".p/{width}") };
    format!("tile/8/{level}/{digits}{part}")
}

/// A database served by itself; what a [`Site`] can do, it can.
#[derive(Debug)]
pub struct SumDbSite {
    site: Site,
}

impl Deref for SumDbSite {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
