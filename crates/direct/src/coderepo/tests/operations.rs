//! What answers cost: refs are free, commits and files cost a small fetch, history a large one.

use goproxy_engine::ErrorKind;

use super::{answer, ask, fake::Fake, module};

const MOD: (&str, &str) = ("go.mod", "module h.x/m\n");

fn history() -> Fake {
    Fake::default()
        .commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD])
        .tags("aaaaaaa", &["v1.0.0"])
        .commit("bbbbbbb", "2020-01-02T00:00:00Z", &["aaaaaaa"], &[MOD])
        .tags("bbbbbbb", &["v1.1.0"])
        .commit("ccccccc", "2020-01-03T00:00:00Z", &["bbbbbbb"], &[MOD])
}

async fn cost(fake: &Fake, path: &str, query: &str) -> Vec<String> {
    match query {
        "list" => drop(module(fake, path).versions().await),
        query => drop(answer(fake, path, query).await),
    }
    fake.asked()
}

#[tokio::test]
async fn a_list_of_tags_costs_nothing() {
    assert!(cost(&history(), "h.x/m", "list").await.is_empty());
}

#[tokio::test]
async fn a_tag_costs_its_commit() {
    for (query, id) in [("v1.0.0", "aaaaaaa00000"), ("latest", "bbbbbbb00000")] {
        assert_eq!(cost(&history(), "h.x/m", query).await, [format!("commit {id}"), format!("file {id} go.mod")]);
    }
}

#[tokio::test]
async fn what_is_unknown_costs_a_look_at_the_refs() {
    assert_eq!(cost(&history(), "h.x/m", "v1.2.0").await, ["refs"]);
    assert_eq!(cost(&history(), "h.x/m", "nothing").await, ["refs"]);
    assert_eq!(cost(&history(), "h.x/m", "0123456").await, ["refs", "history for 0123456"]);
}

#[tokio::test]
async fn history_is_for_pseudo_versions_with_a_base() {
    let history_of =
        |asked: Vec<String>| asked.into_iter().filter(|what| what.starts_with("history")).collect::<Vec<_>>();
    let fake = history();
    assert_eq!(history_of(cost(&fake, "h.x/m", "main").await), ["history of ccccccc00000"]);
    assert_eq!(
        history_of(cost(&fake, "h.x/m", "v1.1.1-0.20200103000000-ccccccc00000").await),
        ["history of ccccccc00000"]
    );
    assert!(history_of(cost(&fake, "h.x/m", "v0.0.0-20200103000000-ccccccc00000").await).is_empty());
    // Wrong directory or time: nobody need know about the base.
    assert!(history_of(cost(&fake, "h.x/m", "v1.1.1-0.20200103000001-ccccccc00000").await).is_empty());
    assert!(history_of(cost(&fake, "h.x/m//sub", "v1.1.1-0.20200103000000-ccccccc00000").await).is_empty());
    let untagged = Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD]);
    assert!(history_of(cost(&untagged, "h.x/m", "latest").await).is_empty());
    // A tag that no list holds, and no module at HEAD.
    let gone = history().tags("bbbbbbb", &["sub/v1.0.0+meta"]);
    assert!(history_of(cost(&gone, "h.x/m//sub", "latest").await).is_empty());
}

#[tokio::test]
async fn what_was_just_pushed_is_found() {
    let fake = history().pushed_since();
    for query in ["v1.0.0", "main", "ccccccc", "aaaaaaa"] {
        assert!(ask(&fake, "h.x/m", query).await.is_ok(), "{query}");
    }
    assert_eq!(ask(&fake, "h.x/m", "main").await.unwrap().version.as_str(), "v1.1.1-0.20200103000000-ccccccc00000");
}

#[tokio::test]
async fn failures_of_the_repository_are_not_absence() {
    let fake = history().broken();
    for query in ["v1.0.0", "latest", "main", "v1", "0123456"] {
        assert_eq!(ask(&fake, "h.x/m", query).await.unwrap_err().kind(), ErrorKind::Unavailable, "{query}");
    }
    let untagged = Fake::default().commit("aaaaaaa", "2020-01-01T00:00:00Z", &[], &[MOD]).broken();
    assert_eq!(module(&untagged, "h.x/m").versions().await.unwrap_err().kind(), ErrorKind::Unavailable);
}
