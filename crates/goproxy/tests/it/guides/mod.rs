//! The guides in docs/: what they tell readers to run is run, and what they tell them to write is read.
//!
//! Blocks of `sh` are run page by page, in order, each page in a home of its own; `sh server` runs beside what follows.
//! Of their text, ports, folders below /var/lib and the name of the upstream are replaced. Blocks of `toml` are read by
//! `goproxy check-config`. A block that is not run says why, in a comment before it.

mod page;
mod world;

use std::path::{Path, PathBuf};

use page::{Block, Page};
use world::World;

use crate::support::goproxy;

fn pages() -> Vec<Page> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guides_run_works() {
    let Some(world) = World::new().await else { return };
    for page in pages().iter().filter(|page| page.blocks.iter().any(Block::is_run)) {
        world.run(page).await;
    }
}

#[tokio::test]
async fn what_the_guides_write_is_understood() {
    let mut read = 0;
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.info == "toml") {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("goproxy.toml");
            std::fs::write(&file, with_secrets(&block.text, folder.path())).unwrap();
            let command = goproxy().args(["check-config", "-config"]).arg(&file).env("ARTIFACTORY_PASSWORD", "x");
            let output = command.run().await;
            assert_eq!(output.code, Some(0), "{}: {}\n{}", page.name, block.text, output.stderr);
            read += 1;
        }
    }
    assert!(read >= 10, "{read}");
}

/// The text with the files that it names below /run/secrets, which are made in the folder.
fn with_secrets(text: &str, folder: &Path) -> String {
    for name in text.split("/run/secrets/").skip(1).filter_map(|rest| rest.split('"').next()) {
        std::fs::write(folder.join(name), "secret\n").unwrap();
    }
    text.replace("/run/secrets/", &format!("{}/", folder.display()))
        .replace("/usr/local/bin/github-app-token", "/bin/true")
}

#[test]
fn what_is_not_run_says_why() {
    for page in pages() {
        for block in &page.blocks {
            let of_a_shell = ["sh", "bash", "shell", "console"].iter().any(|shell| block.info.starts_with(shell));
            assert!(!of_a_shell || block.is_run() || block.why.is_some(), "{}: not run:\n{}", page.name, block.text);
            assert!(!(block.is_run() && block.text.contains("$ ")), "{}: a prompt:\n{}", page.name, block.text);
        }
    }
}

/// Links between the pages, and from the README.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    let of_root = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(|name| root.join(name));
    let of_docs = pages().into_iter().map(|page| root.join("docs").join(page.name));
    for path in of_docs.chain(of_root) {
        let text = std::fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(path.parent().unwrap().join(file).exists(), "{}: {target}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
