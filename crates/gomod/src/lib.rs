//! Go module semantics without I/O: paths, versions, patterns, zip and hash rules, the proxy protocol's routes.
