//! Tests of zips.

mod beside_go;
mod lab;
mod random;

use std::collections::BTreeMap;

use gomod::{ModulePath, ModuleVersion, Version};
use goproxy_git::{EntryKind, MemoryObjects, ObjectFormat, Oid};

use super::*;

/// Paths and contents; a `@` behind a path makes it a symbolic link.
type Files<'a> = &'a [(&'a str, &'a str)];

fn module() -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse("a.b/c").unwrap(), Version::parse("v1.0.0").unwrap()).unwrap()
}

/// Builds the directory that the paths make.
fn tree(objects: &mut MemoryObjects, files: Files<'_>) -> Oid {
    let mut dirs: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut entries = Vec::new();
    for (path, content) in files {
        match path.split_once('/') {
            Some((dir, rest)) => dirs.entry(dir).or_default().push((rest, content)),
            None => {
                let (name, kind) = path.strip_suffix('@').map_or((*path, EntryKind::File), |p| (p, EntryKind::Symlink));
                entries.push((kind, name.to_owned(), objects.add_blob(content.as_bytes())));
            }
        }
    }
    for (dir, files) in dirs {
        entries.push((EntryKind::Directory, dir.to_owned(), tree(objects, &files)));
    }
    let entries: Vec<_> = entries.iter().map(|(kind, name, id)| (*kind, name.as_bytes(), *id)).collect();
    objects.add_tree(&entries)
}

fn zip(files: Files<'_>, dir: &str) -> Result<Vec<u8>> {
    let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
    let root = tree(&mut objects, files);
    let Planned::Ready(plan) = plan(&objects, &root, dir, &module())? else { panic!("everything is there") };
    let mut out = Vec::new();
    write(&plan, &objects, &module(), &mut out)?;
    gomod::zip::check_bytes(&out, &module()).unwrap();
    Ok(out)
}

/// Names in the directory at the end of a zip, without `a.b/c@v1.0.0/`.
fn names(zip: &[u8]) -> Vec<String> {
    let archive = rawzip::ZipArchive::from_slice(zip).unwrap();
    let name = |entry: rawzip::ZipFileHeaderRecord<'_>| String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
    archive
        .entries()
        .map(|entry| name(entry.unwrap()).split_once('/').unwrap().1.split_once('/').unwrap().1.to_owned())
        .collect()
}

#[test]
fn files_in_the_order_of_git() {
    let files = [("go.mod", "module a.b/c\n"), ("a.go", "a"), ("a/x.go", "x"), ("a-b/y.go", ""), ("l@", "a.go")];
    assert_eq!(names(&zip(&files, "").unwrap()), ["a-b/y.go", "a.go", "a/x.go", "go.mod"]);
    assert_eq!(zip(&files, "").unwrap(), zip(&files, "").unwrap());
    assert_eq!(names(&zip(&[], "").unwrap()), [""; 0]);
}

#[test]
fn a_module_in_a_directory_gets_the_license_of_the_repository() {
    let files =
        [("LICENSE", "free"), ("s/go.mod", "module a.b/c\n"), ("s/v2/go.mod", ""), ("s/v2/x.go", ""), ("t/y", "")];
    assert_eq!(names(&zip(&files, "s").unwrap()), ["go.mod", "LICENSE"]);
    assert_eq!(names(&zip(&[("LICENSE", "free"), ("s/LICENSE@", "x"), ("s/y", "")], "s").unwrap()), ["y"]);
    let clash = zip(&[("LICENSE", "free"), ("s/license", "mine")], "s").unwrap_err();
    let expected =
        "a.b/c@v1.0.0: create zip: LICENSE: case-insensitive file name collision: \"license\" and \"LICENSE\"";
    assert_eq!((clash.kind(), clash.message()), (ErrorKind::NotFound, expected));
}

#[test]
fn large_files_and_many_files() {
    let large = "0123456789abcdef".repeat((17 << 20) / 16);
    let both = zip(&[("large", &large), ("small", "x")], "").unwrap();
    assert_eq!(names(&both), ["large", "small"]);
    assert!(both.len() < large.len() / 50, "{}", both.len());
    let small = zip(&[("small", &large[..100_000]), ("x", "x")], "").unwrap();
    assert!(small.len() < 100_000 / 50, "{}", small.len());
    let paths: Vec<String> = (0..70_000).map(|i| format!("f{i:05}")).collect();
    let files: Vec<_> = paths.iter().map(|path| (path.as_str(), "")).collect();
    assert_eq!(names(&zip(&files, "").unwrap()).len(), 70_000);
}

