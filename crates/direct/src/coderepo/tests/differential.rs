//! The same questions to the real `go` with `GOPROXY=direct`, on the same repositories.

use goproxy_testkit::{GitRepo, GoClient, escape, skipped};

use super::{ask, fake::Fake, module};

const URL: &str = "https://github.com/acme/m";
const ROOT: &str = "github.com/acme/m";

pub(super) struct Both {
    _repo: GitRepo,
    fake: Fake,
    go: GoClient,
}

/// What one side says: the version, `.info` and `.mod`, or the words of the error.
type Said = Result<(String, String, String), String>;

impl Both {
    pub(super) async fn new(repo: GitRepo) -> Option<Self> {
        let Some(go) = GoClient::find().await else {
            skipped("no go on this machine");
            return None;
        };
        let key = format!("url.{}.insteadOf", repo.git_dir().display());
        let config = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", &*key), ("GIT_CONFIG_VALUE_0", URL)];
        let go = config.iter().fold(go.proxy("direct"), |go, (name, value)| go.env(name, value));
        Some(Self { fake: Fake::of(&repo), _repo: repo, go })
    }

    /// Asks a `go` that has seen nothing yet.
    async fn go(&self, path: &str, query: &str) -> Said {
        Self::said(self.go.fresh(), path, query).await
    }

    /// Asks a `go` that has the whole history, as it has after looking for a hash: it knows tags that a `go` with a
    /// single commit does not see.
    async fn warm_go(&self, path: &str, query: &str) -> Said {
        let go = self.go.fresh();
        go.run(&["list", "-m", &format!("{path}@0123456789")]).await;
        Self::said(go, path, query).await
    }

    async fn said(go: GoClient, path: &str, query: &str) -> Said {
        let output = go.run(&["list", "-m", "-json", &format!("{path}@{query}")]).await;
        if !output.ok {
            let text = output.stderr.trim_end().trim_start_matches("go: ").to_owned();
            assert!(!text.is_empty(), "{path}@{query}: {}", output.stdout);
            return Err(text);
        }
        let module: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let version = module["Version"].as_str().unwrap().to_owned();
        let dir = go.gopath().join("pkg/mod/cache/download").join(escape(path)).join("@v");
        let read = |kind: &str| {
            std::fs::read_to_string(dir.join(format!("{}.{kind}", escape(&version))))
                .unwrap_or_else(|_| format!("no {kind}"))
        };
        Ok((version.clone(), read("info"), read("mod")))
    }

    async fn we(&self, path: &str, query: &str) -> Said {
        let revision = ask(&self.fake, path, query).await.map_err(|error| error.message().to_owned())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ok((revision.version.to_string(), text(&revision.info(URL)), text(&revision.go_mod)))
    }

    /// Asks both for all of these, and for the lists; paths are relative to the repository.
    async fn compare(&self, paths: &[&str], queries: &[&str]) {
        if let Some(differences) = self.differences(paths, queries).await {
            panic!("{differences}");
        }
    }

    pub(super) async fn differences(&self, paths: &[&str], queries: &[&str]) -> Option<String> {
        let mut differences = Vec::new();
        for rest in paths {
            let path = format!("{ROOT}{}{rest}", if rest.is_empty() { "" } else { "/" });
            let ours = if rest.is_empty() { ROOT.to_owned() } else { format!("{ROOT}//{rest}") };
            for query in queries {
                let (go, we) = (self.go(&path, query).await, self.we(&ours, query).await);
                if !agree(query, &go, &we) && !agree(query, &self.warm_go(&path, query).await, &we) {
                    differences.push(format!("{path}@{query}\n  go {go:?}\n  we {we:?}"));
                }
            }
            let (go, we) = (self.go_list(&path).await, module(&self.fake, &ours).versions().await);
            let we = we.map_err(|error| error.message().to_owned());
            if go != we {
                differences.push(format!("{path}\n  go {go:?}\n  we {we:?}"));
            }
        }
        (!differences.is_empty()).then(|| differences.join("\n"))
    }

    /// The list, told from no module by asking for HEAD.
    async fn go_list(&self, path: &str) -> Result<Vec<String>, String> {
        let output = self.go.fresh().run(&["list", "-m", "-json", "-versions", "-retracted", path]).await;
        if !output.ok {
            return Err(output.stderr.trim_end().trim_start_matches("go: ").to_owned());
        }
        let module: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let versions = module["Versions"].as_array().into_iter().flatten().filter_map(|v| v.as_str());
        let versions: Vec<String> = versions.map(str::to_owned).collect();
        match self.go(path, "HEAD").await {
            Err(words) if versions.is_empty() && !words.ends_with("unknown revision HEAD") => Err(words),
            _ => Ok(versions),
        }
    }
}

/// A tag's version names the tag as its ref here, whatever led to it; with `go` that is whatever came first.
fn agree(query: &str, go: &Said, we: &Said) -> bool {
    let (Ok((version, info, go_mod)), Ok((our_version, our_info, our_mod))) = (go, we) else { return go == we };
    let without_ref = |info: &str| info.split(",\"Ref\":").next().unwrap_or_default().trim_end_matches('}').to_owned();
    let whole = query == version || query == "latest";
    // It takes a root tag for the one that a pseudo-version below the root is based on, and then refuses the go.mod.
    (version == our_version && (go_mod == our_mod || go_mod == "no mod"))
        && (our_info == info || !whole && without_ref(our_info) == without_ref(info))
}

