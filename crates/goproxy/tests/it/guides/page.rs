//! The fenced blocks of a page.

use std::path::Path;

/// A page.
pub(super) struct Page {
    /// Its file's name.
    pub(super) name: String,
    pub(super) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Default)]
pub(super) struct Block {
    /// What stands behind the fence.
    pub(super) info: String,
    pub(super) text: String,
    /// Why it is not run.
    pub(super) why: Option<String>,
}

impl Block {
    pub(super) fn is_run(&self) -> bool {
        matches!(self.info.as_str(), "sh" | "sh server") && self.why.is_none()
    }

    pub(super) fn is_server(&self) -> bool {
        self.info == "sh server"
    }
}

impl Page {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (mut blocks, mut open, mut before) = (Vec::new(), None::<Block>, "");
        for line in text.lines() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    let why = before.strip_prefix("<!-- not run: ").map(str::to_owned);
                    open = Some(Block { info: info.to_owned(), why, ..Block::default() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.text.extend([line, "\n"]),
                (None, None) => {
                    let told = line.starts_with("    ") && before.is_empty();
                    assert!(!told, "{}: a block without a fence is never run: {line}", path.display());
                    before = line;
                }
            }
        }
        assert!(open.is_none(), "{}: a block has no end", path.display());
        Self { name: path.file_name().unwrap().to_string_lossy().into_owned(), blocks }
    }
}
