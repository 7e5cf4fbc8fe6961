//! Module versions made in memory: `.info`, `.mod`, `.zip` and their go.sum lines.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::zip::{Entry, zip_archive};

/// One version of a module, with everything a proxy serves for it.
///
/// ```
/// # use goproxy_testkit::ModuleFixture;
/// let module = ModuleFixture::new("example.com/greet", "v1.2.0").file("greet.go", "package greet\n");
/// assert!(module.sum_lines().starts_with("example.com/greet v1.2.0 h1:"));
/// ```
#[derive(Clone, Debug)]
pub struct ModuleFixture {
    path: String,
    version: String,
    time: String,
    origin: Option<String>,
    requires: Vec<(String, String)>,
    retracts: Vec<String>,
    go_mod: Option<Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    info_bytes: Option<Vec<u8>>,
    mod_bytes: Option<Vec<u8>>,
    zip_bytes: Option<Vec<u8>>,
}

impl ModuleFixture {
    /// A version with one package whose only constant, `Version`, says which version it is. A version marked
    /// `+incompatible` gets no go.mod in its zip.
    pub fn new(path: &str, version: &str) -> Self {
        let package = package_name(path);
        let source =
            format!("package {package}\n\n// Version is this module's version.\nconst Version = {version:?}\n");
        Self {
            path: path.to_owned(),
            version: version.to_owned(),
            time: "2024-01-02T03:04:05Z".to_owned(),
            origin: None,
            requires: Vec::new(),
            retracts: Vec::new(),
            go_mod: None,
            files: BTreeMap::from([(format!("{package}.go"), source.into_bytes())]),
            info_bytes: None,
            mod_bytes: None,
            zip_bytes: None,
        }
    }

    /// Several versions of one module, made a day apart in the order given.
    pub fn versions(path: &str, versions: &[&str]) -> Vec<Self> {
        let day = |index: usize| format!("2024-01-{:02}T03:04:05Z", index % 28 + 1);
        versions.iter().enumerate().map(|(index, version)| Self::new(path, version).time(&day(index))).collect()
    }

    /// Sets the commit time, RFC 3339.
    pub fn time(mut self, time: &str) -> Self {
        time.clone_into(&mut self.time);
        self
    }

    /// Sets the `Origin` object of `.info`, as JSON.
    pub fn origin(mut self, json: &str) -> Self {
        self.origin = Some(json.to_owned());
        self
    }