/// Tags, branches, prereleases, build metadata, annotated tags, directories, retractions.
#[tokio::test]
async fn an_ordinary_history() {
    let Some(repo) = GitRepo::new() else { return };
    let first =
        repo.commit(&[("go.mod", "module github.com/acme/m\n"), ("sub/go.mod", "module github.com/acme/m/sub\r\n")]);
    repo.tag("v1.0.0");
    repo.tag("sub/v0.1.0");
    repo.annotated_tag("v1.0.1");
    repo.commit(&[("a.go", "package m\n")]);
    repo.tag("v1.1.0-rc.1");
    repo.tag("release");
    let third =
        repo.commit(&[("go.mod", "module \"github.com/acme/m\"\n\nretract (\n\tv1.0.1 // bad\n\t[v1.2.0, v1.3.0]\n)")]);
    repo.tag("v1.3.0");
    repo.tag("v1.2.9+meta");
    repo.branch("side");
    repo.commit(&[("go.mod", "module github.com/acme/m/v2\n"), ("v3/go.mod", "module github.com/acme/m/v3\n")]);
    repo.tag("v2.0.0-beta");
    repo.tag("v3.0.0");
    let fifth = repo.commit(&[("b.go", "package m\n")]);
    repo.tag("v3.1.0+meta");
    repo.checkout("main");
    let tag_object = repo.git(&["rev-parse", "v1.0.1"]);
    let Some(both) = Both::new(repo).await else { return };
    let pseudo = |base: &str, date: &str, hash: &str| format!("{base}{date}-{}", &hash[..12]);
    let fine = pseudo("v1.0.2-0.", "20240102030605", &third);
    let early = pseudo("v1.0.2-0.", "20240102030405", &third);
    let long = format!("{fine}0");
    let high = pseudo("v1.9.1-0.", "20240102030605", &third);
    let side = pseudo("v3.0.1-0.", "20240102030605", &third);
    let own = pseudo("v1.3.1-0.", "20240102030605", &third);
    let queries = [
        "latest",
        "main",
        "side",
        "HEAD",
        "release",
        "v1",
        "v1.0",
        "v1.1",
        "v1.9",
        "v1.0.0",
        "v1.0.1",
        "v1.1.0-rc.1",
        "v1.3.0",
        "v1.4.0",
        "v1.0.0+meta",
        "v1.2.9+meta",
        "nothing",
        "abcdef0123",
        &first,
        &third[..7],
        &third[..6],
        &tag_object[..8],
        &fine,
        &early,
        &long,
        &high,
        &side,
        &own,
    ];
    both.compare(&["", "sub"], &queries).await;
    both.compare(
        &["v2", "v3"],
        &["latest", "side", "HEAD", "v2", "v2.0.0-beta", "v3", "v3.0.0", "v3.1.0+meta", &fifth],
    )
    .await;
    both.compare(&["none", "v4"], &["latest", "HEAD", "v1.0.0"]).await;
}

/// What no author means: tags on trees and blobs, names that are hashes, go.mod as a link.
#[tokio::test]
async fn an_odd_history() {
    let Some(repo) = GitRepo::new() else { return };
    let first = repo.commit(&[("a.go", "package m\n")]);
    repo.tag("v0.9.0");
    repo.annotated_tag("v2.0.0");
    repo.git(&["tag", "-a", "-m", "nested", "v2.1.0", "v2.0.0"]);
    repo.git(&["tag", "v3.0.0", "HEAD^{tree}"]);
    repo.git(&["tag", "v3.1.0", "HEAD:a.go"]);
    repo.git(&["branch", &first[..8]]);
    repo.git(&["branch", "abcdef12"]);
    std::os::unix::fs::symlink("a.go", repo.path().join("go.mod")).unwrap();
    repo.commit(&[("sub/a.go", "package sub\n"), ("dir/go.mod/a.go", "package a\n")]);
    repo.tag("v1.5.0");
    let Some(both) = Both::new(repo).await else { return };
    let queries = [
        "latest",
        "HEAD",
        "v0",
        "v1",
        "v2",
        "v0.9.0",
        "v1.5.0",
        "v2.0.0",
        "v2.0.0+incompatible",
        "v2.1.0+incompatible",
        &first[..8],
        "abcdef12",
        "HEAD~1",
        "main^",
        "main@{0}",
        "FETCH_HEAD",
    ];
    both.compare(&["", "sub", "dir", "v2"], &queries).await;
}

#[tokio::test]
async fn no_head() {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/m\n")]);
    repo.tag("v1.0.0");
    repo.git(&["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
    let Some(both) = Both::new(repo).await else { return };
    both.compare(&["", "v2"], &["latest", "HEAD", "main", "v1.0.0"]).await;
    let Some(both) = Both::new(GitRepo::new().unwrap()).await else { return };
    both.compare(&[""], &["latest", "HEAD", "v1.0.0"]).await;
}
