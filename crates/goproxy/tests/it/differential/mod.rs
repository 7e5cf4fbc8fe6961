//! Random repositories.
