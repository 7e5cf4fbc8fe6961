//! The store on a file system, in Go's own module cache layout.
