//! What tags and commits of a repository mean for a module: `cmd/go/internal/modfetch/coderepo.go`.

mod repo;

pub(crate) use repo::Repo;