    /// Adds or replaces a file, named relative to the module root.
    pub fn file(mut self, name: &str, data: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.to_owned(), data.into());
        self
    }

    /// Adds a requirement to go.mod and a blank import of that package, so that a build needs it.
    pub fn requires(mut self, path: &str, version: &str) -> Self {
        self.requires.push((path.to_owned(), version.to_owned()));
        self
    }

    /// Adds a `retract` line to go.mod.
    pub fn retracts(mut self, version: &str) -> Self {
        self.retracts.push(version.to_owned());
        self
    }

    /// Sets go.mod to these bytes, in the zip and as `.mod`.
    pub fn go_mod(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.go_mod = Some(text.into());
        self
    }

    /// Serves these bytes as `.info`, whatever they are.
    pub fn with_info(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.info_bytes = Some(bytes.into());
        self
    }

    /// Serves these bytes as `.mod`; the zip keeps its own go.mod.
    pub fn with_mod(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.mod_bytes = Some(bytes.into());
        self
    }

    /// Serves these bytes as `.zip`; the sums stay those of the files.
    pub fn with_zip(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.zip_bytes = Some(bytes.into());
        self
    }

    /// The module path, unescaped.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The commit time, as set.
    pub fn commit_time(&self) -> &str {
        &self.time
    }

    /// `path@version`, as the `go` command's arguments name it.
    pub fn name(&self) -> String {
        format!("{}@{}", self.path, self.version)
    }

    /// The request path of one of its files: `/escaped/@v/version.ext`.
    pub fn url_path(&self, ext: &str) -> String {
        format!("/{}/@v/{}.{ext}", escape(&self.path), escape(&self.version))
    }

    /// The bytes of `.info`.
    pub fn info(&self) -> Vec<u8> {
        self.info_bytes.clone().unwrap_or_else(|| self.info_with(self.origin.as_deref()))
    }

    /// `.info` as an upstream that drops `Origin` has it.
    pub fn info_without_origin(&self) -> Vec<u8> {
        self.info_bytes.clone().unwrap_or_else(|| self.info_with(None))
    }

    fn info_with(&self, origin: Option<&str>) -> Vec<u8> {
        let origin = origin.map_or_else(String::new, |json| format!(",\"Origin\":{json}"));
        format!("{{\"Version\":\"{}\",\"Time\":\"{}\"{origin}}}", self.version, self.time).into_bytes()
    }

    /// The bytes of `.mod`.
    pub fn mod_file(&self) -> Vec<u8> {
        self.mod_bytes.clone().unwrap_or_else(|| self.true_mod())
    }

    /// The bytes of `.zip`.
    pub fn zip(&self) -> Vec<u8> {
        self.zip_bytes.clone().unwrap_or_else(|| zip_archive(&self.entries()))
    }

    /// The members of the true zip, in archive order; a start for archives with something wrong in them.
    pub fn entries(&self) -> Vec<Entry> {
        let files = self.all_files();
        files.into_iter().map(|(name, data)| Entry::new(format!("{}/{name}", self.name()), data)).collect()
    }

    /// The h1 sum of the zip's true content.
    pub fn zip_h1(&self) -> String {
        let entries = self.entries();
        h1(entries.iter().map(|entry| (entry.name.as_str(), entry.data.as_slice())))
    }

    /// The h1 sum of the true go.mod.
    pub fn mod_h1(&self) -> String {
        h1([("go.mod", self.true_mod().as_slice())])
    }

    /// The two go.sum lines, which are also the record of a checksum database.
    pub fn sum_lines(&self) -> String {
        let (path, version) = (&self.path, &self.version);
        format!("{path} {version} {}\n{path} {version}/go.mod {}\n", self.zip_h1(), self.mod_h1())
    }

    fn true_mod(&self) -> Vec<u8> {
        if let Some(text) = &self.go_mod {
            return text.clone();
        }
        if self.is_incompatible() {
            return format!("module {}\n", self.path).into_bytes();
        }
        let mut text = format!("module {}\n\ngo 1.17\n", self.path);
        for (path, version) in &self.requires {
            text.push_str(&format!("\nrequire {path} {version}\n"));
        }
        for version in &self.retracts {
            text.push_str(&format!("\nretract {version}\n"));
        }
        text.into_bytes()
    }

    fn all_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        if !self.is_incompatible() && self.path != "golang.org/toolchain" {
            files.insert("go.mod".to_owned(), self.true_mod());
        }
        for (index, (path, _)) in self.requires.iter().enumerate() {
            let source = format!("package {}\n\nimport _ {path:?}\n", package_name(&self.path));
            files.insert(format!("import{index}.go"), source.into_bytes());
        }
        files
    }

    fn is_incompatible(&self) -> bool {
        self.version.ends_with("+incompatible")
    }
}

/// A module path or version as it is escaped in requests and file names: `!x` for a capital `X`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The `h1:` sum of named contents (golang.org/x/mod/sumdb/dirhash, Hash1).
pub fn h1<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let sorted: BTreeMap<_, _> = files.into_iter().collect();
    let mut all = Sha256::new();
    for (name, data) in sorted {
        all.update(format!("{}  {name}\n", hex(&Sha256::digest(data))));
    }
    format!("h1:{}", STANDARD.encode(all.finalize()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last element that is not a major version, as an identifier.
fn package_name(path: &str) -> String {
    let is_major = |element: &str| element.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok());
    let element = path.rsplit('/').find(|element| !is_major(element)).unwrap_or("p");
    let element = element.split('.').next().unwrap_or("p");
    element.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}
