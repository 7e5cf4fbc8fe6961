//! What a benchmark found: one JSON file for each, and its rows in the table of `docs/benchmarks.md`.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::root;

const START: &str = "| command | what | rival | result |\n|---|---|---|---|\n";

/// A row of the table.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// Who else was, if anybody.
    pub(crate) rival: String,
    /// A ratio, mostly.
    pub(crate) result: String,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, rival: &str, result: impl Into<String>) -> Self {
        Self { what: what.into(), rival: rival.to_owned(), result: result.into() }
    }
}

/// The arguments without `--write`, and whether it was among them.
pub(crate) fn asked<'a>(arguments: &[&'a str]) -> (Vec<&'a str>, bool) {
    let left: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--write").collect();
    let write = left.len() < arguments.len();
    (left, write)
}

/// Keeps the measurements in `target/bench/<name>.json`; with `write`, the table shows these rows from now on.
pub(crate) fn record(name: &str, measured: &Value, rows: &[Row], write: bool) -> Result<()> {
    let folder = root().join("target/bench");
    let listed: Vec<Value> =
        rows.iter().map(|row| json!({ "what": row.what, "rival": row.rival, "result": row.result })).collect();
    let report = json!({ "benchmark": name, "rows": listed, "measured": measured });
    fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&report)?)?;
    if !write {
        return Ok(());
    }
    let path = root().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path)?;
    fs::write(&path, replaced(&page, &format!("`cargo xtask bench {name}`"), rows)?)?;
    Ok(())
}

/// The page with these rows in the place of the command's old ones, or after all others.
fn replaced(page: &str, command: &str, rows: &[Row]) -> Result<String> {
    let (before, rest) = page.split_once(START).context("docs/benchmarks.md has no such table")?;
    let length = rest.split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    let (table, after) = rest.split_at(length);
    let mut blocks: Vec<String> = Vec::new();
    for line in table.split_inclusive('\n') {
        match blocks.last_mut() {
            Some(block) if line.starts_with("| |") => block.push_str(line),
            _ => blocks.push(line.to_owned()),
        }
    }
    let new: String = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let first = if at == 0 { format!(" {command} ") } else { " ".to_owned() };
            format!("|{first}| {} | {} | {} |\n", row.what, row.rival, row.result).replace("|  |", "| |")
        })
        .collect();
    match blocks.iter_mut().find(|block| block.starts_with(&format!("| {command} |"))) {
        Some(block) => *block = new,
        None => blocks.push(new),
    }
    Ok(format!("{before}{START}{}{after}", blocks.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_take_the_place_of_older_ones() {
        let page = format!("text\n{START}| `one` | a | b | 1 |\n| | c | | 2 |\n| `two` | d | e | 3 |\n\nmore\n");
        let rows = [Row::new("new", "x", "4"), Row::new("newer", "", "5")];
        let once = replaced(&page, "`one`", &rows).unwrap();
        assert_eq!(
            once,
            format!("text\n{START}| `one` | new | x | 4 |\n| | newer | | 5 |\n| `two` | d | e | 3 |\n\nmore\n")
        );
        assert_eq!(replaced(&once, "`one`", &rows).unwrap(), once);
        assert!(replaced(&page, "`three`", &rows).unwrap().contains("| 3 |\n| `three` | new | x | 4 |\n| | newer"));
    }
}
