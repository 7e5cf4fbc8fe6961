//! What one run left in its module cache: the files of one version, each good or missing by itself.

use std::{io, path::PathBuf, time::SystemTime};

use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Version};
use goproxy_engine::{Error, ErrorKind, Intake, Kind, Object, Resolved, Result, Staging, check};

use super::{blocking, internal, output::Info, scratch::Scratch};

/// The files live as long as this does.
#[derive(Debug)]
pub(super) struct Bundle {
    scratch: Scratch,
    module: ModuleVersion,
    /// Why files are missing, if some are.
    failure: Option<Error>,
}

impl Bundle {
    pub(super) fn new(scratch: Scratch, module: ModuleVersion, failure: Option<Error>) -> Self {
        Self { scratch, module, failure }
    }

    /// The wanted file of a version, then the others that are there.
    pub(super) async fn staged(
        &self,
        module: &ModuleVersion,
        kind: Kind,
        intake: &Intake<'_>,
    ) -> Result<Vec<(Object, Staging)>> {
        let mut staged = Vec::new();
        let others = [Kind::Info, Kind::Mod, Kind::Zip].into_iter().filter(|other| *other != kind);
        for kind in std::iter::once(kind).chain(others) {
            match self.file(kind).await? {
                Some(file) => {
                    let mut staging = intake.stage().await?;
                    staging.copy_from(&file).await?;
                    staged.push((Object::Module(module.clone(), kind), staging));
                }
                None if staged.is_empty() => return Err(self.missing(kind)),
                None => {}
            }
        }
        Ok(staged)
    }

    /// The `.info` as the answer of a query, with what else is known of the version it names.
    pub(super) async fn resolved(&self, asked: SystemTime, intake: &Intake<'_>) -> Result<Resolved> {
        let file = self.file(Kind::Info).await?.ok_or_else(|| self.missing(Kind::Info))?;
        let info = Bytes::from(blocking(move || read(&file)).await?);
        let parsed: Info = serde_json::from_slice(&info).map_err(|e| internal(format!("go wrote a bad .info: {e}")))?;
        let mut extra = Vec::new();
        for kind in [Kind::Info, Kind::Mod] {
            if kind == Kind::Info && !parsed.is_canonical() {
                continue;
            }
            if let Some(file) = self.file(kind).await? {
                let mut staging = intake.stage().await?;
                staging.copy_from(&file).await?;
                extra.push((Object::Module(self.module.clone(), kind), staging));
            }
        }
        Ok(Resolved { info, asked, extra })
    }

    /// Where the file is, if it is. `go` puts whole files there only.
    async fn file(&self, kind: Kind) -> Result<Option<PathBuf>> {
        let (path, version) = (self.module.path().escaped(), self.module.version().escaped());
        let file = self.scratch.download().join(path).join("@v").join(format!("{version}.{}", kind.extension()));
        blocking(move || Ok(file.is_file().then_some(file))).await
    }

    fn missing(&self, kind: Kind) -> Error {
        self.failure.clone().unwrap_or_else(|| internal(format!("go wrote no {} of {}", kind.extension(), self.module)))
    }
}

/// The version that `go` answered, as a value.
pub(super) fn answered(path: &ModulePath, version: &str) -> Result<ModuleVersion> {
    let invalid = |e: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Invalid, format!("{path}: go answered with version {version:?}: {e}"))
    };
    let version = Version::parse(version).map_err(|e| invalid(&e))?;
    ModuleVersion::new(path.clone(), version).map_err(|e| invalid(&e))
}

fn read(file: &std::path::Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(check::MAX_INFO).read_to_end(&mut bytes)?;
    Ok(bytes)
}
