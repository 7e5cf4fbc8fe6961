//! The TOML file: a flat table whose keys are the names of the flags, and tables that may stand there several times.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{Repeated, Row, Setting, Shape, TABLE, TABLES, find, nearest};
use crate::failure::Failure;

/// A value that the file gives, as the text that the flag would have.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) setting: &'static Setting,
    pub(super) text: String,
    pub(super) line: usize,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) entries: Vec<Entry>,
    /// In the order of the file.
    pub(super) rows: Vec<Row>,
}

/// Reads the file; unknown keys and wrong types are errors that name the place.
pub(super) fn read(path: &Path) -> Result<Contents, Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::config(format!("config: cannot read {}: {error}; correct -config or the file", path.display()))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::config(format!("{}: is not UTF-8; a TOML file must be", path.display())))?;
    parse(&text, path)
}

/// What a file's text says.
pub(super) fn parse(text: &str, path: &Path) -> Result<Contents, Failure> {
    let at = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        let line = at(error.span().map_or(0, |span| span.start));
        Failure::config(format!("{}:{line}: is no valid TOML: {}", path.display(), error.message()))
    })?;
    let (mut entries, mut rows) = (Vec::new(), Vec::new());
    for (key, value) in table.get_ref() {
        let line = at(key.span().start);
        let place = format!("{}:{line}", path.display());
        if let Some(repeated) = TABLES.iter().find(|table| table.name == key.get_ref()) {
            for (offset, row) in rows_of(repeated, value.get_ref(), &place)? {
                let place = format!("{}:{}", path.display(), at(offset));
                let entries = row.iter().map(|(key, value)| (&**key.get_ref(), value.get_ref()));
                let row = Row::read(repeated, place.clone(), entries);
                rows.push((offset, row.map_err(|why| bad_row(repeated, &place, &why))?));
            }
            continue;
        }
        let setting = known(key.get_ref(), &place)?;
        let text = self::text(setting, value.get_ref()).ok_or_else(|| wrong_type(setting, value.get_ref(), &place))?;
        entries.push(Entry { setting, text, line });
    }
    entries.sort_by_key(|entry| entry.line);
    rows.sort_by_key(|(offset, _)| *offset);
    Ok(Contents { entries, rows: rows.into_iter().map(|(_, row)| row).collect() })
}

/// Something in a row is wrong.
pub(super) fn bad_row(table: &Repeated, place: &str, why: &str) -> Failure {
    Failure::config(format!("{place}: [[{}]]: {why}", table.name))
}

/// The rows of a table, each with where it begins.
fn rows_of<'a, 'b>(
    table: &Repeated,
    value: &'a DeValue<'b>,
    place: &str,
) -> Result<Vec<(usize, &'a DeTable<'b>)>, Failure> {
    let rows = value.as_array().and_then(|rows| {
        let row = |row: &'a toml::Spanned<DeValue<'b>>| Some((row.span().start, row.get_ref().as_table()?));
        rows.iter().map(row).collect::<Option<Vec<_>>>()
    });
    rows.ok_or_else(|| Failure::config(format!("{place}: {0} wants tables; write [[{0}]] above each", table.name)))
}

fn known(key: &str, place: &str) -> Result<&'static Setting, Failure> {
    match find(key) {
        Some(setting) if setting.name == "config" => {
            Err(Failure::config(format!("{place}: config cannot stand in the file; use -config or GOPROXY_CONFIG")))
        }
        Some(setting) => Ok(setting),
        None => {
            let names = TABLE.iter().map(|setting| setting.name).chain(TABLES.iter().map(|table| table.name));
            let hint = match nearest(key, names) {
                Some(name) => format!("did you mean {name}?"),
                None => "see goproxy -help for the names".to_owned(),
            };
            Err(Failure::config(format!("{place}: unknown key {key:?}; {hint}")))
        }
    }
}

/// The value as the flag would have it, if its type is the right one.
fn text(setting: &Setting, value: &DeValue<'_>) -> Option<String> {
    match (setting.shape, value) {
        (Shape::Count, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        (Shape::Count, _) => None,
        (_, DeValue::String(text)) => Some(text.to_string()),
        (shape, DeValue::Array(elements)) if shape.is_list() => {
            let texts: Option<Vec<&str>> = elements.iter().map(|element| element.get_ref().as_str()).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn wrong_type(setting: &Setting, value: &DeValue<'_>, place: &str) -> Failure {
    let wanted = match setting.shape {
        Shape::Count => "a whole number",
        shape if shape.is_list() => "a string or a list of strings",
        _ => "a string",
    };
    let example = super::show::toml_value(setting, setting.example);
    let found = value.type_str();
    Failure::config(format!(
        "{place}: {} wants {wanted}, not a value of type {found}, for example {} = {example}",
        setting.name, setting.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<Vec<(&'static str, String, usize)>, String> {
        let contents = parse(text, Path::new("g.toml")).map_err(|failure| failure.line().to_owned())?;
        Ok(contents.entries.into_iter().map(|e| (e.setting.name, e.text, e.line)).collect())
    }

    #[test]
    fn values_become_the_text_of_flags() {
        let text = "# c\nlisten = ':1'\n\nexclude = [\"a.b/*\", 'c.d']\ndirectLimit = 0x10\nmaxConnections = 1_000\n";
        assert_eq!(
            entries(text).expect("good"),
            [
                ("listen", ":1".to_owned(), 2),
                ("exclude", "a.b/*,c.d".to_owned(), 4),
                ("directLimit", "16".to_owned(), 5),
                ("maxConnections", "1000".to_owned(), 6),
            ]
        );
    }

    #[test]
    fn errors_name_the_place_and_the_remedy() {
        for (text, error) in [
            ("\ncachedir = 'x'", r#"g.toml:2: unknown key "cachedir"; did you mean cacheDir?"#),
            ("verbose = true", r#"g.toml:1: unknown key "verbose"; see goproxy -help for the names"#),
            ("[server]\nlisten = ':1'", r#"g.toml:1: unknown key "server"; see goproxy -help for the names"#),
            ("config = 'x'", "g.toml:1: config cannot stand in the file; use -config or GOPROXY_CONFIG"),
            (
                "cacheExpire = 5",
                r#"g.toml:1: cacheExpire wants a string, not a value of type integer, for example cacheExpire = "1m30s""#,
            ),
            (
                "directLimit = '8'",
                "g.toml:1: directLimit wants a whole number, not a value of type string, for example directLimit = 8",
            ),
        ] {
            assert_eq!(entries(text).expect_err(text), error);
        }
        for text in ["exclude = ['a', 1]", "exclude = true", "proxy = ['a']"] {
            assert!(entries(text).expect_err(text).contains(" wants "), "{text}");
        }
        for text in ["listen", "listen = ':1'\nlisten = ':2'", "x = "] {
            assert!(entries(text).expect_err(text).contains("is no valid TOML"), "{text}");
        }
    }
}
