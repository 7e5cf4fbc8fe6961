//! The questions put to `go`: one process for all lists, one or two for everything else.

use goproxy_testkit::{GoClient, Output};
use serde_json::Value;

use super::Question;

/// A `go` with a module cache of its own.
#[derive(Clone, Debug)]
pub(crate) struct Go(GoClient);

/// What `go` says of one version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// What the query stands for.
    pub(crate) version: String,
    /// The bytes of `.info`.
    pub(crate) info: Option<Vec<u8>>,
    /// The bytes of `.mod`.
    pub(crate) go_mod: Option<Vec<u8>>,
    /// The h1 hash of the zip.
    pub(crate) sum: Option<String>,
    /// Why something is missing.
    pub(crate) error: Option<String>,
    /// The ref that the query led through.
    pub(crate) reference: Option<String>,
}

impl Go {
    /// With nothing downloaded.
    pub(crate) fn cold(client: &GoClient) -> Self {
        Self(client.fresh())
    }

    /// The versions of each path, retracted ones too, or the error.
    pub(crate) async fn lists(&self, paths: &[String]) -> Vec<Result<Vec<String>, String>> {
        let arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
        if paths.is_empty() {
            return Vec::new();
        }
        let output = self.run(&["list", "-m", "-e", "-json", "-versions", "-retracted"], &arguments).await;
        let objects = objects(&output.stdout);
        if objects.len() == paths.len() {
            return objects.iter().map(list).collect();
        }
        // An argument that is no module path at all spoils the whole run.
        if let [_] = paths {
            return vec![Err(output.stderr)];
        }
        let mut lists = Vec::new();
        for path in paths {
            lists.extend(Box::pin(self.lists(std::slice::from_ref(path))).await);
        }
        lists
    }

    /// What each query stands for, with its files.
    pub(crate) async fn versions(&self, questions: &[Question]) -> Vec<Told> {
        if questions.is_empty() {
            return Vec::new();
        }
        let arguments: Vec<String> = questions.iter().map(Question::to_string).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.run(&["mod", "download", "-json"], &arguments).await;
        let objects = objects(&output.stdout);
        if objects.len() == questions.len() {
            return objects.iter().map(told).collect();
        }
        if let [_] = questions {
            return vec![Told { error: Some(output.stderr), ..Told::default() }];
        }
        let mut all = Vec::new();
        for question in questions {
            all.extend(Box::pin(self.versions(std::slice::from_ref(question))).await);
        }
        all
    }

    async fn run(&self, command: &[&str], arguments: &[&str]) -> Output {
        self.0.run(&[command, arguments].concat()).await
    }
}

/// JSON objects one after the other.
fn objects(stdout: &str) -> Vec<Value> {
    let stream = serde_json::Deserializer::from_str(stdout).into_iter::<Value>();
    stream.map(|value| value.expect("go prints JSON")).collect()
}

fn list(module: &Value) -> Result<Vec<String>, String> {
    if let Some(error) = module["Error"]["Err"].as_str() {
        return Err(error.to_owned());
    }
    let versions = module["Versions"].as_array().into_iter().flatten();
    Ok(versions.filter_map(|version| version.as_str().map(str::to_owned)).collect())
}

fn told(module: &Value) -> Told {
    let text = |name: &str| module[name].as_str().map(str::to_owned);
    let file = |name: &str| module[name].as_str().map(|path| std::fs::read(path).expect("go names its files"));
    Told {
        version: text("Version").unwrap_or_default(),
        info: file("Info"),
        go_mod: file("GoMod"),
        sum: text("Sum"),
        error: text("Error"),
        reference: module["Origin"]["Ref"].as_str().map(str::to_owned),
    }
}
