//! The Go module proxy that an organisation runs for itself.
fn main() {}