/// A directory of so many directories that are all the same, and so on, down to `leaf`.
fn bomb(objects: &mut MemoryObjects, leaf: Oid, width: usize, levels: usize) -> Oid {
    let names: Vec<_> = (0..width).map(|i| format!("d{i}")).collect();
    (0..levels).fold(leaf, |below, _| {
        let entries: Vec<_> = names.iter().map(|name| (EntryKind::Directory, name, below)).collect();
        objects.add_tree(&entries)
    })
}

#[test]
fn directories_that_name_one_another_end() {
    let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
    let empty = objects.add_files::<&str, &str>(&[]);
    let file = objects.add_files(&[("f", "x")]);
    let long = objects.add_files(&[("f".repeat(3000), "x")]);
    let module = objects.add_files(&[("go.mod", "module x\n")]);
    for (leaf, width, levels) in [(file, 10, 10), (empty, 10, 10), (empty, 2, 60), (module, 10, 10), (long, 10, 10)] {
        let root = bomb(&mut objects, leaf, width, levels);
        let error = plan(&objects, &root, "", &self::module()).unwrap_err();
        assert!(error.message().contains("too many files"), "{width} {levels}: {error}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let root = wide(&mut objects, file, 300_000, 4);
    let error = plan(&objects, &root, "", &self::module()).unwrap_err();
    assert!(error.message().contains("too many files"), "{error}");
    let deep = bomb(&mut objects, file, 1, 5000);
    let error = plan(&objects, &deep, "", &self::module()).unwrap_err();
    assert!(error.message().contains("file name too long"), "{error}");
}

/// Directories with many files each, one below the other, which comes first.
fn wide(objects: &mut MemoryObjects, leaf: Oid, width: usize, levels: usize) -> Oid {
    let blob = objects.add_blob("x");
    let mut entries: Vec<_> = (0..width).map(|i| (EntryKind::File, format!("f{i:06}"), blob)).collect();
    entries.push((EntryKind::Directory, "d".to_owned(), leaf));
    (0..levels).fold(leaf, |below, _| {
        entries[width].2 = below;
        objects.add_tree(&entries)
    })
}

#[test]
fn paths_that_git_refuses_and_objects_of_another_kind() {
    let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
    let blob = objects.add_blob("x");
    for (name, kind, refused) in [
        (".git", EntryKind::File, true),
        (".GIT", EntryKind::Submodule, true),
        ("git~1", EntryKind::File, true),
        (".git. .", EntryKind::File, true),
        (".git:x", EntryKind::File, true),
        ("..", EntryKind::File, true),
        (".", EntryKind::File, true),
        (".gitmodules", EntryKind::Symlink, true),
        (".gitmodules", EntryKind::File, false),
        (".git2", EntryKind::File, false),
        ("git~2", EntryKind::File, false),
    ] {
        let root = objects.add_tree(&[(kind, name, blob)]);
        let planned = plan(&objects, &root, "", &module());
        let expected = format!("a.b/c@v1.0.0: git archive: error: invalid path '{name}'");
        assert_eq!(planned.err().map(|e| e.message().to_owned()), refused.then_some(expected), "{name}");
    }
    let tree = objects.add_tree(&[(EntryKind::File, "x", blob)]);
    let root = objects.add_tree(&[(EntryKind::File, "x", tree)]);
    let Planned::Ready(plan) = plan(&objects, &root, "", &module()).unwrap() else { panic!("everything is there") };
    assert_eq!(write(&plan, &objects, &module(), &mut Vec::new()).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn attributes_that_convert_are_noticed_and_nested_modules_are_not_fetched() {
    let mut objects = MemoryObjects::new(ObjectFormat::Sha1);
    let ready = |objects: &MemoryObjects, root: &Oid, dir: &str| match plan(objects, root, dir, &module()).unwrap() {
        Planned::Ready(plan) => plan,
        Planned::Missing(ids) => panic!("{ids:?}"),
    };
    let plain = tree(&mut objects, &[(".gitattributes", "* text=auto eol=lf\n"), ("x", "")]);
    assert!(!ready(&objects, &plain, "").converted());
    let nested = tree(&mut objects, &[("n/go.mod", ""), ("n/.gitattributes", "* ident\n"), ("x", "1")]);
    assert!(!ready(&objects, &nested, "").converted());
    assert_eq!(ready(&objects, &nested, "").blobs().len(), 1);
    let above = tree(&mut objects, &[(".gitattributes", "*.bat eol=crlf\n"), ("s/x.bat", "\n")]);
    assert!(ready(&objects, &above, "s").converted());
    let gone = Oid::from_hex(&"0".repeat(40)).unwrap();
    let partial =
        objects.add_tree(&[(EntryKind::Directory, &b"d"[..], gone), (EntryKind::File, b".gitattributes", gone)]);
    assert!(matches!(plan(&objects, &partial, "", &module()).unwrap(), Planned::Missing(ids) if ids.len() == 2));
}
