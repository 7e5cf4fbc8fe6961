//! `@latest` of a source that has no such endpoint: from its list, as cmd/go/internal/modload/query.go chooses.

use std::time::SystemTime;

use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Version};

use crate::{Engine, Error, ErrorKind, Kind, Object, Result, Source, answers::parse_list, blocking::content};

impl Engine {
    /// Derives the answer from the list of `source`. `absent` is what the source said to `@latest`, and stays the
    /// answer when the list holds nothing either. Comes with when the list was so.
    pub(crate) async fn latest_from_list(
        &self,
        path: &ModulePath,
        source: &dyn Source,
        absent: Error,
    ) -> Result<(Bytes, SystemTime)> {
        let versions = self.shared.watch(source, "list", source.list(path)).await?;
        let list = parse_list(path, &versions.body)?;
        let newest = match (list.highest_compatible(), list.highest_incompatible()) {
            (Some(compatible), Some(incompatible)) => {
                let adopted = self.has_go_mod(path, list.last_compatible().unwrap_or(compatible)).await?;
                // A release goes before a prerelease, whichever kind they are of.
                let behind = incompatible.is_prerelease() && !compatible.is_prerelease();
                if adopted || behind { compatible.clone() } else { incompatible.clone() }
            }
            (Some(version), None) | (None, Some(version)) => version.clone(),
            (None, None) => list.newest_pseudo().cloned().ok_or(absent)?,
        };
        let newest = ModuleVersion::new(path.clone(), newest)
            .map_err(|e| Error::new(ErrorKind::Invalid, format!("{path}@v/list: {e}")))?;
        Ok((self.small(Object::Module(newest, Kind::Info)).await?, versions.asked))
    }

    /// Whether a version has a go.mod of its own. `+incompatible` versions count only while the last compatible
    /// version has none.
    async fn has_go_mod(&self, path: &ModulePath, version: &Version) -> Result<bool> {
        let Ok(version) = ModuleVersion::new(path.clone(), version.clone()) else { return Ok(false) };
        let go_mod = self.small(Object::Module(version, Kind::Mod)).await?;
        Ok(go_mod != gomod::modfile::synthesized(path).as_bytes())
    }

    /// The bytes of a small object, from the store or fetched.
    async fn small(&self, object: Object) -> Result<Bytes> {
        let reply = self.object(object, false).await?.whole().await?;
        content(&reply.blob, reply.size).await
    }
}
