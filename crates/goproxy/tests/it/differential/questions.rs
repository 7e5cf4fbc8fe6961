//! What is asked of a random repository: its tags, branches and hashes as they are and a little wrong, pseudo-versions
//! right and wrong, for each module that may be in it.

use super::{random::Random, repository::Repository};
use crate::oracle::Question;

/// Questions of one repository beside lists.
const QUESTIONS: usize = 14;

/// A module that may be there.
struct Module {
    path: String,
    /// `sub/`
    prefix: String,
    /// `v2` for a path that ends in `/v2` or `.v2`.
    major: String,
}

pub(super) fn questions(repository: &Repository, random: &mut Random) -> Vec<Question> {
    let modules = modules(repository, random);
    let mut questions: Vec<_> = modules.iter().map(|module| Question::new(&module.path, "")).collect();
    questions.push(Question::new(&modules[0].path, "latest"));
    for _ in 0..QUESTIONS {
        let module = if random.percent(45) { &modules[0] } else { random.one(&modules) };
        questions.push(Question::new(&module.path, query(repository, module, random)));
    }
    questions
}

/// The root, and some of what may be below it.
fn modules(repository: &Repository, random: &mut Random) -> Vec<Module> {
    let root = &repository.root;
    let gopkg_major = root.rsplit_once(".v").filter(|_| root.starts_with("gopkg.in/")).map(|(_, n)| format!("v{n}"));
    let mut modules =
        vec![Module { path: root.clone(), prefix: String::new(), major: gopkg_major.clone().unwrap_or_default() }];
    if gopkg_major.is_some() {
        return modules;
    }
    let mut named: Vec<String> = repository.commits.iter().flat_map(|commit| commit.tree.modules()).collect();
    named.sort();
    named.dedup();
    let named: Vec<&str> = named.iter().filter_map(|path| path.strip_prefix(root.as_str())).collect();
    let any = ["/v2", "/v2", "/v3", "/sub", "/sub", "/sub/v2", "/a/b", "/deep/er", "/nosuch", "/v4"];
    for _ in 0..random.between(1, 4) {
        let below = if named.is_empty() || random.percent(12) { random.pick(&any) } else { random.one(&named) };
        if below.starts_with('/') && !below.ends_with("/v1") && !modules.iter().any(|m| m.path[root.len()..] == *below)
        {
            modules.push(module(root, below));
        }
    }
    modules
}

fn module(root: &str, below: &str) -> Module {
    let major = |n: &&str| n.bytes().all(|b| b.is_ascii_digit()) && !n.is_empty();
    let (folder, major) = match below.rsplit_once("/v").filter(|(_, n)| major(n)) {
        Some((folder, n)) => (folder, format!("v{n}")),
        None => (below, String::new()),
    };
    let prefix = if folder.is_empty() { String::new() } else { format!("{}/", &folder[1..]) };
    Module { path: format!("{root}{below}"), prefix, major }
}

fn query(repository: &Repository, module: &Module, random: &mut Random) -> String {
    let tags: Vec<&String> = repository.refs.tags.keys().collect();
    let own: Vec<&str> = tags.iter().filter_map(|tag| tag.strip_prefix(module.prefix.as_str())).collect();
    let fitting: Vec<&str> = own.iter().filter(|tag| tag.starts_with(&module.major)).copied().collect();
    let own = if fitting.is_empty() || random.percent(25) { own } else { fitting };
    match random.below(20) {
        0..6 if !own.is_empty() => (*random.one(&own)).to_owned(),
        6 if !tags.is_empty() && random.percent(50) => (*random.one(&tags)).clone(),
        7 if !own.is_empty() && random.percent(50) => format!("{}+incompatible", random.one(&own)),
        8 | 9 if !repository.refs.branches.is_empty() => {
            let branches: Vec<&String> = repository.refs.branches.keys().collect();
            (*random.one(&branches)).clone()
        }
        10..13 => hash(repository, random),
        13..17 => pseudo(repository, module, &own, random),
        17 => "latest".to_owned(),
        _ => {
            let odd = [
                "HEAD",
                "v0",
                "v1",
                "v2",
                "v1.0",
                "v1.2",
                "v1.1",
                "v9.9.9",
                "nosuch",
                "v2.0.0",
                "v2.0.0+incompatible",
                "main",
                "v1.0.0",
                "v0.0.0",
                "@",
                "x y",
                "FETCH_HEAD",
                "ORIG_HEAD",
                "-x",
                "--help",
                "HEAD~1",
                "v1.0.0^{}",
            ];
            random.pick(&odd).to_owned()
        }
    }
}

/// A commit or a tag object, whole or cut.
fn hash(repository: &Repository, random: &mut Random) -> String {
    let commit = random.below(repository.commits.len());
    let objects: Vec<&String> = repository.tag_objects.iter().map(|(object, _)| object).collect();
    let full =
        if !objects.is_empty() && random.percent(20) { random.one(&objects).as_str() } else { repository.hash(commit) };
    let length = *random.one(&[full.len(), 12, 12, 12, 12, 7, 7, 8, 10, 11, 6, 39]);
    let cut = &full[..length.min(full.len())];
    match random.below(25) {
        0 => cut.to_uppercase(),
        1 => format!("{}0", &cut[..cut.len() - 1]),
        _ => cut.to_owned(),
    }
}

/// A pseudo-version that may be valid.
fn pseudo(repository: &Repository, module: &Module, tags: &[&str], random: &mut Random) -> String {
    let commit = random.below(repository.commits.len());
    let time = repository.commits[commit].time + u64::from(random.percent(4));
    let short = &repository.hash(commit)[..*random.one(&[12, 12, 12, 12, 12, 12, 12, 12, 11, 13])];
    let major = if module.major.is_empty() { random.pick(&["v0", "v0", "v0", "v1", "v2"]) } else { &module.major };
    let tail = format!("{}-{short}", digits(time));
    let incompatible = if random.percent(8) { "+incompatible" } else { "" };
    if tags.is_empty() || random.percent(40) {
        return format!("{major}.0.0-{tail}{incompatible}");
    }
    let base = random.one(tags).split('+').next().unwrap_or_default();
    let version = match base.rsplit_once('.') {
        Some(_) if base.contains('-') => format!("{base}.0.{tail}"),
        Some((front, patch)) => match patch.parse::<u64>() {
            Ok(patch) => format!("{front}.{}-0.{tail}", patch + u64::from(!random.percent(5))),
            Err(_) => format!("{base}-0.{tail}"),
        },
        None => format!("{base}.0.1-0.{tail}"),
    };
    format!("{version}{incompatible}")
}

/// `yyyymmddhhmmss` of seconds since 1970, in UTC.
fn digits(time: u64) -> String {
    let (days, seconds) = (time / 86_400, time % 86_400);
    // Days since 0000-03-01; eras of 400 years have 146,097 of them.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let date = day - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}{month:02}{date:02}{:02}{:02}{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[test]
fn dates_of_pseudo_versions() {
    assert_eq!(digits(0), "19700101000000");
    assert_eq!(digits(951_782_400), "20000229000000");
    assert_eq!(digits(1_519_081_806), "20180219231006");
}
