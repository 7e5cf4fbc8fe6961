//! A file for each target.

pub(crate) mod fetch;
pub(crate) mod go_import;
pub(crate) mod go_mod;
pub(crate) mod info;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod names;
pub(crate) mod netrc;
pub(crate) mod note;
pub(crate) mod object;
pub(crate) mod pack;
pub(crate) mod pack_parts;
pub(crate) mod packets;
pub(crate) mod plan;
pub(crate) mod proof;
pub(crate) mod refs;
pub(crate) mod route;
pub(crate) mod tile;
pub(crate) mod zip;
pub(crate) mod zip_parts;
