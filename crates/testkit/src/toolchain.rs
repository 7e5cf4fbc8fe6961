//! A Go release that does not exist, for clients that switch toolchains.

use crate::module::ModuleFixture;

/// What the fake release prints, whatever it is told to do.
pub const FAKE_GO_LINE: &str = "go version go1.99.0 fixture/fixture";

/// `golang.org/toolchain@v0.0.1-go1.99.0.<this system>`, whose `bin/go` is a shell script: a client with
/// `GOTOOLCHAIN=go1.99.0` runs it.
pub fn fake_toolchain() -> ModuleFixture {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let version = format!("v0.0.1-go1.99.0.{}-{arch}", std::env::consts::OS);
    // The client makes the programs in these folders executable, and gives up when one that it expects is missing.
    ModuleFixture::new("golang.org/toolchain", &version)
        .go_mod("module golang.org/toolchain\n")
        .file("bin/go", format!("#!/bin/sh\necho '{FAKE_GO_LINE}'\n"))
        .file("bin/gofmt", "#!/bin/sh\n")
        .file("pkg/tool/README", "Nothing is built with this release.\n")
        .file("lib/README", "Nothing is built with this release.\n")
        .file("misc/README", "Nothing is built with this release.\n")
        .file("VERSION", "go1.99.0\n")
}
