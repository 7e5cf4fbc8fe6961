//! The repositories of Go's own tests, and the table of its coderepo tests: our answers are those of `go`.

mod coderepo;
mod repositories;
mod vcstest;

use repositories::Repositories;
