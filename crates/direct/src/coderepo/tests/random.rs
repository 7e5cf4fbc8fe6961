//! Random histories, asked of the real `go` and of us.

use goproxy_testkit::GitRepo;

use super::differential::Both;

/// A small generator: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

const ROOT: &[&str] = &[
    "",
    "",
    "",
    "module github.com/acme/m\n",
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
const V2: &[&str] =
    &["", "", "", "module github.com/acme/m/v2\n", "module github.com/other/v2\n", "module github.com/acme/m\n", "x\n"];
const SUB: &[&str] = &["", "module github.com/acme/m/sub\n", "module github.com/acme/m/sub/v2\n", "module x.y\n"];
const TAGS: &[&str] = &[
    "v0.1.0",
    "v0.2.0-pre",
    "v1.0.0",
    "v1.0.1",
    "v1.1.0-pre",
    "v1.1.0-rc.1",
    "v1.1.0",
    "v2.0.0",
    "v2.0.0",
    "v2.1.0",
    "v2.1.1-rc",
    "v3.0.0",
    "v3.0.1",
    "v1",
    "v1.2",
    "v2.5",
    "v1.2.3+meta",
    "v1.0.0+meta",
    "v2.0.0+incompatible",
    "v2.2.0+x",
    "sub/v1.0.0",
    "sub/v1.1.0",
    "sub/v2.0.0",
    "sub/v1.2.0+meta",
    "sub/v2.1.0-pre",
    "v2/v2.0.0",
    "release",
    "sub/thing",
    "v0.0.0-20200101000000-abcdefabcdef",
    "1.0.0",
];
const BRANCHES: &[&str] = &["side", "v1.0.0", "v2.7.0", "v1.7.0-x", "abcdef1", "v1", "release", "main2"];

fn history(dice: &mut Dice) -> (GitRepo, Vec<String>) {
    let repo = GitRepo::new().unwrap();
    let mut queries: Vec<String> = Vec::new();
    let mut branches = 0;
    for _ in 0..3 + dice.below(4) {
        let mut files = vec![];
        for (name, pool) in [
            ("go.mod", ROOT),
            ("v2/go.mod", V2),
            ("sub/go.mod", SUB),
            ("sub/v2/go.mod", SUB),
            ("v3/go.mod", &["", "", "", "module github.com/acme/m/v3\n"][..]),
        ] {
            if dice.below(3) > 0 {
                match dice.one(pool) {
                    "" if repo.path().join(name).is_file() => repo.remove(name),
                    "" => {}
                    text => files.push((name, text)),
                }
            }
        }
        let head = repo.commit(&files);
        queries.push(head[..7].to_owned());
        for _ in 0..dice.below(4) {
            let tag = dice.one(TAGS);
            if dice.below(3) == 0 {
                repo.annotated_tag(tag)
            } else {
                repo.tag(tag)
            }
            queries.push(tag.rsplit('/').next().unwrap().to_owned());
        }
        let date = &repo.pseudo_version()["v0.0.0-".len()..];
        let base = dice.one(&[
            "v0.0.0-",
            "v1.0.0-",
            "v0.1.1-0.",
            "v1.0.1-0.",
            "v1.0.2-0.",
            "v1.1.0-pre.0.",
            "v2.0.1-0.",
            "v2.0.0-",
            "v3.0.1-0.",
            "v1.2.4-0.",
            "v2.1.0-pre.0.",
        ]);
        queries.push(format!("{base}{date}"));
        queries.push(format!("{base}{date}+incompatible"));
        match dice.below(6) {
            0 => {
                let name = dice.one(BRANCHES);
                if repo.git(&["branch", "--list", name]).is_empty() {
                    repo.branch(name);
                    queries.push(name.to_owned());
                    branches += 1;
                }
            }
            1 if branches > 0 => repo.git(&["checkout", "-q", "main", "--"]).truncate(0),
            2 if branches > 0 => {
                let all = repo.git(&["for-each-ref", "--format=%(objectname)", "refs/heads"]);
                let all: Vec<&str> = all.lines().collect();
                let other = dice.one(&all).to_owned();
                repo.git(&["merge", "-q", "-s", "ours", "-m", "merge", &other]);
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

#[tokio::test]
async fn random_histories() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let (seed, rounds) = (number("SEED").unwrap_or(1), number("ROUNDS").unwrap_or(1));
    for round in seed..seed + rounds {
        let mut dice = Dice(round.wrapping_mul(7919));
        dice.below(1);
        let (repo, mut all) = history(&mut dice);
        let mut queries = vec!["latest".to_owned(), "HEAD".to_owned()];
        while queries.len() < 12 && !all.is_empty() {
            queries.push(all.swap_remove(dice.below(all.len())));
        }
        for prefix in ["v0", "v1", "v2", "v1.1"] {
            if dice.below(3) == 0 {
                queries.push(prefix.to_owned());
            }
        }
        let Some(both) = Both::new(repo).await else { return };
        let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
        let paths: &[&str] = match dice.below(3) {
            0 => &["", "sub"],
            1 => &["", "v2"],
            _ => &["", "v3", "sub/v2"],
        };
        if let Some(differences) = both.differences(paths, &queries).await {
            println!(
                "ROUND {round}\n{}\n{}",
                both.repo.git(&["log", "--all", "--graph", "--format=%h %D", "--name-status"]),
                differences
            );
        }
    }
}
