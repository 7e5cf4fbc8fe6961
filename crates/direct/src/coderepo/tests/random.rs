//! Random histories, asked of the real `go` and of us. `GOPROXY_RANDOM_ROUNDS` (one by default) and
//! `GOPROXY_RANDOM_SEED` ask for more and for others.

use goproxy_testkit::GitRepo;

use super::differential::Both;

/// Root go.mod files; empty for none.
const ROOT: &[&str] = &[
    "",
    "",
    "module github.com/acme/m\n",
    "module github.com/acme/m\n",
    "module github.com/acme/m\nretract v1.0.0\n",
    "module github.com/acme/m\nretract [v1.0.0, v1.9.9]\nretract v0.1.0\n",
    "module github.com/acme/m\nretract (\n[v0.0.0-0, v9.0.0]\n)\n",
    "module github.com/acme/m\nretract v1.0.1\nrequire a.b v\n",
    "module github.com/acme/m/v2\n",
    "module github.com/acme/m/v3\n",
    "module github.com/acme/m/v1\n",
    "module gopkg.in/m.v3\n",
    "module (\n github.com/acme/m\n)\n",
    "\u{feff}module github.com/acme/m\n",
    "go 1.20\n",
];
const V2: &[&str] = &["", "", "module github.com/acme/m/v2\n", "module h.x/v2\n", "module github.com/acme/m\n", "x\n"];
const V3: &[&str] = &["", "", "", "module github.com/acme/m/v3\n"];
const SUB: &[&str] = &["", "module github.com/acme/m/sub\n", "module github.com/acme/m/sub/v2\n", "module x.y\n"];
const FILES: &[(&str, &[&str])] =
    &[("go.mod", ROOT), ("v2/go.mod", V2), ("v3/go.mod", V3), ("sub/go.mod", SUB), ("sub/v2/go.mod", SUB)];

const TAGS: &str = "v0.1.0 v0.2.0-pre v1.0.0 v1.0.1 v1.1.0-pre v1.1.0-rc.1 v1.1.0 v2.0.0 v2.1.0 v2.1.1-rc v3.0.0 v3.0.1 \
    v1 v1.2 v2.5 v1.2.3+meta v1.0.0+meta v2.0.0+incompatible v2.2.0+x sub/v1.0.0 sub/v1.1.0 sub/v2.0.0 sub/v1.2.0+meta \
    sub/v2.1.0-pre v2/v2.0.0 release sub/thing v0.0.0-20200101000000-abcdefabcdef 1.0.0";
const BRANCHES: &str = "side v1.0.0 v2.7.0 v1.7.0-x abcdef1 v1 release main2";
const BASES: &str = "v0.0.0- v1.0.0- v0.1.1-0. v1.0.1-0. v1.0.2-0. v1.1.0-pre.0. v2.0.1-0. v2.0.0- v3.0.1-0. v1.2.4-0.";

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn word<'t>(&mut self, of: &'t str) -> &'t str {
        self.one(&of.split_whitespace().collect::<Vec<_>>())
    }
}

/// A history, and what to ask of it.
fn history(dice: &mut Dice) -> (GitRepo, Vec<String>) {
    let repo = GitRepo::new().unwrap();
    let mut queries = Vec::new();
    for _ in 0..3 + dice.below(4) {
        commit(dice, &repo, &mut queries);
        match dice.below(6) {
            0 => {
                let name = dice.word(BRANCHES);
                if repo.git(&["branch", "--list", name]).is_empty() {
                    repo.branch(name);
                    queries.push(name.to_owned());
                }
            }
            1 => drop(repo.git(&["checkout", "-q", "main", "--"])),
            2 => {
                let tips = repo.git(&["for-each-ref", "--format=%(objectname)", "refs/heads"]);
                repo.git(&["merge", "-q", "-s", "ours", "-m", "merge", dice.word(&tips)]);
            }
            _ => {}
        }
    }
    if dice.below(2) == 0 {
        repo.git(&["checkout", "-q", "main", "--"]);
    }
    queries.sort();
    queries.dedup();
    (repo, queries)
}

fn commit(dice: &mut Dice, repo: &GitRepo, queries: &mut Vec<String>) {
    let mut files = Vec::new();
    for (name, texts) in FILES {
        match (dice.below(3), dice.one(texts)) {
            (0, _) => {}
            (_, "") if repo.path().join(name).is_file() => repo.remove(name),
            (_, "") => {}
            (_, text) => files.push((*name, text)),
        }
    }
    queries.push(repo.commit(&files)[..7].to_owned());
    for _ in 0..dice.below(4) {
        let tag = dice.word(TAGS);
        if dice.below(3) == 0 {
            repo.annotated_tag(tag);
        } else {
            repo.tag(tag);
        }
        queries.push(tag.rsplit('/').next().unwrap().to_owned());
    }
    let pseudo = repo.pseudo_version().replacen("v0.0.0-", dice.word(BASES), 1);
    queries.extend([format!("{pseudo}+incompatible"), pseudo]);
}

#[tokio::test]
async fn random_histories() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok()).unwrap_or(1);
    if GitRepo::new().is_none() {
        return;
    }
    let seed = number("GOPROXY_RANDOM_SEED");
    let mut all_differences = String::new();
    for round in seed..seed + number("GOPROXY_RANDOM_ROUNDS") {
        let mut dice = Dice(round.wrapping_mul(7919));
        let (repo, mut all) = history(&mut dice);
        let log = repo.git(&["log", "--all", "--graph", "--format=%h %D", "--name-status"]);
        let mut queries = vec!["latest".to_owned(), "HEAD".to_owned(), dice.word("v0 v1 v2 v1.1 v3").to_owned()];
        while queries.len() < 13 && !all.is_empty() {
            queries.push(all.swap_remove(dice.below(all.len())));
        }
        let Some(both) = Both::new(repo).await else { return };
        let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
        let paths: &[&str] = [&["", "sub"][..], &["", "v2"], &["v3", "sub/v2"]][dice.below(3)];
        if let Some(differences) = both.differences(paths, &queries).await {
            all_differences += &format!("round {round}\n{log}\n{differences}\n");
        }
    }
    assert!(all_differences.is_empty(), "{all_differences}");
}
